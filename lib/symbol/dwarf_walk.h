// SPDX-License-Identifier: MIT
/*
 * Which functions of a compilation unit cover each address, physical one first, then what was
 * inlined: one walk over the unit's DIEs for all its addresses, entering only what covers one.
 */
#ifndef PROF_SYMBOL_DWARF_WALK_H
#define PROF_SYMBOL_DWARF_WALK_H

#include <elfutils/libdw.h>

#include "base/vec.h"
#include "symbol/lookup.h"

enum { CHAIN_END = 0 };

/* A function at an address; linked from outermost to innermost. */
struct chain_link {
    Dwarf_Die die;
    uint32_t next; /* index of the next inner one; CHAIN_END: none */
};

struct dwarf_walk {
    const struct lookup *lookup;
    uint32_t *first; /* per address: its outermost link; CHAIN_END: none */
    uint32_t *last;
    bool *mine;    /* per address: it lies in the unit; set by the caller before each walk */
    bool *settled; /* per address: its chain is complete */
    VEC(struct chain_link) links; /* links[0] is not used */
};

void dwarf_walk_init(struct dwarf_walk *w, const struct lookup *lookup);
void dwarf_walk_done(struct dwarf_walk *w);

/* Finds the functions of those addresses numbered [from, to) that are marked as the unit's. */
void dwarf_walk_unit(struct dwarf_walk *w, Dwarf_Die *unit, uint32_t from, uint32_t to);

#endif
