// SPDX-License-Identifier: MIT
/*
 * Mapped files: ELF file -> open descriptor + unwind table. A file is known from the moment it is
 * mapped, but opened only when the first stack passes through it; one file serves all processes
 * that map it. Descriptors stay open for the symboliser, which may need them when the file, or the
 * mount namespace it was in, has gone.
 *
 * A place is a file at one distance from its addresses (V8 maps node's builtins twice). Its number
 * is the tag of unwind regions; numbers are never reused.
 */
#ifndef PROF_RECORD_MODULES_H
#define PROF_RECORD_MODULES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/profile.h"
#include "record/perf_record.h"
#include "record/python_frames.h"
#include "symbol/symbol.h"
#include "unwind/unwind.h"

struct modules;

struct code_place {
    struct module_id module;
    uint64_t bias; /* absolute address - ELF virtual address */
    const struct unwind_table *table;
    bool is_go;
    struct python_symbols python;
};

struct modules *modules_new(struct profile *p);
void modules_free(struct modules *m);

/* Is this executable mapping a file, or memory that code is generated into? */
bool modules_is_file(struct slice path);

/* The place of a file mapping; nothing is opened. */
uint32_t modules_place(struct modules *m, const struct perf_map *map);

/* Opens the place's file through a process that maps it; the second time this is a table look-up.
 */
const struct code_place *modules_load(struct modules *m, uint32_t place, pid_t pid);

/* The file of a place that is loaded; NULL: it could not be opened. Borrowed. */
const struct elf *modules_elf(const struct modules *m, uint32_t place);

/* Opened files, for symbol_resolve(): appended to *out, which the caller owns. */
struct symbol_source_list {
    struct symbol_source *ptr;
    size_t len, cap;
};
void modules_add_sources(const struct modules *m, struct symbol_source_list *out);

#endif
