// SPDX-License-Identifier: MIT
#include "record/python_lines.h"

#include <stdbool.h>

/* An entry: 1, its kind (4 bits), its length in code units less 1 (3 bits); then what the kind
 * says. Bytes behind the first have their highest bit clear. */
enum {
    ENTRY_MARK = 0x80,
    KIND_SHORT_MAX = 9, /* same line; columns in one more byte */
    KIND_ONE_LINE = 10, /* 10 to 12: as many lines further on as the kind is above this */
    KIND_NO_COLUMNS = 13,
    KIND_LONG = 14,
    KIND_NONE = 15,
    VARINT_BITS = 6,
    VARINT_MORE = 0x40,
    VARINT_SHIFT_MAX = 30,
};

static bool read_varint(const uint8_t *table, size_t len, size_t at, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (uint32_t shift = 0; at < len && shift < VARINT_SHIFT_MAX; shift += VARINT_BITS, at++) {
        value |= (uint32_t)(table[at] & (VARINT_MORE - 1)) << shift;
        if (!(table[at] & VARINT_MORE)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* The entry's line less that of the one before it. */
static int32_t line_step(const uint8_t *table, size_t len, size_t at, unsigned kind)
{
    uint32_t value = 0;
    if (kind > KIND_SHORT_MAX && kind < KIND_NO_COLUMNS)
        return (int32_t)kind - KIND_ONE_LINE;
    if (kind < KIND_NO_COLUMNS || kind == KIND_NONE || !read_varint(table, len, at, &value))
        return 0;
    return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

uint32_t python_line(const uint8_t *table, size_t len, uint32_t first_line, uint32_t unit)
{
    int64_t line = first_line;
    uint64_t start = 0;
    size_t at = 0;
    while (at < len && (table[at] & ENTRY_MARK)) {
        const unsigned kind = table[at] >> 3 & 15;
        const unsigned units = (table[at] & 7) + 1;
        line += line_step(table, len, at + 1, kind);
        if (unit < start + units)
            return kind != KIND_NONE && line > 0 && line <= INT32_MAX ? (uint32_t)line : 0;
        start += units;
        at++;
        while (at < len && !(table[at] & ENTRY_MARK))
            at++;
    }
    return 0;
}
