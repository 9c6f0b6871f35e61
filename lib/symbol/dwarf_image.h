// SPDX-License-Identifier: MIT
/*
 * A small ELF file in memory that holds just the DWARF sections that name addresses, decompressed.
 * Needed because libdw (elfutils 0.188) reads zstd-compressed sections as if they were empty, and
 * inflates sections nobody asked for.
 */
#ifndef PROF_SYMBOL_DWARF_IMAGE_H
#define PROF_SYMBOL_DWARF_IMAGE_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "symbol/elf.h"

bool dwarf_image_needed(const struct elf *elf); /* some DWARF section is compressed */
void dwarf_image_build(const struct elf *elf, struct strbuf *out);

#endif
