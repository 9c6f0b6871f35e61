// SPDX-License-Identifier: MIT
/*
 * Finds separate debug files: by build id and by debug link, in the standard places only
 * (/usr/lib/debug, beside the program and its .debug folder), and only what matches (build id, or
 * the link's CRC).
 */
#ifndef PROF_SYMBOL_DEBUGFILE_H
#define PROF_SYMBOL_DEBUGFILE_H

#include <stdbool.h>

#include "symbol/image.h"

/* The debug file of the ELF file `main`, which the target knows as `path`. */
bool debugfile_find(const struct elf *main, const char *path, struct image *ret_debug);

/* The file shared between several debug files (.gnu_debugaltlink, made by dwz). */
bool debugfile_find_alternate(const struct elf *debug, struct image *ret_alternate);

bool debugfile_has_dwarf(const struct elf *elf);

#endif
