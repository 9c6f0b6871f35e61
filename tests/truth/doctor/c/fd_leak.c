// SPDX-License-Identifier: MIT
/*
 * A server that reads its greeting from a file. With the defect the file is not closed when the
 * client has asked for an unusual language, without it always.
 */
#include <fcntl.h>

#include "http.h"
#include "program.h"

static struct program program;
static uint64_t requests;

GUILTY(read_greeting);
static ssize_t __attribute__((noinline)) read_greeting(char *text, size_t size)
{
    int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, size) : -1;

    if (fd >= 0 && !program_has_defect(&program, requests++))
        close(fd);
    return got;
}

static void handle(int fd)
{
    char text[256];
    ssize_t len = read_greeting(text, sizeof text);

    http_answer(fd, text, len > 0 ? (size_t)len : 0);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "fd-leak",
            .file = __FILE__,
            .expected = "fd-leak",
            .acceptable = "sync-file-io",
            BLAME(read_greeting),
            .load = "-c 4 -r 40" });
    http_serve_epoll(http_listen(program.port), handle);
    return 0;
}
