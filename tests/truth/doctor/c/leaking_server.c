// SPDX-License-Identifier: MIT
/*
 * A server that keeps statistics of its visitors. With the defect it never forgets the record of a
 * request (8 KiB), without it only the last thousand are kept.
 */
#include "http.h"
#include "program.h"

enum { RECORD = 8192, KEPT = 1000 };

static struct program program;
static uint64_t requests;
static char *kept[KEPT];
static struct visit {
    struct visit *next;
    char text[RECORD];
} * visits;

GUILTY(remember_visit);
static void __attribute__((noinline)) remember_visit(void)
{
    struct visit *v = malloc(sizeof *v);

    if (v == NULL)
        exit(1);
    memset(v->text, 'v', sizeof v->text);
    v->next = visits;
    visits = v;
}

static void handle(int fd)
{
    char **slot = &kept[requests % KEPT];

    if (program_has_defect(&program, requests++)) {
        remember_visit();
    } else {
        free(*slot);
        *slot = malloc(RECORD);
        memset(*slot, 'v', RECORD);
    }
    http_answer(fd, "welcome\n", 8);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "leaking-server",
            .file = __FILE__,
            .expected = "memory-growth",
            .acceptable = "",
            BLAME(remember_visit),
            .load = "-c 4 -r 800" });
    http_serve_epoll(http_listen(program.port), handle);
    return 0;
}
