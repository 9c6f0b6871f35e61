// SPDX-License-Identifier: MIT
#include "make_profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/rules.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "profile/wait.h"

static struct string_id text(struct profile *p, const char *s)
{
    return profile_add_string(p, slice_of(s));
}

static uint64_t at_ns(double seconds)
{
    return MADE_START_NS + (uint64_t)llround(seconds * 1e9);
}

/* ---- the target ---- */

struct made made_new(const char *program, const char *runtime, double seconds)
{
    struct made m = { .p = profile_new(), .end_ns = at_ns(seconds) };
    struct profile_meta *meta = profile_meta(m.p);
    meta->start_ns = MADE_START_NS;
    meta->end_ns = m.end_ns;
    meta->cpus = 4;
    meta->period_ns = MADE_PERIOD_NS;
    meta_set_text(&meta->level, slice_of("full"));
    meta_set_text(&meta->program, slice_of(program));
    PROF_CLEANUP(strbuf_done) struct strbuf exe = STRBUF_INIT;
    strbuf_addf(&exe, "/home/me/%s", program);
    struct process process = {
        .pid = 4100,
        .name = text(m.p, program),
        .exe = text(m.p, exe.ptr),
        .start_ns = MADE_START_NS,
    };
    m.process = profile_add_process(m.p, &process);
    m.main = made_thread(&m, program);
    made_fact(&m, m.process, "runtime", runtime);
    return m;
}

void made_done(struct made *m)
{
    profile_free(m->p);
}

struct thread_id made_thread(struct made *m, const char *name)
{
    struct thread row = {
        .process = m->process,
        .tid = 4100 + (int)profile_thread_count(m->p) - 1,
        .name = text(m->p, name),
        .start_ns = MADE_START_NS,
    };
    return profile_add_thread(m->p, &row);
}

/* ---- stacks ---- */

static enum func_kind take_kind(struct slice *word)
{
    static const struct {
        char letter;
        enum func_kind kind;
    } prefixes[] = {
        { 'k', FUNC_KERNEL },
        { 'r', FUNC_RUNTIME },
        { 'l', FUNC_STDLIB },
        { 'g', FUNC_GC },
        { 'd', FUNC_DEPENDENCY },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(prefixes); i++) {
        if (word->len < 2 || word->ptr[1] != ':' || word->ptr[0] != prefixes[i].letter)
            continue;
        if (word->len > 2 && word->ptr[2] == ':')
            continue;
        *word = slice_skip(*word, 2);
        return prefixes[i].kind;
    }
    return FUNC_APP;
}

/* "NAME#401136": the frame of that address. */
static uint64_t take_address(struct slice *word)
{
    const size_t sign = slice_find(*word, '#');
    uint64_t address = 0;
    if (sign < word->len)
        slice_to_u64(slice_skip(*word, sign + 1), 16, &address);
    word->len = sign;
    return address;
}

static struct frame_id make_frame(struct made *m, struct slice word)
{
    const uint64_t address = take_address(&word);
    struct func func = { .kind = take_kind(&word) };
    struct line line = { 0 };
    if (slice_starts(word, "~")) {
        line.tier = TIER_INTERPRETED;
        word = slice_skip(word, 1);
    }
    size_t sign = slice_find(word, '@');
    func.name = profile_add_string(m->p, (struct slice){ .ptr = word.ptr, .len = sign });
    if (sign < word.len) {
        struct slice place = slice_skip(word, sign + 1);
        size_t colon = slice_rfind(place, ':');
        uint64_t number = 0;
        if (colon < place.len)
            slice_to_u64(slice_skip(place, colon + 1), 10, &number);
        place.len = number ? colon : place.len;
        func.file = profile_add_string(m->p, place);
        func.line = line.line = (uint32_t)number;
    }
    line.func = profile_add_func(m->p, &func);
    if (!address)
        return profile_add_frame_lines(m->p, &line, 1);
    const struct frame_id frame = profile_add_frame(m->p, (struct module_id){ 0 }, address, 0);
    profile_resolve_frame(m->p, frame, &line, 1);
    return frame;
}

struct stack_id made_stack(struct made *m, const char *folded)
{
    struct stack_id stack = { 0 };
    struct slice rest = slice_of(folded), word;
    while (slice_split(&rest, ';', &word))
        stack = profile_add_stack(m->p, stack, make_frame(m, word));
    return stack;
}

/* ---- what it did ---- */

void made_cpu(struct made *m, struct thread_id thread, const char *folded, double on_cpu_s,
    double from, double to)
{
    struct stack_id stack = made_stack(m, folded);
    int count = (int)lround(on_cpu_s * 1e9 / (double)MADE_PERIOD_NS);
    for (int i = 0; i < count; i++) {
        struct sample s = {
            .time_ns = at_ns(from + (to - from) * (i + 0.5) / count),
            .thread = thread,
            .stack = stack,
            .count = 1,
            .weight = MADE_PERIOD_NS,
        };
        profile_add_sample(m->p, &s);
    }
}

void made_wait(struct made *m, struct thread_id thread, const char *folded, const char *wait,
    double count, double ms, double from, double to)
{
    struct wait w = wait_parse(slice_of(wait));
    struct stack_id stack = profile_add_stack(m->p, made_stack(m, folded), wait_frame(m->p, &w));
    for (int i = 0; i < (int)count; i++) {
        struct sample s = {
            .time_ns = at_ns(from + (to - from) * (i + 0.5) / count),
            .thread = thread,
            .stack = stack,
            .count = 1,
            .weight = (uint64_t)llround(ms * 1e6),
        };
        profile_add_channel_sample(m->p, CHANNEL_WAIT, &s);
    }
    struct tally tally = {
        .thread = thread,
        .name = text(m->p, "wait"),
        .what = text(m->p, wait),
        .count = (uint64_t)count,
        .ns = (uint64_t)llround(count * ms * 1e6),
        .max_ns = (uint64_t)llround(ms * 1e6),
    };
    profile_add_tally(m->p, &tally);
}

