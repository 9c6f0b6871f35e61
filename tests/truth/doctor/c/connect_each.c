// SPDX-License-Identifier: MIT
/*
 * Asks a price service for one article after the other. With the defect every question has a
 * connection of its own, without it all go over one that is kept.
 */
#include "http.h"
#include "program.h"

static struct program program;

static void ask(int fd)
{
    static const char request[] = "GET /price HTTP/1.1\r\nHost: prices\r\n\r\n";
    char answer[1024];

    if (!http_write_all(fd, request, sizeof request - 1) || recv(fd, answer, sizeof answer, 0) <= 0)
        program_sleep(0.01);
}

GUILTY(ask_on_new_connection);
static void __attribute__((noinline)) ask_on_new_connection(void)
{
    int fd = http_connect(program.peer);

    ask(fd);
    close(fd);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "connect-each",
            .file = __FILE__,
            .expected = "connect-per-request",
            .acceptable = "downstream-wait,n-plus-one",
            BLAME(ask_on_new_connection),
            .peer = "http:0" });
    int kept = http_connect(program.peer);
    for (uint64_t i = 0; program_now() < program.end; i++) {
        if (program_has_defect(&program, i))
            ask_on_new_connection();
        else
            ask(kept);
        program_sleep(0.002);
    }
    return 0;
}
