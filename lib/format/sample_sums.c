// SPDX-License-Identifier: MIT
#include "format/sample_sums.h"

#include "base/map.h"
#include "base/vec.h"
#include "profile/sample_log.h"

struct sums {
    VEC(struct sample_sum) rows;
    struct map index;
};

static struct sample_sum *find_or_add(struct sums *sums, const struct sample *s)
{
    uint64_t hash = hash_u64((uint64_t)s->thread.i << 32 | s->stack.i);
    struct map_probe probe = map_probe(&sums->index, hash);
    uint32_t at;
    while (map_next(&probe, &at)) {
        struct sample_sum *row = &sums->rows.ptr[at];
        if (row->thread.i == s->thread.i && row->stack.i == s->stack.i)
            return row;
    }
    vec_push(&sums->rows, ((struct sample_sum){ .thread = s->thread, .stack = s->stack }));
    map_add(&sums->index, hash, (uint32_t)sums->rows.len - 1);
    return &sums->rows.ptr[sums->rows.len - 1];
}

struct sample_sum *sample_sums_new(const struct profile *p, size_t *ret_len)
{
    struct sums sums = { 0 };
    struct sample_iter it = sample_iter(profile_samples(p));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        struct sample_sum *row = find_or_add(&sums, &s);
        row->count += s.count;
        row->weight += s.weight;
    }
    sample_iter_done(&it);
    map_done(&sums.index);
    *ret_len = sums.rows.len;
    return sums.rows.ptr;
}
