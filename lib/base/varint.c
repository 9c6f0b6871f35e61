// SPDX-License-Identifier: MIT
#include "base/varint.h"

enum { VARINT_MAX_BYTES = 10 };

void varint_add(struct strbuf *out, uint64_t value)
{
    char *at = strbuf_reserve(out, VARINT_MAX_BYTES);
    size_t len = 0;
    while (value >= 0x80) {
        at[len++] = (char)(value | 0x80);
        value >>= 7;
    }
    at[len++] = (char)value;
    at[len] = '\0';
    out->len += len;
}

void varint_add_signed(struct strbuf *out, int64_t value)
{
    varint_add(out, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

bool varint_read(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
    uint64_t value = 0;
    const uint8_t *p = *at;
    for (unsigned shift = 0; shift < 7 * VARINT_MAX_BYTES; shift += 7) {
        if (p == end)
            return false;
        uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *at = p;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool varint_read_signed(const uint8_t **at, const uint8_t *end, int64_t *ret_value)
{
    uint64_t value;
    if (!varint_read(at, end, &value))
        return false;
    *ret_value = (int64_t)(value >> 1 ^ (0 - (value & 1)));
    return true;
}
