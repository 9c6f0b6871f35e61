// SPDX-License-Identifier: MIT
/*
 * Samples added up per stack: the first step of every aggregate view, after which the cost depends
 * on distinct stacks and no longer on samples. One thread at a time.
 */
#ifndef PROF_PROFILE_STACK_SUMS_H
#define PROF_PROFILE_STACK_SUMS_H

#include <stdint.h>

#include "profile/profile.h"

struct stack_sum {
    uint64_t self_count, self_weight;
    uint64_t total_count, total_weight; /* with all callees' stacks */
};

/* One row per stack id, profile_stack_count() rows; release with free(). */
struct stack_sum *stack_sums_new(const struct profile *p);

#endif
