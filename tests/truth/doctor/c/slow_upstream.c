// SPDX-License-Identifier: MIT
/*
 * A server with four threads that asks a stock service for each request. With the defect the
 * service takes 40 ms, which the peer's delay does; at strength 0 the answer comes out of memory.
 */
#include <pthread.h>

#include "http.h"
#include "program.h"

enum { THREADS = 4 };

static struct program program;
static int listener;

GUILTY(ask_stock);
static void __attribute__((noinline)) ask_stock(int service)
{
    static const char request[] = "GET /stock HTTP/1.1\r\nHost: stock\r\n\r\n";
    char answer[1024];

    http_write_all(service, request, sizeof request - 1);
    recv(service, answer, sizeof answer, 0);
}

static void *serve(void *argument)
{
    uint64_t requests = (uint64_t)(uintptr_t)argument;
    int service = http_connect(program.peer);

    for (;;) {
        int fd = http_accept(listener);
        while (fd >= 0 && http_read(fd)) {
            if (program_has_defect(&program, requests++))
                ask_stock(service);
            http_answer(fd, "3 left\n", 7);
        }
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "slow-upstream",
            .file = __FILE__,
            .expected = "downstream-wait,worker-starvation",
            .acceptable = "n-plus-one",
            BLAME(ask_stock),
            .load = "-c 4 -r 100",
            .peer = "http:40" });
    listener = http_listen(program.port);
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)i);
    }
    pause();
    return 0;
}
