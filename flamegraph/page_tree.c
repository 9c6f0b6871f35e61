// SPDX-License-Identifier: MIT
#include "flamegraph/page_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "flamegraph/trie.h"
#include "profile/sample_log.h"

/* What is needed between the steps: the samples per stack, and both trees while they grow. */
struct builder {
    const struct profile *p;
    const struct page_filter *filter;
    uint64_t *stack_count,
        *stack_weight; /* by stack: first its own samples, then with its callees */
    uint32_t *node_of_stack;
    struct trie full;    /* before the collapse */
    struct trie folded;  /* after it */
    uint32_t *folded_of; /* by node of full; UINT32_MAX: without samples */
    uint32_t *run;       /* by node of full: length of the direct recursion that ends there */
    uint32_t *repeat;    /* by node of folded: longest run */
    uint32_t *place;     /* by node of folded: index in depth-first order */
    uint32_t *member;    /* by node of full: its number as a member */
};

static const uint32_t NONE = UINT32_MAX;

const struct sample_log *page_filter_log(const struct page_filter *f, const struct profile *p)
{
    return profile_channel(p, f->channel);
}

bool page_filter_keeps(const struct page_filter *f, const struct profile *p, const struct sample *s)
{
    const uint32_t process = profile_thread(p, s->thread)->process.i;
    return (!f->main_process_only || process <= 1) &&
           (f->process.i == 0 || process == f->process.i) &&
           (f->thread.i == 0 || s->thread.i == f->thread.i) &&
           (!f->stacks || f->stacks[s->stack.i]);
}

/* ---- samples ---- */

static void note_time(struct page_tree *t, uint64_t time_ns)
{
    if (time_ns == 0)
        return;
    if (t->from_ns == 0 || time_ns < t->from_ns)
        t->from_ns = time_ns;
    if (time_ns > t->to_ns)
        t->to_ns = time_ns;
}

static void sum_samples(struct builder *b, struct page_tree *t)
{
    const uint32_t stacks = profile_stack_count(b->p);
    b->stack_count = xcalloc(stacks, sizeof *b->stack_count);
    b->stack_weight = xcalloc(stacks, sizeof *b->stack_weight);
    struct sample_iter it = sample_iter(page_filter_log(b->filter, b->p));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        if (!page_filter_keeps(b->filter, b->p, &s))
            continue;
        b->stack_count[s.stack.i] += s.count;
        b->stack_weight[s.stack.i] += s.weight;
        t->has_threads |= s.thread.i != 0;
        note_time(t, s.time_ns);
    }
    sample_iter_done(&it);
}

/* ---- the tree before the collapse ---- */

static uint32_t row_flags(const struct line *line, uint32_t index)
{
    return (index > 0 ? ROW_INLINED : 0u) | (uint32_t)line->tier << ROW_TIER_SHIFT;
}

static uint32_t add_line(
    struct builder *b, uint32_t parent, uint32_t func, uint32_t flags, uint64_t weight)
{
    const uint32_t node = trie_child(&b->full, parent, func);
    struct trie_node *n = &b->full.nodes.ptr[node];
    if (weight > n->best || n->best == 0) {
        n->best = weight;
        n->flags = flags;
    }
    return node;
}

static void add_stack(struct builder *b, uint32_t id, uint64_t below_weight)
{
    const struct stack st = profile_stack(b->p, (struct stack_id){ id });
    const struct frame *frame = profile_frame(b->p, st.frame);
    const struct line *lines = profile_frame_lines(b->p, st.frame);
    uint32_t node = b->node_of_stack[st.caller.i];
    if (frame->line_count == 0)
        node = add_line(b, node, 0, 0, below_weight);
    for (uint32_t i = 0; i < frame->line_count; i++)
        node = add_line(b, node, lines[i].func.i, row_flags(&lines[i], i), below_weight);
    b->node_of_stack[id] = node;
}

