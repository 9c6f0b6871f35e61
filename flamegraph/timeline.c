// SPDX-License-Identifier: MIT
#include "flamegraph/timeline.h"

#include <stdlib.h>

#include "profile/sample_log.h"

enum {
    ENTRIES_ROOM = 2 * TIMELINE_MAX, /* merged when full, so that memory stays bounded */
    SLICES_FIRST = 1 << 20,          /* the finest division of the recording */
};

static int by_thread_and_time(const void *a, const void *b)
{
    const struct timeline_entry *x = a, *y = b;
    if (x->thread != y->thread)
        return x->thread < y->thread ? -1 : 1;
    if (x->slice != y->slice)
        return x->slice < y->slice ? -1 : 1;
    return x->member < y->member ? -1 : x->member > y->member;
}

static void merge_equal(struct timeline *line)
{
    if (line->entries.len == 0)
        return;
    struct timeline_entry *e = line->entries.ptr;
    qsort(e, line->entries.len, sizeof *e, by_thread_and_time);
    size_t last = 0;
    for (size_t i = 1; i < line->entries.len; i++) {
        if (by_thread_and_time(&e[last], &e[i]) != 0) {
            e[++last] = e[i];
            continue;
        }
        e[last].count += e[i].count;
        e[last].weight += e[i].weight;
    }
    line->entries.len = last + 1;
}

/* Slices only ever double, so that entries added before and after a merge agree. */
static void shrink_to(struct timeline *line, size_t max)
{
    merge_equal(line);
    while (line->entries.len > max && line->slice_ns > 0) {
        line->slice_ns *= 2;
        for (size_t i = 0; i < line->entries.len; i++)
            line->entries.ptr[i].slice /= 2;
        merge_equal(line);
        if (line->slice_ns >> 62)
            return;
    }
}

void timeline_build(const struct profile *p, const struct page_filter *f, const struct page_tree *t,
    struct timeline *ret_timeline)
{
    *ret_timeline = (struct timeline){ 0 };
    if (t->from_ns == 0 && !t->has_threads)
        return;
    if (t->from_ns != 0)
        ret_timeline->slice_ns = (t->to_ns - t->from_ns) / SLICES_FIRST + 1;
    struct sample_iter it = sample_iter(profile_samples(p));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        if (!page_filter_keeps(f, p, &s) || t->member_of_stack[s.stack.i] == UINT32_MAX)
            continue;
        const uint64_t slice_ns = ret_timeline->slice_ns;
        const uint64_t since = s.time_ns > t->from_ns && slice_ns > 0 ? s.time_ns - t->from_ns : 0;
        vec_push(
            &ret_timeline->entries, ((struct timeline_entry){ .thread = s.thread.i,
                                        .slice = slice_ns > 0 ? (uint32_t)(since / slice_ns) : 0,
                                        .member = t->member_of_stack[s.stack.i],
                                        .count = s.count,
                                        .weight = s.weight }));
        if (ret_timeline->entries.len >= ENTRIES_ROOM)
            shrink_to(ret_timeline, TIMELINE_MAX);
    }
    sample_iter_done(&it);
    shrink_to(ret_timeline, TIMELINE_MAX);
}

void timeline_done(struct timeline *line)
{
    vec_done(&line->entries);
    *line = (struct timeline){ 0 };
}
