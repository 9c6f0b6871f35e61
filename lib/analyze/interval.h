// SPDX-License-Identifier: MIT
/* A stretch of time, CLOCK_MONOTONIC nanoseconds. Value type. */
#ifndef PROF_ANALYZE_INTERVAL_H
#define PROF_ANALYZE_INTERVAL_H

#include <stdint.h>

struct interval {
    uint64_t from_ns, to_ns;
};

#endif
