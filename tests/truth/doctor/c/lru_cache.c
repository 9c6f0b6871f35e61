// SPDX-License-Identifier: MIT
/*
 * Healthy: a server with a cache of 24 MiB that fills during the first half of the run and from
 * then on forgets the oldest entry for each new one.
 */
#include "http.h"
#include "program.h"

enum { ENTRY = 16384, ENTRIES = 1536 };

static char *entries[ENTRIES];
static uint64_t requests;

static void handle(int fd)
{
    char **slot = &entries[requests++ % ENTRIES];

    free(*slot);
    *slot = malloc(ENTRY);
    memset(*slot, 'c', ENTRY);
    http_answer(fd, "cached\n", 7);
}

int main(int argc, char **argv)
{
    const struct program p = program_start(argc, argv,
        &(struct truth){ .id = "lru-cache",
            .file = __FILE__,
            .expected = "",
            .acceptable = "",
            .load = "-c 4 -r 400" });

    http_serve_epoll(http_listen(p.port), handle);
    return 0;
}
