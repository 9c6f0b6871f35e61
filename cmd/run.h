// SPDX-License-Identifier: MIT
/*
 * The life of a recording as the user sees it, for every command that starts or attaches to a
 * target: open the outputs, start, show progress, name, write, sum up, pass the status on.
 */
#ifndef PROF_CMD_RUN_H
#define PROF_CMD_RUN_H

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"

/* Returns the exit status. default_format: written when neither -o nor --format is given. In the
 * doctor's view evidence of all kinds is recorded and judged. */
int run_target(const struct command *command, const struct settings *settings,
    enum output_view view, const char *default_format);

#endif
