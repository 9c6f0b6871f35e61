// SPDX-License-Identifier: MIT
/*
 * The call tree as the page opens with it: by function, direct recursion collapsed into one node,
 * heaviest child first, in depth-first order. Behind each node stand the members, the nodes of the
 * tree before the collapse, so that the page can undo it: a node with one member was never
 * recursive. Members are numbered in the order of their nodes.
 *
 *     stacks     main>fib, main>fib>fib, main>fib>fib>log
 *     nodes      main, fib (repeat 2, members 1 and 2), log (member 3)
 */
#ifndef PROF_FLAMEGRAPH_PAGE_TREE_H
#define PROF_FLAMEGRAPH_PAGE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/evidence.h"
#include "profile/profile.h"

enum {
    ROW_INLINED = 1u << 0, /* flags of a node: inlined into its parent's code */
    ROW_TIER_SHIFT = 1,    /* enum func_tier above it */
};

struct page_node {
    uint32_t func; /* func_id; 0 for the root and for frames without a name */
    uint32_t parent;
    uint32_t end; /* one past the subtree */
    uint32_t depth;
    uint32_t flags;
    uint32_t repeat; /* longest run of direct recursion, 1 when there is none */
    uint32_t first_member;
    uint64_t self_count, total_count;
    uint64_t self_weight, total_weight;
};

struct page_member {
    uint32_t parent; /* member */
    uint64_t self_count, self_weight;
};

struct page_tree {
    struct page_node *nodes;
    uint32_t len;
    uint32_t max_depth;
    bool recursive;
    struct page_member *members; /* member 0 is the root's */
    uint32_t member_len;
    uint32_t *member_of_stack; /* by stack id; UINT32_MAX: never sampled */
    uint64_t from_ns, to_ns;   /* first and last sample's time; 0 when there is none */
    bool has_threads;
};

/* What of the profile goes in: {0} is every on-CPU sample. All conditions hold. */
struct page_filter {
    enum channel channel;
    bool main_process_only;
    struct process_id process; /* 0: any */
    struct thread_id thread;   /* 0: any */
    const bool *stacks;        /* by stack_id: those that go in; NULL: any. Not owned */
};

/* The samples of the filter's channel, kept or not. */
const struct sample_log *page_filter_log(const struct page_filter *f, const struct profile *p);
bool page_filter_keeps(
    const struct page_filter *f, const struct profile *p, const struct sample *s);

void page_tree_build(const struct profile *p, const struct page_filter *f, struct page_tree *ret);
void page_tree_done(struct page_tree *t);

/* Nothing to draw: no samples, or none that has a stack or weighs anything. */
bool page_tree_empty(const struct page_tree *t);

#endif
