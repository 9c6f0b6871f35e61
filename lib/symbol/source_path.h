// SPDX-License-Identifier: MIT
/* Paths of source files as compilers write them, "/src/./a/../b.c", made canonical by text alone.
 */
#ifndef PROF_SYMBOL_SOURCE_PATH_H
#define PROF_SYMBOL_SOURCE_PATH_H

#include "base/arena.h"
#include "base/slice.h"

/* Without "." and "name/.." parts and doubled slashes. */
struct slice source_path(struct arena *arena, struct slice path);

#endif
