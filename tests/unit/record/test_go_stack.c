// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <string.h>

#include "base/compiler.h"
#include "record/go_stack.h"

enum { WORDS = 64, MAX = 16 };

#define LOW UINT64_C(0xc000040000)
#define HIGH (LOW + WORDS * 8)

static uint64_t memory[WORDS];

static uint64_t at(unsigned word)
{
    return LOW + word * UINT64_C(8);
}

static void make_frame(unsigned word, uint64_t bp, uint64_t pc)
{
    memory[word] = bp;
    memory[word + 1] = pc;
}

static struct go_stack whole_stack(uint64_t bp)
{
    return (struct go_stack){ .bytes = (const uint8_t *)memory,
        .len = sizeof memory,
        .sp = LOW,
        .pc = 0x401000,
        .bp = bp,
        .high = HIGH };
}

static void start(void)
{
    memset(memory, 0xff, sizeof memory);
    make_frame(4, at(10), 0x402000);
    make_frame(10, at(20), 0x403000);
    make_frame(20, 0, 0x45ce20);
}

TestSuite(go_stack, .init = start);

Test(go_stack, leads_from_the_leaf_to_the_first_function)
{
    const struct go_stack stack = whole_stack(at(4));
    static const uint64_t expected[] = { 0x401000, 0x402000, 0x403000, 0x45ce20 };
    uint64_t pcs[MAX];
    enum go_stack_end end;
    cr_assert_eq(go_stack_walk(&stack, pcs, MAX, &end), 4);
    cr_expect_arr_eq(pcs, expected, sizeof expected);
    cr_expect_eq(end, GO_STACK_WHOLE);
}

Test(go_stack, of_a_goroutine_that_has_not_run_yet_is_its_first_function)
{
    const struct go_stack stack = whole_stack(0);
    uint64_t pcs[MAX];
    enum go_stack_end end;
    cr_expect_eq(go_stack_walk(&stack, pcs, MAX, &end), 1);
    cr_expect_eq(end, GO_STACK_WHOLE);
}

Test(go_stack, says_when_bytes_or_room_did_not_suffice)
{
    struct go_stack stack = whole_stack(at(4));
    uint64_t pcs[MAX];
    enum go_stack_end end;
    cr_expect_eq(go_stack_walk(&stack, pcs, 3, &end), 3);
    cr_expect_eq(end, GO_STACK_SHORT);
    static const size_t lens[] = { 0, 8, 15, 4 * 8, 4 * 8 + 15, 11 * 8 };
    static const size_t counts[] = { 1, 1, 1, 1, 1, 2 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(lens); i++) {
        stack.len = lens[i];
        cr_expect_eq(go_stack_walk(&stack, pcs, MAX, &end), counts[i], "%zu bytes", lens[i]);
        cr_expect_eq(end, GO_STACK_SHORT, "%zu bytes", lens[i]);
    }
}

Test(go_stack, ends_at_a_frame_pointer_that_leads_nowhere)
{
    const uint64_t nowhere[] = { at(10), at(4), at(3), at(11), LOW, LOW - 8, 1, at(20) + 4, HIGH,
        HIGH - 8, HIGH + 8, UINT64_MAX, UINT64_MAX - 7 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(nowhere); i++) {
        const struct go_stack stack = whole_stack(at(4));
        uint64_t pcs[MAX];
        enum go_stack_end end;
        memory[10] = nowhere[i];
        cr_expect_eq(go_stack_walk(&stack, pcs, MAX, &end), 3, "%zu", i);
        cr_expect_eq(end, GO_STACK_BROKEN, "%zu", i);
    }
}

Test(go_stack, ends_at_once_when_its_own_frame_pointer_is_wrong)
{
    const uint64_t wrong[] = { LOW - 8, 3, HIGH, UINT64_MAX };
    for (size_t i = 0; i < PROF_ARRAY_LEN(wrong); i++) {
        const struct go_stack stack = whole_stack(wrong[i]);
        uint64_t pcs[MAX];
        enum go_stack_end end;
        cr_expect_eq(go_stack_walk(&stack, pcs, MAX, &end), 1);
        cr_expect_eq(end, GO_STACK_BROKEN);
    }
}
