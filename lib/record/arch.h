// SPDX-License-Identifier: MIT
/*
 * What the collector must know of the processor: which registers perf copies and what they are to
 * the unwinder. One file per processor (x86_64.c).
 */
#ifndef PROF_RECORD_ARCH_H
#define PROF_RECORD_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/unwind.h"

enum { ARCH_REGS_MAX = 40, ARCH_REGSET_BYTES = 512 };

/* sample_regs_user: bits as <asm/perf_regs.h> numbers them. */
uint64_t arch_regs_mask(void);

/* Do these bytes, the first of generated code, begin with CPython's stub for one Python function
 * (Python/asm_trampoline.S)? An arena of these holds nothing else. */
enum { ARCH_THUNK_BYTES = 11 };
bool arch_is_thunk(const uint8_t bytes[ARCH_THUNK_BYTES]);

/* Values in the order of the mask's bits, as a sample holds them. */
void arch_regs_decode(const uint64_t *values, struct unwind_regs *ret_regs);

/* The same values from what PTRACE_GETREGSET has of NT_PRSTATUS. False: a 32-bit process, of which
 * only the instruction's address is set. */
bool arch_regs_of_trace(const void *regset, size_t len, uint64_t ret_values[ARCH_REGS_MAX]);

/* The index-th (0 to 5) argument of the function whose first instruction the registers are at. */
uint64_t arch_argument(const struct unwind_regs *at, size_t index);

/* Where that function will return to; stack: a copy from SP up. 0: the copy lacks it. */
uint64_t arch_return_address(const struct unwind_regs *at, const uint8_t *stack, size_t len);

#endif
