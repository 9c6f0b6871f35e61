// SPDX-License-Identifier: MIT
/* The trend by simulation: a minute at two points a second (120), noise of neighbours that hang
 * together (AR(1), 0.7), a standard deviation of 1 % of the level. Seeds are fixed: same numbers
 * everywhere. */
#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "analyze/stats.h"
#include "base/compiler.h"

enum { POINTS = 120, RUNS = 400 };

static uint64_t random_state;

static double uniform(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(random_state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * 3.14159265358979323846 * uniform());
}

typedef double shape_fn(double x); /* x: 0..1 of the run; the level is 1 */

static double flat(double x)
{
    (void)x;
    return 1;
}

static double warm_up_short(double x)
{
    return 1 + 0.5 * (1 - exp(-x * 6));
}

static double warm_up_quarter(double x)
{
    return 1 + 0.5 * (1 - exp(-x * 4));
}

static double warm_up_half(double x)
{
    return 1 + (1 - exp(-x * 2));
}

static double step(double x)
{
    return x < 0.3 ? 1 : 1.3;
}

static double late_step(double x)
{
    return x < 0.65 ? 1 : 1.3;
}

static double bounded_cache(double x)
{
    return 1 + 0.5 * fmin(x, 0.7) / 0.7;
}

static double tooth(double x)
{
    return fmod(x * 8, 1); /* eight collections in a run */
}

static double sawtooth(double x)
{
    return 1 + 0.3 * tooth(x);
}

static double sawtooth_after_warm_up(double x)
{
    return warm_up_short(x) + 0.3 * tooth(x);
}

static double bounded_cache_with_sawtooth(double x)
{
    return bounded_cache(x) + 0.3 * tooth(x);
}

static double falling(double x)
{
    return 1.3 - 0.3 * x;
}

static double leak_20(double x)
{
    return 1 + 0.2 * x;
}

static double leak_20_sawtooth(double x)
{
    return 1 + 0.2 * x + 0.2 * tooth(x);
}

static double leak_20_after_warm_up(double x)
{
    return 1 + 0.3 * (1 - exp(-x * 20)) + 0.3 * x;
}

static double leak_100(double x)
{
    return 1 + x;
}

static double leak_in_steps(double x)
{
    return 1 + floor(x * 10) / 10;
}

/* A table that is copied to one twice as large at 15, 27 and 57 %, and fills in between. */
static double leak_with_doublings(double x)
{
    return 1 + 4 * x + 2 * (x > 0.15) + 4 * (x > 0.27) + 8 * (x > 0.57);
}

/* A runtime that goes on optimising, rarer and rarer things. */
static double ever_slower(double x)
{
    return 1 + 0.6 * (1 - pow(1 - x, 3)) + 0.05 * x;
}

static double leak_until_a_step(double x)
{
    return x < 0.7 ? 1 + x : 2.4;
}

static void simulate(shape_fn *shape, double noise, double seconds, struct trend *ret)
{
    struct trend_point points[POINTS];
    double e = normal();
    for (size_t i = 0; i < POINTS; i++) {
        double x = (double)i / (POINTS - 1);
        e = 0.7 * e + sqrt(1 - 0.49) * normal();
        points[i] = (struct trend_point){ x * seconds, 100e6 * (shape(x) + noise * e) };
    }
    trend_of(points, POINTS, 60, ret);
}

static double share_growing(shape_fn *shape, double noise, double seconds)
{
    random_state = 42;
    int growing = 0;
    for (int i = 0; i < RUNS; i++) {
        struct trend t;
        simulate(shape, noise, seconds, &t);
        growing += t.verdict == TREND_GROWING;
    }
    return (double)growing / RUNS;
}

