// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/target_memory.h"

enum { PAGES = 20, BYTES = PAGES * TARGET_PAGE_BYTES };

static uint8_t *make_memory(void)
{
    uint8_t *map = mmap(NULL, BYTES + TARGET_PAGE_BYTES, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(map, MAP_FAILED);
    for (size_t i = 0; i < BYTES; i++)
        map[i] = (uint8_t)(i * 31 + i / TARGET_PAGE_BYTES);
    cr_assert_eq(mprotect(map + BYTES, TARGET_PAGE_BYTES, PROT_NONE), 0);
    return map;
}

Test(target_memory, is_read_up_to_the_first_page_that_is_not_there)
{
    const uint8_t *memory = make_memory();
    const uint64_t address = (uintptr_t)memory + BYTES - 100;
    uint8_t bytes[200];
    cr_expect_eq(target_read(getpid(), address, bytes, 100), 100);
    cr_expect_arr_eq(bytes, memory + BYTES - 100, 100);
    cr_expect(target_read(getpid(), address, bytes, 200) <= 100);
    cr_expect_not(target_read_all(getpid(), address, bytes, 200));
    cr_expect_eq(target_read(getpid(), 8, bytes, 8), 0);
}

Test(target_memory, is_the_same_through_pages_of_which_more_are_read_than_kept)
{
    const uint8_t *memory = make_memory();
    static struct target_pages pages;
    target_pages_start(&pages, getpid());
    uint64_t seed = 3;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint8_t bytes[9000];
        const size_t len = (seed >> 33) % sizeof bytes;
        const size_t at = (seed >> 13) % (BYTES - len);
        cr_assert(target_pages_read(&pages, (uintptr_t)memory + at, bytes, len));
        cr_assert_arr_eq(bytes, memory + at, len);
    }
    uint8_t bytes[64];
    cr_expect_not(target_pages_read(&pages, (uintptr_t)memory + BYTES - 8, bytes, sizeof bytes));
    cr_expect_not(target_pages_read(&pages, UINT64_MAX - 8, bytes, sizeof bytes));
}

Test(target_memory, is_read_anew_after_each_start)
{
    uint8_t *memory = make_memory();
    static struct target_pages pages;
    uint8_t byte;
    target_pages_start(&pages, getpid());
    cr_assert(target_pages_read(&pages, (uintptr_t)memory, &byte, 1));
    memory[0] ^= 0xff;
    target_pages_start(&pages, getpid());
    cr_assert(target_pages_read(&pages, (uintptr_t)memory, &byte, 1));
    cr_expect_eq(byte, memory[0]);
}

Test(target_memory, pieces_that_are_not_there_do_not_keep_others_from_being_read)
{
    const uint8_t *memory = make_memory();
    const uint64_t start = (uintptr_t)memory;
    uint8_t bytes[4][16] = { 0 };
    struct target_piece pieces[] = {
        { .address = start + 5, .to = bytes[0], .len = 16 },
        { .address = 8, .to = bytes[1], .len = 16, .there = true },
        { .address = start + BYTES - 8, .to = bytes[2], .len = 16 },
        { .address = start + BYTES - 16, .to = bytes[3], .len = 16 },
    };
    target_read_pieces(getpid(), pieces, 4);
    cr_expect(pieces[0].there);
    cr_expect_not(pieces[1].there);
    cr_expect_not(pieces[2].there, "half of it");
    cr_expect(pieces[3].there);
    cr_expect_arr_eq(bytes[0], memory + 5, 16);
    cr_expect_arr_eq(bytes[3], memory + BYTES - 16, 16);
    target_read_pieces(getpid(), pieces, 0);
}
