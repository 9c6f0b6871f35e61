// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/stats.h"
#include "base/alloc.h"

enum {
    POINTS_MIN = 20,
    POINTS_MIN_SHORT = 14, /* of a line that must be straight */
    BLOCKS = 12,           /* of the later part */
    BLOCKS_MIN = 6,        /* the fewest of which all being in order is significant (z > 2.58) */
    TEETH = 8,             /* as many at least are looked at when there is a sawtooth */
    WHOLE_BLOCKS = 24,     /* of the whole time, to tell the shape */
    SLOPES_MAX = WHOLE_BLOCKS * (WHOLE_BLOCKS - 1) / 2,
};

/* The first 40 % are left out: programs warm up. */
#define LATER_FROM 0.4

#define BENDS_F 13.6 /* of 1 and BLOCKS - TERMS_MAX degrees of freedom */

#define JUMP 4 /* times the usual rise from one block to the next */

/* ---- blocks ---- */

/* Cuts [from, to] into `blocks` equal times and takes the smallest value of each: the floor, which
 * a collector's sawtooth returns to. Blocks without points are left out. Returns how many. */
static size_t block_minima(const struct trend_point *points, size_t n, double from, double to,
    size_t blocks, struct trend_point *ret)
{
    size_t count = 0;
    double length = (to - from) / (double)blocks;
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (points[i].t < from || points[i].t > to)
            continue;
        size_t b = (size_t)((points[i].t - from) / length);
        if (b >= blocks)
            b = blocks - 1;
        if (b != last) {
            ret[count++] = (struct trend_point){ from + ((double)b + 0.5) * length, points[i].y };
            last = b;
        } else if (points[i].y < ret[count - 1].y) {
            ret[count - 1].y = points[i].y;
        }
    }
    return count;
}

/* ---- slopes ---- */

/* Theil-Sen: the median of the slopes of all pairs, and its bounds by Kendall's variance (Sen). */
static double sen_slope(const struct trend_point *m, size_t n, double *ret_low, double *ret_high)
{
    double slopes[SLOPES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            slopes[count++] = (m[j].y - m[i].y) / (m[j].t - m[i].t);
    double middle = median(slopes, count);
    if (ret_low && ret_high && count > 0) {
        double c = 1.96 * sqrt((double)(n * (n - 1) * (2 * n + 5)) / 18.0);
        double low = ((double)count - c) / 2, high = ((double)count + c) / 2;
        *ret_low = slopes[low < 0 ? 0 : (size_t)low];
        *ret_high = slopes[high >= (double)count ? count - 1 : (size_t)high];
    }
    return middle;
}

/* Mann-Kendall with the correction for ties. */
static void mann_kendall(const struct trend_point *m, size_t n, double *ret_tau, double *ret_z)
{
    double s = 0, ties = 0;
    for (size_t i = 0; i < n; i++) {
        size_t before = 0, equal = 1;
        for (size_t j = 0; j < i; j++)
            before += m[j].y == m[i].y;
        for (size_t j = i + 1; j < n; j++) {
            s += (m[j].y > m[i].y) - (m[j].y < m[i].y);
            equal += m[j].y == m[i].y;
        }
        if (before == 0)
            ties += (double)(equal * (equal - 1) * (2 * equal + 5));
    }
    double variance = ((double)(n * (n - 1) * (2 * n + 5)) - ties) / 18.0;
    *ret_tau = s / ((double)(n * (n - 1)) / 2);
    *ret_z = variance > 0 ? (s - (s > 0) + (s < 0)) / sqrt(variance) : 0;
}

/* ---- shapes ---- */

enum { TERMS_MAX = 3 };

/* Least squares of y on `terms` columns of x, by Gauss-Jordan on the normal equations. Returns the
 * sum of squared residuals; INFINITY when the columns depend on each other. */
static double residual_squares(
    double (*x)[TERMS_MAX], const double *y, size_t n, size_t terms, double *ret_b)
{
    double a[TERMS_MAX][TERMS_MAX + 1] = { 0 };
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < terms; r++) {
            for (size_t c = 0; c < terms; c++)
                a[r][c] += x[i][r] * x[i][c];
            a[r][terms] += x[i][r] * y[i];
        }
    for (size_t k = 0; k < terms; k++) {
        if (fabs(a[k][k]) < 1e-12)
            return (double)INFINITY;
        for (size_t r = 0; r < terms; r++) {
            double factor = r == k ? 0 : a[r][k] / a[k][k];
            for (size_t c = k; c <= terms; c++)
                a[r][c] -= factor * a[k][c];
        }
    }
    double sum = 0;
    for (size_t k = 0; k < terms; k++)
        ret_b[k] = a[k][terms] / a[k][k];
    for (size_t i = 0; i < n; i++) {
        double e = y[i];
        for (size_t k = 0; k < terms; k++)
            e -= ret_b[k] * x[i][k];
        sum += e * e;
    }
    return sum;
}

/* Curves that a healthy program's memory takes, over 0..1 of the time, with one parameter. */
typedef double curve_fn(double t, double parameter);

