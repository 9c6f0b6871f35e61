// SPDX-License-Identifier: MIT
/*
 * What every page has around its words: the document's head with the content policy, the style that
 * readers without scripts get, and, packed, the scripts and the style of the interactive part. The
 * policy lets our own scripts and styles run, by their hashes, and nothing else.
 */
#ifndef PROF_FLAMEGRAPH_SHELL_H
#define PROF_FLAMEGRAPH_SHELL_H

#include <stdbool.h>

#include "base/strbuf.h"

enum shell_page { SHELL_FLAME, SHELL_DOCTOR, SHELL_PAGES };

struct shell {
    struct strbuf boot, script, style, app_style;
    enum shell_page page;
    bool live; /* has something that scripts can show */
};

void shell_init(struct shell *s, enum shell_page page, bool live);
void shell_done(struct shell *s);

/* Up to <body>; title is the target's. */
void shell_begin(struct strbuf *out, const struct shell *s, const char *title);

/* From the packed scripts on. */
void shell_end(struct strbuf *out, const struct shell *s);

#endif
