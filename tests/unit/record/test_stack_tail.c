// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/stack_tail.h"

enum { STACK = 256 << 10, COPY = 16 << 10 };

/* A stack between two unmapped pages, filled so that every word differs. */
static uint8_t *make_stack(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *map = mmap(NULL, STACK + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(map, MAP_FAILED);
    cr_assert_eq(mprotect(map + page, STACK, PROT_READ | PROT_WRITE), 0);
    for (size_t i = 0; i < STACK; i += sizeof i)
        memcpy(map + page + i, &i, sizeof i);
    return map + page;
}

static struct unwind_stack copy_of(const uint8_t *stack, uint8_t *copy)
{
    memcpy(copy, stack, COPY);
    return (struct unwind_stack){
        .bytes = copy, .len = COPY, .address = (uintptr_t)stack, .wanted_bytes = COPY
    };
}

Test(stack_tail, the_rest_is_read_up_to_the_stack_s_end)
{
    uint8_t *stack = make_stack();
    uint8_t *bytes = malloc(COPY);
    const struct unwind_stack copy = copy_of(stack, bytes);
    struct stack_tail t = { 0 };
    cr_assert(stack_tail_start(&t, getpid(), &copy));
    while (stack_tail_grow(&t, getpid(), copy.address))
        ;
    const struct unwind_stack view = stack_tail_view(&t, copy.address);
    cr_expect_eq(view.len, STACK);
    cr_expect_gt(view.wanted_bytes, view.len, "there is no more: what ends here is not truncated");
    cr_expect_eq(memcmp(view.bytes, stack, STACK), 0);
    stack_tail_done(&t);
    free(bytes);
}

Test(stack_tail, a_stack_that_has_changed_is_not_used)
{
    uint8_t *stack = make_stack();
    uint8_t *bytes = malloc(COPY);
    const struct unwind_stack copy = copy_of(stack, bytes);
    struct stack_tail t = { 0 };
    stack[0] ^= 1;
    cr_expect(stack_tail_start(&t, getpid(), &copy), "the inner end always changes");
    stack[COPY - 8] ^= 1;
    cr_expect_not(stack_tail_start(&t, getpid(), &copy));
    stack_tail_done(&t);
    free(bytes);
}

Test(stack_tail, nothing_is_gained_from_a_process_that_has_ended)
{
    uint8_t *stack = make_stack();
    uint8_t *bytes = malloc(COPY);
    const struct unwind_stack copy = copy_of(stack, bytes);
    struct stack_tail t = { 0 };
    cr_expect_not(stack_tail_start(&t, 4194200, &copy));
    stack_tail_done(&t);
    free(bytes);
}
