// SPDX-License-Identifier: MIT
/*
 * Rust's two manglings.
 *
 * Legacy looks like C++: _ZN, a length and a piece for each part of the path, E. The last piece is
 * "h" and a hash of 16 hex digits, which is dropped; characters C++ cannot have are $LT$, $u20$,
 * "..".
 *
 * v0 is a grammar of its own (Rust RFC 2603). The printer below follows it with a cursor; backward
 * references are followed in place, so depth and output are limited. Crate hashes are not printed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "symbol/demangle.h"

/* ---- legacy ---- */

enum { LEGACY_HASH_LEN = 17 };

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hash(struct slice s)
{
    if (s.len != LEGACY_HASH_LEN || s.ptr[0] != 'h')
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!is_hex(s.ptr[i]))
            return false;
    return true;
}

/* "12rest" -> 12; at most eight digits. */
static bool take_decimal(struct slice *s, size_t *ret_value)
{
    size_t value = 0, digits = 0;
    while (digits < s->len && digits < 9 && is_digit(s->ptr[digits]))
        value = value * 10 + (size_t)(s->ptr[digits++] - '0');
    if (digits == 0 || digits == 9)
        return false;
    *s = slice_skip(*s, digits);
    *ret_value = value;
    return true;
}

static bool take_piece(struct slice *s, struct slice *ret_piece)
{
    size_t len;
    if (!take_decimal(s, &len) || len > s->len)
        return false;
    *ret_piece = (struct slice){ s->ptr, len };
    *s = slice_skip(*s, len);
    return true;
}

/* Appends what "$...$" at the start of s means; its length, or 0 when it means nothing. */
static size_t add_escape(struct strbuf *out, struct slice s)
{
    static const struct {
        const char *code;
        char c;
    } codes[] = { { "SP", '@' }, { "BP", '*' }, { "RF", '&' }, { "LT", '<' }, { "GT", '>' },
        { "LP", '(' }, { "RP", ')' }, { "C", ',' } };
    const struct slice rest = slice_skip(s, 1);
    const size_t len = slice_find(rest, '$');
    if (len == rest.len)
        return 0;
    const struct slice code = { rest.ptr, len };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (slice_is(code, codes[i].code)) {
            strbuf_addc(out, codes[i].c);
            return len + 2;
        }
    }
    uint64_t point;
    if (!slice_starts(code, "u") || !slice_to_u64(slice_skip(code, 1), 16, &point) ||
        point > 0x10ffff || point < 0x20)
        return 0;
    utf8_encode(out, (uint32_t)point);
    return len + 2;
}

static void add_piece(struct strbuf *out, struct slice piece)
{
    if (slice_starts(piece, "_$"))
        piece = slice_skip(piece, 1);
    while (piece.len) {
        size_t used = 1;
        if (piece.ptr[0] == '$' && (used = add_escape(out, piece)) != 0) {
            piece = slice_skip(piece, used);
            continue;
        }
        used = slice_starts(piece, "..") ? 2 : 1;
        if (used == 2)
            strbuf_adds(out, "::");
        else
            strbuf_addc(out, piece.ptr[0]);
        piece = slice_skip(piece, used);
    }
}

/* Is it "_ZN pieces hash E" and nothing else? That is what tells Rust from C++. */
static bool is_legacy(struct slice s)
{
    struct slice piece, last = { 0 };
    while (s.len && is_digit(s.ptr[0])) {
        if (!take_piece(&s, &piece))
            return false;
        last = piece;
    }
    return is_hash(last) && slice_starts(s, "E") && (s.len == 1 || s.ptr[1] == '.');
}

bool rust_demangle_legacy(struct slice symbol, struct strbuf *out)
{
    if (!slice_starts(symbol, "_ZN") || symbol.len > DEMANGLE_INPUT_MAX)
        return false;
    struct slice rest = slice_skip(symbol, 3), piece;
    if (!is_legacy(rest))
        return false;
    const size_t start = out->len;
    while (rest.len && is_digit(rest.ptr[0]) && take_piece(&rest, &piece) && !is_hash(piece)) {
        if (out->len > start)
            strbuf_adds(out, "::");
        add_piece(out, piece);
        if (out->len - start > DEMANGLE_OUTPUT_MAX) {
            strbuf_adds(out, "...");
            break;
        }
    }
    return out->len > start;
}
