// SPDX-License-Identifier: MIT
/*
 * Healthy: six workers wait for jobs on a condition variable; a producer brings one every 2 ms,
 * which takes half a millisecond of CPU. Most of all threads' time is waiting, and nothing is
 * wrong.
 */
#include <pthread.h>

#include "program.h"

enum { WORKERS = 6, QUEUE = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static unsigned queue[QUEUE], queued, first;
static volatile uint64_t results;

static uint64_t render(unsigned job)
{
    uint64_t x = job;

    for (int i = 0; i < 400000; i++)
        x = x * 6364136223846793005u + 1;
    return x;
}

static void *worker(void *unused)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        while (queued == 0)
            pthread_cond_wait(&not_empty, &lock);
        unsigned job = queue[first++ % QUEUE];
        queued--;
        pthread_mutex_unlock(&lock);
        results += render(job);
    }
    return unused;
}

int main(int argc, char **argv)
{
    struct program p = program_start(argc, argv,
        &(struct truth){
            .id = "idle-workers", .file = __FILE__, .expected = "", .acceptable = "under-driven" });

    for (int i = 0; i < WORKERS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, NULL);
    }
    for (unsigned job = 0; program_now() < p.end; job++) {
        pthread_mutex_lock(&lock);
        if (queued < QUEUE)
            queue[(first + queued++) % QUEUE] = job;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&lock);
        program_sleep(0.002);
    }
    return 0;
}
