// SPDX-License-Identifier: MIT
#include "base/utf8.h"

#include <stdbool.h>

static const uint32_t REPLACEMENT = 0xfffd;

/* Length of the sequence that a first byte announces, and its smallest allowed value (RFC 3629). */
static size_t sequence_len(uint8_t first, uint32_t *ret_min)
{
    if (first >= 0xc2 && first <= 0xdf) {
        *ret_min = 0x80;
        return 2;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *ret_min = 0x800;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *ret_min = 0x10000;
        return 4;
    }
    return 0;
}

uint32_t utf8_decode(struct slice s, size_t *ret_len)
{
    *ret_len = 1;
    uint8_t first = (uint8_t)s.ptr[0];
    if (first < 0x80)
        return first;
    uint32_t min = 0;
    size_t len = sequence_len(first, &min);
    if (len == 0 || len > s.len)
        return REPLACEMENT;
    uint32_t value = first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        uint8_t next = (uint8_t)s.ptr[i];
        if ((next & 0xc0) != 0x80)
            return REPLACEMENT;
        value = value << 6 | (next & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < min || value > 0x10ffff || surrogate)
        return REPLACEMENT;
    *ret_len = len;
    return value;
}

void utf8_encode(struct strbuf *out, uint32_t c)
{
    if (c < 0x80) {
        strbuf_addc(out, (char)c);
    } else if (c < 0x800) {
        strbuf_addc(out, (char)(0xc0 | c >> 6));
        strbuf_addc(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        strbuf_addc(out, (char)(0xe0 | c >> 12));
        strbuf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        strbuf_addc(out, (char)(0x80 | (c & 0x3f)));
    } else {
        strbuf_addc(out, (char)(0xf0 | c >> 18));
        strbuf_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        strbuf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        strbuf_addc(out, (char)(0x80 | (c & 0x3f)));
    }
}

/* Unicode's explicit direction and invisible formatting characters (UAX 9), and line separators. */
static bool is_deceptive(uint32_t c)
{
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x061c;
}

void utf8_add_printable(struct strbuf *out, struct slice text)
{
    while (text.len) {
        size_t len;
        uint32_t c = utf8_decode(text, &len);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            strbuf_addf(out, "\\x%02x", (unsigned)c);
        else if (is_deceptive(c))
            strbuf_addf(out, "\\u{%04x}", (unsigned)c);
        else
            utf8_encode(out, c);
        text = slice_skip(text, len);
    }
}
