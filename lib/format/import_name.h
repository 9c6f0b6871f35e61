// SPDX-License-Identifier: MIT
/*
 * What an imported name tells: other tools' files hold a symbol and the file that it came from, or
 * a script's function and its URL; a profile wants name, file, line, kind and tier.
 */
#ifndef PROF_FORMAT_IMPORT_NAME_H
#define PROF_FORMAT_IMPORT_NAME_H

#include "base/slice.h"
#include "profile/profile.h"

/* A symbol of a mapped file (dso), as perf prints them; "[unknown]" is named by its file. V8's and
 * CPython's perf map names are taken apart. The module is added to the profile. */
struct line import_symbol(struct profile *p, struct slice symbol, struct slice dso);

/* A function of a script, which begins at `line` (from 1, 0 unknown). */
struct line import_script(
    struct profile *p, struct slice name, struct slice url, uint32_t line, enum func_tier tier);

#endif