void made_tasks(
    struct made *m, const char *folded, const char *wait, double goroutines, uint64_t begun)
{
    enum { PARTS = 100 };
    struct stack_id stack = made_stack(m, folded);
    if (wait) {
        struct wait w = wait_parse(slice_of(wait));
        stack = profile_add_stack(m->p, stack, wait_frame(m->p, &w));
    }
    const double part_ns = (double)(m->end_ns - MADE_START_NS) / PARTS;
    for (uint64_t i = 0; i < PARTS; i++) {
        struct sample s = {
            .time_ns = MADE_START_NS + (uint64_t)llround((double)(i + 1) * part_ns),
            .thread = m->main,
            .stack = stack,
            .count = begun * (i + 1) / PARTS - begun * i / PARTS,
            .weight = (uint64_t)llround(goroutines * part_ns),
        };
        profile_add_channel_sample(m->p, CHANNEL_TASKS, &s);
    }
}

/* ---- numbers over time ---- */

static void add_points(struct made *m, struct series_id id, double first, double last)
{
    double seconds = (double)(m->end_ns - MADE_START_NS) / 1e9;
    int steps = (int)ceil(seconds * 4);
    for (int i = 0; i <= steps; i++) {
        double part = (double)i / steps;
        profile_add_point(m->p, id, at_ns(seconds * part), first + (last - first) * part);
    }
}

void made_series(struct made *m, const char *name, const char *unit, struct process_id process,
    double first, double last)
{
    struct series row = { .name = text(m->p, name), .unit = text(m->p, unit), .process = process };
    add_points(m, profile_add_series(m->p, &row), first, last);
}

static void add_state(struct made *m, struct thread_id thread, const char *name, double share)
{
    struct series row = {
        .name = text(m->p, name),
        .unit = text(m->p, "ns"),
        .process = m->process,
        .thread = thread,
    };
    double ns = (double)(m->end_ns - MADE_START_NS);
    add_points(m, profile_add_series(m->p, &row), 0, ns * share);
}

void made_states(struct made *m, struct thread_id thread, double on_cpu, double queued)
{
    add_state(m, thread, "thread_on_cpu", on_cpu);
    add_state(m, thread, "thread_queued", queued);
    add_state(m, thread, "thread_blocked", 1 - on_cpu - queued);
    struct series starts = { .name = text(m->p, "thread_starts"), .unit = text(m->p, "count") };
    profile_add_point(m->p, profile_add_series(m->p, &starts), m->end_ns, 1);
}

void made_turns(struct made *m, struct thread_id thread, uint32_t count, double on_cpu_ms,
    double blocked_ms, double queued_ms, uint32_t events)
{
    uint64_t duration = (uint64_t)llround((on_cpu_ms + blocked_ms + queued_ms) * 1e6);
    uint64_t on_cpu = (uint64_t)llround(on_cpu_ms * 1e6);
    uint64_t room = m->end_ns - MADE_START_NS;
    for (uint32_t i = 0; i < count; i++) {
        struct span s = {
            .kind = SPAN_TURN,
            .thread = thread,
            .start_ns = MADE_START_NS + room * (2 * i + 1) / (2 * count) - duration / 2,
            .duration_ns = duration,
            .on_cpu_ns = on_cpu,
            .blocked_ns = (uint64_t)llround(blocked_ms * 1e6),
            .queued_ns = (uint64_t)llround(queued_ms * 1e6),
            .events = events,
        };
        profile_add_span(m->p, &s);
        histogram_add(profile_histogram(m->p, "turn", thread), duration);
        histogram_add(profile_histogram(m->p, "turn_on_cpu", thread), on_cpu);
    }
    char key[24];
    snprintf(key, sizeof key, "turns.%d", profile_thread(m->p, thread)->tid);
    made_fact(m, m->process, key, "exact");
}

void made_fact(struct made *m, struct process_id process, const char *key, const char *value)
{
    profile_set_fact(m->p, process, key, slice_of(value));
}

/* ---- asking ---- */

static bool holds(const struct observed *o, const struct rule *gate)
{
    struct finding f = { .rule = gate, .id = gate->id };
    bool found = gate->look(o, &f) == ANSWER_FOUND;
    finding_done(&f);
    return found;
}

enum answer made_ask(const struct made *m, const struct rule *rule, struct finding *ret_finding)
{
    struct observed *o = observed_new(m->p);
    o->starved = holds(o, &rule_starved_by_others);
    o->throttled = holds(o, &rule_throttled);
    o->under_driven = holds(o, &rule_under_driven);
    *ret_finding = (struct finding){ .rule = rule, .id = rule->id };
    enum answer answer = rule->look(o, ret_finding);
    observed_free(o);
    return answer;
}

bool made_warns(const struct made *m, const char *id)
{
    struct diagnosis d;
    diagnose(m->p, &d);
    bool warns = false;
    for (size_t i = 0; i < d.findings.len; i++)
        warns |=
            strcmp(d.findings.ptr[i].id, id) == 0 && d.findings.ptr[i].severity > SEVERITY_INFO;
    diagnosis_done(&d);
    return warns;
}
