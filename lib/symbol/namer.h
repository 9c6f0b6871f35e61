// SPDX-License-Identifier: MIT
/*
 * Symbol -> readable name, each symbol demangled once. Names live in the arena given at the start.
 * Not thread-safe.
 */
#ifndef PROF_SYMBOL_NAMER_H
#define PROF_SYMBOL_NAMER_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "symbol/demangle.h"

struct namer_entry {
    struct slice symbol;
    struct slice name;
};

struct namer {
    const struct demangler *demangler; /* borrowed */
    struct arena *arena;               /* borrowed */
    struct map index;
    VEC(struct namer_entry) entries;
    struct strbuf scratch;
};

void namer_init(struct namer *n, const struct demangler *demangler, struct arena *arena);
void namer_done(struct namer *n);

/* The name for people; *ret_system: the symbol without a copy's suffix, empty when it is the name.
 */
struct slice namer_name(struct namer *n, struct slice symbol, struct slice *ret_system);

#endif
