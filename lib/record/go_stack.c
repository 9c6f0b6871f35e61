// SPDX-License-Identifier: MIT
#include "record/go_stack.h"

#include <string.h>

enum { WORD = 8, FRAME_BYTES = 2 * WORD }; /* the caller's bp and the return address */

static uint64_t word_at(const struct go_stack *s, uint64_t address)
{
    uint64_t word;
    memcpy(&word, s->bytes + (address - s->sp), sizeof word);
    return word;
}

/* Frames follow each other upwards, so a walk ends. */
static enum go_stack_end check(const struct go_stack *s, uint64_t bp, uint64_t above)
{
    if (bp < above || bp % WORD != 0 || bp > s->high || s->high - bp < FRAME_BYTES)
        return GO_STACK_BROKEN;
    const uint64_t at = bp - s->sp;
    return s->len < FRAME_BYTES || at > s->len - FRAME_BYTES ? GO_STACK_SHORT : GO_STACK_WHOLE;
}

size_t go_stack_walk(
    const struct go_stack *stack, uint64_t *pcs, size_t max, enum go_stack_end *ret_end)
{
    size_t count = 0;
    uint64_t bp = stack->bp, above = stack->sp;
    *ret_end = GO_STACK_WHOLE;
    pcs[count++] = stack->pc;
    while (bp != 0 && *ret_end == GO_STACK_WHOLE) {
        *ret_end = count < max ? check(stack, bp, above) : GO_STACK_SHORT;
        if (*ret_end != GO_STACK_WHOLE)
            break;
        pcs[count++] = word_at(stack, bp + WORD);
        above = bp + FRAME_BYTES;
        bp = word_at(stack, bp);
    }
    return count;
}
