// SPDX-License-Identifier: MIT
/*
 * The names that the page needs, numbered anew: only what its tree uses, most used first, so that
 * the numbers in the tree are short. A row is a function together with a node's flags (inlined,
 * tier); the tree's nodes name rows.
 */
#ifndef PROF_FLAMEGRAPH_NAMES_H
#define PROF_FLAMEGRAPH_NAMES_H

#include <stdint.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "flamegraph/page_tree.h"

struct name_row {
    uint32_t func; /* index in funcs */
    uint32_t flags;
};

struct names {
    VEC(uint32_t) funcs; /* func_id by page number */
    uint32_t *func_of;   /* page number by func_id; UINT32_MAX: not in the tree */
    VEC(struct name_row) rows;
    uint32_t *row_of; /* by node; the root has none */
};

void names_build(const struct profile *p, const struct page_tree *t, struct names *ret_names);
void names_done(struct names *n);

/* Appends the packed block: strings, modules, funcs, rows (data.c says how). */
void names_pack(const struct profile *p, const struct names *n, struct strbuf *out);

#endif
