// SPDX-License-Identifier: MIT
/*
 * Text laid out in columns of a terminal: printable names only, cut and padded by the room they
 * take on the screen (a CJK character takes two cells, a combining mark none).
 */
#ifndef PROF_FORMAT_SCREEN_H
#define PROF_FORMAT_SCREEN_H

#include "base/slice.h"
#include "base/strbuf.h"

enum screen_cut {
    CUT_MIDDLE, /* "std::vector<...>::push_back": a function */
    CUT_START,  /* ".../net/server.c:120": a path */
};

size_t screen_width(struct slice printable);

/* Appends text made printable, cut to at most `width` cells. */
void screen_add(struct strbuf *out, struct slice text, size_t width, enum screen_cut cut);

/* The same, then blanks up to `width`. */
void screen_add_padded(struct strbuf *out, struct slice text, size_t width, enum screen_cut cut);

/* Appends a paragraph broken at blanks; each line begins with `indent` blanks. */
void screen_add_wrapped(struct strbuf *out, struct slice text, size_t indent, size_t width);

#endif