/* A warm-up; the parameter is its time constant. */
static double approach(double t, double tau)
{
    return 1 - exp(-t / tau);
}

/* A cache that is full from then on. */
static double ramp(double t, double full)
{
    return fmin(t, full);
}

static double step(double t, double when)
{
    return t >= when;
}

/* The best fit of a curve, with `line` of a line that goes on after it as well, over parameters
 * from..to: the sum of squared residuals. */
static double curve_squares(
    const struct trend_point *m, size_t n, curve_fn *curve, double from, double to, bool line)
{
    double x[WHOLE_BLOCKS][TERMS_MAX], y[WHOLE_BLOCKS], b[TERMS_MAX];
    double best = (double)INFINITY, start = m[0].t, length = m[n - 1].t - m[0].t;
    const double pace = (to - from) / 16;
    for (double parameter = from; parameter <= to; parameter += pace) { // NOLINT: a fit
        for (size_t i = 0; i < n; i++) {
            double t = (m[i].t - start) / length;
            x[i][0] = 1;
            x[i][1] = curve(t, parameter);
            x[i][2] = t;
            y[i] = m[i].y;
        }
        double squares = residual_squares(x, y, n, line ? 3 : 2, b);
        /* A fall towards the line, or a line that falls, is not a warm-up with a leak. */
        if (line && (b[1] < 0 || b[2] < 0))
            continue;
        best = fmin(best, squares);
    }
    return best;
}

static double line_squares(const struct trend_point *m, size_t n)
{
    double x[WHOLE_BLOCKS][TERMS_MAX], y[WHOLE_BLOCKS], b[TERMS_MAX];
    for (size_t i = 0; i < n; i++) {
        x[i][0] = 1;
        x[i][1] = m[i].t - m[0].t;
        y[i] = m[i].y;
    }
    return residual_squares(x, y, n, 2, b);
}

/* A curve that ends describes what is there clearly better than a line does, also one that begins
 * after a short warm-up. */
static bool comes_to_an_end(const struct trend_point *whole, size_t n)
{
    if (n < BLOCKS_MIN)
        return false;
    double ends = fmin(curve_squares(whole, n, approach, 0.03, 0.6, false),
        curve_squares(whole, n, ramp, 0.2, 0.85, false));
    ends = fmin(ends, curve_squares(whole, n, step, 0.1, 0.9, false));
    double line = fmin(line_squares(whole, n), curve_squares(whole, n, approach, 0.03, 0.11, true));
    return ends < 0.8 * line;
}

/* The second half grows at less than 0.15 of the pace of the first. */
static bool stops(const struct trend_point *m, size_t n)
{
    size_t half = n / 2;
    double first = sen_slope(m, n - half, NULL, NULL);
    double second = sen_slope(m + half, n - half, NULL, NULL);
    return second < 0.15 * first;
}

/* Growth that becomes slower all the time, as that of a cache of ever rarer keys, or a runtime's
 * that goes on optimising: a parabola describes it better than a line (F test, 0.5 % for BLOCKS),
 * and rises at its end with less than half of its mean slope. */
static bool slows_down(const struct trend_point *m, size_t n)
{
    double x[WHOLE_BLOCKS][TERMS_MAX], y[WHOLE_BLOCKS], b[TERMS_MAX];
    if (n < BLOCKS)
        return false;
    for (size_t i = 0; i < n; i++) {
        double t = (m[i].t - m[0].t) / (m[n - 1].t - m[0].t);
        x[i][0] = 1;
        x[i][1] = t;
        x[i][2] = t * t;
        y[i] = m[i].y;
    }
    const double squares = residual_squares(x, y, n, TERMS_MAX, b);
    const double f = (line_squares(m, n) - squares) / (squares / (double)(n - TERMS_MAX));
    return f > BENDS_F && b[2] < 0 && b[1] + 2 * b[2] < (b[1] + b[2]) / 2;
}

/* More of a step between two levels than of a line. */
static bool one_step(const struct trend_point *m, size_t n)
{
    return n >= BLOCKS_MIN &&
           curve_squares(m, n, step, 0.05, 0.95, false) < 0.8 * line_squares(m, n);
}

