// SPDX-License-Identifier: MIT
#include "flamegraph/hottest.h"

#include <stdlib.h>

#include "base/alloc.h"

static int by_falling_self(const void *a, const void *b)
{
    const struct hot_func *x = a, *y = b;
    if (x->self_weight != y->self_weight)
        return x->self_weight < y->self_weight ? 1 : -1;
    if (x->total_weight != y->total_weight)
        return x->total_weight < y->total_weight ? 1 : -1;
    return x->func < y->func ? -1 : x->func > y->func;
}

static void add_node(const struct page_tree *t, uint32_t i, struct hot_func *f, uint32_t *covered)
{
    const struct page_node *n = &t->nodes[i];
    f->func = n->func;
    f->self_count += n->self_count;
    f->self_weight += n->self_weight;
    if (f->node == 0 || n->self_weight > t->nodes[f->node].self_weight) {
        f->node = i;
        f->flags = n->flags;
    }
    if (i < *covered)
        return; /* inside a subtree that has been counted */
    *covered = n->end;
    f->total_count += n->total_count;
    f->total_weight += n->total_weight;
}

void hottest_build(const struct profile *p, const struct page_tree *t, struct hottest *ret_hottest)
{
    const size_t funcs = (size_t)profile_func_count(p) + 1;
    struct hot_func *rows = xcalloc(funcs, sizeof *rows);
    uint32_t *covered = xcalloc(funcs, sizeof *covered);
    for (uint32_t i = 1; i < t->len; i++)
        add_node(t, i, &rows[t->nodes[i].func], &covered[t->nodes[i].func]);
    free(covered);
    uint32_t len = 0;
    for (size_t i = 0; i < funcs; i++) {
        if (rows[i].node != 0)
            rows[len++] = rows[i];
    }
    qsort(rows, len, sizeof *rows, by_falling_self);
    *ret_hottest = (struct hottest){ .rows = rows, .len = len };
}

void hottest_done(struct hottest *h)
{
    free(h->rows);
    *h = (struct hottest){ 0 };
}
