// SPDX-License-Identifier: MIT
#include "base/map.h"

#include <stdlib.h>

#include "base/alloc.h"

uint64_t hash_u64(uint64_t value)
{
    value ^= value >> 30;
    value *= UINT64_C(0xbf58476d1ce4e5b9);
    value ^= value >> 27;
    value *= UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

uint64_t hash_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

struct map_probe map_probe(const struct map *m, uint64_t hash)
{
    return (struct map_probe){ .map = m, .hash = hash, .at = (size_t)hash & (m->cap - 1) };
}

bool map_next(struct map_probe *probe, uint32_t *ret_item)
{
    const struct map *m = probe->map;
    if (m->cap == 0)
        return false;
    for (;;) {
        const struct map_slot *slot = &m->slots[probe->at];
        if (slot->item_plus_1 == 0)
            return false;
        probe->at = (probe->at + 1) & (m->cap - 1);
        if (slot->hash == probe->hash) {
            *ret_item = slot->item_plus_1 - 1;
            return true;
        }
    }
}

static void insert(struct map_slot *slots, size_t cap, uint64_t hash, uint32_t item_plus_1)
{
    size_t at = (size_t)hash & (cap - 1);
    while (slots[at].item_plus_1)
        at = (at + 1) & (cap - 1);
    slots[at] = (struct map_slot){ .hash = hash, .item_plus_1 = item_plus_1 };
}

static void grow(struct map *m)
{
    size_t cap = m->cap ? m->cap * 2 : 64;
    struct map_slot *slots = xcalloc(cap, sizeof *slots);
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].item_plus_1)
            insert(slots, cap, m->slots[i].hash, m->slots[i].item_plus_1);
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
}

void map_add(struct map *m, uint64_t hash, uint32_t item)
{
    if ((m->len + 1) * 10 > m->cap * 7)
        grow(m);
    insert(m->slots, m->cap, hash, item + 1);
    m->len++;
}

void map_done(struct map *m)
{
    free(m->slots);
    *m = (struct map){ 0 };
}
