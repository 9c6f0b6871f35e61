// SPDX-License-Identifier: MIT
/*
 * The payload of one chunk of FILE.prof, moved into a profile: the reader's half of what
 * native_rows.h is for the writer. Every number is doubted; messages say what is wrong, the caller
 * (native_read.c) adds where.
 */
#ifndef PROF_FORMAT_NATIVE_PAYLOAD_H
#define PROF_FORMAT_NATIVE_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "profile/profile.h"

enum { NATIVE_COLUMNS_MAX = 9 };

struct native_payload {
    struct profile *p;
    struct err *e;
    bool ended; /* the end chunk was read */

    uint32_t spans; /* rows of that table in the file so far */

    const uint8_t *at, *end; /* what is left of the chunk under way */
    uint32_t first, count;   /* its rows */
    struct {
        uint64_t *ptr;
        size_t len, cap;
    } columns[NATIVE_COLUMNS_MAX]; /* the ones read last; room is kept from chunk to chunk */
    struct {
        uint32_t *ptr;
        size_t len, cap;
    } depths; /* of each stack */
};

/* Types that are not known come from a later version: a reader skips them. */
bool native_payload_knows(const char *type);

/* Reads what stands between at and end as a chunk of this type. */
bool native_payload_read(struct native_payload *r, const char *type);
void native_payload_done(struct native_payload *r); /* the columns; the profile is the caller's */

#endif
