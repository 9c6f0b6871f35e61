// SPDX-License-Identifier: MIT
/*
 * The head of each man page (name, synopsis, description, options) in man(7), from the same tables
 * as --help. docs/man/ holds it followed by what is written by hand; `make man` refreshes it.
 */
#ifndef PROF_CMD_MAN_H
#define PROF_CMD_MAN_H

#include "base/strbuf.h"
#include "cmd/cmd.h"

void man_of_program(struct strbuf *out);
void man_of_command(const struct command *command, struct strbuf *out);

#endif
