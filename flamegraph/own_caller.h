// SPDX-License-Identifier: MIT
/*
 * Which of the program's own functions lead to a hot function of somebody else's: a library
 * function is seldom the thing to change, the call of it is.
 */
#ifndef PROF_FLAMEGRAPH_OWN_CALLER_H
#define PROF_FLAMEGRAPH_OWN_CALLER_H

#include <stdint.h>

#include "flamegraph/page_tree.h"

struct own_caller {
    uint32_t func;   /* 0: none */
    uint64_t weight; /* of the hot function's own weight, what lies nearest under func */
};

/* The application function nearest above most of hot_func's own weight. */
struct own_caller own_caller_find(
    const struct profile *p, const struct page_tree *t, uint32_t hot_func);

#endif
