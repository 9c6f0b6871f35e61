// SPDX-License-Identifier: MIT
/*
 * How far a compiler optimised, by the DW_AT_producer of its debug data. gcc and Go write their
 * flags there; clang and rustc do not, and nothing is concluded from them. Pure.
 */
#ifndef PROF_SYMBOL_BUILD_LEVEL_H
#define PROF_SYMBOL_BUILD_LEVEL_H

#include "base/slice.h"

enum build_level {
    BUILD_UNKNOWN,
    BUILD_O0,
    BUILD_O1,
    BUILD_O2,
    BUILD_O3,
    BUILD_OS,
    BUILD_OG,
    BUILD_OFAST,
    BUILD_DEBUG, /* Go's -N */
    BUILD_LEVELS,
};

const char *build_level_name(enum build_level level); /* "O2"; "" for BUILD_UNKNOWN */
enum build_level build_level_of(struct slice producer);

#endif