static int by_size(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* A table that doubles now and then, and fills in between: a jump much higher than the other rises,
 * which are rises all the same, as steep at the end as before. */
static bool climbs_between_jumps(const struct trend_point *m, size_t n)
{
    double rises[BLOCKS], sorted[BLOCKS];
    size_t count = 0, falls = 0;
    for (; count + 1 < n && count < BLOCKS; count++) {
        rises[count] = sorted[count] = m[count + 1].y - m[count].y;
        falls += rises[count] <= 0;
    }
    if (n < BLOCKS_MIN || falls > 0)
        return false;
    qsort(sorted, count, sizeof *sorted, by_size);
    const double usual = sorted[(count - 1) / 2];
    size_t late = count - count / 4, steep = 0;
    for (size_t i = late; i < count; i++)
        steep += rises[i] >= usual / 2;
    return sorted[count - 1] > JUMP * usual && steep == count - late;
}

/* ---- sawteeth ---- */

/* How long a tooth of a sawtooth is: it ends with a sudden fall (within two points) of more than
 * half of the range around the line. 0: fewer than two such falls. */
static double tooth_seconds(const struct trend_point *points, size_t n, double slope)
{
    double low = (double)INFINITY, high = (double)-INFINITY;
    for (size_t i = 0; i < n; i++) {
        double y = points[i].y - slope * points[i].t;
        low = fmin(low, y);
        high = fmax(high, y);
    }
    size_t falls = 0, last = 0, first = 0;
    for (size_t i = 2; i < n; i++) {
        double fall = points[i - 2].y - points[i].y + slope * (points[i].t - points[i - 2].t);
        if (fall <= 0.5 * (high - low))
            continue;
        first = falls == 0 ? i : first;
        falls += falls == 0 || i - last > 2;
        last = i;
    }
    return falls < 2 ? 0 : (points[last].t - points[first].t) / (double)(falls - 1);
}

/* How many blocks as long as a tooth, so that each has its floor in it, fit into that time, at most
 * `most`. */
static size_t blocks_in(double seconds, double tooth, size_t most)
{
    double fit = tooth > 0 ? seconds / tooth : (double)most;
    return fit >= (double)most ? most : fit <= BLOCKS_MIN ? BLOCKS_MIN : (size_t)fit;
}

/* ---- the verdict ---- */

/* The straightness of the floor over the whole time: r squared of least squares. */
static double straightness(const struct trend_point *m, size_t n)
{
    double mean = 0, total = 0;
    for (size_t i = 0; i < n; i++)
        mean += m[i].y / (double)n;
    for (size_t i = 0; i < n; i++)
        total += (m[i].y - mean) * (m[i].y - mean);
    return total > 0 ? 1 - line_squares(m, n) / total : 0;
}

/* The median of the values from `from` on. */
static double level_from(const struct trend_point *points, size_t n, double from)
{
    size_t count = 0;
    double *values = xcalloc(n, sizeof *values);
    for (size_t i = 0; i < n; i++)
        if (points[i].t >= from)
            values[count++] = points[i].y;
    double level = median(values, count);
    free(values);
    return level;
}

/* Fills all that is about the later part; ret_minima has room for BLOCKS. */
static void measure_later_part(const struct trend_point *points, size_t n, double tooth,
    struct trend_point *ret_minima, struct trend *ret)
{
    double end = points[n - 1].t, from = points[0].t + LATER_FROM * ret->seconds;
    /* Long teeth need more of the run, or there are too few of them to judge by. */
    from = fmax(points[0].t, fmin(from, end - TEETH * tooth));
    ret->blocks =
        block_minima(points, n, from, end, blocks_in(end - from, tooth, BLOCKS), ret_minima);
    ret->slope = sen_slope(ret_minima, ret->blocks, &ret->low, &ret->high);
    if (ret->blocks > 1)
        mann_kendall(ret_minima, ret->blocks, &ret->tau, &ret->z);
    ret->level = level_from(points, n, from);
}

static bool grows(const struct trend *t)
{
    return t->blocks >= BLOCKS_MIN && t->z > 2.58 && t->tau > 0.6 &&
           t->slope * t->seconds * (1 - LATER_FROM) > 0.02 * fabs(t->level);
}

void trend_of(const struct trend_point *points, size_t n, double min_seconds, struct trend *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->n = n;
    ret->seconds = n > 1 ? points[n - 1].t - points[0].t : 0;
    const bool is_short = ret->seconds < min_seconds;
    if (n < (is_short ? POINTS_MIN_SHORT : POINTS_MIN) || !(ret->seconds > 0))
        return;
    struct trend_point whole[WHOLE_BLOCKS], later[BLOCKS];
    double start = points[0].t, end = points[n - 1].t;
    size_t blocks = n < 2 * WHOLE_BLOCKS ? BLOCKS : WHOLE_BLOCKS;
    size_t whole_count = block_minima(points, n, start, end, blocks, whole);
    double tooth = tooth_seconds(points, n, sen_slope(whole, whole_count, NULL, NULL));
    whole_count = block_minima(points, n, start, end, blocks_in(end - start, tooth, blocks), whole);
    measure_later_part(points, n, tooth, later, ret);
    ret->growth = whole[whole_count - 1].y - whole[0].y;
    ret->r2 = straightness(whole, whole_count);
    bool settles = stops(later, ret->blocks) || slows_down(later, ret->blocks) ||
                   one_step(later, ret->blocks) || comes_to_an_end(whole, whole_count);
    settles &= !climbs_between_jumps(later, ret->blocks);
    bool growing = grows(ret) && !settles;
    if (is_short) {
        bool straight = ret->r2 > 0.95 && ret->growth > 0.5 * fabs(whole[0].y);
        ret->verdict = growing && straight ? TREND_GROWING : TREND_UNKNOWN;
    } else if (growing) {
        ret->verdict = TREND_GROWING;
    } else {
        bool grew = ret->growth > 0.02 * fabs(ret->level) && ret->level > whole[0].y;
        ret->verdict = grew ? TREND_SETTLING : TREND_FLAT;
    }
}
