// SPDX-License-Identifier: MIT
/*
 * What the unwinder must know of the processor: register numbers, the shapes of code and stack that
 * carry no unwind data. One file per processor (x86_64.c).
 *
 * Code is passed as a section's bytes and a position in it, which may be anything: each function
 * reads inside the bytes only.
 */
#ifndef PROF_UNWIND_ARCH_H
#define PROF_UNWIND_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/unwind.h"

/* DWARF numbers of the registers that the walk follows. */
struct unwind_arch {
    uint8_t fp;
    uint8_t sp;
};

extern const struct unwind_arch unwind_arch;

/* The CFA expression that linkers write for the lazy PLT: CFA = SP + 8, and 8 more once the stub
 * has pushed, which it has from byte *ret_threshold of each 16-byte entry on. */
bool unwind_arch_plt_expression(const uint8_t *expr, size_t len, int32_t *ret_threshold);

enum unwind_call {
    UNWIND_CALL_NONE,     /* no call ends here: not a return address */
    UNWIND_CALL_DIRECT,   /* a call of a known address */
    UNWIND_CALL_INDIRECT, /* a call through a register or memory */
};

/* Does a call end just before position `at`? The target is an ELF address. */
enum unwind_call unwind_arch_call_before(
    const struct unwind_section *code, size_t at, uint64_t *ret_target);

/* Does a jump in bytes [from, to) of the code lead to ELF addresses [first, end)? Bytes are not
 * decoded from a known start, so a few of the others look like one: for ranges that are narrow. */
bool unwind_arch_jumps_into(
    const struct unwind_section *code, size_t from, size_t to, uint64_t first, uint64_t end);

/* The last jump in bytes [from, to) of the code to an ELF address out of it, below `end` (a linkage
 * stub, as tail calls of other modules' functions go through). False: none. */
bool unwind_arch_jump_out(
    const struct unwind_section *code, size_t from, size_t to, uint64_t end, size_t *ret_at);

/* The instruction at this position returns: the return address is on top of the stack. */
bool unwind_arch_is_return(const struct unwind_section *code, size_t at);

/* The code at this position is a signal return trampoline, as C libraries without CFI have. */
bool unwind_arch_is_sigreturn(const struct unwind_section *code, size_t at);

/* The call that returns to this position was made by the entry of a process or thread. */
bool unwind_arch_is_entry(const struct unwind_section *code, size_t at);

/* Code of Go's goexit, to which the stacks of goroutines are made to return: nothing called it, and
 * what lies above it on the stack is old. */
bool unwind_arch_is_go_exit(const struct unwind_section *code, size_t at);

/* Registers that a signal interrupted, from the frame that the kernel pushed; sp is the stack
 * pointer in the trampoline. False: the bytes are not all there. */
bool unwind_arch_signal_regs(
    const struct unwind_stack *stack, uint64_t sp, struct unwind_regs *ret_regs);

#endif
