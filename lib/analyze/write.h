// SPDX-License-Identifier: MIT
/*
 * A diagnosis for machines and terminals. One file per format, one row in write_table.c; the page
 * is flamegraph/doctor.h. Texts of a diagnosis may hold names from the target: each writer escapes
 * for its format. Same diagnosis, same bytes.
 */
#ifndef PROF_ANALYZE_WRITE_H
#define PROF_ANALYZE_WRITE_H

#include "analyze/finding.h"
#include "format/format.h"

struct diagnosis_format {
    struct format row; /* name, endings, text; nothing reads it, and write is the one below */
    bool (*write)(const struct profile *p, const struct diagnosis *d,
        const struct format_sink *sink, struct err *e);
};

const struct diagnosis_format *diagnosis_format_table(size_t *ret_count);
const struct diagnosis_format *diagnosis_format_of(const struct format *row); /* NULL: another's */

/* The layout of the text. */
struct diagnosis_text {
    size_t width; /* columns */
    bool colour;
    bool brief; /* without the details of what is good to know only, and what was found healthy */
};

/* Appends lines that are safe for a terminal. */
void diagnosis_add_text(struct strbuf *out, const struct profile *p, const struct diagnosis *d,
    const struct diagnosis_text *layout);

/* ---- shared by the writers (write_words.c) ---- */

/* A number as people read it, by its unit (words.h). */
void write_add_figure(struct strbuf *out, double value, const char *unit);

/* The program as the report's title says it. */
struct slice write_title(const struct profile *p);

/* "server.js:3"; "libc.so.6" without debug data; "" when nothing is known. path: all of it. */
void write_add_place(
    struct strbuf *out, const struct profile *p, const struct guilty *g, bool path);

/* What to know of the functions of a finding that is `nameless`. */
void write_add_nameless(struct strbuf *out, const char *language);

/* "turns over 10 ms on the CPU: 129 (threshold 5; 4,211 observed)" */
void write_add_proof(struct strbuf *out, const struct proof *proof);

/* Seconds since the recording began: "12.3-12.9 s, 14.0-14.2 s and 3 more". Nothing when none. */
void write_add_intervals(struct strbuf *out, const struct profile *p, const struct finding *f);

/* Everything that a finding says, as plain paragraphs ended by \n: for JUnit and annotations. */
void write_add_plain(struct strbuf *out, const struct profile *p, const struct finding *f);

bool diagnosis_write_text(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e);
bool diagnosis_write_json(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e);
bool diagnosis_write_markdown(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e);
bool diagnosis_write_junit(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e);
bool diagnosis_write_github(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e);

#endif
