// SPDX-License-Identifier: MIT
/*
 * storm ROUNDS: two threads that hand a byte to each other through pipes, so many times there and
 * back: nothing but context switches. Prints its CPU time, the wall time and its switches.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int there[2], back[2];

static void *answer(void *unused)
{
    char byte;

    while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
        ;
    return unused;
}

static double seconds(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 0;
    double began = seconds(CLOCK_MONOTONIC);
    struct rusage usage;
    pthread_t thread;
    char byte = 0;

    if (rounds <= 0) {
        fprintf(stderr, "usage: storm ROUNDS\n");
        return 2;
    }
    if (pipe(there) != 0 || pipe(back) != 0 || pthread_create(&thread, NULL, answer, NULL) != 0) {
        perror("storm");
        return 1;
    }
    for (long i = 0; i < rounds; i++) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            return 1;
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"cpu_s\": %.3f, \"wall_s\": %.3f, \"switches\": %ld}\n",
        seconds(CLOCK_PROCESS_CPUTIME_ID), seconds(CLOCK_MONOTONIC) - began,
        usage.ru_nvcsw + usage.ru_nivcsw);
    return 0;
}
