// SPDX-License-Identifier: MIT
#include "analyze/long_turns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/stats.h"
#include "base/clock.h"
#include "profile/sample_log.h"

#define VERY_LONG_NS 100e6
#define NODE_TIMER_NS 10e6 /* its histogram's resolution, which each of its values holds */

static void add(struct long_turns *turns, double on_cpu_ns, uint64_t from_ns, uint64_t to_ns)
{
    turns->count++;
    turns->count_100 += on_cpu_ns >= VERY_LONG_NS;
    turns->on_cpu_ns += on_cpu_ns;
    turns->longest_ns = fmax(turns->longest_ns, on_cpu_ns);
    struct interval interval = { .from_ns = from_ns, .to_ns = to_ns };
    vec_push(&turns->intervals, interval);
}

/* ---- witnesses ---- */

#define WITNESSED 0.5 /* of the time on the CPU, by samples: at least */

struct witness {
    uint64_t time_ns, weight;
};

/* Samples of the loop's thread, found when the first long turn asks for them. */
struct witnesses {
    struct witness *ptr;
    size_t len, cap;
    bool found;
};

static int by_time(const void *left, const void *right)
{
    const struct witness *a = left, *b = right;
    return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

static void find_witnesses(
    const struct observed *o, const struct observed_thread *loop, struct witnesses *w)
{
    struct sample_iter it = sample_iter(profile_samples(o->profile));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        if (s.thread.i == loop->id.i)
            vec_push(w, ((struct witness){ s.time_ns, s.weight }));
    }
    sample_iter_done(&it);
    if (w->len)
        qsort(w->ptr, w->len, sizeof *w->ptr, by_time);
    w->found = true;
}

/* Without rights samples in the kernel lack: then nobody can be asked. */
static bool has_witnesses(const struct observed *o)
{
    const char *level = profile_meta_get(o->profile)->level;
    return level && strcmp(level, "full") == 0;
}

