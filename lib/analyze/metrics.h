// SPDX-License-Identifier: MIT
/*
 * Single numbers of a recording: for gates and for JSON. A row of metric_table() is all that a new
 * one needs. A number that was not recorded is NAN, never 0.
 */
#ifndef PROF_ANALYZE_METRICS_H
#define PROF_ANALYZE_METRICS_H

#include <stddef.h>

#include "profile/profile.h"

struct metrics; /* a profile and what was worked out for it; the profile must outlive it */

struct metric {
    const char *name; /* several rows may have one name and different units */
    const char *unit; /* "ns", "bytes", "bytes/s", "share", "1/s", "count": words.h */
    const char *what; /* for people */
    const char *need; /* what a recording must have for it */
    double (*find)(struct metrics *m, const struct metric *self);
    const char *source; /* of find(): the series, the fact */
    double part;        /* of find(): the percentile */
};

const struct metric *metric_table(size_t *ret_count);

struct metrics *metrics_new(const struct profile *p);
void metrics_free(struct metrics *m);
double metrics_value(struct metrics *m, const struct metric *metric);

#endif
