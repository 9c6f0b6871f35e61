// SPDX-License-Identifier: MIT
/*
 * The report for a terminal: 80 columns, the answer first, then the figures that it rests on. Each
 * section is a row of sections[] and leaves itself out when it has nothing to say.
 */
#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "format/formats.h"
#include "format/out.h"
#include "format/screen.h"
#include "format/summary.h"
#include "profile/own_caller.h"

enum {
    WIDTH = 80,
    NAME_WIDTH = 31,
    PLACE_WIDTH = 20,
    FIGURE_WIDTH = 9,
    OWN_ROWS = 20,
    TOTAL_ROWS = 15,
    STACKS = 5,
    STACK_FRAMES = 12, /* innermost ones of a stack */
    THREAD_ROWS = 10,
    BAR_WIDTH = 40,
    FEW_SAMPLES = 100,
};

static void heading(struct strbuf *out, const char *title, const char *remark)
{
    strbuf_addf(out, "\n%s%s%s\n", title, remark[0] ? "  " : "", remark);
}

/* A weight, right-aligned. */
static void add_figure(const struct summary *s, uint64_t weight, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    summary_add_weight(s, weight, &text);
    strbuf_addf(out, "%*s", FIGURE_WIDTH, text.ptr);
}

static void add_name(const struct summary *s, struct func_id func, size_t width, struct strbuf *out)
{
    screen_add_padded(out, summary_func_name(s, func), width, CUT_MIDDLE);
}

/* Ends a line with the place of a function, without blanks at its end. */
static void add_place(const struct summary *s, struct func_id func, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    summary_add_place(s, func, &place);
    if (place.len) {
        strbuf_adds(out, "  ");
        screen_add(out, strbuf_slice(&place), PLACE_WIDTH, CUT_START);
    }
    while (out->len && out->ptr[out->len - 1] == ' ')
        out->ptr[--out->len] = '\0';
    strbuf_addc(out, '\n');
}

/* ---- header and verdict ---- */

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void add_counts(const struct summary *s, struct strbuf *out)
{
    const struct profile_meta *m = profile_meta_get(s->p);
    strbuf_addf(out, "%" PRIu64 " sample%s", s->funcs.count, plural(s->funcs.count));
    summary_add_extent(s, out);
    if (m->rate_hz)
        strbuf_addf(out, ", %" PRIu64 " Hz", m->rate_hz);
    uint32_t processes = profile_process_count(s->p) - 1;
    if (processes)
        strbuf_addf(out, ", %" PRIu32 " process%s", processes, processes == 1 ? "" : "es");
    if (s->thread_count > 1)
        strbuf_addf(out, ", %" PRIu32 " threads", s->thread_count);
}

static void add_date(struct strbuf *out, uint64_t realtime_ns)
{
    time_t seconds = (time_t)(realtime_ns / NS_PER_S);
    struct tm tm;
    char text[64];
    if (realtime_ns && gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%F %T UTC", &tm))
        strbuf_addf(out, "%s, ", text);
}

static void add_words(struct strbuf *out, const char *label, const char *text)
{
    if (text && text[0])
        strbuf_addf(out, "%s%s, ", label, text);
}

static void header(const struct summary *s, struct strbuf *out)
{
    const struct profile_meta *m = profile_meta_get(s->p);
    PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
    const char *title = m->title ? m->title : m->command ? m->command : "profile";
    screen_add(out, slice_of(title), WIDTH, CUT_MIDDLE);
    strbuf_addc(out, '\n');
    add_counts(s, &line);
    screen_add_wrapped(out, strbuf_slice(&line), 0, WIDTH);
    strbuf_clear(&line);
    add_date(&line, m->start_realtime_ns);
    add_words(&line, "", m->host);
    add_words(&line, "Linux ", m->kernel);
    add_words(&line, "", m->machine);
    add_words(&line, "level ", m->level);
    add_words(&line, "by ", m->tool);
    add_words(&line, "ended: ", m->ended);
    if (line.len > 2) {
        line.len -= 2;
        screen_add_wrapped(out, strbuf_slice(&line), 0, WIDTH);
    }
}

/* Whose fault it is when the hottest function is not the program's own. */
static void add_own_caller(const struct summary *s, struct func_id hot, struct strbuf *out)
{
    struct own_caller caller;
    if (!own_caller_find(s->p, hot, &caller))
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    strbuf_adds(out, caller.nearly_all ? ", called from " : ", mostly called from ");
    strbuf_addslice(out, summary_func_name(s, caller.func));
    summary_add_place(s, caller.func, &place);
    if (place.len)
        strbuf_addf(out, " (%s)", place.ptr);
}

static void add_verdict_function(const struct summary *s, struct strbuf *out)
{
    const struct func_total *top = &s->funcs.rows[0];
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    strbuf_addslice(out, summary_func_name(s, top->func));
    summary_add_place(s, top->func, &place);
    if (place.len)
        strbuf_addf(out, " (%s)", place.ptr);
    strbuf_addf(out, " takes %.1f %% by itself", summary_percent(s, top->self_weight));
    add_own_caller(s, top->func, out);
    uint32_t few = s->funcs.len < 5 ? s->funcs.len : 5;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < few; i++)
        sum += s->funcs.rows[i].self_weight;
    if (few > 1)
        strbuf_addf(out, ", the %" PRIu32 " hottest functions together %.1f %%", few,
            summary_percent(s, sum));
    strbuf_addc(out, '.');
}

