// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

Test(arena, items_are_aligned_zeroed_and_apart)
{
    struct arena a = { 0 };
    unsigned char *last = NULL;
    for (size_t size = 1; size < 3000; size += 7) {
        unsigned char *item = arena_alloc(&a, size);
        cr_assert(eq(sz, (uintptr_t)item % 16, 0));
        for (size_t i = 0; i < size; i++)
            cr_assert(eq(int, item[i], 0));
        memset(item, 0xab, size);
        cr_assert(item != last);
        last = item;
    }
    arena_done(&a);
    cr_assert(a.head == NULL);
}

Test(arena, large_items_do_not_waste_the_open_block)
{
    struct arena a = { 0 };
    char *small = arena_alloc(&a, 16);
    char *large = arena_alloc(&a, 1 << 20);
    char *next = arena_alloc(&a, 16);
    cr_assert(large != NULL);
    cr_assert(eq(ptr, next, small + 16));
    arena_done(&a);
}

Test(arena, copies_are_terminated)
{
    struct arena a = { 0 };
    struct slice copy = arena_copy(&a, (struct slice){ "abcdef", 3 });
    cr_assert(eq(str, (char *)(uintptr_t)copy.ptr, "abc"));
    arena_done(&a);
}
