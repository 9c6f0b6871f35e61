// SPDX-License-Identifier: MIT
/*
 * Bytes of the page: text made safe for HTML, and inert blocks of packed data. Every name in a
 * profile is untrusted and passes through html_text.
 */
#ifndef PROF_FLAMEGRAPH_HTML_H
#define PROF_FLAMEGRAPH_HTML_H

#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

/* Longer names are cut in the page; what was cut is said in the text. */
enum { HTML_NAME_MAX = 4096, HTML_SHORT_MAX = 160 };

/* Valid UTF-8 without control or direction characters, at most max_bytes and a mark. */
void text_clean(struct strbuf *out, struct slice text, size_t max_bytes);

/* Shortened to max_bytes with the middle left out. */
void text_middle(struct strbuf *out, struct slice text, size_t max_bytes);

/* text_clean, then & < > " ' as entities. */
void html_text(struct strbuf *out, struct slice text);
void html_short(struct strbuf *out, struct slice text, size_t max_bytes); /* by text_middle */

/* <script type="application/octet-stream" id="ID">base64(zlib(raw))</script> */
void html_block(struct strbuf *out, const char *id, struct slice raw);

void base64_add(struct strbuf *out, const uint8_t *bytes, size_t len);

#endif
