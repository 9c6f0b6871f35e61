// SPDX-License-Identifier: MIT
#include "analyze/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/observed.h"
#include "analyze/traits.h"
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/vec.h"
#include "profile/evidence.h"

static const double not_recorded = (double)NAN;

struct metrics {
    const struct profile *p;
    struct observed *observed; /* made when it is asked for */
};

static const struct observed *observe(struct metrics *m)
{
    if (!m->observed)
        m->observed = observed_new(m->p);
    return m->observed;
}

static double seconds_of(const struct profile *p)
{
    const struct profile_meta *meta = profile_meta_get(p);
    return meta->end_ns > meta->start_ns ? (double)(meta->end_ns - meta->start_ns) / 1e9
                                         : not_recorded;
}

/* ---- turns of event loops ---- */

/* All loops together. */
static double find_turn(struct metrics *m, const struct metric *self)
{
    uint64_t buckets[HISTOGRAM_BUCKETS] = { 0 };
    struct histogram all = { .buckets = buckets };
    for (uint32_t i = 0; i < profile_histogram_count(m->p); i++) {
        const struct histogram *h = profile_histogram_at(m->p, i);
        if (!slice_is(profile_string(m->p, h->name), self->source))
            continue;
        for (uint32_t k = 0; k < HISTOGRAM_BUCKETS; k++)
            buckets[k] += h->buckets[k];
        all.count += h->count;
        all.max_ns = h->max_ns > all.max_ns ? h->max_ns : all.max_ns;
    }
    return all.count ? (double)histogram_percentile_ns(&all, self->part) : not_recorded;
}

/* ---- series of all processes together ---- */

struct change {
    uint64_t time_ns;
    uint32_t series;
    double value;
};

struct changes {
    struct change *ptr;
    size_t len, cap;
};

static int by_time(const void *a, const void *b)
{
    const struct change *x = a;
    const struct change *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->series < y->series ? -1 : x->series > y->series;
}

static void add_changes(struct changes *c, const struct profile *p, uint32_t series)
{
    const struct series *row = profile_series(p, (struct series_id){ series });
    uint32_t count;
    const struct series_point *points = profile_points(p, (struct series_id){ series }, &count);
    for (uint32_t i = 0; i < count; i++)
        vec_push(c, ((struct change){ points[i].time_ns, series, points[i].value }));
    uint64_t end_ns = profile_process(p, row->process)->end_ns;
    if (count && end_ns > points[count - 1].time_ns)
        vec_push(c, ((struct change){ end_ns, series, 0 })); /* it has nothing any more */
}

/* Each change of the sum over all processes, in order of time. */
static void sum_of_processes(const struct profile *p, const char *name, struct changes *ret_sums)
{
    uint32_t count = profile_series_count(p);
    for (uint32_t i = 0; i < count; i++) {
        const struct series *row = profile_series(p, (struct series_id){ i });
        if (row->thread.i == 0 && slice_is(profile_string(p, row->name), name))
            add_changes(ret_sums, p, i);
    }
    if (ret_sums->len)
        qsort(ret_sums->ptr, ret_sums->len, sizeof *ret_sums->ptr, by_time);
    PROF_CLEANUP(free_ptr) double *now = xcalloc(count + 1, sizeof *now);
    double sum = 0;
    for (size_t i = 0; i < ret_sums->len; i++) {
        struct change *c = &ret_sums->ptr[i];
        sum += c->value - now[c->series];
        now[c->series] = c->value;
        c->value = sum;
    }
}

static double find_series_max(struct metrics *m, const struct metric *self)
{
    struct changes sums = { 0 };
    sum_of_processes(m->p, self->source, &sums);
    double max = sums.len ? 0 : not_recorded;
    for (size_t i = 0; i < sums.len; i++)
        max = sums.ptr[i].value > max ? sums.ptr[i].value : max;
    vec_done(&sums);
    return max;
}

enum { GROWTH_PARTS = 12 }; /* the smallest of a part: collectors make sawteeth */

static double smallest(const struct changes *sums, size_t first, size_t end)
{
    double least = sums->ptr[first].value;
    for (size_t i = first; i < end; i++)
        least = sums->ptr[i].value < least ? sums->ptr[i].value : least;
    return least;
}

/* From the first twelfth of the points after start-up to the last; the end of the last process is
 * no shrinking. */
static double find_growth(struct metrics *m, const struct metric *self)
{
    struct changes sums = { 0 };
    sum_of_processes(m->p, self->source, &sums);
    while (sums.len && sums.ptr[sums.len - 1].value <= 0)
        sums.len--;
    size_t first = 0;
    while (first < sums.len && sums.ptr[first].time_ns < observe(m)->steady_from_ns)
        first++;
    double growth = not_recorded;
    if (sums.len - first >= GROWTH_PARTS) {
        size_t part = (sums.len - first) / GROWTH_PARTS;
        double before = smallest(&sums, first, first + part);
        growth = smallest(&sums, sums.len - part, sums.len) - before;
        if (strcmp(self->unit, "share") == 0)
            growth = before > 0 ? growth / before : not_recorded;
        else if (strcmp(self->unit, "bytes/s") == 0)
            growth /= (double)(sums.ptr[sums.len - 1].time_ns - sums.ptr[first].time_ns) / 1e9;
    }
    vec_done(&sums);
    return growth;
}

