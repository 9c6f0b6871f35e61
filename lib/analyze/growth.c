// SPDX-License-Identifier: MIT
#include "analyze/growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The points after start-up. */
static const struct series_point *steady_points(
    const struct observed *o, const char *series, struct process_id process, uint32_t *ret_count)
{
    uint32_t count = 0, skip = 0;
    const struct series_point *points =
        observed_series(o, series, process, (struct thread_id){ 0 }, &count);
    if (!points)
        count = 0;
    while (skip < count && points[skip].time_ns < o->steady_from_ns)
        skip++;
    *ret_count = count - skip;
    return count > skip ? points + skip : NULL;
}

bool growth_of(const struct observed *o, const char *series, struct process_id process,
    double min_seconds, struct growth *ret)
{
    uint32_t count;
    const struct series_point *points = steady_points(o, series, process, &count);
    if (count < 2)
        return false;
    memset(ret, 0, sizeof *ret);
    struct trend_point *trend = xcalloc(count, sizeof *trend);
    ret->first = points[0].value;
    ret->last = points[count - 1].value;
    ret->from_ns = points[0].time_ns;
    ret->to_ns = points[count - 1].time_ns;
    for (uint32_t i = 0; i < count; i++) {
        trend[i].t = (double)(points[i].time_ns - ret->from_ns) / 1e9;
        trend[i].y = points[i].value;
        ret->largest = fmax(ret->largest, points[i].value);
    }
    trend_of(trend, count, min_seconds, &ret->trend);
    free(trend);
    return true;
}

double share_at_least(
    const struct observed *o, const char *series, struct process_id process, double least)
{
    uint32_t count, above = 0;
    const struct series_point *points = steady_points(o, series, process, &count);
    for (uint32_t i = 0; i < count; i++)
        above += points[i].value >= least;
    return count ? (double)above / count : (double)NAN;
}
