// SPDX-License-Identifier: MIT
/*
 * One module's addresses and what was found for them. Readers of symbol sources work on the whole
 * batch: they walk their table once and ask lookup_range() which addresses an entry covers. So no
 * table of 150,000 symbols is copied or sorted to name a few hundred addresses.
 *
 * Lives in the worker; not thread-safe. Texts borrow from the sources' bytes or the arena.
 */
#ifndef PROF_SYMBOL_LOOKUP_H
#define PROF_SYMBOL_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "profile/profile.h"
#include "symbol/arch.h"
#include "symbol/build_level.h"

enum {
    LOOKUP_LINES_MAX = 256, /* inline depth; deeper is cut at the inner end */
};

/* A function at an address: the physical one or one inlined into the line before it. */
struct found_line {
    struct slice name;        /* for people */
    struct slice system_name; /* as in the symbol table; empty when equal */
    struct slice file;
    uint32_t func_line; /* of the definition; 0 unknown */
    uint32_t line;      /* being executed; 0 unknown */
    enum func_tier tier;
    enum spin_kind spins; /* of the innermost line: whether the address is in a loop that waits */
};

struct found {
    struct found_line *lines; /* outermost first; in the arena */
    uint32_t len;
    uint32_t cap;
};

struct lookup {
    const uint64_t *addresses; /* rising, unique; borrowed */
    uint32_t count;
    struct found *found;             /* one per address */
    uint32_t built_at[BUILD_LEVELS]; /* how many of them were compiled so, where that is known */
    struct arena arena;
};

void lookup_init(struct lookup *l, const uint64_t *addresses, uint32_t count);
void lookup_done(struct lookup *l);

/* Indices of the addresses in [start, end): first up to, not including, the result. */
uint32_t lookup_range(const struct lookup *l, uint64_t start, uint64_t end, uint32_t *ret_first);

/* Appends a line to address number index. */
void lookup_add(struct lookup *l, uint32_t index, const struct found_line *line);

#endif
