// SPDX-License-Identifier: MIT
/* Samples added up per thread and stack, in order of first appearance. */
#ifndef PROF_FORMAT_SAMPLE_SUMS_H
#define PROF_FORMAT_SAMPLE_SUMS_H

#include <stddef.h>

#include "profile/profile.h"

struct sample_sum {
    struct thread_id thread;
    struct stack_id stack;
    uint64_t count, weight;
};

/* Release with free(). */
struct sample_sum *sample_sums_new(const struct profile *p, size_t *ret_len);

#endif
