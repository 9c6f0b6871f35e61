// SPDX-License-Identifier: MIT
/* What each thread did with its time: in all, by kind of wait, and window by window. */
#include <math.h>

#include "analyze/observed_inner.h"
#include "base/alloc.h"

/* An hour of windows of so many threads is 15 MB; of the others their sums are enough. */
enum { WINDOWED_THREADS = 128 };

static uint64_t less(uint64_t whole, uint64_t part)
{
    return whole > part ? whole - part : 0;
}

/* ---- life ---- */

static void observe_life(const struct observed *o, struct observed_thread *t)
{
    const struct thread *row = profile_thread(o->profile, t->id);
    uint64_t from = row->start_ns > o->start_ns ? row->start_ns : o->start_ns;
    uint64_t to = row->end_ns && row->end_ns < o->end_ns ? row->end_ns : o->end_ns;
    t->process = row->process;
    t->is_main = row->tid == profile_process(o->profile, row->process)->pid;
    t->lived_ns = less(to, from);
}

static double last_value(const struct observed *o, const char *name, struct thread_id thread)
{
    uint32_t count;
    const struct series_point *points =
        observed_series(o, name, (struct process_id){ 0 }, thread, &count);
    return points && count ? points[count - 1].value : (double)NAN;
}

/* Blocked is what remains of a life: the series of a thread that sleeps to the end stops early. */
static void observe_states(const struct observed *o, struct observed_thread *t)
{
    const struct thread *row = profile_thread(o->profile, t->id);
    double on_cpu = last_value(o, "thread_on_cpu", t->id);
    double queued = last_value(o, "thread_queued", t->id);
    t->exact = o->has_switches && !isnan(on_cpu);
    if (!isnan(on_cpu))
        t->on_cpu_ns = (uint64_t)on_cpu;
    else if (row->cpu_user_ns + row->cpu_kernel_ns)
        t->on_cpu_ns = row->cpu_user_ns + row->cpu_kernel_ns;
    else
        t->on_cpu_ns = t->cpu.weight;
    t->queued_ns = isnan(queued) ? t->wait_ns[WAIT_QUEUE] : (uint64_t)queued;
    if (t->on_cpu_ns + t->queued_ns > t->lived_ns)
        t->lived_ns = t->on_cpu_ns + t->queued_ns;
    t->blocked_ns = t->lived_ns - t->on_cpu_ns - t->queued_ns;
}

/* ---- waits ---- */

/* The wall reader and the system calls count every wait in tallies; samples are the next best. */
static void observe_tallied_waits(struct observed *o, bool *has_tally)
{
    uint32_t count;
    const struct tally *rows = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].thread.i == 0 || !slice_is(profile_string(o->profile, rows[i].name), "wait"))
            continue;
        uint32_t at = rows[i].thread.i - 1;
        struct wait w = wait_parse(profile_string(o->profile, rows[i].what));
        o->threads[at].wait_ns[w.kind] += rows[i].ns;
        has_tally[at] = true;
    }
}

static void observe_sampled_waits(struct observed *o, const bool *has_tally)
{
    const struct groups *groups = &o->sums->groups[CHANNEL_WAIT];
    for (size_t i = 0; i < groups->rows.len; i++) {
        const struct group *g = &groups->rows.ptr[i];
        uint8_t kind = o->sums->wait_kinds[g->stack.i];
        if (g->thread.i == 0 || has_tally[g->thread.i - 1])
            continue;
        uint32_t known = kind < WAIT_KINDS ? kind : WAIT_UNKNOWN;
        o->threads[g->thread.i - 1].wait_ns[known] += g->all.weight;
    }
}

static void observe_waits(struct observed *o)
{
    bool *has_tally = xcalloc(o->thread_count, sizeof *has_tally);
    observe_tallied_waits(o, has_tally);
    observe_sampled_waits(o, has_tally);
    free(has_tally);
}

static void observe_cpu_samples(struct observed *o)
{
    const struct groups *groups = &o->sums->groups[CHANNEL_CPU];
    for (size_t i = 0; i < groups->rows.len; i++) {
        const struct group *g = &groups->rows.ptr[i];
        if (g->thread.i == 0)
            continue;
        struct observed_thread *t = &o->threads[g->thread.i - 1];
        t->cpu.weight += g->all.weight;
        t->cpu.count += g->all.count;
    }
}

/* ---- windows ---- */

static int by_falling_demand(const void *left, const void *right)
{
    const struct observed_thread *a = *(struct observed_thread *const *)left;
    const struct observed_thread *b = *(struct observed_thread *const *)right;
    uint64_t wants_a = a->on_cpu_ns + a->queued_ns, wants_b = b->on_cpu_ns + b->queued_ns;
    if (wants_a != wants_b)
        return wants_a < wants_b ? 1 : -1;
    return (a->id.i > b->id.i) - (a->id.i < b->id.i);
}