static size_t first_from(const struct witnesses *w, uint64_t time_ns)
{
    size_t low = 0, high = w->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (w->ptr[middle].time_ns < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A virtual machine whose host takes its CPU away goes on counting that time for whoever runs. No
 * timer fires meanwhile, so there are no samples. Turns of less than two periods may have none. */
static bool was_stolen(const struct observed *o, const struct observed_thread *loop,
    struct witnesses *w, const struct span *s)
{
    if (!has_witnesses(o) || s->on_cpu_ns < 2 * profile_meta_get(o->profile)->period_ns)
        return false;
    if (!w->found)
        find_witnesses(o, loop, w);
    uint64_t seen_ns = 0;
    for (size_t i = first_from(w, s->start_ns);
         i < w->len && w->ptr[i].time_ns <= s->start_ns + s->duration_ns; i++)
        seen_ns += w->ptr[i].weight;
    return (double)seen_ns < WITNESSED * (double)s->on_cpu_ns;
}

/* ---- turns ---- */

enum { SHORT_TURNS_MIN = 20 }; /* that tell what an event of this loop costs as a rule */

struct event_cost {
    double on_cpu_ns, events;
    uint64_t turns;
};

static void add_cost(struct event_cost *cost, const struct span *s)
{
    if (s->events == 0 || s->on_cpu_ns == 0)
        return;
    cost->on_cpu_ns += (double)s->on_cpu_ns;
    cost->events += s->events;
    cost->turns++;
}

static double cost_of_one(const struct event_cost *cost, uint64_t least_turns)
{
    return cost->turns >= least_turns && cost->events > 0 ? cost->on_cpu_ns / cost->events : 0;
}

static void add_spans(const struct observed *o, const struct observed_thread *loop, double least_ns,
    struct long_turns *turns)
{
    VEC(double) events = { 0 };
    struct event_cost of_long = { 0 }, of_short = { 0 };
    uint32_t count;
    const struct span *spans = profile_spans(o->profile, &count);
    struct witnesses witnesses = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        const struct span *s = &spans[i];
        bool counts =
            s->kind == SPAN_TURN && s->thread.i == loop->id.i && s->start_ns >= o->steady_from_ns;
        if (!counts)
            continue;
        bool is_long = (double)s->on_cpu_ns >= least_ns;
        if (is_long && was_stolen(o, loop, &witnesses, s)) {
            turns->stolen++;
            continue;
        }
        add_cost(is_long ? &of_long : &of_short, s);
        if (!is_long)
            continue;
        add(turns, (double)s->on_cpu_ns, s->start_ns, s->start_ns + s->duration_ns);
        if (s->events)
            vec_push(&events, s->events);
    }
    turns->seen = loop->turns;
    turns->events = events.len ? median(events.ptr, events.len) : 0;
    turns->event_ns = cost_of_one(&of_long, 1);
    turns->short_event_ns = cost_of_one(&of_short, SHORT_TURNS_MIN);
    vec_done(&events);
    vec_done(&witnesses);
}

/* ---- node's own delay ---- */

/* A delay holds the timer's own 10 ms and everything that kept the loop. Of that, the thread was
 * computing only in proportion to its time on the CPU in those windows, the rest it stood in the
 * queue for one; and at most that time in all. */
static double computed_part(
    const struct observed_thread *loop, const struct observed *o, double delay_ns, uint64_t time_ns)
{
    double late_ns = delay_ns - NODE_TIMER_NS;
    if (loop->window_count == 0 || time_ns < o->start_ns)
        return late_ns;
    double on_cpu_ns = 0, queued_ns = 0;
    uint64_t last = (time_ns - o->start_ns) / WINDOW_NS;
    uint64_t back = (uint64_t)(late_ns / (double)WINDOW_NS) + 1;
    for (uint64_t k = 0; k <= back && k <= last; k++)
        if (last - k < loop->window_count) {
            on_cpu_ns += (double)loop->on_cpu_share[last - k] * (double)WINDOW_NS;
            queued_ns += (double)loop->queued_share[last - k] * (double)WINDOW_NS;
        }
    double wanted_ns = on_cpu_ns + queued_ns;
    double computed_ns = wanted_ns > 0 ? late_ns * on_cpu_ns / wanted_ns : 0;
    return fmin(computed_ns, on_cpu_ns);
}

static void add_delays(const struct observed *o, const struct observed_thread *loop,
    double least_ns, struct long_turns *turns)
{
    uint32_t count;
    const struct series_point *points =
        observed_series(o, "loop_delay_max", loop->process, (struct thread_id){ 0 }, &count);
    for (uint32_t i = 0; points && i < count; i++) {
        uint64_t at_ns = points[i].time_ns;
        if (at_ns < o->steady_from_ns)
            continue;
        turns->seen++;
        double computed = computed_part(loop, o, points[i].value, at_ns);
        uint64_t before = (uint64_t)fmax(points[i].value, 0);
        if (computed >= least_ns)
            add(turns, computed, at_ns > before ? at_ns - before : 0, at_ns);
    }
}

static bool has_delays(const struct observed *o, const struct observed_thread *loop)
{
    uint32_t count;
    return loop->is_main &&
           observed_series(o, "loop_delay_max", loop->process, (struct thread_id){ 0 }, &count) &&
           count > 0;
}

/* ---- in order ---- */

static int by_start(const void *left, const void *right)
{
    const struct interval *a = left, *b = right;
    return (a->from_ns > b->from_ns) - (a->from_ns < b->from_ns);
}

static void merge(struct long_turns *turns)
{
    size_t kept = 0;
    if (turns->intervals.len)
        qsort(turns->intervals.ptr, turns->intervals.len, sizeof *turns->intervals.ptr, by_start);
    for (size_t i = 0; i < turns->intervals.len; i++) {
        struct interval now = turns->intervals.ptr[i];
        struct interval *last = kept ? &turns->intervals.ptr[kept - 1] : NULL;
        if (!last || now.from_ns > last->to_ns)
            turns->intervals.ptr[kept++] = now;
        else if (now.to_ns > last->to_ns)
            last->to_ns = now.to_ns;
    }
    turns->intervals.len = kept;
}

void long_turns_of(const struct observed *o, const struct observed_thread *loop, double least_ns,
    struct long_turns *ret_turns)
{
    *ret_turns = (struct long_turns){ 0 };
    if (loop->turns && loop->turns_exact) {
        ret_turns->source = TURNS_COUNTED;
        add_spans(o, loop, least_ns, ret_turns);
    } else if (has_delays(o, loop)) {
        ret_turns->source = TURNS_DELAY;
        add_delays(o, loop, least_ns, ret_turns);
    } else if (loop->turns) {
        ret_turns->source = TURNS_INFERRED;
        add_spans(o, loop, least_ns, ret_turns);
    }
    merge(ret_turns);
}

void long_turns_done(struct long_turns *turns)
{
    vec_done(&turns->intervals);
    *turns = (struct long_turns){ 0 };
}
