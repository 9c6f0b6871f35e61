// SPDX-License-Identifier: MIT
#include "flamegraph/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "profile/sample_log.h"

enum {
    ENTRIES_ROOM = 2 * TIMELINE_MAX, /* merged when full, so that memory stays bounded */
    SLICES_FIRST = 1 << 20,          /* the finest division of the recording */
    SLICES_MIN = 512,                /* rather thin the stacks than have fewer */
    SLICES_LONG = 1 << 12,           /* of one with so many samples that it ends coarser anyway */
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

static bool same_group(const struct timeline_entry *a, const struct timeline_entry *b)
{
    return a->thread == b->thread && a->slice == b->slice;
}

/* part of whole's share of sum, without overflow. */
static uint64_t share(uint64_t sum, uint64_t part, uint64_t whole)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)sum * part / whole);
}

/*
 * Thins entries [0, len) of one thread and slice to at most quota of them: as many evenly spaced
 * points on the line of their counts, each taking what lies between it and the next. Returns how
 * many are left; what they sum to stays the same.
 */
static size_t thin_group(struct timeline_entry *e, size_t len, uint64_t quota)
{
    uint64_t count = 0, weight = 0;
    for (size_t i = 0; i < len; i++) {
        count += e[i].count;
        weight += e[i].weight;
    }
    if (len <= quota || count <= quota)
        return len;
    size_t kept = 0;
    uint64_t point = 0, reached = 0; /* the next point, and the counts up to this entry */
    for (size_t i = 0; i < len; i++) {
        const uint64_t first = point;
        reached += e[i].count;
        while (point < quota && share(count, 2 * point + 1, 2 * quota) < reached)
            point++;
        if (point == first)
            continue;
        const uint64_t from = share(count, first, quota), to = share(count, point, quota);
        e[kept] = e[i];
        e[kept].count = to - from;
        e[kept++].weight = share(weight, to, count) - share(weight, from, count);
    }
    return kept;
}

static void thin(struct timeline *line, uint64_t quota)
{
    struct timeline_entry *e = line->entries.ptr;
    size_t kept = 0;
    for (size_t i = 0, end; i < line->entries.len; i = end) {
        for (end = i + 1; end < line->entries.len && same_group(&e[i], &e[end]);)
            end++;
        const size_t left = thin_group(&e[i], end - i, quota);
        line->thinned |= left < end - i;
        memmove(&e[kept], &e[i], left * sizeof *e);
        kept += left;
    }
    line->entries.len = kept;
}

static uint64_t count_threads(const struct timeline *line)
{
    uint64_t threads = 1;
    for (size_t i = 1; i < line->entries.len; i++)
        threads += line->entries.ptr[i].thread != line->entries.ptr[i - 1].thread;
    return threads;
}

/* Slices only ever double, so that entries added before and after agree. */
static void double_slices(struct timeline *line)
{
    line->slice_ns *= 2;
    for (size_t i = 0; i < line->entries.len; i++)
        line->entries.ptr[i].slice /= 2;
    merge_equal(line);
}

static void shrink(struct timeline *line, uint64_t duration_ns)
{
    merge_equal(line);
    while (line->entries.len > TIMELINE_MAX && line->slice_ns > 0) {
        if (duration_ns / line->slice_ns >= 2 * SLICES_MIN) {
            double_slices(line);
            continue;
        }
        const uint64_t quota = TIMELINE_MAX / 2 / (2 * SLICES_MIN * count_threads(line));
        thin(line, quota > 0 ? quota : 1);
        if (line->entries.len > TIMELINE_MAX && duration_ns > line->slice_ns)
            double_slices(line); /* very many threads */
        else
            return;
    }
}

static uint64_t slices_first(const struct sample_log *log)
{
    const bool fits = sample_log_count(log) <= ENTRIES_ROOM;
    return fits ? SLICES_FIRST : SLICES_LONG;
}

void timeline_build(const struct profile *p, const struct page_filter *f, const struct page_tree *t,
    struct timeline *ret_timeline)
{
    const struct sample_log *log = page_filter_log(f, p);
    *ret_timeline = (struct timeline){ 0 };
    if (t->from_ns == 0 && !t->has_threads)
        return;
    if (t->from_ns != 0)
        ret_timeline->slice_ns = (t->to_ns - t->from_ns) / slices_first(log) + 1;
    struct sample_iter it = sample_iter(log);
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
            shrink(ret_timeline, t->to_ns - t->from_ns);
    }
    sample_iter_done(&it);
    shrink(ret_timeline, t->to_ns - t->from_ns);
}

void timeline_done(struct timeline *line)
{
    vec_done(&line->entries);
    *line = (struct timeline){ 0 };
}
