// SPDX-License-Identifier: MIT
/*
 * Perf maps: "hexaddress hexsize name" lines that a language runtime writes for its generated code
 * (/tmp/perf-PID.map). Written by the target, or by anybody who can write to /tmp: nothing in one
 * is trusted.
 */
#ifndef PROF_SYMBOL_PERFMAP_H
#define PROF_SYMBOL_PERFMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "symbol/lookup.h"

enum {
    PERFMAP_FILE_MAX_MIB = 256,
    PERFMAP_ENTRY_MAX_MIB = 64, /* longer ranges are not functions */
    PERFMAP_NAME_MAX = 4096,    /* longer names are cut */
};

/* Opens a map if it can be trusted as far as any map can: a regular file, not behind a link, owned
 * by owner_uid (-1: any) or root, not too large. Returns the fd, or -1. */
int perfmap_open(const char *path, int32_t owner_uid, struct err *e);

/* The same test for a file that is open already. */
bool perfmap_check(int fd, const char *name, int32_t owner_uid, struct err *e);

/* Names the addresses that the map covers; of overlapping entries the later one wins, because
 * runtimes append when they reuse memory. Reads from the file's start to its end. */
bool perfmap_match(int fd, const char *name, struct lookup *l, struct err *e);

/* The same from memory. */
void perfmap_match_text(struct slice text, struct lookup *l);

#endif
