// SPDX-License-Identifier: MIT
/*
 * The text of `perf script`:
 *
 *     redis-server 4100/4101 [001] 12345.678901:    2004008 cpu-clock:u:
 *             55d0c8a1 dictFind+0x21 (/usr/bin/redis-check-rdb)
 *             7f12a3b4 main (inlined)
 *
 *     (blank line)
 *
 * A command's name may hold blanks, digits and brackets, so a header is recognised by what stands
 * before its time, and a frame is taken apart from its right end. Frames are innermost first; an
 * "(inlined)" one belongs to the next address that is not. Only the first kind of event counts:
 * weights of two kinds do not add up.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "format/formats.h"
#include "format/import_name.h"
#include "format/text_lines.h"

enum {
    TOKENS_MAX = 64, /* of a header line that are looked at */
    SNIFF_LINES = 64,
};

struct header {
    struct slice comm, event, rest;
    int32_t pid, tid;
    uint64_t time_ns, period; /* 0: not given */
};

struct reader {
    struct profile *p;
    struct text_lines lines;
    struct string_id event; /* the one that counts */
    bool clock;             /* its periods are nanoseconds */
    uint64_t left_out;      /* samples of other events */
    struct map threads;     /* (pid, tid, comm) -> thread id */
    struct map processes;   /* pid -> process id */

    bool in_sample;
    bool counts;    /* the sample under way is of the first event */
    uint32_t depth; /* its frames so far */
    struct sample sample;
    VEC(struct frame_id) frames; /* innermost first */
    VEC(struct line) inlined;    /* of the address to come, innermost first */
    VEC(struct line) lines_buf;
};

/* ---- headers ---- */

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    }
    return s.len > 0;
}

/* "12345.678901:", whatever the figures. */
static bool is_time(struct slice token)
{
    size_t point = slice_find(token, '.');
    return slice_ends(token, ":") && point + 1 < token.len &&
           all_digits((struct slice){ token.ptr, point }) &&
           all_digits((struct slice){ token.ptr + point + 1, token.len - point - 2 });
}

/* "12345.678901:" in nanoseconds; the digits behind the point are a fraction of a second. */
static bool parse_time(struct slice token, uint64_t *ret_ns)
{
    if (!is_time(token))
        return false;
    size_t point = slice_find(token, '.');
    struct slice fraction = slice_skip(token, point + 1);
    fraction.len--;
    uint64_t seconds, part;
    if (!slice_to_u64((struct slice){ token.ptr, point }, 10, &seconds) || fraction.len > 9 ||
        !slice_to_u64(fraction, 10, &part) || seconds > UINT64_MAX / NS_PER_S / 2)
        return false;
    for (size_t i = fraction.len; i < 9; i++)
        part *= 10;
    *ret_ns = seconds * NS_PER_S + part;
    return true;
}

static bool is_cpu(struct slice token)
{
    return token.len > 2 && token.ptr[0] == '[' && token.ptr[token.len - 1] == ']' &&
           all_digits((struct slice){ token.ptr + 1, token.len - 2 });
}

/* "4100", the thread, or "4100/4101". -1 is what perf prints when it does not know. */
static bool parse_ids(struct slice token, int32_t *ret_pid, int32_t *ret_tid)
{
    size_t slash = slice_find(token, '/');
    uint64_t pid = 0, tid = 0;
    struct slice first = { token.ptr, slash };
    struct slice second = slash < token.len ? slice_skip(token, slash + 1) : first;
    if (!slice_is(first, "-1") && (!slice_to_u64(first, 10, &pid) || pid > INT32_MAX))
        return false;
    if (!slice_is(second, "-1") && (!slice_to_u64(second, 10, &tid) || tid > INT32_MAX))
        return false;
    *ret_pid = (int32_t)pid;
    *ret_tid = (int32_t)tid;
    return true;
}

static size_t split_tokens(struct slice line, struct slice *tokens)
{
    size_t count = 0, at = 0;
    while (count < TOKENS_MAX) {
        while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
            at++;
        if (at == line.len)
            break;
        size_t from = at;
        while (at < line.len && line.ptr[at] != ' ' && line.ptr[at] != '\t')
            at++;
        tokens[count++] = (struct slice){ line.ptr + from, at - from };
    }
    return count;
}

