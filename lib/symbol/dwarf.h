// SPDX-License-Identifier: MIT
/*
 * Lines and inline frames from DWARF. libdw reads DIEs and line tables; which inlined functions
 * cover an address is our own walk, because libdw's (elfutils 0.188) loses most of them in Rust
 * programs and takes milliseconds for each address. Runs in the worker: libdw has crashed on
 * hostile files before.
 */
#ifndef PROF_SYMBOL_DWARF_H
#define PROF_SYMBOL_DWARF_H

#include <stdbool.h>

#include "symbol/image.h"
#include "symbol/lookup.h"
#include "symbol/namer.h"
#include "symbol/symtab.h"

struct dwarf_input {
    const struct elf *main;
    const struct image *debug;     /* the file that holds DWARF; may be the main one */
    const struct image *alternate; /* NULL: none */
    bool no_inline;
};

/* Gives lines to the addresses that DWARF covers; symbols[i] is what the symbol table says. */
void dwarf_match(const struct dwarf_input *input, struct lookup *l, const struct symbol *symbols,
    struct namer *namer);

#endif
