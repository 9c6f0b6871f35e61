// SPDX-License-Identifier: MIT
/*
 * Which of the program's own functions lead to a hot function of somebody else's: a library
 * function is seldom the thing to change, the call of it is. One thread at a time.
 */
#ifndef PROF_PROFILE_OWN_CALLER_H
#define PROF_PROFILE_OWN_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"

struct own_caller {
    struct func_id func;
    bool nearly_all; /* of the hot function's own weight comes from it; else more than half */
};

/* The application function (FUNC_APP) nearest above most of hot's own weight. False: hot is the
 * program's own, or no such function leads to more than half of it, or it has no name. */
bool own_caller_find(const struct profile *p, struct func_id hot, struct own_caller *ret_caller);

#endif
