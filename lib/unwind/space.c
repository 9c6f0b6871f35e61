// SPDX-License-Identifier: MIT
#include "unwind/space.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Code mappings of one process; real ones have a few hundred, a quarter of what the kernel allows
 * is plenty. A process that maps code at ever new addresses loses what comes after. */
enum { SPACE_REGIONS_MAX = 16384, SPACE_REGIONS_FIRST = 64 };

struct unwind_space *unwind_space_new(void)
{
    struct unwind_space *space = xcalloc(1, sizeof *space);
    space->reference = reference_new();
    space->cache = xcalloc(SPACE_CACHE_CALLERS + SPACE_CACHE_LEAVES, sizeof *space->cache);
    space->generation = 1;
    return space;
}

static void changed(struct unwind_space *space)
{
    reference_forget(space->reference);
    if (++space->generation == 0)
        space->generation = 1;
}

static void reserve(struct unwind_space *space, size_t want)
{
    if (want <= space->cap)
        return;
    size_t cap = space->cap ? space->cap : SPACE_REGIONS_FIRST;
    while (cap < want)
        cap *= 2;
    space->regions = xreallocarray(space->regions, cap, sizeof *space->regions);
    space->starts = xreallocarray(space->starts, cap, sizeof *space->starts);
    space->cap = cap;
}

struct unwind_space *unwind_space_clone(const struct unwind_space *space)
{
    struct unwind_space *copy = unwind_space_new();
    if (space->len == 0)
        return copy;
    reserve(copy, space->len);
    memcpy(copy->regions, space->regions, space->len * sizeof *copy->regions);
    memcpy(copy->starts, space->starts, space->len * sizeof *copy->starts);
    copy->len = space->len;
    return copy;
}

void unwind_space_free(struct unwind_space *space)
{
    if (!space)
        return;
    reference_free(space->reference);
    free(space->cache);
    free(space->regions);
    free(space->starts);
    free(space);
}

void unwind_space_clear(struct unwind_space *space)
{
    changed(space);
    space->len = 0;
}

/* Index of the first region that starts above the address. */
static size_t upper_bound(const struct unwind_space *space, uint64_t address)
{
    size_t at = 0, count = space->len;
    while (count > 0) {
        const size_t half = count / 2;
        const bool below = space->starts[at + half] <= address;
        at += below ? half + 1 : 0;
        count = below ? count - half - 1 : half;
    }
    return at;
}

const struct unwind_region *unwind_space_find(const struct unwind_space *space, uint64_t address)
{
    const size_t after = upper_bound(space, address);
    if (after == 0 || address >= space->regions[after - 1].end)
        return NULL;
    return &space->regions[after - 1];
}

/* Puts `count` regions in the place of those in [from, to). */
static void splice(struct unwind_space *space, size_t from, size_t to,
    const struct unwind_region *regions, size_t count)
{
    const size_t tail = space->len - to;
    reserve(space, from + count + tail);
    memmove(space->regions + from + count, space->regions + to, tail * sizeof *regions);
    memmove(space->starts + from + count, space->starts + to, tail * sizeof *space->starts);
    for (size_t i = 0; i < count; i++) {
        space->regions[from + i] = regions[i];
        space->starts[from + i] = regions[i].start;
    }
    space->len = from + count + tail;
}

/* Memory of the same kind side by side: a JIT that maps piece by piece stays one region. */
static bool continues(const struct unwind_region *a, const struct unwind_region *b)
{
    return a->end == b->start && a->kind == b->kind && a->bias == b->bias && a->table == b->table &&
           a->tag == b->tag;
}

static void join(struct unwind_space *space, size_t at)
{
    if (at == 0 || at >= space->len)
        return;
    struct unwind_region whole = space->regions[at - 1];
    if (!continues(&whole, &space->regions[at]))
        return;
    whole.end = space->regions[at].end;
    splice(space, at - 1, at + 1, &whole, 1);
}

void unwind_space_map(struct unwind_space *space, const struct unwind_region *region)
{
    if (region->start >= region->end)
        return;
    size_t from = upper_bound(space, region->start);
    if (from > 0 && space->regions[from - 1].end > region->start)
        from--;
    size_t to = from;
    while (to < space->len && space->starts[to] < region->end)
        to++;
    /* What is left of the overlapped regions on both sides, and the new one between. */
    struct unwind_region pieces[3];
    size_t count = 0;
    if (to > from && space->starts[from] < region->start) {
        pieces[count] = space->regions[from];
        pieces[count++].end = region->start;
    }
    const size_t middle = count;
    pieces[count++] = *region;
    if (to > from && space->regions[to - 1].end > region->end) {
        pieces[count] = space->regions[to - 1];
        pieces[count++].start = region->end;
    }
    if (space->len - (to - from) + count > SPACE_REGIONS_MAX)
        return;
    changed(space);
    splice(space, from, to, pieces, count);
    join(space, from + middle + 1);
    join(space, from + middle);
}
