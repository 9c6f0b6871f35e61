// SPDX-License-Identifier: MIT
/*
 * Makes text from a target safe to show. Names of functions, files, threads and commands are
 * untrusted bytes: they may hold control characters, terminal escapes, text direction overrides or
 * invalid UTF-8.
 */
#ifndef PROF_BASE_UTF8_H
#define PROF_BASE_UTF8_H

#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

/* Decodes one code point and its length in bytes (at least 1); U+FFFD for an invalid byte. */
uint32_t utf8_decode(struct slice s, size_t *ret_len);

void utf8_encode(struct strbuf *out, uint32_t code_point);

/* Appends text with invalid bytes as U+FFFD, and control and bidi characters as \xNN or \u{NNNN}.
 */
void utf8_add_printable(struct strbuf *out, struct slice text);

#endif