static void verdict(const struct summary *s, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (s->funcs.count == 0)
        strbuf_adds(&text, "There are no samples: the program used too little CPU time, or ended "
                           "before the first sample. Let it run longer, give it load, or raise "
                           "the rate with -F.");
    else if (s->funcs.len && s->funcs.rows[0].self_weight)
        add_verdict_function(s, &text);
    if (s->funcs.count > 0 && s->funcs.count < FEW_SAMPLES)
        strbuf_addf(&text, "%sOnly %" PRIu64 " sample%s: shares are rough.", text.len ? " " : "",
            s->funcs.count, plural(s->funcs.count));
    strbuf_addc(out, '\n');
    screen_add_wrapped(out, strbuf_slice(&text), 0, WIDTH);
}

/* ---- functions ---- */

static void own_time(const struct summary *s, struct strbuf *out)
{
    if (s->funcs.len == 0)
        return;
    heading(out, "HOTTEST FUNCTIONS", "by own time");
    strbuf_addf(out, "%6s %*s %7s  %-*s  %s\n", "own %", FIGURE_WIDTH, "own", "total %", NAME_WIDTH,
        "function", "hottest line");
    for (uint32_t i = 0; i < s->funcs.len && i < OWN_ROWS; i++) {
        const struct func_total *row = &s->funcs.rows[i];
        if (row->self_weight == 0)
            break;
        strbuf_addf(out, "%6.1f ", summary_percent(s, row->self_weight));
        add_figure(s, row->self_weight, out);
        strbuf_addf(out, " %7.1f  ", summary_percent(s, row->total_weight));
        add_name(s, row->func, NAME_WIDTH, out);
        add_place(s, row->func, out);
    }
}

static void total_time(const struct summary *s, struct strbuf *out)
{
    if (s->funcs.len == 0)
        return;
    heading(out, "HOTTEST FUNCTIONS", "by total time: their own and that of all they call");
    strbuf_addf(out, "%7s %*s %6s  %-*s  %s\n", "total %", FIGURE_WIDTH, "total", "own %",
        NAME_WIDTH, "function", "hottest line");
    for (uint32_t i = 0; i < s->funcs.len && i < TOTAL_ROWS; i++) {
        const struct func_total *row = &s->funcs.rows[s->by_total[i]];
        strbuf_addf(out, "%7.1f ", summary_percent(s, row->total_weight));
        add_figure(s, row->total_weight, out);
        strbuf_addf(out, " %6.1f  ", summary_percent(s, row->self_weight));
        add_name(s, row->func, NAME_WIDTH, out);
        add_place(s, row->func, out);
    }
}

/* ---- stacks ---- */

static void add_frames(const struct summary *s, uint32_t node, struct strbuf *out)
{
    const struct calltree_node *nodes = s->tree.nodes;
    for (int shown = 0; node && shown < STACK_FRAMES; shown++) {
        PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
        strbuf_addslice(&name, summary_func_name(s, nodes[node].func));
        if (nodes[node].inlined)
            strbuf_adds(&name, " (inlined)");
        strbuf_adds(out, "        ");
        screen_add_padded(out, strbuf_slice(&name), WIDTH - 8 - 2 - PLACE_WIDTH, CUT_MIDDLE);
        add_place(s, nodes[node].func, out);
        node = nodes[node].parent;
    }
    if (node)
        strbuf_addf(out, "        .. and %" PRIu32 " caller%s\n", nodes[node].depth,
            plural(nodes[node].depth));
}

static void stacks(const struct summary *s, struct strbuf *out)
{
    if (s->stack_count == 0)
        return;
    heading(out, "HOTTEST STACKS", "innermost function first");
    for (uint32_t i = 0; i < s->stack_count && i < STACKS; i++) {
        const struct calltree_node *node = &s->tree.nodes[s->stacks[i]];
        strbuf_addf(out, "%6.1f ", summary_percent(s, node->self_weight));
        add_figure(s, node->self_weight, out);
        strbuf_addf(out, "  in %" PRIu64 " sample%s\n", node->self_count, plural(node->self_count));
        add_frames(s, s->stacks[i], out);
    }
}

/* ---- threads, kinds ---- */

static void threads(const struct summary *s, struct strbuf *out)
{
    if (s->thread_count < 2)
        return;
    heading(out, "THREADS", "");
    strbuf_addf(
        out, "%6s %*s %8s  %-24s  %s\n", "%", FIGURE_WIDTH, "time", "tid", "thread", "process");
    for (uint32_t i = 0; i < s->thread_count && i < THREAD_ROWS; i++) {
        const struct thread *t = profile_thread(s->p, s->threads[i].thread);
        const struct process *process = profile_process(s->p, t->process);
        strbuf_addf(out, "%6.1f ", summary_percent(s, s->threads[i].weight));
        add_figure(s, s->threads[i].weight, out);
        strbuf_addf(out, " %8" PRId32 "  ", t->tid);
        screen_add_padded(out, profile_string(s->p, t->name), 24, CUT_MIDDLE);
        strbuf_addf(out, "  %" PRId32 " ", process->pid);
        screen_add(out, profile_string(s->p, process->name), 16, CUT_MIDDLE);
        strbuf_addc(out, '\n');
    }
    if (s->thread_count > THREAD_ROWS)
        strbuf_addf(out, "        .. and %" PRIu32 " more\n", s->thread_count - THREAD_ROWS);
}

