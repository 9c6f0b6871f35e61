// SPDX-License-Identifier: MIT
/*
 * What the clock's events add to a context switch of an observed thread, tried for some
 * milliseconds with a byte that two processes hand to each other on one CPU. Threads that share
 * their events (perf_extra.h) switch to one another for less than to anybody else.
 */
#ifndef PROF_RECORD_SWITCH_TRIAL_H
#define PROF_RECORD_SWITCH_TRIAL_H

#include <stdint.h>

#include "record/perf_open.h"

/* CPU time for each time that a thread leaves a CPU and comes back. */
struct switch_cost {
    uint64_t shared_ns; /* to and from a thread with the same events */
    uint64_t other_ns;
};

/* All zero when it could not be measured: no rights, or no quiet moment. */
struct switch_cost switch_trial_run(const struct perf_settings *settings);

#endif
