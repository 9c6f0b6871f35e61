// SPDX-License-Identifier: MIT
/*
 * A server with two workers, each of which serves one connection from its first request to its
 * answer and then closes it. With the defect it asks an archive meanwhile that takes 25 ms, so that
 * the others queue before accept(); without it the answer is in memory.
 */
#include <pthread.h>

#include "http.h"
#include "program.h"

enum { WORKERS = 2 };

static struct program program;
static int listener;

GUILTY(ask_archive);
static void __attribute__((noinline)) ask_archive(int archive)
{
    static const char request[] = "GET page 812\n";
    char answer[1024];

    http_write_all(archive, request, sizeof request - 1);
    recv(archive, answer, sizeof answer, 0);
}

static void *serve(void *argument)
{
    uint64_t requests = (uint64_t)(uintptr_t)argument;
    int archive = http_connect(program.peer);

    for (;;) {
        int fd = http_accept(listener);
        if (http_read(fd)) {
            if (program_has_defect(&program, requests++))
                ask_archive(archive);
            http_answer(fd, "page\n", 5);
        }
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "few-workers",
            .file = __FILE__,
            .expected = "worker-starvation,downstream-wait",
            .acceptable = "",
            BLAME(ask_archive),
            .load = "-c 16 -r 200 -n",
            .peer = "lines:25" });
    listener = http_listen(program.port);
    for (uintptr_t i = 0; i < WORKERS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)i);
    }
    pause();
    return 0;
}
