// SPDX-License-Identifier: MIT
/*
 * What went wrong, in words for the user: a message (lower case, no full stop, quoted subject,
 * cause) and a hint (what to do). Functions that can fail take a struct err * last and return false
 * or NULL; the err then owns its texts until err_done(). A NULL err is accepted everywhere.
 *
 *     if (fd < 0)
 *         return err_sys(e, errno, "cannot open '%s'", path);
 */
#ifndef PROF_BASE_ERR_H
#define PROF_BASE_ERR_H

#include <stdbool.h>

#include "base/compiler.h"

enum err_code {
    ERR_NONE,
    ERR_USAGE,       /* the caller's words are off */
    ERR_NOT_FOUND,   /* no such file, process, symbol */
    ERR_PERMISSION,  /* the system refused */
    ERR_IO,          /* reading or writing failed */
    ERR_FORMAT,      /* bytes that are not what they should be */
    ERR_LIMIT,       /* larger than a named limit */
    ERR_UNSUPPORTED, /* this machine or build cannot do it */
    ERR_TARGET,      /* the profiled program could not be run */
};

struct err {
    enum err_code code;
    char *message; /* owned; NULL when code is ERR_NONE */
    char *hint;    /* owned; may be NULL */
};

/* All three return false, so that a caller can write `return err_set(...)`. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) PROF_PRINTF(3, 4);

/* Appends ": " and the text of errnum; the code follows from errnum. */
bool err_sys(struct err *e, int errnum, const char *fmt, ...) PROF_PRINTF(3, 4);

/* Sets what the user can do; keeps the message. */
bool err_hint(struct err *e, const char *fmt, ...) PROF_PRINTF(2, 3);

/* Puts "context: " before the message. */
bool err_wrap(struct err *e, const char *fmt, ...) PROF_PRINTF(2, 3);

void err_done(struct err *e); /* clears it; usable again */

#endif
