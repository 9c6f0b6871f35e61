// SPDX-License-Identifier: MIT
/*
 * What text, Markdown and JSON tell of a profile: functions by own and by total time, the hottest
 * stacks, threads, kinds of code. Built once per report from a resolved profile, which must live
 * longer and stay unchanged.
 */
#ifndef PROF_FORMAT_SUMMARY_H
#define PROF_FORMAT_SUMMARY_H

#include <stdint.h>

#include "base/strbuf.h"
#include "profile/calltree.h"
#include "profile/profile.h"

struct thread_total {
    struct thread_id thread;
    uint64_t count, weight;
};

struct summary {
    const struct profile *p;
    struct func_totals funcs; /* by falling self weight */
    uint32_t *by_total;       /* rows of funcs by falling total weight */
    uint32_t *hot_line;       /* per func id: the line with most self weight, else its definition */
    struct calltree tree;     /* direct recursion is one node */
    uint32_t *stacks;         /* nodes of tree that have self weight, heaviest first */
    uint32_t stack_count;
    struct thread_total *threads; /* that have samples, heaviest first */
    uint32_t thread_count;
    uint64_t kinds[FUNC_KINDS]; /* self weight */
};

enum { SUMMARY_STACKS_MAX = 100 };

void summary_build(const struct profile *p, struct summary *ret_summary);
void summary_done(struct summary *s);

/* Part of the whole in percent; 0 when there is no whole. */
double summary_percent(const struct summary *s, uint64_t weight);

/* Name for people; "[unknown]" for none. */
struct slice summary_func_name(const struct summary *s, struct func_id func);

/* "hash.c:33" by the hottest line, or the module's file name, or nothing. */
void summary_add_place(const struct summary *s, struct func_id func, struct strbuf *out);

/* "1.20 s", "350", "4.1 MB": a weight in the profile's unit. */
void summary_add_weight(const struct summary *s, uint64_t weight, struct strbuf *out);

/* ", 1.20 s on CPU in 2.00 s": what follows the number of samples, as far as it is known. */
void summary_add_extent(const struct summary *s, struct strbuf *out);

#endif
