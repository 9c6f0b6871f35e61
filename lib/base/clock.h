// SPDX-License-Identifier: MIT
/* Time. Any thread. */
#ifndef PROF_BASE_CLOCK_H
#define PROF_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

/* How much more a is than b; 0: it is not. Clocks of different kinds may disagree. */
static inline uint64_t ns_more_than(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

uint64_t clock_monotonic_ns(void); /* CLOCK_MONOTONIC: the time of every sample */
uint64_t clock_realtime_ns(void);  /* since 1970, for dates shown to people */
uint64_t clock_process_cpu_ns(void);
uint64_t clock_thread_cpu_ns(void);

#endif
