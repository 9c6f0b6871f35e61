// SPDX-License-Identifier: MIT
#include "flamegraph/own_caller.h"

#include <stdlib.h>

#include "base/alloc.h"

static bool is_own(const struct profile *p, uint32_t func)
{
    return func != 0 && profile_func(p, (struct func_id){ func })->kind == FUNC_APP;
}

struct own_caller own_caller_find(
    const struct profile *p, const struct page_tree *t, uint32_t hot_func)
{
    uint32_t *nearest = xcalloc(t->len, sizeof *nearest); /* own func at or above each node */
    uint64_t *weights = xcalloc(profile_func_count(p), sizeof *weights);
    struct own_caller best = { 0 };
    for (uint32_t i = 1; i < t->len; i++) {
        const struct page_node *n = &t->nodes[i];
        const uint32_t above = nearest[n->parent];
        nearest[i] = is_own(p, n->func) ? n->func : above;
        if (n->func != hot_func || above == 0)
            continue;
        weights[above] += n->self_weight;
        if (weights[above] > best.weight)
            best = (struct own_caller){ .func = above, .weight = weights[above] };
    }
    free(nearest);
    free(weights);
    return best;
}
