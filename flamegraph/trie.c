// SPDX-License-Identifier: MIT
#include "flamegraph/trie.h"

#include <stdbool.h>

void trie_init(struct trie *t)
{
    *t = (struct trie){ 0 };
    vec_push(&t->nodes, (struct trie_node){ 0 });
}

void trie_done(struct trie *t)
{
    vec_done(&t->nodes);
    map_done(&t->index);
}

uint32_t trie_child(struct trie *t, uint32_t parent, uint32_t func)
{
    const struct trie_node *nodes = t->nodes.ptr;
    if (nodes[parent].depth >= TRIE_DEPTH_MAX)
        parent = nodes[parent].parent;
    const uint64_t hash = hash_mix(hash_u64(parent), func);
    struct map_probe probe = map_probe(&t->index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        if (nodes[item].parent == parent && nodes[item].func == func)
            return item;
    }
    const uint32_t added = (uint32_t)t->nodes.len;
    const uint32_t depth = nodes[parent].depth + 1;
    vec_push(&t->nodes, ((struct trie_node){ .parent = parent, .func = func, .depth = depth }));
    map_add(&t->index, hash, added);
    return added;
}
