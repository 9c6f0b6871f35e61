// SPDX-License-Identifier: MIT
/*
 * Frames of a film go from a decoder to two filters in step: a filter works on a frame once its number is
 * published. With the defect a filter looks at that number until it changes, without it a condition
 * variable wakes it.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "program.h"

enum { FILTERS = 2, PIXELS = 65536 };

static struct program program;
static atomic_uint published, filtered;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint8_t picture[PIXELS];
static uint64_t sums[FILTERS * 64];

GUILTY(await_frame);
static void __attribute__((noinline)) await_frame(unsigned number)
{
    while (atomic_load_explicit(&published, memory_order_acquire) < number)
        ;
}

static void sleep_until(atomic_uint *count, unsigned number)
{
    pthread_mutex_lock(&lock);
    while (atomic_load(count) < number)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void announce(atomic_uint *count)
{
    pthread_mutex_lock(&lock);
    atomic_fetch_add(count, 1);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void *filter(void *argument)
{
    uint64_t *sum = &sums[(uintptr_t)argument * 64];

    for (unsigned number = 1;; number++) {
        if (program_has_defect(&program, number))
            await_frame(number);
        else
            sleep_until(&published, number);
        for (int i = 0; i < PIXELS; i++)
            *sum = *sum * 31 + picture[i];
        announce(&filtered);
    }
    return NULL;
}

/* Frames come 200 times a second: decoding is mostly waiting for the disk. */
static void decode(unsigned number)
{
    program_sleep(0.005);
    memset(picture, (int)number, sizeof picture);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "flag-wait",
            .file = __FILE__,
            .expected = "spinning",
            .acceptable = "busy-polling",
            BLAME(await_frame) });
    for (uintptr_t i = 0; i < FILTERS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, filter, (void *)i);
    }
    for (unsigned number = 1;; number++) {
        decode(number);
        announce(&published);
        sleep_until(&filtered, number * FILTERS);
    }
    return 0;
}
