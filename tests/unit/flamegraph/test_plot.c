// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "flamegraph/plot.h"
#include "flamegraph/words.h"

#define START (UINT64_C(100) * NS_PER_S)

static const struct run_time RUN = { START, START + 10 * NS_PER_S };

static struct series_id add_series(struct profile *p, const char *name, const char *unit)
{
    return profile_add_series(p, &(struct series){ .name = profile_add_string(p, slice_of(name)),
                                     .unit = profile_add_string(p, slice_of(unit)) });
}

static void gather(struct plot *pl, const struct profile *p, const char *name, bool rate)
{
    plot_init(pl, "title", (double)NAN);
    plot_add_series(pl, p, RUN, &(struct plot_wish){ .series = name, .rate = rate });
}

static double middle_of(const struct plot *pl)
{
    return pl->lines.ptr[0].middle;
}

Test(plot, a_spike_outlives_thinning_and_points_stay_few)
{
    struct profile *p = profile_new();
    const struct series_id id = add_series(p, "rss", "bytes");
    for (uint64_t i = 0; i < 40000; i++)
        profile_add_point(p, id, START + i * 250000, i == 12345 ? 9e6 : 1e6 + (double)(i % 7));
    struct plot pl;
    gather(&pl, p, "rss", false);
    cr_assert(plot_finish(&pl));
    const struct plot_line *line = &pl.lines.ptr[0];
    cr_assert_leq(line->points.len, PLOT_POINTS_MAX);
    double most = 0.0;
    for (size_t i = 0; i < line->points.len; i++) {
        most = line->points.ptr[i].value > most ? line->points.ptr[i].value : most;
        cr_assert(i == 0 || line->points.ptr[i].at >= line->points.ptr[i - 1].at);
    }
    cr_assert_float_eq(most, 9e6, 1.0);
    cr_assert_float_eq(line->peak_at, 12345 * 2.5e5 / 1e10, 1e-3);
    plot_done(&pl);
    profile_free(p);
}

Test(plot, running_totals_are_drawn_as_rates_and_may_begin_anew)
{
    static const double total[] = { 0, 5e8, 1e9, 0, 2.5e8 }; /* ns of CPU, every second */
    static const double share[] = { 0.5, 0.5, 0.0, 0.25 };
    struct profile *p = profile_new();
    const struct series_id id = add_series(p, "cpu", "ns");
    for (uint64_t i = 0; i < PROF_ARRAY_LEN(total); i++)
        profile_add_point(p, id, START + i * NS_PER_S, total[i]);
    struct plot pl;
    gather(&pl, p, "cpu", true);
    cr_assert(plot_finish(&pl));
    cr_assert_str_eq(pl.unit, "share");
    cr_assert_eq(pl.lines.ptr[0].points.len, PROF_ARRAY_LEN(share));
    for (size_t i = 0; i < PROF_ARRAY_LEN(share); i++)
        cr_assert_float_eq(pl.lines.ptr[0].points.ptr[i].value, share[i], 1e-9, "point %zu", i);
    cr_assert_float_eq(middle_of(&pl), 0.375, 1e-9);
    plot_done(&pl);
    profile_free(p);
}

Test(plot, the_busiest_lines_are_kept_and_the_rest_counted)
{
    struct profile *p = profile_new();
    for (int t = 0; t < 7; t++) {
        const struct thread_id thread = profile_add_thread(
            p, &(struct thread){ .tid = 10 + t, .name = profile_add_string(p, slice_of("w")) });
        const struct series_id id = profile_add_series(
            p, &(struct series){ .name = profile_add_string(p, slice_of("thread_on_cpu")),
                   .unit = profile_add_string(p, slice_of("ns")),
                   .thread = thread });
        for (uint64_t i = 0; i < 5; i++)
            profile_add_point(p, id, START + i * NS_PER_S, (double)i * t * 1e8);
    }
    struct plot pl;
    gather(&pl, p, "thread_on_cpu", true);
    cr_assert(plot_finish(&pl));
    cr_assert_eq(pl.lines.len, PLOT_LINES_MAX);
    cr_assert_eq(pl.left_out, 7 - PLOT_LINES_MAX);
    cr_assert_str_eq(pl.lines.ptr[0].label.ptr, "w 16");
    cr_assert_str_eq(pl.lines.ptr[3].label.ptr, "w 13");
    plot_done(&pl);
    profile_free(p);
}

Test(plot, what_was_not_recorded_is_not_drawn)
{
    struct profile *p = profile_new();
    struct plot pl;
    gather(&pl, p, "fds", false);
    plot_add_spans(&pl, p, RUN, SPAN_GC, (struct thread_id){ 0 });
    cr_assert_not(plot_finish(&pl));
    plot_done(&pl);
    profile_free(p);
}

Test(plot, marks_that_touch_are_one_and_a_short_one_is_still_seen)
{
    struct profile *p = profile_new();
    const struct series_id id = add_series(p, "fds", "count");
    profile_add_point(p, id, START, 1);
    profile_add_point(p, id, START + 9 * NS_PER_S, 8);
    struct plot pl;
    gather(&pl, p, "fds", false);
    cr_assert(plot_finish(&pl));
    const struct interval marked[] = {
        { START + 1 * NS_PER_S, START + 2 * NS_PER_S },
        { START + 2 * NS_PER_S, START + 3 * NS_PER_S },
        { START + 5 * NS_PER_S, START + 5 * NS_PER_S + 1 },
    };
    PROF_CLEANUP(strbuf_done) struct strbuf svg = STRBUF_INIT;
    plot_svg(&svg, &pl, RUN, marked, PROF_ARRAY_LEN(marked));
    cr_assert(strstr(svg.ptr, "d=\"M100.0 0h200.0v3h-200.0zM500.0 0h4.0v3h-4.0z\""), "%s", svg.ptr);
    cr_assert(
        strstr(svg.ptr, "aria-label=\"title: median 4.50, highest 8 at 9.0 s\""), "%s", svg.ptr);
    plot_done(&pl);
    profile_free(p);
}

Test(plot, values_are_said_in_their_units)
{
    static const struct {
        double value;
        const char *unit, *said;
    } rows[] = {
        { 4.1e8, "ns", "410 ms" },
        { 0, "ns", "0 ms" },
        { 0.042, "share", "4.2 %" },
        { 0.96, "share", "96 %" },
        { 1048576, "bytes/s", "1.00 MiB/s" },
        { 12.34, "1/s", "12.3/s" },
        { 12345, "count", "12,345" },
        { -2, "cores", "-2 cores" },
        { 1, "<b>", "1 &lt;b&gt;" },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
        words_value(&out, rows[i].value, rows[i].unit);
        cr_assert_str_eq(out.ptr, rows[i].said);
    }
}
