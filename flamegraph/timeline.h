// SPDX-License-Identifier: MIT
/*
 * When each stack was seen on which thread, for the page's time strip: samples added up per
 * (thread, slice of time, tree member). However long the recording, at most about TIMELINE_MAX
 * entries are kept: first the slices double in width, down to some hundred of them; then the stacks
 * of one thread in one slice are thinned to an even choice of them by weight, whose sums stay
 * exact.
 */
#ifndef PROF_FLAMEGRAPH_TIMELINE_H
#define PROF_FLAMEGRAPH_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "flamegraph/page_tree.h"

enum { TIMELINE_MAX = 200000 };

struct timeline_entry {
    uint32_t thread; /* thread_id */
    uint32_t slice;  /* from page_tree.from_ns on */
    uint32_t member;
    uint64_t count, weight;
};

struct timeline {
    VEC(struct timeline_entry) entries; /* by thread, slice, member */
    uint64_t slice_ns;                  /* 0: the samples have no times */
    bool thinned;                       /* the stacks within a slice are a choice of them */
};

void timeline_build(const struct profile *p, const struct page_filter *f, const struct page_tree *t,
    struct timeline *ret_timeline);
void timeline_done(struct timeline *line);

#endif
