// SPDX-License-Identifier: MIT
#include "symbol/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void lookup_init(struct lookup *l, const uint64_t *addresses, uint32_t count)
{
    *l = (struct lookup){ .addresses = addresses, .count = count };
    l->found = xcalloc(count, sizeof *l->found);
}

void lookup_done(struct lookup *l)
{
    free(l->found);
    arena_done(&l->arena);
    *l = (struct lookup){ 0 };
}

/* Index of the first address at or above value, searching from `from` on. */
static uint32_t first_at_least(const struct lookup *l, uint32_t from, uint64_t value)
{
    uint32_t low = from, high = l->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (l->addresses[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t lookup_range(const struct lookup *l, uint64_t start, uint64_t end, uint32_t *ret_first)
{
    *ret_first = 0;
    if (l->count == 0 || end <= start || end <= l->addresses[0] ||
        start > l->addresses[l->count - 1])
        return 0;
    const uint32_t first = first_at_least(l, 0, start);
    *ret_first = first;
    /* Most entries cover none of the addresses: one comparison instead of a second search. */
    if (first == l->count || l->addresses[first] >= end)
        return first;
    return first_at_least(l, first, end);
}

void lookup_add(struct lookup *l, uint32_t index, const struct found_line *line)
{
    struct found *f = &l->found[index];
    if (f->len == LOOKUP_LINES_MAX)
        return;
    if (f->len == f->cap) {
        const uint32_t cap = f->cap ? f->cap * 2 : 1;
        struct found_line *lines = arena_alloc(&l->arena, cap * sizeof *lines);
        if (f->len)
            memcpy(lines, f->lines, f->len * sizeof *lines);
        f->lines = lines;
        f->cap = cap;
    }
    f->lines[f->len++] = *line;
}
