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

enum { ARCH_REGS_MAX = 40 };

/* sample_regs_user: bits as <asm/perf_regs.h> numbers them. */
uint64_t arch_regs_mask(void);

/* Do these bytes, the first of generated code, begin with CPython's stub for one Python function
 * (Python/asm_trampoline.S)? An arena of these holds nothing else. */
enum { ARCH_THUNK_BYTES = 11 };
bool arch_is_thunk(const uint8_t bytes[ARCH_THUNK_BYTES]);

/* Values in the order of the mask's bits, as a sample holds them. */
void arch_regs_decode(const uint64_t *values, struct unwind_regs *ret_regs);

/* The index-th (0 to 5) argument of the function whose first instruction the registers are at. */
uint64_t arch_argument(const struct unwind_regs *at, size_t index);

#endif
