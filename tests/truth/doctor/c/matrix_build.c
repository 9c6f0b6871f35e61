// SPDX-License-Identifier: MIT
/*
 * Multiplies matrices for four threads. The defect is not in the text: strength 0 is this file
 * built with -O2, any other the same built with -O0, see the Makefile.
 */
#include <pthread.h>

#include "program.h"

enum { THREADS = 4, N = 160 };

GUILTY(multiply);
static void __attribute__((noinline)) multiply(const double *a, const double *b, double *c)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++)
                sum += a[i * N + k] * b[k * N + j];
            c[i * N + j] = sum;
        }
    }
}

static void *worker(void *unused)
{
    double *a = malloc(3 * N * N * sizeof *a), *b = a + N * N, *c = b + N * N;

    for (int i = 0; i < N * N; i++)
        a[i] = b[i] = i % 17;
    for (;;) {
        multiply(a, b, c);
        a[0] = c[N];
    }
    return unused;
}

int main(int argc, char **argv)
{
    program_start(argc, argv,
        &(struct truth){ .id = "matrix-build",
            .file = __FILE__,
            .expected = "unoptimised-build",
            .acceptable = "",
            BLAME(multiply) });
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, NULL);
    }
    pause();
    return 0;
}