/* Ids and perhaps a CPU stand right before token `end`; what is before them is the name. */
static bool take_ids(struct slice line, const struct slice *tokens, size_t end, struct header *h)
{
    if (end > 0 && is_cpu(tokens[end - 1]))
        end--;
    if (end < 2 || !parse_ids(tokens[end - 1], &h->pid, &h->tid))
        return false;
    const char *comm_end = tokens[end - 1].ptr;
    h->comm = slice_trim((struct slice){ line.ptr, (size_t)(comm_end - line.ptr) });
    return true;
}

/* "[period] event:" from token `at` on. */
static bool take_event(
    struct slice line, const struct slice *tokens, size_t count, size_t at, struct header *h)
{
    if (at < count && all_digits(tokens[at]))
        slice_to_u64(tokens[at++], 10, &h->period);
    if (at >= count || !slice_ends(tokens[at], ":"))
        return false;
    h->event = (struct slice){ tokens[at].ptr, tokens[at].len - 1 };
    const char *behind = tokens[at].ptr + tokens[at].len;
    h->rest = slice_trim((struct slice){ behind, (size_t)(line.ptr + line.len - behind) });
    return true;
}

static bool parse_timed_header(
    struct slice line, const struct slice *tokens, size_t count, size_t time, struct header *h)
{
    return parse_time(tokens[time], &h->time_ns) && take_ids(line, tokens, time, h) &&
           take_event(line, tokens, count, time + 1, h);
}

/* perf script -F without time: "comm 4100 [001] event:", "comm 4100 2004008 event:". */
static bool parse_untimed_header(
    struct slice line, const struct slice *tokens, size_t count, size_t event, struct header *h)
{
    if (!take_event(line, tokens, count, event, h) || !take_ids(line, tokens, event, h))
        return false;
    bool period = event > 1 && all_digits(tokens[event - 1]);
    if (period && take_ids(line, tokens, event - 1, h))
        slice_to_u64(tokens[event - 1], 10, &h->period);
    return true;
}

static bool parse_header(struct slice line, struct header *ret_header)
{
    struct slice tokens[TOKENS_MAX];
    size_t count = split_tokens(line, tokens);
    bool timed = false;
    for (size_t i = 0; i < count; i++) {
        struct header h = { 0 };
        timed = timed || is_time(tokens[i]);
        if (parse_timed_header(line, tokens, count, i, &h)) {
            *ret_header = h;
            return true;
        }
    }
    for (size_t i = count; i-- > 0 && !timed;) {
        struct header h = { 0 };
        if (parse_untimed_header(line, tokens, count, i, &h)) {
            *ret_header = h;
            return true;
        }
    }
    return false;
}

/* ---- frames ---- */

/* Position of the '(' that belongs to the ')' at the end. */
static size_t open_bracket(struct slice s)
{
    int depth = 0;
    for (size_t i = s.len; i-- > 0;) {
        if (s.ptr[i] == ')')
            depth++;
        if (s.ptr[i] == '(' && --depth == 0)
            return i;
    }
    return s.len;
}

/* "name+0x1f" without the offset. */
static struct slice without_offset(struct slice symbol)
{
    size_t plus = slice_rfind(symbol, '+');
    uint64_t offset;
    if (plus < symbol.len && slice_starts(slice_skip(symbol, plus), "+0x") &&
        slice_to_u64(slice_skip(symbol, plus + 3), 16, &offset))
        symbol.len = plus;
    return symbol;
}

static bool parse_frame(struct slice line, struct slice *ret_symbol, struct slice *ret_dso)
{
    line = slice_trim(line);
    size_t blank = slice_find(line, ' ');
    uint64_t address;
    if (!slice_to_u64((struct slice){ line.ptr, blank }, 16, &address))
        return false;
    struct slice rest = slice_trim(slice_skip(line, blank));
    size_t open = slice_ends(rest, ")") ? open_bracket(rest) : rest.len;
    *ret_symbol = without_offset(slice_trim((struct slice){ rest.ptr, open }));
    *ret_dso = (struct slice){ 0 };
    if (open < rest.len)
        *ret_dso = (struct slice){ rest.ptr + open + 1, rest.len - open - 2 };
    return true;
}

