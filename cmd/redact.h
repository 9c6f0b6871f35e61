// SPDX-License-Identifier: MIT
/*
 * The target's command line as a report may show it: reports are mailed around and end in CI
 * artifacts, and command lines hold passwords.
 */
#ifndef PROF_CMD_REDACT_H
#define PROF_CMD_REDACT_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/strbuf.h"

/*
 * Appends the program's name and the number of arguments ("node (2 arguments)"), or with show_args
 * the whole line, quoted for a shell, in which values that look like secrets are [redacted].
 */
void redact_command(const struct slice *args, size_t count, bool show_args, struct strbuf *out);

#endif
