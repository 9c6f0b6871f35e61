// SPDX-License-Identifier: MIT
#include "symbol/dwarf_walk.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { WALK_DEPTH_MAX = 200 };

/* The addresses numbered [from, to); all: enter functions that cover none of them as well. */
struct window {
    uint32_t from, to;
    bool all;
    int depth;
};

static void walk_children(struct dwarf_walk *w, Dwarf_Die *parent, struct window window);

void dwarf_walk_init(struct dwarf_walk *w, const struct lookup *lookup)
{
    *w = (struct dwarf_walk){ .lookup = lookup };
    w->first = xcalloc(lookup->count, sizeof *w->first);
    w->last = xcalloc(lookup->count, sizeof *w->last);
    w->mine = xcalloc(lookup->count, sizeof *w->mine);
    w->settled = xcalloc(lookup->count, sizeof *w->settled);
    vec_push(&w->links, (struct chain_link){ .next = CHAIN_END });
}

void dwarf_walk_done(struct dwarf_walk *w)
{
    free(w->first);
    free(w->last);
    free(w->mine);
    free(w->settled);
    vec_done(&w->links);
}

static void append(struct dwarf_walk *w, uint32_t address, const Dwarf_Die *die)
{
    const uint32_t link = (uint32_t)w->links.len;
    vec_push(&w->links, ((struct chain_link){ *die, CHAIN_END }));
    if (w->first[address] == CHAIN_END)
        w->first[address] = link;
    else
        w->links.ptr[w->last[address]].next = link;
    w->last[address] = link;
}

/* Of two functions that claim an address (identical code folded by the linker) the first is kept;
 * an inlined one only makes sense inside a function. */
static void claim(struct dwarf_walk *w, uint32_t address, const Dwarf_Die *die, int tag)
{
    const bool taken = w->first[address] != CHAIN_END;
    if (!w->settled[address] && taken == (tag == DW_TAG_inlined_subroutine))
        append(w, address, die);
}

/* Does the DIE cover an address of the window? Adds it to those addresses' chains when it is a
 * function. */
static bool covers(struct dwarf_walk *w, Dwarf_Die *die, int tag, const struct window *window)
{
    const bool is_function = tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
    Dwarf_Addr base, start, end;
    ptrdiff_t at = 0;
    bool hit = false;
    while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
        uint32_t i;
        uint32_t to = start ? lookup_range(w->lookup, start, end, &i) : (i = 0);
        to = to < window->to ? to : window->to;
        for (i = i > window->from ? i : window->from; i < to; i++) {
            if (!w->mine[i])
                continue;
            hit = true;
            if (is_function)
                claim(w, i, die, tag);
        }
    }
    return hit;
}

static bool enters(struct dwarf_walk *w, Dwarf_Die *die, const struct window *window)
{
    const int tag = dwarf_tag(die);
    switch (tag) {
    case DW_TAG_subprogram:
        return covers(w, die, tag, window) || window->all;
    case DW_TAG_inlined_subroutine:
        return covers(w, die, tag, window);
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
        return covers(w, die, tag, window) || window->all ||
               !(dwarf_hasattr(die, DW_AT_ranges) || dwarf_hasattr(die, DW_AT_low_pc));
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
        return dwarf_haschildren(die) == 1;
    }
    return false;
}

static void walk_children(struct dwarf_walk *w, Dwarf_Die *parent, struct window window)
{
    Dwarf_Die child, next;
    if (++window.depth > WALK_DEPTH_MAX || dwarf_child(parent, &child) != 0)
        return;
    for (;;) {
        if (enters(w, &child, &window))
            walk_children(w, &child, window);
        /* A hostile DW_AT_sibling points backwards. */
        if (dwarf_siblingof(&child, &next) != 0 ||
            (const char *)next.addr <= (const char *)child.addr)
            return;
        child = next;
    }
}

void dwarf_walk_unit(struct dwarf_walk *w, Dwarf_Die *unit, uint32_t from, uint32_t to)
{
    memset(w->settled, 0, w->lookup->count * sizeof *w->settled);
    walk_children(w, unit, (struct window){ .from = from, .to = to });
    /* What is left may be in a function nested in one that does not cover it (local classes,
     * lambdas): look everywhere, for those only. */
    bool all_found = true;
    for (uint32_t i = from; i < to; i++) {
        w->settled[i] = !w->mine[i] || w->first[i] != CHAIN_END;
        all_found &= w->settled[i];
    }
    if (!all_found)
        walk_children(w, unit, (struct window){ .from = from, .to = to, .all = true });
}
