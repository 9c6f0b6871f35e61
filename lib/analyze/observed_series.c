// SPDX-License-Identifier: MIT
/* Numbers over time, tallies and facts, found by name. */
#include <math.h>

#include "analyze/observed_inner.h"

/* A thread tells its process, so the name of a series of a thread is complete without it. */
static uint64_t series_hash(struct slice name, struct process_id process, struct thread_id thread)
{
    if (thread.i)
        process.i = 0;
    return hash_mix(slice_hash(name), (uint64_t)process.i << 32 | thread.i);
}

void observe_series(struct observed *o)
{
    for (uint32_t i = 0; i < profile_series_count(o->profile); i++) {
        const struct series *row = profile_series(o->profile, (struct series_id){ i });
        struct slice name = profile_string(o->profile, row->name);
        map_add(&o->sums->series, series_hash(name, row->process, row->thread), i);
    }
}

const struct series_point *observed_series(const struct observed *o, const char *name,
    struct process_id process, struct thread_id thread, uint32_t *ret_count)
{
    struct map_probe probe =
        map_probe(&o->sums->series, series_hash(slice_of(name), process, thread));
    uint32_t item;
    *ret_count = 0;
    while (map_next(&probe, &item)) {
        const struct series *row = profile_series(o->profile, (struct series_id){ item });
        bool same = row->thread.i == thread.i && (thread.i || row->process.i == process.i);
        if (same && slice_is(profile_string(o->profile, row->name), name))
            return profile_points(o->profile, (struct series_id){ item }, ret_count);
    }
    return NULL;
}

double points_at(const struct series_point *points, uint32_t count, uint64_t time_ns)
{
    if (count == 0)
        return (double)NAN;
    uint32_t low = 0, high = count; /* the first point behind time_ns */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (points[middle].time_ns <= time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return points[0].value;
    if (low == count)
        return points[count - 1].value;
    const struct series_point *a = &points[low - 1], *b = &points[low];
    double part = (double)(time_ns - a->time_ns) / (double)(b->time_ns - a->time_ns);
    return a->value + part * (b->value - a->value);
}

static double increase_of(const struct observed *o, const struct series_point *points, uint32_t n)
{
    return points_at(points, n, o->end_ns) - points_at(points, n, o->steady_from_ns);
}

double observed_increase(const struct observed *o, const char *name, struct process_id process)
{
    uint32_t count;
    const struct series_point *points =
        observed_series(o, name, process, (struct thread_id){ 0 }, &count);
    if (points && count)
        return increase_of(o, points, count);
    if (process.i)
        return (double)NAN;
    double sum = (double)NAN;
    for (uint32_t i = 0; i < o->process_count; i++) {
        points = observed_series(o, name, o->processes[i].id, (struct thread_id){ 0 }, &count);
        if (points && count)
            sum = (isnan(sum) ? 0 : sum) + increase_of(o, points, count);
    }
    return sum;
}

double observed_rate(const struct observed *o, const char *name, struct process_id process)
{
    double increase = observed_increase(o, name, process);
    return o->steady_seconds > 0 ? increase / o->steady_seconds : (double)NAN;
}

struct tally observed_tally(const struct observed *o, const char *name, uint32_t wait_kinds)
{
    struct tally sum = { 0 };
    uint32_t count;
    const struct tally *rows = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &rows[i];
        if (!slice_is(profile_string(o->profile, t->name), name))
            continue;
        struct wait w = wait_parse(profile_string(o->profile, t->what));
        if (wait_kinds && !(wait_kinds >> w.kind & 1))
            continue;
        sum.count += t->count;
        sum.ns += t->ns;
        sum.max_ns = t->max_ns > sum.max_ns ? t->max_ns : sum.max_ns;
        sum.bytes += t->bytes;
        sum.small += t->small;
    }
    return sum;
}

struct slice observed_fact(const struct observed *o, struct process_id process, const char *key)
{
    return profile_fact(o->profile, process, key);
}

double observed_fact_number(const struct observed *o, struct process_id process, const char *key)
{
    struct slice text = observed_fact(o, process, key);
    if (text.len == 0)
        return (double)NAN;
    char *end;
    double value = strtod(text.ptr, &end); /* strings of a profile are zero-terminated */
    return end == text.ptr ? (double)NAN : value;
}

double observed_latency_ns(const struct observed *o)
{
    const struct process_id run = { 0 };
    double half = observed_fact_number(o, run, "load_p50_ns");
    return isnan(half) ? observed_fact_number(o, run, "load_mean_ns") : half;
}
