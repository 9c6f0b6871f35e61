// SPDX-License-Identifier: MIT
/* Small profiles for tests: stacks from folded words ("main;work;leaf"). */
#ifndef PROF_TESTS_UNIT_PROFILE_BUILD_H
#define PROF_TESTS_UNIT_PROFILE_BUILD_H

#include "profile/profile.h"

/* Adds a stack of one-line frames, and the funcs in it. */
static inline struct stack_id build_stack(struct profile *p, const char *folded)
{
    struct stack_id stack = { 0 };
    struct slice rest = slice_of(folded);
    struct slice name;
    while (slice_split(&rest, ';', &name)) {
        struct func func = { .name = profile_add_string(p, name), .kind = FUNC_APP };
        struct line line = { .func = profile_add_func(p, &func) };
        stack = profile_add_stack(p, stack, profile_add_frame_lines(p, &line, 1));
    }
    return stack;
}

static inline void build_sample(struct profile *p, const char *folded, uint64_t weight)
{
    struct sample s = { .stack = build_stack(p, folded), .count = 1, .weight = weight };
    profile_add_sample(p, &s);
}

#endif
