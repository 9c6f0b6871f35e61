// SPDX-License-Identifier: MIT
/* What the unwinders know of a space. Internal to lib/unwind. */
#ifndef PROF_UNWIND_SPACE_H
#define PROF_UNWIND_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/unwind.h"

/* What libunwind remembers of a space (libunwind.c). */
struct unwind_reference;

struct unwind_reference *reference_new(void); /* NULL when built without libunwind */
void reference_free(struct unwind_reference *r);
void reference_forget(struct unwind_reference *r); /* the map has changed */

/*
 * What the walk found out about an address: most stacks of a process run through the same few
 * hundred. Only the usual rules: CFA = SP or FP + cfa, the return address just below it; or the
 * end.
 */
struct unwind_cached {
    uint64_t lookup;
    uint32_t generation; /* valid when equal to the space's */
    uint32_t tag;
    int32_t cfa, fp_offset;
    bool root;     /* the outermost frame */
    bool from_fp;  /* the CFA counts from FP */
    bool fp_saved; /* at CFA + fp_offset */
};

/* Sampled addresses vary more than return addresses and would drive these out. */
enum { SPACE_CACHE_CALLERS = 1024, SPACE_CACHE_LEAVES = 256 };

static inline struct unwind_cached *space_cached(
    struct unwind_cached *cache, uint64_t lookup, bool leaf)
{
    const uint64_t hash = lookup ^ lookup >> 10 ^ lookup >> 20;
    return leaf ? &cache[SPACE_CACHE_CALLERS + hash % SPACE_CACHE_LEAVES]
                : &cache[hash % SPACE_CACHE_CALLERS];
}

/* Regions are sorted and do not overlap. */
struct unwind_space {
    struct unwind_region *regions;
    uint64_t *starts; /* of the regions; the search reads these alone */
    size_t len, cap;
    struct unwind_reference *reference;
    struct unwind_cached *cache; /* changes while unwinding, though the space does not */
    uint32_t generation;         /* of the map; never 0 */
};

#endif
