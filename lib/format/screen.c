// SPDX-License-Identifier: MIT
#include "format/screen.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/utf8.h"

struct range {
    uint32_t first, last;
};

/* Unicode's East Asian Width W and F (UAX 11), and the pictures of emoji, in large strokes. */
static const struct range wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff },
    { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 },
    { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
    { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

/* Combining marks and variation selectors. */
static const struct range narrow[] = { { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },
    { 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x0900, 0x0902 }, { 0x0e31, 0x0e31 },
    { 0x0e34, 0x0e3a }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff },
    { 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef } };

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

static size_t cells(uint32_t c)
{
    if (c < 0x300)
        return 1;
    if (in_ranges(c, narrow, PROF_ARRAY_LEN(narrow)))
        return 0;
    return in_ranges(c, wide, PROF_ARRAY_LEN(wide)) ? 2 : 1;
}

size_t screen_width(struct slice printable)
{
    size_t width = 0;
    while (printable.len) {
        size_t len;
        width += cells(utf8_decode(printable, &len));
        printable = slice_skip(printable, len);
    }
    return width;
}

/* The longest beginning that fits into `width` cells, with the marks on its last character. */
static struct slice head_of(struct slice text, size_t width)
{
    size_t used = 0;
    struct slice rest = text;
    while (rest.len) {
        size_t len;
        used += cells(utf8_decode(rest, &len));
        if (used > width)
            break;
        rest = slice_skip(rest, len);
    }
    return (struct slice){ text.ptr, text.len - rest.len };
}

/* What is left when at least `width` cells are taken from the beginning. */
static struct slice tail_of(struct slice text, size_t skipped)
{
    while (text.len) {
        size_t len;
        size_t width = cells(utf8_decode(text, &len));
        if (skipped == 0 && width > 0)
            break;
        skipped -= width < skipped ? width : skipped;
        text = slice_skip(text, len);
    }
    return text;
}

static const char dots[] = "..";
enum { DOTS_WIDTH = sizeof dots - 1, PRINTABLE_BYTES_MAX = 4096 };

void screen_add(struct strbuf *out, struct slice text, size_t width, enum screen_cut cut)
{
    PROF_CLEANUP(strbuf_done) struct strbuf printable = STRBUF_INIT;
    if (text.len > PRINTABLE_BYTES_MAX) /* a name of a megabyte is not worth measuring whole */
        text = cut == CUT_START ? slice_skip(text, text.len - PRINTABLE_BYTES_MAX)
                                : (struct slice){ text.ptr, PRINTABLE_BYTES_MAX };
    utf8_add_printable(&printable, text);
    struct slice s = strbuf_slice(&printable);
    size_t whole = screen_width(s);
    if (whole <= width) {
        strbuf_addslice(out, s);
        return;
    }
    size_t room = width > DOTS_WIDTH ? width - DOTS_WIDTH : 0;
    size_t head = cut == CUT_START ? 0 : room - room / 3;
    struct slice start = head_of(s, head);
    strbuf_addslice(out, start);
    strbuf_add(out, dots, width < DOTS_WIDTH ? width : DOTS_WIDTH);
    size_t left = room - screen_width(start);
    strbuf_addslice(out, tail_of(s, whole - left));
}

void screen_add_padded(struct strbuf *out, struct slice text, size_t width, enum screen_cut cut)
{
    size_t from = out->len;
    screen_add(out, text, width, cut);
    size_t used = screen_width((struct slice){ out->ptr + from, out->len - from });
    while (used++ < width)
        strbuf_addc(out, ' ');
}

static void add_indent(struct strbuf *out, size_t indent)
{
    for (size_t i = 0; i < indent; i++)
        strbuf_addc(out, ' ');
}

void screen_add_wrapped(struct strbuf *out, struct slice text, size_t indent, size_t width)
{
    PROF_CLEANUP(strbuf_done) struct strbuf printable = STRBUF_INIT;
    utf8_add_printable(&printable, text);
    struct slice rest = strbuf_slice(&printable), word;
    size_t column = 0;
    while (slice_split(&rest, ' ', &word)) {
        size_t len = screen_width(word);
        if (column > indent && column + 1 + len > width) {
            strbuf_addc(out, '\n');
            column = 0;
        }
        if (column == 0) {
            add_indent(out, indent);
            column = indent;
        } else {
            strbuf_addc(out, ' ');
            column++;
        }
        strbuf_addslice(out, word);
        column += len;
    }
    if (column)
        strbuf_addc(out, '\n');
}
