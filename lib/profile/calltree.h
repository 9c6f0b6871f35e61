// SPDX-License-Identifier: MIT
/*
 * Samples added up: the call tree by function, and per-function and per-line totals. Every text
 * format and the static part of the page read one of these.
 *
 * A tree node is (path of functions from the root); lines within a function are merged. Nodes are
 * in depth-first order, children by falling weight, so that a subtree is a range
 * [index, nodes[index].end).
 *
 * Frames without lines are passed over: call profile_name_unresolved() first.
 */
#ifndef PROF_PROFILE_CALLTREE_H
#define PROF_PROFILE_CALLTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"

struct calltree_node {
    struct func_id func; /* 0 for the root */
    uint32_t parent;     /* index; the root is its own parent */
    uint32_t end;        /* one past the subtree's last node */
    uint32_t depth;      /* root is 0 */
    bool inlined;        /* into the parent's code */
    enum func_tier tier; /* of the heaviest contribution */
    uint64_t self_count, total_count;
    uint64_t self_weight, total_weight;
};

struct calltree {
    struct calltree_node *nodes; /* nodes[0] is the root */
    uint32_t len;
    uint32_t max_depth;
};

/* collapse_recursion: a function that calls itself directly is one node. */
void calltree_build(const struct profile *p, bool collapse_recursion, struct calltree *ret_tree);
void calltree_done(struct calltree *tree);

/* Self and total of each function; in total a function counts once per stack however often it
 * recurs. */
struct func_total {
    struct func_id func;
    uint64_t self_count, total_count;
    uint64_t self_weight, total_weight;
};

struct func_totals {
    struct func_total *rows; /* by falling self weight, then total weight, then name */
    uint32_t len;
    uint64_t count, weight; /* of all samples */
};

void func_totals_build(const struct profile *p, struct func_totals *ret_totals);
void func_totals_done(struct func_totals *totals);

/* Self and total weight of each source line that was seen executing. */
struct line_total {
    struct func_id func;
    uint32_t line;
    uint64_t self_count, total_count;
    uint64_t self_weight, total_weight;
};

struct line_totals {
    struct line_total *rows; /* by func, then line */
    uint32_t len;
};

void line_totals_build(const struct profile *p, struct line_totals *ret_totals);
void line_totals_done(struct line_totals *totals);

#endif
