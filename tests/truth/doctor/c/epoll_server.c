// SPDX-License-Identifier: MIT
/* Healthy: an epoll server that answers from memory, as fast as the clients ask. */
#include "http.h"
#include "program.h"

static void handle(int fd)
{
    http_answer(fd, "hello\n", 6);
}

int main(int argc, char **argv)
{
    const struct program p = program_start(argc, argv,
        &(struct truth){ .id = "epoll-server",
            .file = __FILE__,
            .expected = "",
            .acceptable = "",
            .load = "-c 16" });

    http_serve_epoll(http_listen(p.port), handle);
    return 0;
}