/* The physical function, then what was inlined into it, outermost first. */
static struct frame_id add_frame(struct reader *r, struct line physical)
{
    vec_clear(&r->lines_buf);
    vec_push(&r->lines_buf, physical);
    for (size_t i = r->inlined.len; i-- > 0;)
        vec_push(&r->lines_buf, r->inlined.ptr[i]);
    vec_clear(&r->inlined);
    return profile_add_frame_lines(r->p, r->lines_buf.ptr, (uint32_t)r->lines_buf.len);
}

/* "  dict.c:120": what -F +srcline puts behind a frame. Its figure is not kept: lines are interned
 * with their frame, which is complete by now. */
static bool is_source_line(struct slice line)
{
    line = slice_trim(line);
    size_t colon = slice_rfind(line, ':');
    return colon < line.len && colon > 0 && all_digits(slice_skip(line, colon + 1));
}

static bool read_frame(struct reader *r, struct slice line, struct err *e)
{
    struct slice symbol, dso;
    if (!parse_frame(line, &symbol, &dso)) {
        if (r->depth && is_source_line(line))
            return true;
        return text_lines_wrong(
            &r->lines, e, "an address, a function and its file, as '55d0 main+0x1f (/bin/app)'");
    }
    if (r->depth++ == IMPORT_DEPTH_MAX)
        return text_lines_wrong(&r->lines, e, "a stack of at most %d frames", IMPORT_DEPTH_MAX);
    if (!r->counts)
        return true;
    if (slice_is(dso, "inlined")) {
        vec_push(&r->inlined, import_symbol(r->p, symbol, (struct slice){ 0 }));
        return true;
    }
    struct line physical = import_symbol(r->p, symbol, dso);
    for (size_t i = 0; i < r->inlined.len; i++) { /* inlined code lies where its caller lies */
        struct func func = *profile_func(r->p, r->inlined.ptr[i].func);
        func.module = profile_func(r->p, physical.func)->module;
        func.kind = profile_func(r->p, physical.func)->kind;
        r->inlined.ptr[i].func = profile_add_func(r->p, &func);
    }
    vec_push(&r->frames, add_frame(r, physical));
    return true;
}

/* ---- samples ---- */

static struct process_id find_process(struct reader *r, const struct header *h)
{
    struct map_probe probe = map_probe(&r->processes, hash_u64((uint32_t)h->pid));
    uint32_t id;
    while (map_next(&probe, &id)) {
        if (profile_process(r->p, (struct process_id){ id })->pid == h->pid)
            return (struct process_id){ id };
    }
    struct process row = { .pid = h->pid, .name = profile_add_string(r->p, h->comm) };
    struct process_id added = profile_add_process(r->p, &row);
    map_add(&r->processes, hash_u64((uint32_t)h->pid), added.i);
    return added;
}

static struct thread_id find_thread(struct reader *r, const struct header *h)
{
    struct process_id process = find_process(r, h);
    struct string_id name = profile_add_string(r->p, h->comm);
    uint64_t hash = hash_mix(hash_u64((uint64_t)process.i << 32 | (uint32_t)h->tid), name.i);
    struct map_probe probe = map_probe(&r->threads, hash);
    uint32_t id;
    while (map_next(&probe, &id)) {
        const struct thread *t = profile_thread(r->p, (struct thread_id){ id });
        if (t->process.i == process.i && t->tid == h->tid && t->name.i == name.i)
            return (struct thread_id){ id };
    }
    struct thread row = { .process = process, .tid = h->tid, .name = name };
    struct thread_id added = profile_add_thread(r->p, &row);
    map_add(&r->threads, hash, added.i);
    return added;
}

static void end_sample(struct reader *r)
{
    if (!r->in_sample)
        return;
    r->in_sample = false;
    if (r->inlined.len) /* inlined into nothing: the file is cut here */
        vec_push(&r->frames, add_frame(r, r->inlined.ptr[--r->inlined.len]));
    struct stack_id stack = { 0 };
    for (size_t i = r->frames.len; i-- > 0;)
        stack = profile_add_stack(r->p, stack, r->frames.ptr[i]);
    vec_clear(&r->frames);
    r->sample.stack = stack;
    if (r->counts)
        profile_add_sample(r->p, &r->sample);
}

