// SPDX-License-Identifier: MIT
/*
 * Registers, flags and the frame while x86_64_round.h runs a round: what each holds, and what
 * reading and writing them says about the loop. To read what an earlier round left behind, or to
 * write memory that is not the frame, sets `refuted`.
 */
#ifndef PROF_SYMBOL_X86_64_STATE_H
#define PROF_SYMBOL_X86_64_STATE_H

#include "symbol/x86_64_decode.h"
#include "symbol/x86_64_round.h"
#include "symbol/x86_64_value.h"

enum { SLOTS_MAX = 8 };

struct x86_reg {
    struct x86_value low, rest; /* bits 0 to 7, and above */
};

struct x86_state {
    bool reached;
    struct x86_reg regs[X86_REGS];
    struct x86_value flags;
    struct x86_value slots[SLOTS_MAX];
};

/* A place in the frame that the loop writes: entry value of rsp or rbp, and an offset. */
struct x86_slot {
    uint64_t origin, offset;
    uint8_t bytes;
    uint32_t writers; /* instructions, a bit each */
};

/* Distinct values, as many as are of interest. */
enum { SEVERAL = 4 };

struct x86_some {
    uint64_t of[SEVERAL];
    uint32_t count;
};

struct x86_round {
    const struct x86_loop *loop;
    struct x86_slot slots[SLOTS_MAX];
    uint32_t slot_count;
    uint32_t now;                   /* index of the instruction being run */
    uint64_t locked_place;          /* 0: none yet */
    struct x86_some seen, frame;    /* places that were read */
    struct x86_some used;           /* of those, what is more than moved about */
    struct x86_some asked;          /* values that jumps depend on */
    uint32_t asks_frame, asks_seen; /* how many jumps depend on which */
    bool refuted;
};

struct x86_place {
    struct x86_value address;
    bool is_frame;
};

/* Whether it was not there yet. */
bool x86_add_new(struct x86_some *s, uint64_t value);

/* Into a state that was not reached yet: a copy. */
void x86_join_states(struct x86_state *into, const struct x86_state *from);

/* Notes that a value is more than moved about. */
void x86_use(struct x86_round *r, const struct x86_value *v);

/* The value, which must not be CARRIED. */
struct x86_value x86_checked(struct x86_round *r, struct x86_value v);

void x86_write_reg(struct x86_state *s, const struct x86_operand *to, struct x86_value v);

struct x86_value x86_address_of(
    struct x86_round *r, const struct x86_state *s, const struct x86_memory *m);
struct x86_place x86_place_of(
    struct x86_round *r, const struct x86_state *s, const struct x86_memory *m);

/* Different places have different ones; the origin of what is read there. */
uint64_t x86_number_of_place(const struct x86_place *p);

/* Whether a plain store of the loop may write what a locked instruction writes. */
bool x86_is_stored(const struct x86_round *r, const struct x86_place *p, uint8_t bytes);

/* An operand of the instruction. */
struct x86_value x86_read(struct x86_round *r, const struct x86_state *s,
    const struct x86_insn *insn, const struct x86_operand *o);
void x86_write(struct x86_round *r, struct x86_state *s, const struct x86_insn *insn,
    const struct x86_operand *o, struct x86_value v);

#endif
