// SPDX-License-Identifier: MIT
/* What symbols need to know about the processor; one file per processor implements it. */
#ifndef PROF_SYMBOL_ARCH_H
#define PROF_SYMBOL_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLT_STUB_BYTES = 16 };

enum spin_kind {
    SPIN_NONE,
    SPIN_LOOKS, /* nobody is in such a loop for long but to wait */
    SPIN_LOCKS, /* takes a lock: that costs time even when it is free */
};

/* Address of the GOT slot that the linkage stub at `address` jumps through. */
bool plt_stub_slot(const uint8_t *stub, size_t len, uint64_t address, uint64_t *ret_slot);

/* Whether and how the instruction at `at` is in a small loop that waits for another one: around the
 * instruction by which a processor is told that it spins, or in which nothing can change but by
 * others. */
enum spin_kind in_spin_loop(const uint8_t *code, size_t len, size_t at);

/* AUDIT_ARCH_* of this build, for the system call filter. */
extern const uint32_t sandbox_audit_arch;

#endif
