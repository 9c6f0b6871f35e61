// SPDX-License-Identifier: MIT
/*
 * A server that logs. With the defect it writes forty lines about each request, each with its own
 * time stamp and flush; without it one line for a hundred requests.
 */
#include <fcntl.h>

#include "http.h"
#include "program.h"

static struct program program;
static uint64_t requests;
static FILE *log_file;

GUILTY(log_line);
static void __attribute__((noinline)) log_line(const char *what, int step)
{
    char stamp[64];
    time_t now = time(NULL);
    struct tm parts;

    localtime_r(&now, &parts);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S%z", &parts);
    fprintf(log_file, "%s DEBUG [server] request=%llu step=%d %s\n", stamp,
        (unsigned long long)requests, step, what);
    fflush(log_file);
}

static void handle(int fd)
{
    bool chatty = program_has_defect(&program, requests++);

    for (int i = 0; chatty && i < 40; i++)
        log_line("entering the next stage of the pipeline with nothing to report", i);
    if (requests % 100 == 0)
        log_line("a hundred more", 0);
    http_answer(fd, "logged\n", 7);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "chatty-log",
            .file = __FILE__,
            .expected = "logging-heavy",
            .acceptable = "tiny-io,sync-file-io,single-core,loop-blocked-cpu",
            BLAME(log_line),
            .load = "-c 8" });
    log_file = tmpfile();
    if (log_file == NULL)
        return 1;
    http_serve_epoll(http_listen(program.port), handle);
    return 0;
}
