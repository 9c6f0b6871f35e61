// SPDX-License-Identifier: MIT
/*
 * threads [SECONDS]: four named threads, each with a function of its own, using 40, 30, 20 and 10 %
 * of SECONDS of CPU time; the last one is started by another thread, not by the main one.
 */
#include <pthread.h>
#include <string.h>

#include "truth.h"

struct work {
    const char *thread_name;
    void *(*run)(void *);
    uint64_t wanted_ns, used_ns;
};

HOT static void *work_alpha(void *arg)
{
    struct work *w = arg;

    w->used_ns = burn(w->wanted_ns);
    return NULL;
}

HOT static void *work_beta(void *arg)
{
    struct work *w = arg;

    w->used_ns = burn(w->wanted_ns);
    return NULL;
}

HOT static void *work_delta(void *arg)
{
    struct work *w = arg;

    w->used_ns = burn(w->wanted_ns);
    return NULL;
}

static void start(pthread_t *thread, struct work *w)
{
    if (pthread_create(thread, NULL, w->run, w) != 0) {
        fprintf(stderr, "threads: cannot start %s\n", w->thread_name);
        exit(1);
    }
    pthread_setname_np(*thread, w->thread_name);
}

HOT static void *work_gamma(void *arg)
{
    struct work *w = arg;
    pthread_t last;

    start(&last, w + 1);
    w->used_ns = burn(w->wanted_ns);
    pthread_join(last, NULL);
    return NULL;
}

int main(int argc, char **argv)
{
    uint64_t all_ns = seconds_arg(argc, argv, 1, 2);
    struct work work[] = {
        { "alpha", work_alpha, all_ns / 10 * 4, 0 },
        { "beta", work_beta, all_ns / 10 * 3, 0 },
        { "gamma", work_gamma, all_ns / 10 * 2, 0 },
        { "delta", work_delta, all_ns / 10, 0 },
    };
    pthread_t threads[3];
    struct truth_row rows[] = { { "work_alpha", 0 }, { "work_beta", 0 }, { "work_gamma", 0 },
        { "work_delta", 0 } };
    uint64_t used_ns = 0;

    for (int i = 0; i < 3; i++)
        start(&threads[i], &work[i]);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) {
        rows[i].ns = work[i].used_ns;
        used_ns += work[i].used_ns;
    }
    truth_print("total", rows, 4, used_ns);
    return 0;
}
