// SPDX-License-Identifier: MIT
#include <math.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "analyze/stats.h"

/* The bounds for 15 of 50 and 0 of 10 are worked out by hand from Wilson's formula. */
Test(stats, wilson_bounds_are_those_of_the_formula)
{
    double low, high;
    wilson(15, 50, 1.96, &low, &high);
    cr_expect(epsilon_eq(dbl, low, 0.1910, 1e-4));
    cr_expect(epsilon_eq(dbl, high, 0.4375, 1e-4));
    wilson(0, 10, 1.96, &low, &high);
    cr_expect(epsilon_eq(dbl, low, 0, 1e-12));
    cr_expect(epsilon_eq(dbl, high, 0.2775, 1e-4));
    wilson(10, 10, 1.96, &low, &high);
    cr_expect(epsilon_eq(dbl, low, 0.7225, 1e-4));
    cr_expect(epsilon_eq(dbl, high, 1, 1e-12));
}

Test(stats, nothing_observed_may_be_anything)
{
    double low, high;
    wilson(0, 0, 1.96, &low, &high);
    cr_expect(eq(dbl, low, 0));
    cr_expect(eq(dbl, high, 1));
}

Test(stats, quantiles_interpolate)
{
    double values[] = { 4, 1, 3, 2 };
    cr_expect(eq(dbl, median(values, 4), 2.5));
    cr_expect(eq(dbl, quantile(values, 4, 0), 1));
    cr_expect(eq(dbl, quantile(values, 4, 1), 4));
    cr_expect(epsilon_eq(dbl, quantile(values, 4, 0.9), 3.7, 1e-12));
    cr_expect(isnan(median(values, 0)));
}