/* A caller's id is smaller than its callee's, so one pass back sums and one pass forth builds. */
static void build_full(struct builder *b)
{
    const uint32_t stacks = profile_stack_count(b->p);
    uint64_t *below_count = xcalloc(stacks, sizeof *below_count);
    uint64_t *below_weight = xcalloc(stacks, sizeof *below_weight);
    for (uint32_t s = stacks; s-- > 1;) {
        const uint32_t caller = profile_stack(b->p, (struct stack_id){ s }).caller.i;
        below_count[s] += b->stack_count[s];
        below_weight[s] += b->stack_weight[s];
        below_count[caller] += below_count[s];
        below_weight[caller] += below_weight[s];
    }
    b->node_of_stack = xcalloc(stacks, sizeof *b->node_of_stack);
    trie_init(&b->full);
    for (uint32_t s = 0; s < stacks; s++) {
        if (s > 0 && (below_count[s] | below_weight[s]) != 0)
            add_stack(b, s, below_weight[s]);
        struct trie_node *leaf = &b->full.nodes.ptr[b->node_of_stack[s]];
        leaf->count += b->stack_count[s];
        leaf->weight += b->stack_weight[s];
    }
    free(below_count);
    free(below_weight);
}

/* ---- the collapse ---- */

static uint32_t fold_node(struct builder *b, uint32_t i)
{
    const struct trie_node n = b->full.nodes.ptr[i];
    const uint32_t parent = b->folded_of[n.parent];
    b->run[i] = 1;
    if (parent != 0 && b->folded.nodes.ptr[parent].func == n.func) {
        b->run[i] = b->run[n.parent] + 1;
        return parent;
    }
    return trie_child(&b->folded, parent, n.func);
}

static void build_folded(struct builder *b)
{
    const size_t len = b->full.nodes.len;
    b->folded_of = xcalloc(len, sizeof *b->folded_of);
    b->run = xcalloc(len, sizeof *b->run);
    b->repeat = xcalloc(len, sizeof *b->repeat);
    trie_init(&b->folded);
    for (uint32_t i = 0; i < len; i++) {
        const uint32_t at = i == 0 ? 0 : fold_node(b, i);
        const struct trie_node *from = &b->full.nodes.ptr[i];
        struct trie_node *to = &b->folded.nodes.ptr[at];
        b->folded_of[i] = at;
        to->count += from->count;
        to->weight += from->weight;
        if (from->best >= to->best) {
            to->best = from->best;
            to->flags = from->flags;
        }
        if (b->run[i] > b->repeat[at])
            b->repeat[at] = b->run[i];
    }
}

/* ---- depth-first order, heaviest child first ---- */

struct totals {
    uint64_t *count, *weight; /* by node of folded, callees included */
};

static struct totals sum_totals(const struct trie *t)
{
    const size_t len = t->nodes.len;
    struct totals sum = { xcalloc(len, sizeof *sum.count), xcalloc(len, sizeof *sum.weight) };
    for (size_t i = len; i-- > 0;) {
        const struct trie_node *n = &t->nodes.ptr[i];
        sum.count[i] += n->count;
        sum.weight[i] += n->weight;
        if (i > 0) {
            sum.count[n->parent] += sum.count[i];
            sum.weight[n->parent] += sum.weight[i];
        }
    }
    return sum;
}

struct sort_key {
    uint64_t weight;
    uint32_t func, node;
};

static int by_falling_weight(const void *a, const void *b)
{
    const struct sort_key *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->func < y->func ? -1 : x->func > y->func;
}

/* Children of each node side by side: those of node i are [start[i], start[i + 1]). */
static struct sort_key *list_children(const struct trie *t, const uint64_t *weight, uint32_t *start)
{
    const size_t len = t->nodes.len;
    struct sort_key *children = xcalloc(len, sizeof *children);
    for (size_t i = 1; i < len; i++)
        start[t->nodes.ptr[i].parent + 1]++;
    for (size_t i = 0; i < len; i++)
        start[i + 1] += start[i];
    uint32_t *fill = xcalloc(len, sizeof *fill);
    for (uint32_t i = 1; i < len; i++) {
        const struct trie_node *n = &t->nodes.ptr[i];
        children[start[n->parent] + fill[n->parent]++] =
            (struct sort_key){ .weight = weight[i], .func = n->func, .node = i };
    }
    for (size_t i = 0; i < len; i++) {
        if (fill[i] > 1)
            qsort(&children[start[i]], fill[i], sizeof *children, by_falling_weight);
    }
    free(fill);
    return children;
}

