// SPDX-License-Identifier: MIT
/*
 * Whether a round of a loop leaves nothing behind that the next one reads, and looks at memory to
 * know whether to go on. x86_64_loop.h is what callers want; this is its second half.
 *
 * Pure; any thread.
 */
#ifndef PROF_SYMBOL_X86_64_ROUND_H
#define PROF_SYMBOL_X86_64_ROUND_H

#include "symbol/x86_64_decode.h"

enum { X86_LOOP_INSNS = 32, X86_NO_TARGET = -1 };

/* From the loop's head, the first instruction, to its last jump back. */
struct x86_loop {
    struct x86_insn insns[X86_LOOP_INSNS];
    uint32_t count;
    int targets[X86_LOOP_INSNS]; /* index jumped to; X86_NO_TARGET: out of the loop, or no jump */
    uint32_t inside; /* instructions that a round can run and come back from, a bit each */
};

bool x86_round_waits(const struct x86_loop *loop);

/* Registers that an instruction may write, a bit each; bit X86_REGS: the flags. */
uint32_t x86_writes(const struct x86_insn *insn);

#endif
