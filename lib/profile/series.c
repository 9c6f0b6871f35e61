// SPDX-License-Identifier: MIT
#include <assert.h>

#include "profile/tables.h"

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

void profile_add_point(struct profile *p, struct series_id id, uint64_t time_ns, double value)
{
    assert(id.i < p->series.len);
    struct series_point point = { .time_ns = time_ns, .value = value };
    vec_push(&p->series.ptr[id.i].points, point);
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
