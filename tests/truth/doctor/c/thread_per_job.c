// SPDX-License-Identifier: MIT
/*
 * Compresses small messages. With the defect each message gets a thread of its own, without it one
 * of two that stay.
 */
#include <pthread.h>
#include <semaphore.h>

#include "program.h"

static struct program program;
static sem_t jobs;
static volatile uint64_t results;

static void compress_message(void)
{
    uint64_t x = results;

    for (int i = 0; i < 20000; i++)
        x = x * 2862933555777941757u + 3037000493u;
    results = x;
}

static void *run_one(void *unused)
{
    compress_message();
    return unused;
}

static void *run_all(void *unused)
{
    for (;;) {
        sem_wait(&jobs);
        compress_message();
    }
    return unused;
}

GUILTY(start_job);
static void __attribute__((noinline)) start_job(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run_one, NULL) == 0)
        pthread_detach(thread);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "thread-per-job",
            .file = __FILE__,
            .expected = "process-churn",
            .acceptable = "page-fault-storm,mmap-contention",
            BLAME(start_job) });
    sem_init(&jobs, 0, 0);
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, run_all, NULL);
    }
    for (uint64_t i = 0; program_now() < program.end; i++) {
        if (program_has_defect(&program, i))
            start_job();
        else
            sem_post(&jobs);
        program_sleep(0.0005);
    }
    return 0;
}
