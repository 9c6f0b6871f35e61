// SPDX-License-Identifier: MIT
/*
 * The rows behind traits.h: names of functions and paths of source files that tell what a function
 * does. Read only, any thread.
 */
#ifndef PROF_ANALYZE_TRAIT_TABLE_H
#define PROF_ANALYZE_TRAIT_TABLE_H

#include <stddef.h>

#include "analyze/traits.h"

enum trait_match {
    MATCH_IS,     /* the whole name, but for a compiler's suffix: ".cold", ".isra.0", "@plt" */
    MATCH_BEGINS, /* the name begins with it */
    MATCH_HAS,    /* anywhere: for paths, and for names with a changing front */
};

struct trait_row {
    enum trait_match match;
    const char *text;
    trait_set traits;
};

struct trait_rows {
    const struct trait_row *ptr;
    size_t len;
};

extern const struct trait_rows trait_kernel_names;  /* functions of the kernel */
extern const struct trait_rows trait_runtime_names; /* of runtimes: V8, CPython, Go, JVM, Ruby */
extern const struct trait_rows trait_library_names; /* of libraries, whatever the language */
extern const struct trait_rows trait_common_names;  /* so plain that they do not count for
                                                       functions of the application */
extern const struct trait_rows trait_files;         /* source files */

#endif
