// SPDX-License-Identifier: MIT
/*
 * Four request threads hand work to a renderer and wait for it. With the defect they look every
 * 10 ms whether it is done, though it takes less than one; without it they are woken.
 */
#include <pthread.h>
#include <semaphore.h>

#include "http.h"
#include "program.h"

enum { THREADS = 4 };

struct job {
    sem_t done;
    volatile bool is_done;
};

static struct program program;
static int listener;
static struct job *queue[THREADS];
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t queued;
static volatile uint64_t pixels;

static void *render(void *unused)
{
    for (;;) {
        struct job *job = NULL;
        sem_wait(&queued);
        pthread_mutex_lock(&queue_lock);
        for (int i = 0; i < THREADS && job == NULL; i++) {
            job = queue[i];
            queue[i] = NULL;
        }
        pthread_mutex_unlock(&queue_lock);
        for (int i = 0; i < 200000; i++)
            pixels = pixels * 31 + 7;
        job->is_done = true;
        sem_post(&job->done);
    }
    return unused;
}

GUILTY(wait_by_looking);
static void __attribute__((noinline)) wait_by_looking(struct job *job)
{
    while (!job->is_done)
        program_sleep(0.01);
}

static void *serve(void *argument)
{
    uint64_t slot = (uint64_t)(uintptr_t)argument, requests = slot;
    struct job job;

    for (;;) {
        int fd = http_accept(listener);
        while (fd >= 0 && http_read(fd)) {
            sem_init(&job.done, 0, 0);
            job.is_done = false;
            pthread_mutex_lock(&queue_lock);
            queue[slot] = &job;
            pthread_mutex_unlock(&queue_lock);
            sem_post(&queued);
            if (program_has_defect(&program, requests++))
                wait_by_looking(&job);
            sem_wait(&job.done);
            http_answer(fd, "done\n", 5);
        }
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    program = program_start(argc, argv,
        &(struct truth){ .id = "sleep-poll",
            .file = __FILE__,
            .expected = "sleep-polling",
            .acceptable = "",
            BLAME(wait_by_looking),
            .load = "-c 4" });
    sem_init(&queued, 0, 0);
    listener = http_listen(program.port);
    pthread_create(&thread, NULL, render, NULL);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread, NULL, serve, (void *)i);
    pause();
    return 0;
}
