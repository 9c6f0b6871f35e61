// SPDX-License-Identifier: MIT
/*
 * Two threads pass numbers through pipes. With the defect one number at a time, each waiting for
 * the other's answer, without it a thousand.
 */
#include <pthread.h>

#include "program.h"

enum { BATCH = 1000 };

static struct program program;
static int there[2], back[2];

static void *answerer(void *unused)
{
    uint32_t numbers[BATCH];
    ssize_t got;

    while ((got = read(there[0], numbers, sizeof numbers)) > 0) {
        for (size_t i = 0; i < (size_t)got / sizeof *numbers; i++)
            numbers[i] *= 3;
        if (write(back[1], numbers, (size_t)got) != got)
            break;
    }
    return unused;
}

GUILTY(pass_numbers);
static void __attribute__((noinline)) pass_numbers(uint32_t *numbers, size_t count)
{
    size_t bytes = count * sizeof *numbers;

    if (write(there[1], numbers, bytes) != (ssize_t)bytes)
        exit(1);
    for (size_t have = 0; have < bytes;) {
        ssize_t got = read(back[0], (char *)numbers + have, bytes - have);
        if (got <= 0)
            exit(1);
        have += (size_t)got;
    }
}

int main(int argc, char **argv)
{
    uint32_t numbers[BATCH] = { 1 };
    pthread_t thread;

    program = program_start(argc, argv,
        &(struct truth){ .id = "ping-pong",
            .file = __FILE__,
            .expected = "context-switch-storm,tiny-io",
            .acceptable = "single-core",
            BLAME(pass_numbers) });
    if (pipe(there) != 0 || pipe(back) != 0)
        return 1;
    pthread_create(&thread, NULL, answerer, NULL);
    for (uint64_t i = 0; program_now() < program.end; i++) {
        if (program_has_defect(&program, i)) {
            for (int k = 0; k < BATCH; k++)
                pass_numbers(numbers + k, 1);
        } else {
            pass_numbers(numbers, BATCH);
            program_sleep(0.002);
        }
    }
    return 0;
}
