// SPDX-License-Identifier: MIT
/*
 * Paths of functions from a root, merged where they begin alike. Node 0 is the root; a parent's
 * index is always smaller than its child's. Owned by the caller; one thread at a time.
 */
#ifndef PROF_FLAMEGRAPH_TRIE_H
#define PROF_FLAMEGRAPH_TRIE_H

#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"

enum { TRIE_DEPTH_MAX = 60000 }; /* the page keeps depths in 16 bits; deeper frames merge there */

struct trie_node {
    uint32_t parent; /* the root is its own parent */
    uint32_t func;   /* func_id */
    uint32_t depth;
    uint32_t flags; /* ROW_* of the heaviest contribution (page_tree.h) */
    uint64_t count; /* self */
    uint64_t weight;
    uint64_t best; /* weight behind flags */
};

struct trie {
    VEC(struct trie_node) nodes;
    struct map index;
};

void trie_init(struct trie *t);
void trie_done(struct trie *t);

/* The child of parent for func; made when it is new. */
uint32_t trie_child(struct trie *t, uint32_t parent, uint32_t func);

#endif
