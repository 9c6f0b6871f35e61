// SPDX-License-Identifier: MIT
/*
 * Model <-> bytes. One file per format, one row in table.c. A writer gets a resolved profile and
 * appends to a buffer or streams through `sink`; a reader gets all the bytes. Readers doubt every
 * byte: errors say the line or offset and what was expected.
 */
#ifndef PROF_FORMAT_FORMAT_H
#define PROF_FORMAT_FORMAT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "profile/profile.h"

/* Where a writer's bytes go. write returns false when it failed and has set the error. */
struct format_sink {
    bool (*write)(void *ctx, const void *bytes, size_t len, struct err *e);
    void *ctx;
};

struct format {
    const char *name;    /* "folded": for --format */
    const char *endings; /* space-separated, longest first: ".pb.gz .pprof"; first is the default */
    bool text;           /* made for a terminal: allowed on standard output without -o - */
    bool (*sniff)(struct slice head); /* does a file that begins so look like this? */
    bool (*write)(const struct profile *p, const struct format_sink *sink, struct err *e);
    struct profile *(*read)(struct slice bytes, struct err *e);
};

const struct format *format_table(size_t *ret_count);
const struct format *format_by_name(const char *name);
const struct format *format_by_path(const char *path); /* by ending; NULL: none */

/* Length of the ending of f that path has; 0: none. A caller with rows of its own (html) takes the
 * row with the longest. */
size_t format_ending(const struct format *f, const char *path);

/* Detects the format (by content, then by the name's ending) and reads. gzip is undone first. */
struct profile *format_read(struct slice bytes, const char *path, struct err *e);

#endif
