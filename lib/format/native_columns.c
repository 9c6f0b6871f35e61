// SPDX-License-Identifier: MIT
#include "format/native_columns.h"

#include <inttypes.h>

#include "base/varint.h"
#include "base/vec.h"

bool payload_wrong(struct native_payload *r, const char *what)
{
    return err_set(r->e, ERR_FORMAT, "%s", what);
}

/* ---- columns ---- */

static uint64_t *column_room(struct native_payload *r, int column, size_t count)
{
    vec_reserve(&r->columns[column], count + 1);
    return r->columns[column].ptr;
}

/* Reads `count` numbers into a column. A number is at least one byte, so count is bounded. */
bool payload_column_of(struct native_payload *r, int column, size_t count)
{
    if (count > (size_t)(r->end - r->at))
        return payload_wrong(r, "a column ends early");
    uint64_t *values = column_room(r, column, count);
    for (size_t i = 0; i < count; i++) {
        if (!varint_read(&r->at, r->end, &values[i]))
            return payload_wrong(r, "a column ends early or holds a number over 64 bits");
    }
    return true;
}

bool payload_column(struct native_payload *r, int column)
{
    return payload_column_of(r, column, r->count);
}

bool payload_delta_column_of(struct native_payload *r, int column, size_t count)
{
    if (!payload_column_of(r, column, count))
        return false;
    uint64_t *values = r->columns[column].ptr;
    uint64_t above = 0;
    for (size_t i = 0; i < count; i++)
        values[i] = above += values[i] >> 1 ^ (0 - (values[i] & 1));
    return true;
}

bool payload_delta_column(struct native_payload *r, int column)
{
    return payload_delta_column_of(r, column, r->count);
}

uint64_t payload_cell(const struct native_payload *r, int column, size_t row)
{
    return r->columns[column].ptr[row];
}

/* All of the column's ids are below limit. */
bool payload_check_ids(struct native_payload *r, int column, uint64_t limit, const char *what)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (payload_cell(r, column, i) >= limit)
            return err_set(r->e, ERR_FORMAT, "row %" PRIu64 " names %s %" PRIu64 " of %" PRIu64,
                (uint64_t)r->first + i, what, payload_cell(r, column, i), limit);
    }
    return true;
}

bool payload_check_strings(struct native_payload *r, int column)
{
    return payload_check_ids(r, column, profile_string_count(r->p), "string");
}

/* The rows of a table that only grows stand behind the ones that are there. */
bool payload_check_next(struct native_payload *r, uint32_t have, uint32_t limit)
{
    if (r->first != have)
        return err_set(r->e, ERR_FORMAT,
            "it begins at row %" PRIu32 ", but row %" PRIu32 " is next", r->first, have);
    if (have + r->count > limit)
        return err_set(r->e, ERR_LIMIT, "the table has more than %" PRIu32 " rows", limit);
    return true;
}

/* As check_next, but rows that are there may be given anew. */
bool payload_check_next_or_known(struct native_payload *r, uint32_t have, uint32_t limit)
{
    if (r->first > have)
        return payload_check_next(r, have, limit);
    if (r->first + r->count > limit)
        return err_set(r->e, ERR_LIMIT, "the table has more than %" PRIu32 " rows", limit);
    return true;
}

bool payload_repeated(struct native_payload *r, uint32_t row)
{
    return err_set(r->e, ERR_FORMAT, "row %" PRIu32 " repeats an earlier one", row);
}

const uint8_t *payload_bytes(struct native_payload *r, uint64_t len)
{
    if (len > (uint64_t)(r->end - r->at))
        return NULL;
    const uint8_t *bytes = r->at;
    r->at += len;
    return bytes;
}
