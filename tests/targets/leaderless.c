// SPDX-License-Identifier: MIT
/*
 * leaderless [SECONDS]: the main thread ends at once, another one works on. /proc then shows a
 * zombie without maps under the process's number, although it lives.
 */
#include <pthread.h>

#include "truth.h"

HOT static void *work_on(void *arg)
{
    burn(*(const uint64_t *)arg);
    return NULL;
}

int main(int argc, char **argv)
{
    static uint64_t wanted_ns;
    pthread_t thread;

    wanted_ns = seconds_arg(argc, argv, 1, 2);
    if (pthread_create(&thread, NULL, work_on, &wanted_ns) != 0) {
        fprintf(stderr, "leaderless: cannot start a thread\n");
        return 1;
    }
    pthread_exit(NULL);
}
