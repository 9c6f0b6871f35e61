// SPDX-License-Identifier: MIT
/*
 * Hash index from a 64-bit hash to a 32-bit item number: open addressing, linear probing, at most
 * 70 % full. The index does not hold keys; the owner compares the candidates that share a hash:
 *
 *     struct map_probe probe = map_probe(&index, hash);
 *     uint32_t item;
 *     while (map_next(&probe, &item))
 *         if (same(items[item], key)) return item;
 *     map_add(&index, hash, new_item);
 *
 * A map is {0} when empty. Item UINT32_MAX is reserved. Not thread-safe.
 */
#ifndef PROF_BASE_MAP_H
#define PROF_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t hash;
    uint32_t item_plus_1; /* 0: free slot */
};

struct map {
    struct map_slot *slots;
    size_t cap; /* power of two, or 0 */
    size_t len;
};

struct map_probe {
    const struct map *map;
    uint64_t hash;
    size_t at;
};

struct map_probe map_probe(const struct map *m, uint64_t hash);
bool map_next(struct map_probe *probe, uint32_t *ret_item);
void map_add(struct map *m, uint64_t hash, uint32_t item);
void map_done(struct map *m);

/* Mixes a 64-bit value into a well-spread hash (splitmix64 finaliser). */
uint64_t hash_u64(uint64_t value);

/* Combines a running hash with one more value. */
uint64_t hash_mix(uint64_t hash, uint64_t value);

#endif
