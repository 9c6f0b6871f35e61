// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/map.h"

static bool has(const struct map *m, uint64_t hash, uint32_t want)
{
    struct map_probe probe = map_probe(m, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        if (item == want)
            return true;
    }
    return false;
}

Test(map, an_empty_map_finds_nothing)
{
    struct map m = { 0 };
    cr_assert(not(has(&m, 1, 0)));
    map_done(&m);
}

Test(map, finds_every_item_after_growing)
{
    struct map m = { 0 };
    for (uint32_t i = 0; i < 100000; i++)
        map_add(&m, hash_u64(i), i);
    for (uint32_t i = 0; i < 100000; i++)
        cr_assert(has(&m, hash_u64(i), i), "item %u", i);
    cr_assert(not(has(&m, hash_u64(100001), 100001)));
    map_done(&m);
}

Test(map, gives_all_items_that_share_a_hash)
{
    struct map m = { 0 };
    for (uint32_t i = 0; i < 50; i++)
        map_add(&m, 7, i);
    for (uint32_t i = 0; i < 50; i++)
        cr_assert(has(&m, 7, i));
    map_done(&m);
}
