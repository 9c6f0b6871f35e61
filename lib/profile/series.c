// SPDX-License-Identifier: MIT
/*
 * A series stays bounded however long the recording: when it is full it is thinned. Its time is cut
 * into equal bins and each keeps its lowest and its highest point, as they were measured. So peaks
 * and floors stay true, a running total keeps points that it really had, and old and new times have
 * the same resolution. The first point stays, and the newest ones are not touched, so that a writer
 * that appends every now and then gets all of them.
 */
#include <assert.h>

#include "profile/tables.h"

enum {
    POINTS_MAX = 4096,          /* of one series: 17 minutes at 4 Hz before it is thinned at all */
    POINTS_FLOOR = 256,         /* no series is made coarser for the sake of many others */
    POINTS_TOTAL_MAX = 1 << 20, /* of all series, 16 MiB; above it each gets half */
    PARTS_NEWEST = 8,           /* one part in so many is the newest, not touched */
};

static bool same_series(const struct series *a, const struct series *b)
{
    return a->name.i == b->name.i && a->unit.i == b->unit.i && a->thread.i == b->thread.i &&
           a->process.i == b->process.i;
}

struct series_id profile_add_series(struct profile *p, const struct series *row)
{
    uint64_t hash = hash_mix(hash_u64((uint64_t)row->name.i << 32 | row->unit.i),
        (uint64_t)row->thread.i << 32 | row->process.i);
    struct map_probe probe = map_probe(&p->series_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        if (same_series(&p->series.ptr[item].row, row))
            return (struct series_id){ item };
    }
    item = (uint32_t)p->series.len;
    vec_push(&p->series, ((struct series_data){ .row = *row }));
    map_add(&p->series_index, hash, item);
    return (struct series_id){ item };
}

static uint32_t points_limit(const struct profile *p)
{
    return p->points_limit ? p->points_limit : POINTS_MAX;
}

/* The points of one bin, [first, end): its lowest and its highest, in the order of time. */
static size_t keep_extremes(struct series_point *points, size_t first, size_t end, size_t kept)
{
    size_t low = first, high = first;
    for (size_t i = first + 1; i < end; i++) {
        if (points[i].value < points[low].value)
            low = i;
        if (points[i].value >= points[high].value)
            high = i;
    }
    const size_t early = low < high ? low : high, late = low < high ? high : low;
    points[kept++] = points[early];
    if (late != early)
        points[kept++] = points[late];
    return kept;
}

/* Leaves at most half of the limit, and the newest points besides. */
static void thin(struct profile *p, struct series_data *s)
{
    struct series_point *points = s->points.ptr;
    const uint32_t limit = points_limit(p);
    const size_t len = s->points.len;
    if (len <= limit / PARTS_NEWEST + 1)
        return;
    const size_t end = len - limit / PARTS_NEWEST;
    const uint64_t from_ns = points[0].time_ns, to_ns = points[end - 1].time_ns;
    const uint64_t bin_ns = to_ns > from_ns ? (to_ns - from_ns) / (limit / 4) + 1 : 1;
    size_t kept = 1; /* the first one of all */
    for (size_t i = 1; i < end;) {
        const uint64_t bin = (points[i].time_ns - from_ns) / bin_ns;
        size_t next = i + 1;
        while (next < end && (points[next].time_ns - from_ns) / bin_ns == bin)
            next++;
        kept = keep_extremes(points, i, next, kept);
        i = next;
    }
    for (size_t i = end; i < len; i++)
        points[kept++] = points[i];
    p->points_total -= len - kept;
    s->points.len = kept;
}

static void thin_all(struct profile *p)
{
    p->points_limit = points_limit(p) / 2;
    for (size_t i = 0; i < p->series.len; i++)
        if (p->series.ptr[i].points.len > p->points_limit)
            thin(p, &p->series.ptr[i]);
}

void profile_add_point(struct profile *p, struct series_id id, uint64_t time_ns, double value)
{
    assert(id.i < p->series.len);
    struct series_data *s = &p->series.ptr[id.i];
    const uint64_t last_ns = s->points.len > 0 ? s->points.ptr[s->points.len - 1].time_ns : 0;
    const struct series_point point = {
        .time_ns = time_ns > last_ns ? time_ns : last_ns, /* bins need order, from files too */
        .value = value,
    };
    vec_push(&s->points, point);
    s->added++;
    p->points_total++;
    if (s->points.len > points_limit(p))
        thin(p, s);
    if (p->points_total > POINTS_TOTAL_MAX && points_limit(p) > POINTS_FLOOR)
        thin_all(p);
}

uint64_t profile_points_added(const struct profile *p, struct series_id id)
{
    assert(id.i < p->series.len);
    return p->series.ptr[id.i].added;
}

const struct series *profile_series(const struct profile *p, struct series_id id)
{
    assert(id.i < p->series.len);
    return &p->series.ptr[id.i].row;
}

const struct series_point *profile_points(
    const struct profile *p, struct series_id id, uint32_t *ret_count)
{
    assert(id.i < p->series.len);
    *ret_count = (uint32_t)p->series.ptr[id.i].points.len;
    return p->series.ptr[id.i].points.ptr;
}

uint32_t profile_series_count(const struct profile *p)
{
    return (uint32_t)p->series.len;
}
