// SPDX-License-Identifier: MIT
#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "profile/evidence.h"
#include "profile/tables.h"

enum {
    FIRST_POWER = 10, /* 1,024 ns: what is shorter is in bucket 0 with it */
    POWER_BITS = 4,   /* buckets of one power of two: 16 */
};

uint32_t histogram_bucket(uint64_t value_ns)
{
    if (value_ns < UINT64_C(1) << FIRST_POWER)
        return 0;
    uint32_t power = 63 - (uint32_t)__builtin_clzll(value_ns);
    uint32_t part = (uint32_t)(value_ns >> (power - POWER_BITS)) & ((1u << POWER_BITS) - 1);
    uint32_t bucket = (power - FIRST_POWER) << POWER_BITS | part;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_bucket_low_ns(uint32_t bucket)
{
    if (bucket == 0)
        return 0;
    uint32_t power = FIRST_POWER + (bucket >> POWER_BITS);
    uint64_t part = bucket & ((1u << POWER_BITS) - 1);
    return ((UINT64_C(1) << POWER_BITS) + part) << (power - POWER_BITS);
}

void histogram_add(struct histogram *h, uint64_t value_ns)
{
    h->buckets[histogram_bucket(value_ns)]++;
    h->count++;
    h->sum_ns += value_ns;
    if (value_ns > h->max_ns)
        h->max_ns = value_ns;
}

/* Between the bucket's ends as if its values lay evenly; none is above the largest one seen. */
static uint64_t within_bucket(const struct histogram *h, uint32_t bucket, double part)
{
    uint64_t low = histogram_bucket_low_ns(bucket);
    uint64_t high = histogram_bucket_low_ns(bucket + 1);
    if (bucket == HISTOGRAM_BUCKETS - 1 || high > h->max_ns)
        high = h->max_ns;
    return high > low ? low + (uint64_t)((double)(high - low) * part) : high;
}

uint64_t histogram_percentile_ns(const struct histogram *h, double p)
{
    if (h->count == 0)
        return 0;
    if (p >= 1)
        return h->max_ns;
    double rank = p > 0 ? p * (double)h->count : 0;
    double below = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double here = (double)h->buckets[i];
        if (here > 0 && below + here >= rank)
            return within_bucket(h, i, (rank - below) / here);
        below += here;
    }
    return h->max_ns;
}

/* ---- those of a profile ---- */

struct histogram *profile_histogram(struct profile *p, const char *name, struct thread_id thread)
{
    assert(thread.i < p->threads.len);
    struct string_id id = profile_add_string(p, slice_of(name));
    for (size_t i = 0; i < p->histograms.len; i++) {
        struct histogram *h = p->histograms.ptr[i];
        if (h->name.i == id.i && h->thread.i == thread.i)
            return h;
    }
    struct histogram *h = xcalloc(1, sizeof *h);
    *h = (struct histogram){ .name = id, .thread = thread };
    h->buckets = xcalloc(HISTOGRAM_BUCKETS, sizeof *h->buckets);
    vec_push(&p->histograms, h);
    return h;
}

const struct histogram *profile_histogram_at(const struct profile *p, uint32_t index)
{
    assert(index < p->histograms.len);
    return p->histograms.ptr[index];
}

uint32_t profile_histogram_count(const struct profile *p)
{
    return (uint32_t)p->histograms.len;
}
