// SPDX-License-Identifier: MIT
/*
 * Writes JSON into a strbuf: commas, escaping and nesting are kept right. Text that is not UTF-8 is
 * repaired with U+FFFD; '<', '>' and '&' are written as \u escapes, so that the result can stand
 * inside an HTML element. Nesting deeper than JSON_MAX_DEPTH is a mistake of ours (assert). Not
 * thread-safe.
 */
#ifndef PROF_BASE_JSON_H
#define PROF_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

#define JSON_MAX_DEPTH 64

struct json {
    struct strbuf *out;
    int depth;
    bool first[JSON_MAX_DEPTH]; /* no comma needed yet at this depth */
    bool after_key;
};

void json_init(struct json *j, struct strbuf *out);
void json_object(struct json *j);
void json_object_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);
void json_string(struct json *j, struct slice text);
void json_text(struct json *j, const char *text); /* NULL is null */
void json_u64(struct json *j, uint64_t value);
void json_i64(struct json *j, int64_t value);
void json_double(struct json *j, double value); /* reads back the same; not finite: null */
void json_bool(struct json *j, bool value);

#endif
