// SPDX-License-Identifier: MIT
/* The trend (stats.h) of a recorded series, after start-up. For rules. */
#ifndef PROF_ANALYZE_GROWTH_H
#define PROF_ANALYZE_GROWTH_H

#include "analyze/observed.h"
#include "analyze/stats.h"

struct growth {
    struct trend trend;
    double first, last, largest; /* values after start-up */
    uint64_t from_ns, to_ns;
};

/* False: there is no such series, or no two points of it after start-up. */
bool growth_of(const struct observed *o, const char *series, struct process_id process,
    double min_seconds, struct growth *ret);

/* The share of a series' points after start-up that are at least `least`; NAN: no points. */
double share_at_least(
    const struct observed *o, const char *series, struct process_id process, double least);

#endif
