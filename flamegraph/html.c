// SPDX-License-Identifier: MIT
#include "flamegraph/html.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/compiler.h"
#include "base/markup.h"
#include "base/utf8.h"

enum { ZLIB_LEVEL = 6 };

/* The longest whole number of characters within max bytes. */
static size_t cut_at(struct slice s, size_t max)
{
    if (s.len <= max)
        return s.len;
    size_t at = max;
    while (at > 0 && ((uint8_t)s.ptr[at] & 0xc0) == 0x80 && max - at < 4)
        at--;
    return at;
}

void text_clean(struct strbuf *out, struct slice text, size_t max_bytes)
{
    const size_t keep = cut_at(text, max_bytes);
    utf8_add_printable(out, (struct slice){ text.ptr, keep });
    if (keep < text.len)
        strbuf_addf(out, "… (%zu bytes)", text.len);
}

void text_middle(struct strbuf *out, struct slice text, size_t max_bytes)
{
    if (text.len <= max_bytes) {
        utf8_add_printable(out, text);
        return;
    }
    const size_t tail = max_bytes / 2;
    size_t from = text.len - tail;
    while (from < text.len && ((uint8_t)text.ptr[from] & 0xc0) == 0x80)
        from++;
    utf8_add_printable(out, (struct slice){ text.ptr, cut_at(text, max_bytes - tail) });
    strbuf_adds(out, "…");
    utf8_add_printable(out, slice_skip(text, from));
}

void html_text(struct strbuf *out, struct slice text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
    text_clean(&clean, text, HTML_NAME_MAX);
    markup_add(out, strbuf_slice(&clean));
}

void html_short(struct strbuf *out, struct slice text, size_t max_bytes)
{
    PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
    text_middle(&clean, text, max_bytes);
    markup_add(out, strbuf_slice(&clean));
}

void base64_add(struct strbuf *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = strbuf_reserve(out, (len + 2) / 3 * 4);
    for (size_t i = 0; i < len; i += 3) {
        const uint32_t b1 = i + 1 < len ? bytes[i + 1] : 0, b2 = i + 2 < len ? bytes[i + 2] : 0;
        const uint32_t v = (uint32_t)bytes[i] << 16 | b1 << 8 | b2;
        *at++ = digits[v >> 18];
        *at++ = digits[v >> 12 & 63];
        *at++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
        *at++ = i + 2 < len ? digits[v & 63] : '=';
    }
    out->len += (len + 2) / 3 * 4;
    out->ptr[out->len] = '\0';
}

void html_block(struct strbuf *out, const char *id, struct slice raw)
{
    PROF_CLEANUP(strbuf_done) struct strbuf packed = STRBUF_INIT;
    uLongf len = compressBound((uLong)raw.len);
    char *bytes = strbuf_reserve(&packed, len);
    /* Fails only when memory is out or the room too small; both are ruled out above. */
    if (compress2((Bytef *)bytes, &len, (const Bytef *)raw.ptr, (uLong)raw.len, ZLIB_LEVEL) != Z_OK)
        abort();
    strbuf_addf(out, "<script type=\"application/octet-stream\" id=\"%s\">", id);
    base64_add(out, (const uint8_t *)bytes, len);
    strbuf_adds(out, "</script>\n");
}
