// SPDX-License-Identifier: MIT
/* What is known of a value while x86_64_round.h runs a round: not how much it is, but where it
 * comes from. */
#ifndef PROF_SYMBOL_X86_64_VALUE_H
#define PROF_SYMBOL_X86_64_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum x86_value_kind {
    FIXED,   /* numbers, and what the loop does not write */
    FRAME,   /* read from a place in the frame that the loop does not write; may be another's */
    SEEN,    /* depends on other memory, as read in this round */
    CARRIED, /* depends on an earlier round */
};

/* Equal values have equal origins and offsets. The origin is kept by computations with numbers. */
struct x86_value {
    enum x86_value_kind kind;
    uint64_t origin, offset;
};

enum x86_origin { ORIGIN_NUMBER = 1, ORIGIN_CODE, ORIGIN_FLAGS, ORIGIN_REGISTER };

/* Distinct inputs give distinct numbers, with the highest bit set: no ORIGIN_* is one. */
uint64_t x86_mix(uint64_t a, uint64_t b);

struct x86_value x86_number_value(int64_t n);
bool x86_same_value(const struct x86_value *a, const struct x86_value *b);

/* What is one value on one way and another on the other depends on what decided the way. */
struct x86_value x86_join_values(struct x86_value a, struct x86_value b);

/* The result of a computation. Its origin is that of the operand that knows less. Nothing computed
 * is an address of the frame: only lea is followed there. */
struct x86_value x86_combine(struct x86_value a, struct x86_value b, uint64_t how);

#endif
