// SPDX-License-Identifier: MIT
#include "analyze/stats.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"

void wilson(double k, double n, double z, double *ret_low, double *ret_high)
{
    if (!(n > 0)) {
        *ret_low = 0;
        *ret_high = 1;
        return;
    }
    double p = k / n, z2 = z * z;
    double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    *ret_low = fmax(0, centre - half);
    *ret_high = fmin(1, centre + half);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile(double *values, size_t n, double q)
{
    if (n == 0)
        return (double)NAN;
    qsort(values, n, sizeof *values, compare_doubles);
    double at = q * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n)
        return values[n - 1];
    return values[below] + (at - (double)below) * (values[below + 1] - values[below]);
}

double median(double *values, size_t n)
{
    return quantile(values, n, 0.5);
}
