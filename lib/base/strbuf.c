// SPDX-License-Identifier: MIT
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

char strbuf_empty[1];

void strbuf_done(struct strbuf *b)
{
    if (b->cap)
        free(b->ptr);
    *b = (struct strbuf)STRBUF_INIT;
}

void strbuf_clear(struct strbuf *b)
{
    b->len = 0;
    if (b->cap)
        b->ptr[0] = '\0';
}

char *strbuf_take(struct strbuf *b)
{
    char *text = b->cap ? b->ptr : xstrdup("");
    *b = (struct strbuf)STRBUF_INIT;
    return text;
}

struct slice strbuf_slice(const struct strbuf *b)
{
    return (struct slice){ .ptr = b->ptr, .len = b->len };
}

char *strbuf_reserve(struct strbuf *b, size_t extra)
{
    size_t want;
    if (__builtin_add_overflow(b->len, extra, &want) || __builtin_add_overflow(want, 1, &want))
        want = SIZE_MAX; /* xreallocarray reports it */
    if (want > b->cap) {
        size_t cap = b->cap + b->cap / 2;
        if (cap < want)
            cap = want;
        if (cap < 64)
            cap = 64;
        b->ptr = xreallocarray(b->cap ? b->ptr : NULL, cap, 1);
        b->cap = cap;
        b->ptr[b->len] = '\0';
    }
    return b->ptr + b->len;
}

void strbuf_add(struct strbuf *b, const void *ptr, size_t len)
{
    if (len == 0)
        return;
    memcpy(strbuf_reserve(b, len), ptr, len);
    b->len += len;
    b->ptr[b->len] = '\0';
}

void strbuf_addc(struct strbuf *b, char c)
{
    strbuf_add(b, &c, 1);
}

void strbuf_adds(struct strbuf *b, const char *text)
{
    strbuf_add(b, text, strlen(text));
}

void strbuf_addslice(struct strbuf *b, struct slice s)
{
    strbuf_add(b, s.ptr, s.len);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(b, fmt, args);
    va_end(args);
}

void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = b->cap ? b->cap - b->len : 0;
    int len = vsnprintf(room ? b->ptr + b->len : NULL, room, fmt, args);
    if (len > 0) {
        if ((size_t)len >= room)
            vsnprintf(strbuf_reserve(b, (size_t)len), (size_t)len + 1, fmt, again);
        b->len += (size_t)len;
    }
    va_end(again);
}
