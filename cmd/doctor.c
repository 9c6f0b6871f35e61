// SPDX-License-Identifier: MIT
#include "cmd/cmd.h"
#include "cmd/run.h"

static int doctor(const struct command *command, struct settings *settings)
{
    return run_target(command, settings, VIEW_DOCTOR, "html");
}

const struct command doctor_command = {
    .name = "doctor",
    .summary = "say why a program is slow or grows, with the proof and the line",
    .synopses = { "[options] -- PROGRAM [args]", "[options] -p PID" },
    .description =
        "Runs PROGRAM, or attaches to a running process, and watches what its threads run, what "
        "they "
        "wait for, how long each turn of its event loop takes, and who makes its memory grow. Then "
        "it says what is wrong, how sure that is, which function is guilty and what to do, and "
        "writes a report: one HTML file with the proof.\n"
        "\n"
        "A server needs load while it is watched: --on-port runs a load generator. Ten seconds are "
        "the least for a verdict; memory that grows slowly takes minutes. Without root some "
        "evidence is missing; the report says what, and how to get it.\n"
        "\n"
        "Standard output stays the program's. The verdict is printed on standard error, and the "
        "report's path is the last line.",
    .examples = { "prof doctor --on-port 'wrk -d 20 http://127.0.0.1:$PORT/' -- node server.js",
        "prof doctor -d 60 -p $(pgrep -o redis-server)",
        "prof doctor -o report.html -o report.json -o report.md -- ./server",
        "prof doctor --fail-on 'severity>=warning' --fail-on 'loop_p99>50ms' -- ./test-run" },
    .bit = ON_DOCTOR,
    .operand = OPERAND_PROGRAM,
    .run = doctor,
};
