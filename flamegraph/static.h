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
    uint32_t narrowest; /* of 1200 parts of the width: what is narrower is left out */
    const char *words;  /* for those who cannot see it */
};

extern const struct static_size STATIC_WHOLE, STATIC_FOCUS;

/* from: 0, or the frame whose callees are drawn, its own callers left out. */
void static_svg(struct strbuf *out, const struct profile *p, const struct page_tree *t,
    uint32_t from, const struct static_size *size);

#endif
