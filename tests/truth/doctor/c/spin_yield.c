// SPDX-License-Identifier: MIT
/*
 * A producer hands over a block of samples every 4 ms; two consumers wait for it. With the defect
 * they call sched_yield() until it is there, without it they wait on a condition variable.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "program.h"

static struct program program;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static _Atomic uint64_t block;
static volatile uint64_t sums;

GUILTY(wait_spinning);
static void __attribute__((noinline)) wait_spinning(uint64_t seen)
{
    while (atomic_load(&block) == seen)
        sched_yield();
}

static void wait_sleeping(uint64_t seen)
{
    pthread_mutex_lock(&lock);
    while (atomic_load(&block) == seen)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void *consume(void *unused)
{
    for (uint64_t seen = 0;;) {
        if (program_has_defect(&program, seen))
            wait_spinning(seen);
        else
            wait_sleeping(seen);
        seen = atomic_load(&block);
        for (uint64_t i = 0; i < 20000; i++)
            sums += i * seen;
    }
    return unused;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "spin-yield",
            .file = __FILE__,
            .expected = "spinning",
            .acceptable = "context-switch-storm",
            BLAME(wait_spinning) });
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, consume, NULL);
    }
    while (program_now() < program.end) {
        program_sleep(0.004);
        pthread_mutex_lock(&lock);
        atomic_fetch_add(&block, 1);
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return 0;
}
