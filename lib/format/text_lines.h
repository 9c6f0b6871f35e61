// SPDX-License-Identifier: MIT
/*
 * Lines of a text that is being imported, with their numbers for error messages. Line ends are LF
 * or CR LF; the last line needs none.
 */
#ifndef PROF_FORMAT_TEXT_LINES_H
#define PROF_FORMAT_TEXT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

struct text_lines {
    struct slice rest;
    struct slice line; /* the last one handed out */
    uint64_t number;   /* of that line, from 1 */
};

struct text_lines text_lines(struct slice text);
bool text_lines_next(struct text_lines *l, struct slice *ret_line);

/* "line 12: expected ..., found '...'" as ERR_FORMAT; returns false. Long lines are cut. */
bool text_lines_wrong(const struct text_lines *l, struct err *e, const char *fmt, ...)
    PROF_PRINTF(3, 4);

#endif
