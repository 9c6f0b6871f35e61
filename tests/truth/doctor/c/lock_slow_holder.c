// SPDX-License-Identifier: MIT
/*
 * A server with eight threads whose sessions live under one lock. With the defect a request holds
 * the lock while it writes the session to its journal (3 ms of waiting for the disk, here a sleep);
 * without it the journal is written after the lock is given back. Hardly any CPU is used.
 */
#include <pthread.h>

#include "http.h"
#include "program.h"

enum { THREADS = 8, SESSIONS = 512 };

static struct program program;
static int listener;
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t sessions[SESSIONS], requests;

static void write_journal(void)
{
    program_sleep(0.003);
}

GUILTY(touch_session);
static void __attribute__((noinline)) touch_session(unsigned id)
{
    pthread_mutex_lock(&sessions_lock);
    sessions[id % SESSIONS]++;
    bool inside = program_has_defect(&program, requests++);
    if (inside)
        write_journal();
    pthread_mutex_unlock(&sessions_lock);
    if (!inside)
        write_journal();
}

static void *serve(void *argument)
{
    unsigned id = (unsigned)(uintptr_t)argument;

    for (;;) {
        int fd = http_accept(listener);
        while (fd >= 0 && http_read(fd)) {
            touch_session(id += THREADS);
            http_answer(fd, "saved\n", 6);
        }
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "lock-slow-holder",
            .file = __FILE__,
            .expected = "lock-contention",
            .acceptable = "worker-starvation,sleep-polling",
            BLAME(touch_session),
            .load = "-c 8" });
    listener = http_listen(program.port);
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)i);
    }
    pause();
    return 0;
}
