// SPDX-License-Identifier: MIT
/*
 * Lines for the person at the terminal, on standard error: standard output belongs to the target.
 * Control bytes in names never reach the terminal.
 */
#ifndef PROF_CMD_SAY_H
#define PROF_CMD_SAY_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"

/* "prof: message", then "hint: ..." when there is one. */
void say_error(const struct err *e);

/* "prof: warning: ..." */
void say_warning(const char *fmt, ...) PROF_PRINTF(1, 2);

/* One plain line. */
void say(const char *fmt, ...) PROF_PRINTF(1, 2);

/* Writes out what stdio holds for standard output. False: it could not be written. */
bool say_flush_stdout(void);

#endif