static void give_windows(struct observed *o, uint32_t windows)
{
    struct observed_thread **order = xcalloc(o->thread_count, sizeof(struct observed_thread *));
    for (uint32_t i = 0; i < o->thread_count; i++)
        order[i] = &o->threads[i];
    qsort(order, o->thread_count, sizeof(struct observed_thread *), by_falling_demand);
    uint32_t count = o->thread_count < WINDOWED_THREADS ? o->thread_count : WINDOWED_THREADS;
    o->sums->windows = xcalloc((size_t)count * 2 * windows, sizeof *o->sums->windows);
    for (uint32_t i = 0; i < count; i++) {
        order[i]->window_count = windows;
        order[i]->on_cpu_share = o->sums->windows + (size_t)i * 2 * windows;
        order[i]->queued_share = order[i]->on_cpu_share + windows;
    }
    free(order);
}

/* The share of each window by which a running total grew. Points come four times a second and
 * window borders lie between them. */
static void fill_windows(
    const struct observed *o, const struct observed_thread *t, const char *name, float *cells)
{
    uint32_t count;
    const struct series_point *points =
        observed_series(o, name, (struct process_id){ 0 }, t->id, &count);
    if (!points || count == 0)
        return;
    uint32_t at = 0;
    double before = 0;
    for (uint32_t w = 0; w < t->window_count; w++) {
        uint64_t to = o->start_ns + (uint64_t)(w + 1) * WINDOW_NS;
        while (at + 1 < count && points[at + 1].time_ns <= to)
            at++;
        uint32_t pair = count - at < 2 ? count - at : 2;
        double now = points[0].time_ns > to ? 0 : points_at(points + at, pair, to);
        double share = (now - before) / (double)WINDOW_NS;
        cells[w] = (float)(share < 0 ? 0 : share > 1 ? 1 : share);
        before = now;
    }
}

static void observe_windows(struct observed *o)
{
    uint64_t windows = (o->end_ns - o->start_ns) / WINDOW_NS;
    if (windows == 0 || o->thread_count == 0)
        return;
    give_windows(o, (uint32_t)windows);
    bool all_exact = true;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct observed_thread *t = &o->threads[i];
        fill_windows(o, t, "thread_on_cpu", t->on_cpu_share);
        fill_windows(o, t, "thread_queued", t->queued_share);
        all_exact &= t->exact;
    }
    if (!all_exact)
        observe_window_samples(o);
}

/* ---- loops' turns ---- */

static void observe_turns(struct observed *o)
{
    for (uint32_t i = 0; i < profile_histogram_count(o->profile); i++) {
        const struct histogram *h = profile_histogram_at(o->profile, i);
        if (h->thread.i == 0 || h->count == 0)
            continue;
        struct observed_thread *t = &o->threads[h->thread.i - 1];
        struct slice name = profile_string(o->profile, h->name);
        if (slice_is(name, "turn"))
            t->turn = h;
        else if (slice_is(name, "turn_on_cpu"))
            t->turn_on_cpu = h;
    }
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct observed_thread *t = &o->threads[i];
        if (!t->turn)
            continue;
        PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
        strbuf_addf(&key, "turns.%d", profile_thread(o->profile, t->id)->tid);
        t->turns = t->turn->count;
        t->turns_exact = slice_is(observed_fact(o, t->process, key.ptr), "exact");
        o->has_turns = true;
    }
}

void observe_threads(struct observed *o)
{
    uint32_t rows = profile_thread_count(o->profile);
    o->thread_count = rows ? rows - 1 : 0;
    o->threads = xcalloc(o->thread_count, sizeof *o->threads);
    for (uint32_t i = 0; i < o->thread_count; i++) {
        o->threads[i].id.i = i + 1;
        observe_life(o, &o->threads[i]);
    }
    uint32_t count;
    o->has_switches = observed_series(
        o, "thread_starts", (struct process_id){ 0 }, (struct thread_id){ 0 }, &count);
    observe_cpu_samples(o);
    observe_waits(o);
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct observed_thread *t = &o->threads[i];
        observe_states(o, t);
        o->on_cpu_ns += t->on_cpu_ns;
        o->blocked_ns += t->blocked_ns;
        o->queued_ns += t->queued_ns;
        o->processes[t->process.i ? t->process.i - 1 : 0].on_cpu_ns +=
            t->process.i ? t->on_cpu_ns : 0;
        if (!o->busiest || t->on_cpu_ns > o->busiest->on_cpu_ns)
            o->busiest = t;
    }
    observe_windows(o);
    observe_turns(o);
}
