// SPDX-License-Identifier: MIT
/*
 * Borrowed text: a pointer and a length, not zero-terminated, owned by somebody else. Bytes are not
 * promised to be UTF-8. Value type; any thread.
 */
#ifndef PROF_BASE_SLICE_H
#define PROF_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *ptr;
    size_t len;
};

/* For printf("%.*s", SLICE_ARG(s)). Precision is an int: longer text is cut at INT_MAX. */
#define SLICE_ARG(s) (int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len), (s).ptr

/* NULL gives the empty slice. */
struct slice slice_of(const char *text);
bool slice_equal(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);
bool slice_starts(struct slice s, const char *prefix);
bool slice_ends(struct slice s, const char *suffix);
struct slice slice_skip(struct slice s, size_t count);
struct slice slice_trim(struct slice s);

/* Position of the first / last byte c, or s.len when there is none. */
size_t slice_find(struct slice s, char c);
size_t slice_rfind(struct slice s, char c);

/* Takes text up to separator c out of *rest (the separator is dropped). False when *rest is empty.
 */
bool slice_split(struct slice *rest, char c, struct slice *ret_part);

/* Takes the next word out of *rest, with the blanks before it; empty at the end. */
struct slice slice_take_word(struct slice *rest);

/* Whole slice as an unsigned number, base 10 or 16 (no prefix, no sign). False on overflow or junk.
 */
bool slice_to_u64(struct slice s, int base, uint64_t *ret_value);

/* The same text has the same hash in every run. */
uint64_t slice_hash(struct slice s);

/* The part after the last '/'. */
struct slice slice_basename(struct slice path);

#endif
