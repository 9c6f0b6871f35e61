// SPDX-License-Identifier: MIT
/*
 * A server that prices portfolios by simulation. With the defect one thread does all of it while
 * the other processors idle and requests queue; without it there are as many threads as processors.
 */
#include <pthread.h>
#include <sched.h>

#include "http.h"
#include "program.h"

static struct program program;
static int listener;

GUILTY(simulate);
static double __attribute__((noinline)) simulate(unsigned seed)
{
    double value = 100;

    for (int i = 0; i < 60000; i++)
        value *= 1 + 0.001 * ((double)rand_r(&seed) / RAND_MAX - 0.5);
    return value;
}

static void handle(int fd)
{
    char answer[64];
    int len = snprintf(answer, sizeof answer, "%.4f\n", simulate((unsigned)fd));

    http_answer(fd, answer, (size_t)len);
}

static void *serve(void *unused)
{
    http_serve_epoll(listener, handle);
    return unused;
}

int main(int argc, char **argv)
{
    cpu_set_t allowed;
    int threads = 1;

    program = program_start(argc, argv,
        &(struct truth){ .id = "one-of-two-cores",
            .file = __FILE__,
            .expected = "single-core",
            .acceptable = "loop-blocked-cpu",
            BLAME(simulate),
            .load = "-c 16" });
    if (program.strength == 0 && sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        threads = CPU_COUNT(&allowed);
    listener = http_listen(program.port);
    for (int i = 1; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, NULL);
    }
    serve(NULL);
    return 0;
}
