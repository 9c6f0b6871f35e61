// SPDX-License-Identifier: MIT
/*
 * The functions of a page tree by their own time. In its total a function counts once per stack,
 * however often it recurs. Rows by falling self weight, then total weight, then func.
 */
#ifndef PROF_FLAMEGRAPH_HOTTEST_H
#define PROF_FLAMEGRAPH_HOTTEST_H

#include <stdint.h>

#include "flamegraph/page_tree.h"

struct hot_func {
    uint32_t func;
    uint32_t flags; /* of its heaviest node */
    uint32_t node;  /* its heaviest node */
    uint64_t self_count, self_weight;
    uint64_t total_count, total_weight;
};

struct hottest {
    struct hot_func *rows;
    uint32_t len;
};

void hottest_build(const struct profile *p, const struct page_tree *t, struct hottest *ret_hottest);
void hottest_done(struct hottest *h);

#endif
