// SPDX-License-Identifier: MIT
/*
 * What a load tool printed -> numbers. wrk, wrk2, autocannon (table and JSON), h2load, ab, hey,
 * redis-benchmark and pgbench are known; anything else is no error. Of several runs in one text the
 * last one counts. Percentiles are as the tool gives them. Pure; the text is doubted.
 */
#ifndef PROF_RECORD_LOAD_REPORT_H
#define PROF_RECORD_LOAD_REPORT_H

#include <stdbool.h>

#include "base/slice.h"

enum load_field {
    LOAD_REQUESTS,
    LOAD_ERRORS,
    LOAD_SECONDS,
    LOAD_RPS,
    LOAD_CONNECTIONS,
    LOAD_MEAN_NS,
    LOAD_P50_NS,
    LOAD_P90_NS,
    LOAD_P99_NS,
    LOAD_MAX_NS,
    LOAD_FIELDS,
};

struct load_report {
    const char *tool;           /* "wrk" */
    double values[LOAD_FIELDS]; /* NaN: the tool did not say */
};

/* False: no tool that is known. */
bool load_report_parse(struct slice text, struct load_report *ret_report);

/* A line of progress while the tool runs: "Completed 200 requests". Returns whether it is one. */
bool load_progress_parse(struct slice line, double *ret_requests);

#endif