/* ---- CPU ---- */

static double find_cores(struct metrics *m, const struct metric *self)
{
    (void)self;
    const struct profile_meta *meta = profile_meta_get(m->p);
    double cpu_ns = (double)(meta->target_user_ns + meta->target_kernel_ns);
    return cpu_ns > 0 ? cpu_ns / 1e9 / seconds_of(m->p) : not_recorded;
}

static double find_gc_share(struct metrics *m, const struct metric *self)
{
    (void)self;
    const struct selection gc = { .any_frame = TRAIT(GC) };
    const struct selection all = { 0 };
    struct share share = observed_share(observe(m), &gc, &all);
    return share.n ? share.value : not_recorded;
}

/* Of the time that the target could have run, what it spent in the queue for a CPU. */
static double find_starved(struct metrics *m, const struct metric *self)
{
    (void)self;
    const struct observed *o = observe(m);
    double wanted = (double)(o->queued_ns + o->on_cpu_ns);
    return o->has_switches && wanted > 0 ? (double)o->queued_ns / wanted : not_recorded;
}

/* ---- what the load tool reported ---- */

static double fact_number(const struct profile *p, const char *key)
{
    struct slice text = profile_fact(p, (struct process_id){ 0 }, key);
    if (text.len == 0)
        return not_recorded;
    char *end;
    double value = strtod(text.ptr, &end); /* strings of a profile are zero-terminated */
    return *end == '\0' ? value : not_recorded;
}

static double find_fact(struct metrics *m, const struct metric *self)
{
    return fact_number(m->p, self->source);
}

static double find_error_share(struct metrics *m, const struct metric *self)
{
    double requests = fact_number(m->p, "load_requests");
    return requests > 0 ? fact_number(m->p, self->source) / requests : not_recorded;
}

/* ---- the table ---- */

#define TURNS "turns of an event loop"
#define PROCFS "a target that was read from /proc"
#define LOAD "a load tool that prof can read (wrk, autocannon -j, h2load, ab) run by --on-port"

static const struct metric rows[] = {
    { "loop_p50", "ns", "half of the event loop's turns are shorter", TURNS, find_turn, "turn",
        0.5 },
    { "loop_p90", "ns", "nine of ten turns are shorter", TURNS, find_turn, "turn", 0.9 },
    { "loop_p99", "ns", "99 of 100 turns are shorter", TURNS, find_turn, "turn", 0.99 },
    { "loop_max", "ns", "the event loop's longest turn", TURNS, find_turn, "turn", 1 },
    { "loop_delay_p50", "ns", "half of the calls of a timer of 10 ms in the loop come sooner",
        TURNS, find_turn, "loop_delay", 0.5 },
    { "loop_delay_p99", "ns", "99 of 100 come sooner", TURNS, find_turn, "loop_delay", 0.99 },
    { "loop_delay_max", "ns", "the longest time between two", TURNS, find_turn, "loop_delay", 1 },
    { "rss_max", "bytes", "most resident memory, all processes", PROCFS, find_series_max, "rss",
        0 },
    { "rss_growth", "bytes", "growth of resident memory", PROCFS, find_growth, "rss", 0 },
    { "rss_growth", "share", "the same, of what it was", PROCFS, find_growth, "rss", 0 },
    { "rss_growth", "bytes/s", "the same, per second", PROCFS, find_growth, "rss", 0 },
    { "fds_max", "count", "most open descriptors, all processes", PROCFS, find_series_max, "fds",
        0 },
    { "cpu_cores", "count", "CPUs kept busy", "the target's CPU time", find_cores, NULL, 0 },
    { "gc_share", "share", "garbage collection, of the CPU time", "samples", find_gc_share, NULL,
        0 },
    { "starved", "share", "waiting for a CPU, of the time that the target could have run",
        "context switches", find_starved, NULL, 0 },
    { "rps", "1/s", "requests per second", LOAD, find_fact, "load_rps", 0 },
    { "latency_p50", "ns", "half of the requests are faster", LOAD, find_fact, "load_p50_ns", 0 },
    { "latency_p90", "ns", "nine of ten are faster", LOAD, find_fact, "load_p90_ns", 0 },
    { "latency_p99", "ns", "99 of 100 are faster", LOAD, find_fact, "load_p99_ns", 0 },
    { "latency_max", "ns", "the slowest request", LOAD, find_fact, "load_max_ns", 0 },
    { "errors", "count", "requests that failed", LOAD, find_fact, "load_errors", 0 },
    { "errors", "share", "the same, of all requests", LOAD, find_error_share, "load_errors", 0 },
};

const struct metric *metric_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(rows);
    return rows;
}

struct metrics *metrics_new(const struct profile *p)
{
    struct metrics *m = xcalloc(1, sizeof *m);
    m->p = p;
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    observed_free(m->observed);
    free(m);
}

double metrics_value(struct metrics *m, const struct metric *metric)
{
    return metric->find(m, metric);
}
