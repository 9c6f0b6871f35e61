// SPDX-License-Identifier: MIT
/*
 * Where functions start according to the unwind data, for files without symbols: all addresses of
 * one function can then share one name, "libfoo.so+0x1200".
 */
#ifndef PROF_SYMBOL_FDE_H
#define PROF_SYMBOL_FDE_H

#include <stdbool.h>
#include <stdint.h>

#include "symbol/elf.h"

/* Start of the function that covers an ELF virtual address, by the search table of .eh_frame_hdr.
 */
bool fde_function_start(const struct elf *elf, uint64_t address, uint64_t *ret_start);

#endif
