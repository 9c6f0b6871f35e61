// SPDX-License-Identifier: MIT
/*
 * The tables of a profile as chunks of FILE.prof: which chunk, how many rows there are, how a range
 * of rows becomes columns of varints, and, where rows change after they were written, a hash that
 * shows it. Used by native.c only; the layout is in docs/file-format.md.
 */
#ifndef PROF_FORMAT_NATIVE_ROWS_H
#define PROF_FORMAT_NATIVE_ROWS_H

#include <stdint.h>

#include "base/strbuf.h"
#include "profile/profile.h"

struct native_range {
    const struct profile *p;
    uint32_t first, end; /* rows */
    struct strbuf *out;
};

struct native_table {
    const char *type;
    uint32_t first; /* row to begin with: 1 where row 0 is the same in every profile */
    uint32_t (*count)(const struct profile *p);
    void (*encode)(const struct native_range *c);
    uint64_t (*hash)(const struct profile *p, uint32_t row); /* NULL: rows never change */
};

/* In the order in which they are written: a row names only rows of tables above it, or of its own.
 */
enum native_table_id {
    TABLE_STRINGS,
    TABLE_PROCESSES,
    TABLE_MODULES,
    TABLE_FUNCS,
    TABLE_FRAMES,
    TABLE_STACKS,
    TABLE_THREADS,
    TABLE_SERIES,
    TABLE_NOTES,
    TABLE_SPANS,
    TABLE_HISTOGRAMS,
    TABLE_TALLIES,
    TABLE_FACTS,
    TABLES,
};

extern const struct native_table native_tables[TABLES];

/* The lines of `count` frames: how many each has, then all of them. */
void native_encode_lines(
    const struct profile *p, const uint32_t *frames, uint32_t count, struct strbuf *out);

/* The points [first, end) of series `id`. */
void native_encode_points(
    const struct profile *p, struct series_id id, uint32_t first, uint32_t end, struct strbuf *out);

/* A meta row's hash; 0 when it is empty. */
uint64_t native_meta_hash(const struct profile_meta *m, const struct meta_row *row);

/* The meta rows that keep[] selects. */
void native_encode_meta(const struct profile_meta *m, const bool *keep, struct strbuf *out);

#endif
