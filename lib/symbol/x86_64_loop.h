// SPDX-License-Identifier: MIT
/*
 * Loops that wait for another one, by their machine code alone: no round of theirs leaves anything
 * behind that the next one reads. So every round does what the one before did, until another
 * thread, process or signal handler changes the memory that the loop looks at.
 *
 * Pure: bytes in, answer out. Any thread.
 */
#ifndef PROF_SYMBOL_X86_64_LOOP_H
#define PROF_SYMBOL_X86_64_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/arch.h"

/* Whether an instruction starts at `at` that is part of such a loop. SPIN_NONE where there is any
 * doubt: the loop is long, has a call, or an instruction that x86_64_decode.h does not know. */
enum spin_kind x86_waits_on_memory(const uint8_t *code, size_t len, size_t at);

#endif
