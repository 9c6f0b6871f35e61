// SPDX-License-Identifier: MIT
/*
 * Allocation that never returns NULL: out of memory prints one line and aborts. The only part of
 * lib/ that ends the process; recorded chunks are already on disk by then (docs/file-format.md).
 * Sizes multiply with a check for overflow. Any thread.
 */
#ifndef PROF_BASE_ALLOC_H
#define PROF_BASE_ALLOC_H

#include <stddef.h>

#include "base/compiler.h"

/* Uninitialised memory; size 0 gives a valid pointer. Release with free(). */
void *xmalloc(size_t size_bytes) PROF_MUST_USE;

/* Zeroed array of count items. */
void *xcalloc(size_t count, size_t item_bytes) PROF_MUST_USE;

/* Resizes an array; ptr may be NULL. */
void *xreallocarray(void *ptr, size_t count, size_t item_bytes) PROF_MUST_USE;

char *xstrdup(const char *text) PROF_MUST_USE;

/* Copies len bytes and adds a terminating zero. */
char *xmemdupz(const void *ptr, size_t len) PROF_MUST_USE;

/* For PROF_CLEANUP(free_ptr) on any pointer variable. */
void free_ptr(void *pointer_to_pointer);

#endif
