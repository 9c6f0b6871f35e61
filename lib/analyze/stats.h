// SPDX-License-Identifier: MIT
/*
 * The statistics of the rules. Pure. Sources: Wilson 1927 for proportions; Theil 1950 and Sen 1968
 * for slopes; Mann 1945 and Kendall 1975 for trends, on minima of blocks because neighbouring
 * points are correlated and collectors make sawteeth.
 */
#ifndef PROF_ANALYZE_STATS_H
#define PROF_ANALYZE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bounds of a proportion k of n at z standard deviations (1.96: 95 %). n 0: 0 and 1. */
void wilson(double k, double n, double z, double *ret_low, double *ret_high);

struct trend_point {
    double t; /* seconds */
    double y;
};

enum trend_verdict {
    TREND_UNKNOWN, /* too few points or too short a time */
    TREND_FLAT,
    TREND_SETTLING, /* grew, and slows down: a warm-up or a cache that fills */
    TREND_GROWING,
};

struct trend {
    enum trend_verdict verdict;
    double slope;     /* per second, Theil-Sen over the minima of blocks of the later part */
    double low, high; /* 95 % bounds of the slope (in simulations they hold the truth in 90 %) */
    double level;     /* median of the later part */
    double growth;    /* last block's minimum - first block's, of the whole time */
    double tau, z;    /* of Mann-Kendall */
    double r2;        /* how straight it is, of the minima over the whole time */
    size_t n, blocks;
    double seconds;
};

/* Of points in order of time. min_seconds: below it the verdict is TREND_UNKNOWN unless the growth
 * is straight and large (then GROWING, and the caller lowers its confidence). */
void trend_of(const struct trend_point *points, size_t n, double min_seconds, struct trend *ret);

double median(double *values, size_t n); /* sorts them; n 0: NAN */
double quantile(double *values, size_t n, double q);

#endif