static void kinds(const struct summary *s, struct strbuf *out)
{
    if (s->funcs.weight == 0)
        return;
    heading(out, "WHOSE CODE", "by own time");
    for (int kind = 0; kind < FUNC_KINDS; kind++) {
        double percent = summary_percent(s, s->kinds[kind]);
        if (s->kinds[kind] == 0)
            continue;
        strbuf_addf(out, "%6.1f  %-18s", percent, func_kind_info((enum func_kind)kind)->title);
        int bar = (int)(percent * BAR_WIDTH / 100 + 0.5);
        for (int i = 0; i < bar && i < BAR_WIDTH; i++)
            strbuf_addc(out, i ? '#' : ' ');
        if (bar)
            strbuf_addc(out, '#');
        while (out->ptr[out->len - 1] == ' ')
            out->ptr[--out->len] = '\0';
        strbuf_addc(out, '\n');
    }
}

/* ---- quality ---- */

static void add_stack_quality(const struct profile_meta *m, struct strbuf *out)
{
    uint64_t all = m->stacks_complete + m->stacks_truncated + m->stacks_broken;
    if (all == 0)
        return;
    strbuf_addf(out, "  stacks    %.1f %% complete, %.1f %% cut",
        100.0 * (double)m->stacks_complete / (double)all,
        100.0 * (double)m->stacks_truncated / (double)all);
    if (m->stack_copy_bytes)
        strbuf_addf(out, " (deeper than %" PRIu64 " KiB)", m->stack_copy_bytes / 1024);
    strbuf_addf(out, ", %.1f %% broken\n", 100.0 * (double)m->stacks_broken / (double)all);
}

static void add_duration_line(struct strbuf *out, const char *label, uint64_t ns, const char *words)
{
    if (ns)
        strbuf_addf(out, "  %-8s  %.1f ms %s\n", label, (double)ns / (double)NS_PER_MS, words);
}

static void quality(const struct summary *s, struct strbuf *out)
{
    const struct profile_meta *m = profile_meta_get(s->p);
    PROF_CLEANUP(strbuf_done) struct strbuf lines = STRBUF_INIT;
    add_stack_quality(m, &lines);
    if (m->samples_lost)
        strbuf_addf(
            &lines, "  lost      %" PRIu64 " sample%s\n", m->samples_lost, plural(m->samples_lost));
    add_duration_line(&lines, "kernel", m->kernel_unsampled_ns,
        "of the target's time in the kernel could not be sampled");
    add_duration_line(
        &lines, "overhead", m->overhead_ns, "of CPU time added to the target (estimated)");
    add_duration_line(&lines, "prof", m->self_cpu_ns, "of CPU time used by prof while recording");
    if (lines.len == 0)
        return;
    heading(out, "QUALITY", "");
    strbuf_addslice(out, strbuf_slice(&lines));
}

static void add_note(const struct profile *p, const struct note *note, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    struct slice why = profile_string(p, note->why), how = profile_string(p, note->how);
    strbuf_addslice(&text, profile_string(p, note->what));
    if (why.len) {
        strbuf_adds(&text, ": ");
        strbuf_addslice(&text, why);
    }
    size_t from = out->len;
    screen_add_wrapped(out, strbuf_slice(&text), 4, WIDTH);
    if (out->len > from + 4)
        out->ptr[from + 2] = '-';
    strbuf_clear(&text);
    if (how.len) {
        strbuf_adds(&text, "to cure it: ");
        strbuf_addslice(&text, how);
        screen_add_wrapped(out, strbuf_slice(&text), 4, WIDTH);
    }
}

static void notes(const struct summary *s, struct strbuf *out)
{
    uint32_t count = profile_note_count(s->p);
    if (count == 0)
        return;
    heading(out, "WHAT IS MISSING", "");
    for (uint32_t i = 0; i < count; i++) {
        struct note note = profile_note(s->p, i);
        add_note(s->p, &note, out);
    }
}

/* ---- the whole ---- */

static void (*const sections[])(const struct summary *s, struct strbuf *out) = {
    header,
    verdict,
    own_time,
    total_time,
    stacks,
    threads,
    kinds,
    quality,
    notes,
};

bool text_write(const struct profile *p, const struct format_sink *sink, struct err *e)
{
    struct summary s;
    summary_build(p, &s);
    struct out o = out_init(sink, e);
    for (size_t i = 0; i < PROF_ARRAY_LEN(sections); i++) {
        sections[i](&s, &o.text);
        out_step(&o);
    }
    summary_done(&s);
    return out_finish(&o);
}
