// SPDX-License-Identifier: MIT
/* Help as text, from the command and option tables. */
#ifndef PROF_CMD_HELP_H
#define PROF_CMD_HELP_H

#include "base/strbuf.h"
#include "cmd/cmd.h"

enum { HELP_COLUMNS = 80 };

/* What prof says without arguments: enough to get going. */
void help_short(struct strbuf *out);

/* `prof help`: all commands. */
void help_program(struct strbuf *out);

/* `prof COMMAND --help`. */
void help_for_command(const struct command *command, struct strbuf *out);

#endif
