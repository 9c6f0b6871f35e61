// SPDX-License-Identifier: MIT
/*
 * Addresses -> names. symbol_resolve() gives every unresolved frame of a profile its lines. ELF and
 * DWARF of the target are read in a forked process with limits (no privileges, seccomp, address
 * space and CPU time bounded): when it dies on a hostile file, that module's frames become
 * module+0xaddress and a note says so.
 *
 * The caller lends file descriptors where a path alone would not do (deleted or replaced binaries,
 * other mount namespaces, perf maps of processes that have ended).
 */
#ifndef PROF_SYMBOL_SYMBOL_H
#define PROF_SYMBOL_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

/* Where a module's bytes are. */
struct symbol_source {
    struct module_id module;
    int fd; /* borrowed: the ELF file, or the perf map of a MODULE_JIT; -1: use the path */
    int32_t owner_uid; /* of the target, for the perf map's owner check; -1: any */
};

struct symbol_options {
    const struct symbol_source *sources;
    uint32_t source_count;
    bool no_inline;      /* physical functions only */
    uint32_t timeout_ms; /* per module; 0: SYMBOL_TIMEOUT_MS */
};

enum { SYMBOL_TIMEOUT_MS = 20000 };

/* Never fails as a whole: what could not be named is named module+0xaddress and noted. */
void symbol_resolve(struct profile *p, const struct symbol_options *options);

#endif