Test(trend, healthy_shapes_are_not_called_growth)
{
    static const struct {
        const char *name;
        shape_fn *shape;
    } rows[] = {
        { "flat", flat },
        { "warm-up over a sixth of the run", warm_up_short },
        { "warm-up over a quarter", warm_up_quarter },
        { "warm-up over half", warm_up_half },
        { "a step at 30 %", step },
        { "a step at 65 %", late_step },
        { "a cache that is full at 70 %", bounded_cache },
        { "a sawtooth", sawtooth },
        { "a sawtooth after a warm-up", sawtooth_after_warm_up },
        { "a bounded cache below a sawtooth", bounded_cache_with_sawtooth },
        { "falling", falling },
        { "growth that ends with a step", leak_until_a_step },
        { "ever slower", ever_slower },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        double share = share_growing(rows[i].shape, 0.01, 90);
        cr_log_info("%s: %.3f", rows[i].name, share);
        cr_expect(share <= 0.02, "%s: %.3f called growing", rows[i].name, share);
    }
}

Test(trend, growth_is_found)
{
    static const struct {
        const char *name;
        shape_fn *shape;
    } rows[] = {
        { "20 % in a run", leak_20 },
        { "20 % below a sawtooth", leak_20_sawtooth },
        { "30 % after a warm-up", leak_20_after_warm_up },
        { "doubled", leak_100 },
        { "ten steps", leak_in_steps },
        { "a table that doubles", leak_with_doublings },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        double share = share_growing(rows[i].shape, 0.01, 90);
        cr_log_info("%s: %.3f", rows[i].name, share);
        cr_expect(share >= 0.95, "%s: %.3f called growing", rows[i].name, share);
    }
}

Test(trend, a_short_run_is_judged_only_when_memory_grows_straight_and_much)
{
    cr_expect(ge(dbl, share_growing(leak_100, 0.01, 20), 0.95));
    cr_expect(eq(dbl, share_growing(leak_20, 0.01, 20), 0));
    cr_expect(le(dbl, share_growing(warm_up_half, 0.01, 20), 0.02));
    cr_expect(le(dbl, share_growing(bounded_cache, 0.01, 20), 0.02));
    struct trend t;
    simulate(leak_20, 0.01, 20, &t);
    cr_expect(eq(int, t.verdict, TREND_UNKNOWN));
}

Test(trend, too_few_points_are_not_judged)
{
    struct trend_point points[19];
    for (size_t i = 0; i < PROF_ARRAY_LEN(points); i++)
        points[i] = (struct trend_point){ (double)i * 10, (double)i };
    struct trend t;
    trend_of(points, PROF_ARRAY_LEN(points), 60, &t);
    cr_expect(eq(int, t.verdict, TREND_UNKNOWN));
    trend_of(points, 0, 60, &t);
    cr_expect(eq(int, t.verdict, TREND_UNKNOWN));
}

Test(trend, the_slope_lies_within_its_bounds_and_near_the_truth)
{
    random_state = 7;
    int inside = 0;
    for (int i = 0; i < RUNS; i++) {
        struct trend t;
        simulate(leak_100, 0.01, 90, &t);
        double truth = 100e6 / 90;
        cr_assert(t.low <= t.slope && t.slope <= t.high);
        inside += t.low <= truth && truth <= t.high;
        cr_expect(lt(dbl, fabs(t.slope / truth - 1), 0.1));
    }
    /* Nominally 95 %; neighbouring floors still hang together a little. */
    cr_expect(ge(int, inside, RUNS * 85 / 100));
}

Test(trend, growth_and_settling_are_told_apart_by_word)
{
    random_state = 3;
    struct trend t;
    simulate(warm_up_half, 0.01, 90, &t);
    cr_expect(eq(int, t.verdict, TREND_SETTLING));
    simulate(flat, 0.01, 90, &t);
    cr_expect(eq(int, t.verdict, TREND_FLAT));
    simulate(falling, 0.01, 90, &t);
    cr_expect(eq(int, t.verdict, TREND_FLAT));
}

Test(trend, constant_values_are_flat)
{
    struct trend_point points[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        points[i] = (struct trend_point){ (double)i, 5 };
    struct trend t;
    trend_of(points, POINTS, 60, &t);
    cr_expect(eq(int, t.verdict, TREND_FLAT));
    cr_expect(eq(dbl, t.slope, 0));
}
