// SPDX-License-Identifier: MIT
/* The small things that the page's scripts need to know, as JSON in the page. */
#ifndef PROF_FLAMEGRAPH_FACTS_H
#define PROF_FLAMEGRAPH_FACTS_H

#include "base/strbuf.h"
#include "flamegraph/data.h"

/* Threads of the page's list: heaviest first, the rest together as the last one. */
enum { FACTS_THREADS_MAX = 500 };

struct thread_list {
    VEC(uint32_t) threads; /* thread_id by page number */
    uint32_t *index_of;    /* page number by thread_id */
    uint64_t *weight;      /* by thread_id */
    bool others;           /* one more stands for all that did not fit */
};

void thread_list_build(
    const struct profile *p, const struct timeline *line, struct thread_list *ret_list);
void thread_list_done(struct thread_list *l);

struct facts_input {
    const struct profile *p;
    enum weight_unit unit;
    const struct page_tree *tree;
    const struct timeline *line;
    const struct thread_list *threads;
    const char *title;
};

void facts_add(struct strbuf *out, const struct facts_input *in);

#endif
