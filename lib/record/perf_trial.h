// SPDX-License-Identifier: MIT
/*
 * Samples prof itself for some milliseconds: does a level deliver what it promises, and what does
 * one sample cost here? Opening an event proves little: some open and stay silent.
 */
#ifndef PROF_RECORD_PERF_TRIAL_H
#define PROF_RECORD_PERF_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "record/capability.h"

struct perf_trial {
    uint64_t samples, with_stack;
    uint64_t cost_ns; /* CPU time that one sample takes from the program it interrupts */
};

/* False: the event cannot be opened, or brings no usable samples. */
bool perf_trial_run(enum record_level level, struct perf_trial *ret_trial, struct err *e);

#endif
