// SPDX-License-Identifier: MIT
#include "cmd/cmd.h"
#include "cmd/run.h"

static int flame(const struct command *command, struct settings *settings)
{
    return run_target(command, settings, VIEW_FLAME, "html");
}

const struct command flame_command = {
    .name = "flame",
    .summary = "show where CPU time goes, as a flame graph",
    .synopses = { "[options] -- PROGRAM [args]", "[options] -p PID" },
    .description =
        "Runs PROGRAM, or attaches to a running process, samples the stacks of all its threads and "
        "children, and writes a flame graph: one HTML file that needs nothing else. Works for any "
        "program; C, C++, Rust, Go, Node.js and CPython since 3.11 get names for their functions.\n"
        "\n"
        "Standard output stays the program's. The hottest functions are listed on standard error, "
        "and the report's path is the last line. Ctrl-C once stops the program and writes the "
        "report; twice kills the program and still writes it.",
    .examples = { "prof flame -- ./server", "prof flame -o cpu.html -o cpu.txt -- node server.js",
        "prof flame --on-port 'wrk -d 10 http://127.0.0.1:$PORT/' -- node server.js",
        "prof flame -d 10 -p $(pgrep -o redis-server)" },
    .bit = ON_FLAME,
    .operand = OPERAND_PROGRAM,
    .run = flame,
};
