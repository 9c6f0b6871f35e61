// SPDX-License-Identifier: MIT
/*
 * Kernel symbols: the text of /proc/kallsyms, "ffffffff81000000 T _text [module]", sorted by
 * nothing in particular and without sizes. Where the kernel hides addresses they are all zero.
 */
#ifndef PROF_SYMBOL_KALLSYMS_H
#define PROF_SYMBOL_KALLSYMS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "symbol/lookup.h"

enum { KALLSYMS_MAX_MIB = 128 };

/* False with a hint when the kernel hides its addresses or the text cannot be read. */
bool kallsyms_match(int fd, struct lookup *l, struct err *e);
bool kallsyms_match_text(struct slice text, struct lookup *l, struct err *e);

#endif
