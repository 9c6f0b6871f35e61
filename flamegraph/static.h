// SPDX-License-Identifier: MIT
/*
 * What a reader without scripts gets, and what is printed: the 20 hottest functions as a table and
 * the widest frames of the graph as SVG with presentation attributes only (viewers that block
 * scripts often block styles too).
 */
#ifndef PROF_FLAMEGRAPH_STATIC_H
#define PROF_FLAMEGRAPH_STATIC_H

#include "base/strbuf.h"
#include "flamegraph/hottest.h"
#include "flamegraph/page_tree.h"

void static_table(struct strbuf *out, const struct profile *p, const struct page_tree *t,
    const struct hottest *h);

/* How much of the graph is drawn. */
struct static_size {
    uint32_t boxes, rows, labels;
    const char *words; /* for those who cannot see it */
};

extern const struct static_size STATIC_WHOLE, STATIC_FOCUS;

void static_svg(struct strbuf *out, const struct profile *p, const struct page_tree *t,
    const struct static_size *size);

#endif
