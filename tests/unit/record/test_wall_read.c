// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <sys/syscall.h>
#include <unistd.h>

#include "record/wall_read.h"

Test(wall_read, the_file_says_call_arguments_and_place)
{
    struct wall_place place;
    const struct slice text =
        slice_of("0 0x3 0x7ffc0 0x100 0x0 0x1 0xffffffffffffffff 0x7ffd8 0x7f12ab\n");
    cr_assert_eq(wall_parse(text, &place), WALL_BLOCKED);
    cr_expect(place.in_call);
    cr_expect_eq(place.number, 0);
    cr_expect_eq(place.args[0], 3);
    cr_expect_eq(place.args[5], UINT64_MAX);
    cr_expect_eq(place.sp, 0x7ffd8);
    cr_expect_eq(place.pc, 0x7f12ab);
}

Test(wall_read, outside_of_a_call_there_are_only_registers)
{
    struct wall_place place;
    cr_assert_eq(wall_parse(slice_of("-1 0x10 0x20\n"), &place), WALL_BLOCKED);
    cr_expect_not(place.in_call);
    cr_expect_eq(place.sp, 0x10);
    cr_expect_eq(place.pc, 0x20);
}

Test(wall_read, other_texts_are_no_place)
{
    static const struct {
        const char *text;
        enum wall_state state;
    } rows[] = {
        { "running\n", WALL_RUNNING },
        { "", WALL_GONE },
        { "-1 0x10\n", WALL_GONE },
        { "0 0x1 0x2\n", WALL_GONE },
        { "abc 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n", WALL_GONE },
        { "0 1 2 3 4 5 6 7 8\n", WALL_GONE },
        { "0 0x11111111111111111 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n", WALL_GONE },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wall_place place = { .sp = 99 };
        cr_expect_eq(
            wall_parse(slice_of(rows[i].text), &place), rows[i].state, "'%s'", rows[i].text);
        cr_expect_eq(place.sp, 99, "'%s': the place stays untouched", rows[i].text);
    }
}

Test(wall_read, one_reads_about_oneself_in_the_call_that_reads)
{
    struct wall_place place;
    cr_assert_eq(wall_read(getpid(), gettid(), -1, &place), WALL_BLOCKED);
    cr_expect_eq(place.number, SYS_pread64);
    cr_expect_eq(wall_read(getpid(), 1 << 30, -1, &place), WALL_GONE);
}

Test(wall_read, places_differ_by_call_arguments_and_registers)
{
    const struct wall_place a = { .in_call = true, .number = SYS_read, .sp = 1, .pc = 2 };
    struct wall_place rows[5] = { a, a, a, a, a };
    rows[0].in_call = false;
    rows[1].number = SYS_write;
    rows[2].args[5] = 1;
    rows[3].sp = 3;
    rows[4].pc = 3;
    cr_expect(wall_same_place(&a, &a));
    for (size_t i = 0; i < 5; i++)
        cr_expect_not(wall_same_place(&a, &rows[i]), "row %zu", i);
}
