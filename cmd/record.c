// SPDX-License-Identifier: MIT
#include "cmd/cmd.h"
#include "cmd/run.h"

static int record(const struct command *command, struct settings *settings)
{
    return run_target(command, settings, VIEW_FLAME, "prof");
}

const struct command record_command = {
    .name = "record",
    .summary = "record to FILE.prof, to look at later or elsewhere",
    .synopses = { "[options] -- PROGRAM [args]", "[options] -p PID" },
    .description =
        "Records as 'prof flame' does, but keeps the recording instead of drawing it. FILE.prof "
        "grows while the program runs and can be read even when it was cut by a full disk or a "
        "crash. It holds the names of all functions, so that 'prof report' can draw it on another "
        "machine.",
    .examples = { "prof record -o server.prof -d 60 -- ./server",
        "prof report server.prof -o server.html" },
    .bit = ON_RECORD,
    .operand = OPERAND_PROGRAM,
    .run = record,
};
