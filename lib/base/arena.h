// SPDX-License-Identifier: MIT
/*
 * Memory that is built up, used and dropped whole. Items are never freed one by one. Aligned to 16
 * bytes. Not thread-safe.
 */
#ifndef PROF_BASE_ARENA_H
#define PROF_BASE_ARENA_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

struct arena {
    struct arena_block *head;
};

void *arena_alloc(struct arena *a, size_t size_bytes) PROF_MUST_USE; /* zeroed */
struct slice arena_copy(struct arena *a, struct slice s); /* the copy is zero-terminated */
void arena_done(struct arena *a);                         /* the arena is empty and usable again */

#endif
