// SPDX-License-Identifier: MIT
#include "profile/calltree.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/stack_sums.h"

/* A tree under construction: nodes in order of creation, so that a parent comes before its
 * children. */
struct builder {
    const struct profile *p;
    bool collapse_recursion;
    VEC(struct calltree_node) nodes;
    VEC(uint64_t) tier_weight; /* heaviest contribution to each node so far */
    struct map children;       /* (parent, func, inlined) -> node */
};

static uint32_t add_node(struct builder *b, const struct calltree_node *node)
{
    vec_push(&b->nodes, *node);
    vec_push(&b->tier_weight, 0);
    return (uint32_t)b->nodes.len - 1;
}

/* The child of parent for a line, made if it is not there. */
static uint32_t child_of(
    struct builder *b, uint32_t parent, const struct line *line, bool inlined, uint64_t weight)
{
    uint32_t node;
    if (b->collapse_recursion && parent && b->nodes.ptr[parent].func.i == line->func.i) {
        node = parent;
    } else {
        uint64_t hash = hash_u64(((uint64_t)parent << 32 | line->func.i) + (inlined ? 1 : 0));
        struct map_probe probe = map_probe(&b->children, hash);
        bool found = false;
        while (!found && map_next(&probe, &node)) {
            const struct calltree_node *n = &b->nodes.ptr[node];
            found = n->parent == parent && n->func.i == line->func.i && n->inlined == inlined;
        }
        if (!found) {
            struct calltree_node fresh = {
                .func = line->func,
                .parent = parent,
                .depth = b->nodes.ptr[parent].depth + 1,
                .inlined = inlined,
            };
            node = add_node(b, &fresh);
            map_add(&b->children, hash, node);
        }
    }
    if (weight >= b->tier_weight.ptr[node]) {
        b->tier_weight.ptr[node] = weight;
        b->nodes.ptr[node].tier = line->tier;
    }
    return node;
}

static void add_self(struct builder *b, uint32_t node, const struct stack_sum *sum)
{
    b->nodes.ptr[node].self_count += sum->self_count;
    b->nodes.ptr[node].self_weight += sum->self_weight;
}

/* Each stack hangs under its caller's node, which exists already because its id is smaller. */
static void build_from_root(struct builder *b, const struct stack_sum *sums)
{
    uint32_t count = profile_stack_count(b->p);
    uint32_t *node_of = xcalloc(count, sizeof *node_of);
    add_self(b, 0, &sums[0]);
    for (uint32_t i = 1; i < count; i++) {
        if (sums[i].total_count == 0)
            continue;
        struct stack stack = profile_stack(b->p, (struct stack_id){ i });
        uint32_t node = node_of[stack.caller.i];
        uint32_t line_count = profile_frame(b->p, stack.frame)->line_count;
        const struct line *lines = profile_frame_lines(b->p, stack.frame);
        for (uint32_t l = 0; l < line_count; l++)
            node = child_of(b, node, &lines[l], l > 0, sums[i].total_weight);
        node_of[i] = node;
        add_self(b, node, &sums[i]);
    }
    free(node_of);
}

static void sum_totals(struct builder *b)
{
    for (size_t i = b->nodes.len; i-- > 0;) {
        struct calltree_node *n = &b->nodes.ptr[i];
        n->total_count += n->self_count;
        n->total_weight += n->self_weight;
        if (i) {
            b->nodes.ptr[n->parent].total_count += n->total_count;
            b->nodes.ptr[n->parent].total_weight += n->total_weight;
        }
    }
}

/* ---- depth-first order ---- */

struct sort_key {
    uint32_t parent, node;
    uint64_t weight, count;
};

/* By parent, then lightest first: a stack of pending nodes turns that round. */
static int compare_keys(const void *a, const void *b)
{
    const struct sort_key *x = a;
    const struct sort_key *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->node > y->node ? -1 : x->node < y->node;
}

static struct sort_key *sorted_children(const struct builder *b)
{
    size_t count = b->nodes.len - 1;
    struct sort_key *keys = xcalloc(count, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        const struct calltree_node *n = &b->nodes.ptr[i + 1];
        keys[i] = (struct sort_key){ n->parent, (uint32_t)i + 1, n->total_weight, n->total_count };
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    return keys;
}

struct child_range {
    uint32_t first, count;
};

/* Where each node's children stand among the sorted keys. */
static struct child_range *child_ranges(const struct builder *b, const struct sort_key *keys)
{
    struct child_range *ranges = xcalloc(b->nodes.len, sizeof *ranges);
    for (uint32_t i = 0; i + 1 < b->nodes.len; i++) {
        struct child_range *r = &ranges[keys[i].parent];
        if (r->count++ == 0)
            r->first = i;
    }
    return ranges;
}

static void set_ends(struct calltree *tree)
{
    for (uint32_t i = tree->len; i-- > 0;) {
        struct calltree_node *n = &tree->nodes[i];
        if (n->end < i + 1)
            n->end = i + 1;
        if (i && tree->nodes[n->parent].end < n->end)
            tree->nodes[n->parent].end = n->end;
        if (n->depth > tree->max_depth)
            tree->max_depth = n->depth;
    }
}

static void emit_depth_first(const struct builder *b, struct calltree *tree)
{
    struct sort_key *keys = sorted_children(b);
    struct child_range *ranges = child_ranges(b, keys);
    uint32_t *new_index = xcalloc(b->nodes.len, sizeof *new_index);
    VEC(uint32_t) pending = { 0 };
    tree->nodes = xcalloc(b->nodes.len, sizeof *tree->nodes);
    vec_push(&pending, 0);
    while (pending.len) {
        uint32_t node = pending.ptr[--pending.len];
        new_index[node] = tree->len;
        tree->nodes[tree->len] = b->nodes.ptr[node];
        tree->nodes[tree->len].parent = new_index[b->nodes.ptr[node].parent];
        tree->len++;
        for (uint32_t i = 0; i < ranges[node].count; i++)
            vec_push(&pending, keys[ranges[node].first + i].node);
    }
    vec_done(&pending);
    free(new_index);
    free(ranges);
    free(keys);
    set_ends(tree);
}

void calltree_build(const struct profile *p, bool collapse_recursion, struct calltree *ret_tree)
{
    struct stack_sum *sums = stack_sums_new(p);
    struct builder b = { .p = p, .collapse_recursion = collapse_recursion };
    add_node(&b, &(struct calltree_node){ 0 });
    build_from_root(&b, sums);
    free(sums);
    sum_totals(&b);
    *ret_tree = (struct calltree){ 0 };
    emit_depth_first(&b, ret_tree);
    vec_done(&b.nodes);
    vec_done(&b.tier_weight);
    map_done(&b.children);
}

void calltree_done(struct calltree *tree)
{
    free(tree->nodes);
    *tree = (struct calltree){ 0 };
}
