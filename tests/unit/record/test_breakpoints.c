// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "record/breakpoints.h"

Test(breakpoints, loops_come_first)
{
    struct breakpoint_share b = { .loops = { { 7, 1 }, { 8, 4 } } };
    cr_expect_eq(breakpoints_left(&b, 7), 3);
    cr_expect_eq(breakpoints_left(&b, 8), 0);
    cr_expect_eq(breakpoints_left(&b, 9), 4, "loops do not look at this one");
}

Test(breakpoints, what_is_lent_comes_back_only_when_it_is_needed)
{
    struct breakpoint_share b = { .lent_pid = 7, .lent_count = 3 };
    breakpoints_take_back(&b, NULL, 8, 4);
    cr_expect_eq(b.lent_count, 3, "another process's");
    breakpoints_take_back(&b, NULL, 7, 1);
    cr_expect_eq(b.lent_count, 3, "four are enough for both");
}

Test(breakpoints, a_stop_has_a_cost)
{
    const uint64_t ns = breakpoint_stop_ns();
    if (ns == 0)
        cr_skip_test("this machine has no breakpoints for us");
    cr_expect(ns > 100 && ns < 10 * 1000 * 1000, "%llu ns", (unsigned long long)ns);
}