/* "cpu-clock:u" and "cpu-clock:ppp" are one event; its periods are time. */
static bool is_clock(struct slice event)
{
    return slice_starts(event, "cpu-clock") || slice_starts(event, "task-clock");
}

static void first_sample(struct reader *r, const struct header *h)
{
    struct profile_meta *m = profile_meta(r->p);
    r->event = profile_add_string(r->p, h->event);
    r->clock = is_clock(h->event) && h->period > 0;
    meta_set_text(&m->event, h->event);
    m->weight_unit = r->clock ? WEIGHT_NANOSECONDS : WEIGHT_COUNT;
    m->period_ns = r->clock ? h->period : 0;
    m->start_ns = h->time_ns;
}

static bool begin_sample(struct reader *r, struct slice line, struct err *e)
{
    struct header h;
    if (!parse_header(line, &h))
        return text_lines_wrong(&r->lines, e, "'COMMAND PID/TID [CPU] TIME: PERIOD EVENT:'");
    struct profile_meta *m = profile_meta(r->p);
    if (r->event.i == 0)
        first_sample(r, &h);
    r->counts = profile_add_string(r->p, h.event).i == r->event.i;
    r->left_out += !r->counts;
    r->in_sample = true;
    r->depth = 0;
    r->sample = (struct sample){ .time_ns = h.time_ns, .count = 1 };
    r->sample.weight = r->clock ? h.period : 1;
    if (r->counts)
        r->sample.thread = find_thread(r, &h);
    if (h.time_ns > m->end_ns)
        m->end_ns = h.time_ns;
    if (h.time_ns && h.time_ns < m->start_ns)
        m->start_ns = h.time_ns;
    struct slice symbol, dso;
    if (h.rest.len && parse_frame(h.rest, &symbol, &dso)) { /* no call chains: all on one line */
        if (r->counts)
            vec_push(&r->frames, add_frame(r, import_symbol(r->p, symbol, dso)));
        end_sample(r);
    }
    return true;
}

static bool read_lines(struct reader *r, struct err *e)
{
    struct slice line;
    while (text_lines_next(&r->lines, &line)) {
        bool blank = slice_trim(line).len == 0;
        if (blank)
            end_sample(r);
        if (blank || (!r->in_sample && line.ptr[0] == '#'))
            continue;
        if (!(r->in_sample ? read_frame(r, line, e) : begin_sample(r, line, e)))
            return false;
    }
    end_sample(r);
    return r->event.i ? true : err_set(e, ERR_FORMAT, "there is no sample in it");
}

static void add_note(struct reader *r)
{
    if (r->left_out == 0)
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf what = STRBUF_INIT;
    strbuf_addf(&what, "%" PRIu64 " samples of other events were left out", r->left_out);
    profile_add_note(r->p, what.ptr, "samples of different events do not add up",
        "perf script with only one event: perf record -e EVENT");
}

struct profile *perfscript_read(struct slice bytes, struct err *e)
{
    struct reader r = { .p = profile_new(), .lines = text_lines(bytes) };
    struct profile_meta *m = profile_meta(r.p);
    meta_set_text(&m->tool, slice_of("perf script"));
    meta_set_text(&m->level, slice_of("imported"));
    bool ok = read_lines(&r, e);
    if (ok)
        add_note(&r);
    map_done(&r.threads);
    map_done(&r.processes);
    vec_done(&r.frames);
    vec_done(&r.inlined);
    vec_done(&r.lines_buf);
    if (ok)
        return r.p;
    profile_free(r.p);
    return NULL;
}

bool perfscript_sniff(struct slice head)
{
    struct text_lines lines = text_lines(head);
    struct slice line;
    struct header h;
    while (lines.number < SNIFF_LINES && text_lines_next(&lines, &line)) {
        if (slice_trim(line).len && line.ptr[0] != '#')
            return parse_header(line, &h);
    }
    return false;
}
