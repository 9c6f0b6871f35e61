// SPDX-License-Identifier: MIT
/*
 * Function symbols of ELF files for a batch of addresses. A symbol names an address only when its
 * size covers it (assembly symbols without a size: up to the next symbol of .symtab): the nearest
 * symbol before an address is often the wrong one.
 *
 *     struct symbol *symbols = xcalloc(l.count, sizeof *symbols);
 *     symtab_match(elf, SYMTAB_FULL, &l, symbols);
 *     symtab_match_plt(elf, &l, symbols);
 */
#ifndef PROF_SYMBOL_SYMTAB_H
#define PROF_SYMBOL_SYMTAB_H

#include <stdbool.h>
#include <stdint.h>

#include "symbol/elf.h"
#include "symbol/lookup.h"

/* The best symbol so far for one address; name is empty when there is none. Names borrow from the
 * ELF bytes, those of PLT stubs from the lookup's arena. */
struct symbol {
    struct slice name;
    uint64_t address;
    uint64_t size;  /* 0: assembly, ends where the next one starts */
    uint32_t score; /* see score_of() */
    bool global;
};

enum symtab_kind {
    SYMTAB_FULL,    /* .symtab */
    SYMTAB_DYNAMIC, /* .dynsym: exported names only */
};

bool symtab_exists(const struct elf *elf, enum symtab_kind kind);

/* The defined symbol of a name, of data or code; its name stays as it was asked for, its score 0.
 */
bool symtab_find(
    const struct elf *elf, enum symtab_kind kind, const char *name, struct symbol *ret_symbol);

/* Improves symbols[i] for each address i of the batch. Call once per file and table. */
void symtab_match(
    const struct elf *elf, enum symtab_kind kind, struct lookup *l, struct symbol *symbols);

/* Names stubs of the procedure linkage table foo@plt, by the relocation of the slot they jump to.
 */
void symtab_match_plt(const struct elf *elf, struct lookup *l, struct symbol *symbols);

#endif
