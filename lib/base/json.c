// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

void json_init(struct json *j, struct strbuf *out)
{
    *j = (struct json){ .out = out };
    j->first[0] = true;
}

/* Comma or not, before a value or a key. */
static void separate(struct json *j)
{
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (!j->first[j->depth])
        strbuf_addc(j->out, ',');
    j->first[j->depth] = false;
}

static void open_nest(struct json *j, char bracket)
{
    separate(j);
    strbuf_addc(j->out, bracket);
    j->depth++;
    assert(j->depth < JSON_MAX_DEPTH);
    j->first[j->depth] = true;
}

static void close_nest(struct json *j, char bracket)
{
    assert(j->depth > 0 && !j->after_key);
    j->depth--;
    strbuf_addc(j->out, bracket);
}

void json_object(struct json *j)
{
    open_nest(j, '{');
}

void json_object_end(struct json *j)
{
    close_nest(j, '}');
}

void json_array(struct json *j)
{
    open_nest(j, '[');
}

void json_array_end(struct json *j)
{
    close_nest(j, ']');
}

static void add_char(struct strbuf *out, uint32_t c)
{
    if (c == '"' || c == '\\') {
        strbuf_addc(out, '\\');
        strbuf_addc(out, (char)c);
    } else if (c == '\n') {
        strbuf_adds(out, "\\n");
    } else if (c == '\t') {
        strbuf_adds(out, "\\t");
    } else if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&' || c == 0x2028 ||
               c == 0x2029) {
        strbuf_addf(out, "\\u%04x", (unsigned)c);
    } else {
        utf8_encode(out, c);
    }
}

static void add_quoted(struct strbuf *out, struct slice text)
{
    strbuf_addc(out, '"');
    while (text.len) {
        size_t len;
        uint32_t c = utf8_decode(text, &len);
        add_char(out, c);
        text = slice_skip(text, len);
    }
    strbuf_addc(out, '"');
}

void json_key(struct json *j, const char *key)
{
    separate(j);
    add_quoted(j->out, slice_of(key));
    strbuf_addc(j->out, ':');
    j->after_key = true;
}

void json_string(struct json *j, struct slice text)
{
    separate(j);
    add_quoted(j->out, text);
}

void json_text(struct json *j, const char *text)
{
    if (text) {
        json_string(j, slice_of(text));
    } else {
        separate(j);
        strbuf_adds(j->out, "null");
    }
}

void json_u64(struct json *j, uint64_t value)
{
    separate(j);
    strbuf_addf(j->out, "%" PRIu64, value);
}

void json_i64(struct json *j, int64_t value)
{
    separate(j);
    strbuf_addf(j->out, "%" PRId64, value);
}

/* Few digits where they are enough to read back the same number. */
void json_double(struct json *j, double value)
{
    if (!isfinite(value)) {
        json_text(j, NULL);
        return;
    }
    separate(j);
    char text[32];
    static const int digits[] = { 6, 15, 17 };
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%.*g", digits[i], value);
        if (strtod(text, NULL) == value)
            break;
    }
    strbuf_adds(j->out, text);
}

void json_bool(struct json *j, bool value)
{
    separate(j);
    strbuf_adds(j->out, value ? "true" : "false");
}
