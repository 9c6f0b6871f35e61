// SPDX-License-Identifier: MIT
/*
 * Four threads filter pictures. With the defect each picture's buffer is mapped and unmapped, so
 * that the threads queue for the lock of their address space and touch fresh pages every time;
 * without it each thread keeps its buffer.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "program.h"

enum { THREADS = 4, PICTURE = 256 * 1024 };

static struct program program;
static volatile unsigned sink;

static void filter(unsigned char *picture)
{
    for (int i = 0; i < PICTURE; i += 64)
        picture[i] = (unsigned char)(picture[i] + i);
    sink += picture[PICTURE / 2];
}

GUILTY(filter_in_fresh_memory);
static void __attribute__((noinline)) filter_in_fresh_memory(void)
{
    void *picture = mmap(NULL, PICTURE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (picture == MAP_FAILED)
        exit(1);
    filter(picture);
    munmap(picture, PICTURE);
}

static void *worker(void *own)
{
    for (uint64_t i = 0;; i++) {
        if (program_has_defect(&program, i))
            filter_in_fresh_memory();
        else
            filter(own);
        if (i % 128 == 0)
            program_sleep(0.002);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "mmap-churn",
            .file = __FILE__,
            .expected = "mmap-contention,page-fault-storm",
            .acceptable = "context-switch-storm",
            BLAME(filter_in_fresh_memory) });
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, malloc(PICTURE));
    }
    pause();
    return 0;
}
