// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

#include "analyze/metrics.h"
#include "base/compiler.h"
#include "profile/evidence.h"

#define SECOND UINT64_C(1000000000)

static double value_of(const struct profile *p, const char *name, const char *unit)
{
    size_t count;
    const struct metric *rows = metric_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) != 0 || strcmp(rows[i].unit, unit) != 0)
            continue;
        struct metrics *m = metrics_new(p);
        double value = metrics_value(m, &rows[i]);
        metrics_free(m);
        return value;
    }
    cr_assert(false, "no metric %s in %s", name, unit);
    return 0;
}

static struct profile *seconds(uint64_t count)
{
    struct profile *p = profile_new();
    profile_meta(p)->start_ns = SECOND;
    profile_meta(p)->end_ns = SECOND + count * SECOND;
    return p;
}

static struct series_id series_of(struct profile *p, const char *name, struct process_id process)
{
    struct series row = { .process = process };
    row.name = profile_add_string(p, slice_of(name));
    row.unit = profile_add_string(p, slice_of("bytes"));
    return profile_add_series(p, &row);
}

Test(metrics, what_was_not_recorded_is_no_number)
{
    struct profile *p = profile_new();
    size_t count;
    const struct metric *rows = metric_table(&count);
    struct metrics *m = metrics_new(p);
    for (size_t i = 0; i < count; i++)
        cr_expect(isnan(metrics_value(m, &rows[i])), "%s", rows[i].name);
    metrics_free(m);
    profile_free(p);
}

Test(metrics, memory_is_that_of_all_processes_that_live_at_once)
{
    struct profile *p = seconds(30);
    struct process first = { .pid = 1 };
    struct process second = { .pid = 2, .end_ns = 11 * SECOND };
    struct process third = { .pid = 3 };
    struct series_id a = series_of(p, "rss", profile_add_process(p, &first));
    struct series_id b = series_of(p, "rss", profile_add_process(p, &second));
    struct series_id c = series_of(p, "rss", profile_add_process(p, &third));
    for (uint64_t t = 1; t <= 30; t++)
        profile_add_point(p, a, t * SECOND, 100);
    for (uint64_t t = 5; t <= 10; t++)
        profile_add_point(p, b, t * SECOND, 50);
    for (uint64_t t = 20; t <= 25; t++)
        profile_add_point(p, c, t * SECOND, 70);
    cr_assert(eq(dbl, value_of(p, "rss_max", "bytes"), 170), "the second had ended");
    profile_free(p);
}

/* Grows to 100 in the first second, then a sawtooth of 40 whose feet rise by 10 a second. */
Test(metrics, growth_is_of_the_lowest_after_start_up)
{
    struct profile *p = seconds(60);
    struct process process = { .pid = 1 };
    struct series_id rss = series_of(p, "rss", profile_add_process(p, &process));
    for (uint64_t i = 0; i < 4; i++)
        profile_add_point(p, rss, SECOND + i * SECOND / 4, (double)(25 * i));
    for (uint64_t i = 4; i <= 240; i++)
        profile_add_point(
            p, rss, SECOND + i * SECOND / 4, 100 + 10 * (double)i / 4 + (i % 4 == 3 ? 40 : 0));
    double growth = value_of(p, "rss_growth", "bytes");
    cr_assert(growth > 500 && growth < 600, "%g", growth);
    double per_second = value_of(p, "rss_growth", "bytes/s");
    cr_assert(per_second > 8.5 && per_second < 10.5, "%g", per_second);
    double share = value_of(p, "rss_growth", "share");
    cr_assert(share > 4.5 && share < 5.5, "%g", share);
    profile_free(p);
}

Test(metrics, turns_of_all_loops_count)
{
    struct profile *p = seconds(10);
    struct process_id process = profile_add_process(p, &(struct process){ .pid = 1 });
    for (int tid = 1; tid <= 2; tid++) {
        struct thread row = { .tid = tid, .process = process };
        struct thread_id thread = profile_add_thread(p, &row);
        for (uint64_t i = 0; i < 50; i++)
            histogram_add(profile_histogram(p, "turn", thread), tid == 1 ? 1000000 : 80000000);
        histogram_add(profile_histogram(p, "turn_on_cpu", thread), 900 * SECOND);
    }
    cr_assert(eq(dbl, value_of(p, "loop_max", "ns"), 80e6));
    double middle = value_of(p, "loop_p50", "ns");
    cr_assert(middle > 0.93e6 && middle < 1.07e6, "%g", middle);
    double high = value_of(p, "loop_p90", "ns");
    cr_assert(high > 75e6 && high <= 80e6, "%g", high);
    profile_free(p);
}

Test(metrics, facts_that_are_no_numbers_are_none)
{
    struct profile *p = seconds(10);
    profile_set_fact(p, (struct process_id){ 0 }, "load_rps", slice_of("fast"));
    profile_set_fact(p, (struct process_id){ 0 }, "load_errors", slice_of("5"));
    cr_assert(isnan(value_of(p, "rps", "1/s")));
    cr_assert(eq(dbl, value_of(p, "errors", "count"), 5));
    cr_assert(isnan(value_of(p, "errors", "share")), "of an unknown number of requests");
    profile_set_fact(p, (struct process_id){ 0 }, "load_requests", slice_of("50"));
    cr_assert(eq(dbl, value_of(p, "errors", "share"), 0.1));
    profile_free(p);
}
