// SPDX-License-Identifier: MIT
/*
 * The weight of each source line of the hottest functions, and the text around those lines where
 * the file can be read now. File names come from the target's debug data, so they are doubted: only
 * regular files, no link in the last place, bounded in size, and only what the reader (a user id)
 * could have opened by mode bits; text is cleaned and long lines are cut.
 *
 *     { "PAGE FUNC": { "lines": [[line, self count, self weight, total weight], ...],
 *                      "from": first line, "text": ["...", ...] }, ... }
 */
#ifndef PROF_FLAMEGRAPH_SOURCE_H
#define PROF_FLAMEGRAPH_SOURCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strbuf.h"
#include "flamegraph/hottest.h"
#include "flamegraph/names.h"

struct source_options {
    bool no_text; /* line weights alone */
    uid_t reader; /* 0: whatever this process can read */
};

void source_pack(const struct profile *p, const struct names *names, const struct hottest *h,
    const struct source_options *options, struct strbuf *out);

/* Appends the text of the function's file, when options and the file's mode allow it. */
bool source_text(const struct profile *p, const struct func *f,
    const struct source_options *options, struct strbuf *out);

/* Appends a line of source without what a page cannot show. */
void source_add_line(struct strbuf *out, struct slice line);

/* Appends the file's bytes when reader may see them; false when it may not, or there is none. */
bool source_read(const char *path, uid_t reader, struct strbuf *out);

#endif
