// SPDX-License-Identifier: MIT
/*
 * The callers of a goroutine off its thread, by frame pointers, which Go's compiler keeps in every
 * function that calls others (amd64 since Go 1.7, arm64 since 1.12):
 *
 *     sp -> | ... | caller's bp | return address | ... | caller's bp | return address | ... high
 *             bp ---^      |                             ^
 *                          +-----------------------------+      0: the first function
 *
 * No I/O, no state; the bytes are the target's and doubted.
 */
#ifndef PROF_RECORD_GO_STACK_H
#define PROF_RECORD_GO_STACK_H

#include <stddef.h>
#include <stdint.h>

struct go_stack {
    const uint8_t *bytes; /* from sp up */
    size_t len;
    uint64_t sp, pc, bp;
    uint64_t high; /* where the stack ends */
};

enum go_stack_end {
    GO_STACK_WHOLE,
    GO_STACK_SHORT,  /* there are fewer bytes than it takes, or more callers than have room */
    GO_STACK_BROKEN, /* a frame pointer leads nowhere */
};

/* Fills pcs, leaf first, with pc and return addresses; max >= 1. Returns how many. */
size_t go_stack_walk(
    const struct go_stack *stack, uint64_t *pcs, size_t max, enum go_stack_end *ret_end);

#endif