static void place_node(struct builder *b, struct page_tree *t, uint32_t node, struct totals sum)
{
    const struct trie_node *n = &b->folded.nodes.ptr[node];
    b->place[node] = t->len;
    if (n->depth > t->max_depth)
        t->max_depth = n->depth;
    t->recursive |= b->repeat[node] > 1;
    t->nodes[t->len++] = (struct page_node){
        .func = n->func,
        .parent = b->place[n->parent],
        .depth = n->depth,
        .flags = n->flags,
        .repeat = b->repeat[node],
        .self_count = n->count,
        .self_weight = n->weight,
        .total_count = sum.count[node],
        .total_weight = sum.weight[node],
    };
}

static void close_subtrees(struct page_tree *t)
{
    for (uint32_t i = t->len; i-- > 0;) {
        struct page_node *n = &t->nodes[i];
        if (n->end == 0)
            n->end = i + 1;
        if (t->nodes[n->parent].end < n->end)
            t->nodes[n->parent].end = n->end;
    }
}

static void order_nodes(struct builder *b, struct page_tree *t)
{
    const size_t len = b->folded.nodes.len;
    struct totals sum = sum_totals(&b->folded);
    uint32_t *start = xcalloc(len + 1, sizeof *start);
    struct sort_key *children = list_children(&b->folded, sum.weight, start);
    uint32_t *todo = xcalloc(len, sizeof *todo);
    size_t todo_len = 1;
    t->nodes = xcalloc(len, sizeof *t->nodes);
    b->place = xcalloc(len, sizeof *b->place);
    while (todo_len > 0) {
        const uint32_t node = todo[--todo_len];
        place_node(b, t, node, sum);
        for (uint32_t c = start[node + 1]; c-- > start[node];)
            todo[todo_len++] = children[c].node;
    }
    close_subtrees(t);
    free(todo);
    free(children);
    free(start);
    free(sum.count);
    free(sum.weight);
}

/* ---- members ---- */

static void number_members(struct builder *b, struct page_tree *t)
{
    const uint32_t len = (uint32_t)b->full.nodes.len;
    uint32_t *next = xcalloc((size_t)t->len + 1, sizeof *next);
    for (uint32_t i = 0; i < len; i++)
        next[b->place[b->folded_of[i]] + 1]++;
    for (uint32_t c = 0; c < t->len; c++) {
        next[c + 1] += next[c];
        t->nodes[c].first_member = next[c];
    }
    b->member = xcalloc(len, sizeof *b->member);
    t->members = xcalloc(len, sizeof *t->members);
    t->member_len = len;
    for (uint32_t i = 0; i < len; i++) {
        const struct trie_node *n = &b->full.nodes.ptr[i];
        b->member[i] = next[b->place[b->folded_of[i]]]++;
        t->members[b->member[i]] = (struct page_member){
            .parent = b->member[n->parent], .self_count = n->count, .self_weight = n->weight
        };
    }
    free(next);
}

static void name_stacks(const struct builder *b, struct page_tree *t)
{
    const uint32_t stacks = profile_stack_count(b->p);
    t->member_of_stack = xcalloc(stacks, sizeof *t->member_of_stack);
    for (uint32_t s = 0; s < stacks; s++) {
        const bool sampled = (b->stack_count[s] | b->stack_weight[s]) != 0;
        t->member_of_stack[s] = sampled ? b->member[b->node_of_stack[s]] : NONE;
    }
}

void page_tree_build(const struct profile *p, const struct page_filter *f, struct page_tree *ret)
{
    struct builder b = { .p = p, .filter = f };
    *ret = (struct page_tree){ 0 };
    sum_samples(&b, ret);
    build_full(&b);
    build_folded(&b);
    order_nodes(&b, ret);
    number_members(&b, ret);
    name_stacks(&b, ret);
    trie_done(&b.full);
    trie_done(&b.folded);
    free(b.stack_count);
    free(b.stack_weight);
    free(b.node_of_stack);
    free(b.folded_of);
    free(b.run);
    free(b.repeat);
    free(b.place);
    free(b.member);
}

void page_tree_done(struct page_tree *t)
{
    free(t->nodes);
    free(t->members);
    free(t->member_of_stack);
    *t = (struct page_tree){ 0 };
}

bool page_tree_empty(const struct page_tree *t)
{
    return t->len <= 1 || t->nodes[0].total_weight == 0;
}
