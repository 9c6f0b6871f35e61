// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "base/clock.h"
#include "profile/profile.h"

#define STEP_NS (NS_PER_S / 4)

/* Fits any series, whatever the file's limits are today: what a page can afford. */
enum { HOUR = 4 * 3600, MANY = 5000 };

static struct series_id make(struct profile *p, const char *name, uint32_t process)
{
    const struct series row = { .name = profile_add_string(p, slice_of(name)),
        .process = { process } };
    return profile_add_series(p, &row);
}

static bool is(double value, double wanted)
{
    return value > wanted - 1e-6 && value < wanted + 1e-6;
}

Test(series, an_hour_is_bounded_and_keeps_its_ends)
{
    struct profile *p = profile_new();
    const struct series_id id = make(p, "rss", 1);
    for (uint64_t i = 0; i < HOUR; i++)
        profile_add_point(p, id, (i + 1) * STEP_NS, (double)(i % 100));
    uint32_t count;
    const struct series_point *points = profile_points(p, id, &count);
    cr_expect_leq(count, 4096);
    cr_expect_gt(count, 1024, "still a curve: %u", count);
    cr_expect_eq(points[0].time_ns, STEP_NS);
    cr_expect_eq(points[count - 1].time_ns, HOUR * STEP_NS);
    cr_expect_eq(profile_points_added(p, id), HOUR);
    profile_free(p);
}

Test(series, peaks_and_floors_stay_as_they_were_measured)
{
    struct profile *p = profile_new();
    const struct series_id id = make(p, "loop_delay_max", 1);
    const uint64_t peak = 1001, floor = 7777;
    for (uint64_t i = 0; i < HOUR; i++)
        profile_add_point(p, id, (i + 1) * STEP_NS, i == peak ? 900.5 : i == floor ? -3 : 10);
    uint32_t count;
    const struct series_point *points = profile_points(p, id, &count);
    bool have_peak = false, have_floor = false;
    for (uint32_t i = 0; i < count; i++) {
        have_peak |= is(points[i].value, 900.5) && points[i].time_ns == (peak + 1) * STEP_NS;
        have_floor |= is(points[i].value, -3) && points[i].time_ns == (floor + 1) * STEP_NS;
    }
    cr_expect(have_peak && have_floor);
    profile_free(p);
}

Test(series, a_running_total_keeps_points_that_it_had_in_even_steps)
{
    struct profile *p = profile_new();
    const struct series_id id = make(p, "cpu", 1);
    for (uint64_t i = 0; i < HOUR; i++)
        profile_add_point(p, id, (i + 1) * STEP_NS, (double)i * 3);
    uint32_t count;
    const struct series_point *points = profile_points(p, id, &count);
    uint64_t widest_ns = 0;
    for (uint32_t i = 1; i < count; i++) {
        cr_assert_gt(points[i].time_ns, points[i - 1].time_ns);
        cr_assert(is(points[i].value, (double)(points[i].time_ns / STEP_NS - 1) * 3));
        const uint64_t gap_ns = points[i].time_ns - points[i - 1].time_ns;
        widest_ns = gap_ns > widest_ns ? gap_ns : widest_ns;
    }
    cr_expect_leq(widest_ns, HOUR * STEP_NS / 512, "no part is much coarser than the others");
    profile_free(p);
}

Test(series, a_writer_that_follows_gets_every_point)
{
    struct profile *p = profile_new();
    const struct series_id id = make(p, "rss", 1);
    uint64_t written = 0;
    for (uint64_t i = 0; i < HOUR; i++) {
        profile_add_point(p, id, (i + 1) * STEP_NS, (double)(i * 7919 % 1000));
        if (i % 20 != 0)
            continue;
        uint32_t count;
        const struct series_point *points = profile_points(p, id, &count);
        const uint64_t fresh = profile_points_added(p, id) - written;
        cr_assert_leq(fresh, count);
        for (uint64_t k = 0; k < fresh; k++)
            cr_assert_eq(points[count - fresh + k].time_ns, (written + k + 1) * STEP_NS);
        written += fresh;
    }
    profile_free(p);
}

Test(series, many_series_share_one_bound)
{
    struct profile *p = profile_new();
    for (uint64_t i = 0; i < 600; i++)
        for (uint32_t k = 1; k <= MANY; k++)
            profile_add_point(p, make(p, "thread_on_cpu", k), (i + 1) * STEP_NS, (double)i);
    uint64_t total = 0;
    for (uint32_t i = 0; i < profile_series_count(p); i++) {
        uint32_t count;
        const struct series_point *points = profile_points(p, (struct series_id){ i }, &count);
        cr_assert_eq(points[0].time_ns, STEP_NS);
        cr_assert_eq(points[count - 1].time_ns, 600 * STEP_NS);
        total += count;
    }
    cr_expect_leq(total, UINT64_C(256) * MANY, "the floor of each, whatever their number");
    profile_free(p);
}

Test(series, times_that_run_backwards_in_a_file_do_no_harm)
{
    struct profile *p = profile_new();
    const struct series_id id = make(p, "rss", 1);
    for (uint64_t i = 0; i < 20000; i++)
        profile_add_point(p, id, i % 2 ? UINT64_MAX - i : i, (double)i);
    uint32_t count;
    profile_points(p, id, &count);
    cr_expect_leq(count, 4096);
    profile_free(p);
}
