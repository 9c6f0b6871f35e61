// SPDX-License-Identifier: MIT
/* Healthy: counts primes with as many threads as there are processors, all of them busy. */
#include <pthread.h>
#include <sched.h>

#include "program.h"

static volatile uint64_t primes;

static bool is_prime(uint64_t n)
{
    for (uint64_t d = 3; d * d <= n; d += 2) {
        if (n % d == 0)
            return false;
    }
    return true;
}

static void *count(void *argument)
{
    uint64_t n = 1000001 + 2 * (uint64_t)(uintptr_t)argument, found = 0;

    for (;; n += 16) {
        found += is_prime(n);
        if (found % 1000 == 0)
            primes = found;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    cpu_set_t allowed;

    program_start(argc, argv,
        &(struct truth){
            .id = "parallel-compute", .file = __FILE__, .expected = "", .acceptable = "" });
    sched_getaffinity(0, sizeof allowed, &allowed);
    for (int i = 0; i < CPU_COUNT(&allowed); i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, count, (void *)(uintptr_t)i);
    }
    pause();
    return 0;
}
