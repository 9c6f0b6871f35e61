// SPDX-License-Identifier: MIT
/*
 * Whether a child of ours may be stopped, looked at and let go on, found by doing it to one made
 * for that. Takes a few milliseconds. One thread.
 */
#ifndef PROF_RECORD_PTRACE_TRIAL_H
#define PROF_RECORD_PTRACE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ptrace_trial {
    uint64_t cost_ns; /* how long it stands still for one sample: the median of some */
};

bool ptrace_trial_run(struct ptrace_trial *ret_trial, struct err *e);

#endif
