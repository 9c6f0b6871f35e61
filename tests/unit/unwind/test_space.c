// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "base/compiler.h"
#include "unwind/space.h"

static void map(struct unwind_space *space, uint64_t start, uint64_t end, uint32_t tag)
{
    const struct unwind_region region = { .start = start, .end = end, .bias = start, .tag = tag };
    unwind_space_map(space, &region);
}

static uint32_t tag_at(const struct unwind_space *space, uint64_t address)
{
    const struct unwind_region *region = unwind_space_find(space, address);
    return region ? region->tag : 0;
}

Test(unwind_space, later_maps_replace_what_they_overlap)
{
    struct unwind_space *space = unwind_space_new();
    map(space, 0x1000, 0x9000, 1);
    map(space, 0x3000, 0x4000, 2); /* in the middle */
    map(space, 0x8000, 0xa000, 3); /* over the end */
    map(space, 0x0800, 0x1800, 4); /* over the start */
    static const struct {
        uint64_t address;
        uint32_t tag;
    } want[] = { { 0x7ff, 0 }, { 0x800, 4 }, { 0x17ff, 4 }, { 0x1800, 1 }, { 0x2fff, 1 },
        { 0x3000, 2 }, { 0x3fff, 2 }, { 0x4000, 1 }, { 0x7fff, 1 }, { 0x8000, 3 }, { 0x9fff, 3 },
        { 0xa000, 0 } };
    for (size_t i = 0; i < PROF_ARRAY_LEN(want); i++)
        cr_expect_eq(tag_at(space, want[i].address), want[i].tag, "%#lx: %u", want[i].address,
            tag_at(space, want[i].address));
    map(space, 0, 0x10000, 5);
    cr_expect_eq(space->len, 1);
    cr_expect_eq(tag_at(space, 0x3000), 5);
    unwind_space_free(space);
}

Test(unwind_space, pieces_keep_the_bias_of_the_whole)
{
    struct unwind_space *space = unwind_space_new();
    map(space, 0x1000, 0x9000, 1);
    map(space, 0x3000, 0x4000, 2);
    cr_expect_eq(unwind_space_find(space, 0x5000)->bias, 0x1000);
    unwind_space_free(space);
}

Test(unwind_space, memory_of_a_kind_side_by_side_is_one_region)
{
    struct unwind_space *space = unwind_space_new();
    struct unwind_region jit = { .kind = UNWIND_REGION_JIT, .tag = 7 };
    static const uint64_t order[] = { 3, 1, 2, 5, 4, 0 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(order); i++) {
        jit.start = order[i] << 12;
        jit.end = jit.start + 0x1000;
        unwind_space_map(space, &jit);
    }
    cr_expect_eq(space->len, 1);
    cr_expect_eq(tag_at(space, 0), 7);
    cr_expect_eq(tag_at(space, 0x5fff), 7);
    cr_expect_eq(tag_at(space, 0x6000), 0);
    unwind_space_free(space);
}

Test(unwind_space, empty_and_backward_regions_are_nothing)
{
    struct unwind_space *space = unwind_space_new();
    map(space, 0x1000, 0x1000, 1);
    map(space, 0x2000, 0x1000, 1);
    cr_expect_eq(space->len, 0);
    map(space, UINT64_MAX - 0xfff, UINT64_MAX, 2);
    cr_expect_eq(tag_at(space, UINT64_MAX - 1), 2);
    unwind_space_free(space);
}

Test(unwind_space, fork_copies_and_exec_clears)
{
    struct unwind_space *parent = unwind_space_new();
    map(parent, 0x1000, 0x2000, 1);
    struct unwind_space *child = unwind_space_clone(parent);
    map(child, 0x3000, 0x4000, 2);
    cr_expect_eq(tag_at(child, 0x1000), 1);
    cr_expect_eq(tag_at(parent, 0x3000), 0);
    unwind_space_clear(parent);
    cr_expect_eq(tag_at(parent, 0x1000), 0);
    cr_expect_eq(tag_at(child, 0x1000), 1);
    unwind_space_free(child);
    unwind_space_free(parent);
}

/* Against a plain array of pages. */
Test(unwind_space, random_maps_match_a_plain_model)
{
    enum { PAGES = 512, ROUNDS = 4000 };
    static uint32_t model[PAGES];
    struct unwind_space *space = unwind_space_new();
    uint64_t seed = 42;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        const uint64_t start = (seed >> 33) % PAGES, len = (seed >> 50) % 9;
        const uint64_t end = start + len > PAGES ? PAGES : start + len;
        map(space, start << 12, end << 12, round);
        for (uint64_t i = start; i < end; i++)
            model[i] = round;
        for (uint64_t i = 0; round % 64 == 0 && i < PAGES; i++)
            cr_assert_eq(tag_at(space, (i << 12) + 5), model[i], "round %u page %lu", round, i);
    }
    for (size_t i = 1; i < space->len; i++)
        cr_assert_leq(space->regions[i - 1].end, space->regions[i].start);
    unwind_space_free(space);
}

Test(unwind_space, more_maps_than_a_process_can_have_are_dropped)
{
    enum { MAPS = 20000 };
    struct unwind_space *space = unwind_space_new();
    for (uint64_t i = 0; i < MAPS; i++)
        map(space, i * 0x2000, i * 0x2000 + 0x1000, 1);
    cr_expect_lt(space->len, MAPS);
    cr_expect_eq(tag_at(space, 0), 1);
    map(space, 0, UINT64_C(1) << 40, 2); /* what makes it smaller is still taken */
    cr_expect_eq(space->len, 1);
    cr_expect_eq(tag_at(space, 0x5000), 2);
    unwind_space_free(space);
}
