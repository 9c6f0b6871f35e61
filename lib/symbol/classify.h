// SPDX-License-Identifier: MIT
/* Whose code a function is, by its names and where it comes from. Rules are rows of tables. */
#ifndef PROF_SYMBOL_CLASSIFY_H
#define PROF_SYMBOL_CLASSIFY_H

#include <stdbool.h>

#include "profile/profile.h"

struct classify_input {
    enum module_kind module_kind;
    struct slice module_path;
    bool is_program; /* the module is a process's main executable */
    struct slice name;
    struct slice file; /* empty: unknown */
};

enum func_kind classify_func(const struct classify_input *in);

#endif
