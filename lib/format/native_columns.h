// SPDX-License-Identifier: MIT
/*
 * Columns of numbers in the payload of a chunk, taken out and doubted: for the readers of tables
 * (native_payload.c, native_evidence.c). Each returns false with the error set.
 */
#ifndef PROF_FORMAT_NATIVE_COLUMNS_H
#define PROF_FORMAT_NATIVE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/native_payload.h"

bool payload_wrong(struct native_payload *r, const char *what); /* always false */
bool payload_repeated(struct native_payload *r, uint32_t row);  /* likewise */

/* The next column, of r->count numbers or of `count`. */
bool payload_column(struct native_payload *r, int column);
bool payload_column_of(struct native_payload *r, int column, size_t count);
bool payload_delta_column(struct native_payload *r, int column);
bool payload_delta_column_of(struct native_payload *r, int column, size_t count);
uint64_t payload_cell(const struct native_payload *r, int column, size_t row);

/* All of the column's ids are below limit. */
bool payload_check_ids(struct native_payload *r, int column, uint64_t limit, const char *what);
bool payload_check_strings(struct native_payload *r, int column);

/* The chunk's rows stand behind the `have` that are there; or, they may be given anew. */
bool payload_check_next(struct native_payload *r, uint32_t have, uint32_t limit);
bool payload_check_next_or_known(struct native_payload *r, uint32_t have, uint32_t limit);

/* The next bytes; NULL when the chunk has fewer. */
const uint8_t *payload_bytes(struct native_payload *r, uint64_t len);

#endif
