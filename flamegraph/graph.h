// SPDX-License-Identifier: MIT
/*
 * One channel of a profile as the page's scripts get it: its tree, names, times and hottest
 * functions, and the blocks that carry them. The CPU's blocks have plain ids ("tree-data"), those
 * of another channel end with its id ("tree-data-wait"), so that a page can hold several.
 */
#ifndef PROF_FLAMEGRAPH_GRAPH_H
#define PROF_FLAMEGRAPH_GRAPH_H

#include "flamegraph/data.h"
#include "flamegraph/facts.h"
#include "flamegraph/hottest.h"
#include "flamegraph/names.h"
#include "flamegraph/page_tree.h"
#include "flamegraph/source.h"
#include "flamegraph/timeline.h"

struct graph {
    const struct profile *p;
    struct page_filter filter;
    struct page_tree tree;
    struct hottest hottest;
    struct timeline line;
    struct names names;
    struct thread_list threads;
    struct weight_scale scale;
};

void graph_build(const struct profile *p, const struct page_filter *f, struct graph *ret_graph);
void graph_done(struct graph *g);
bool graph_empty(const struct graph *g);

/* What the weights are: the channel's, or for the CPU what the profile says. */
enum weight_unit graph_unit(const struct profile *p, enum channel channel);

/* The facts and the packed blocks, as elements that show nothing. */
void graph_add_facts(struct strbuf *out, const struct graph *g, const char *title);
void graph_add_blocks(
    struct strbuf *out, const struct graph *g, const struct source_options *source);

#endif
