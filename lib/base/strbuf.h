// SPDX-License-Identifier: MIT
/*
 * Growing text or bytes. ptr is always valid and zero-terminated, also when empty, so it can be
 * passed to printf as it is. Not thread-safe.
 *
 *     PROF_CLEANUP(strbuf_done) struct strbuf b = STRBUF_INIT;
 *     strbuf_addf(&b, "%s:%u", file, line);
 */
#ifndef PROF_BASE_STRBUF_H
#define PROF_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

struct strbuf {
    char *ptr;
    size_t len;
    size_t cap; /* 0: ptr is the shared empty string */
};

extern char strbuf_empty[1];

#define STRBUF_INIT                                                                                \
    {                                                                                              \
        .ptr = strbuf_empty                                                                        \
    }

void strbuf_done(struct strbuf *b);
void strbuf_clear(struct strbuf *b);

/* Hands the text over (release with free()); the buffer is empty again. */
char *strbuf_take(struct strbuf *b) PROF_MUST_USE;

struct slice strbuf_slice(const struct strbuf *b);

/* Makes room for extra bytes behind len and returns the place; the caller then adds to len. */
char *strbuf_reserve(struct strbuf *b, size_t extra);

void strbuf_add(struct strbuf *b, const void *ptr, size_t len);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_adds(struct strbuf *b, const char *text);
void strbuf_addslice(struct strbuf *b, struct slice s);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) PROF_PRINTF(2, 3);
void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list args) PROF_PRINTF(2, 0);

#endif
