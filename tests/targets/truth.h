// SPDX-License-Identifier: MIT
/*
 * What every target shares: a piece of work of a known length, and a count of the CPU time that
 * each of its functions took, printed as one line of JSON when the target ends:
 *
 *     {"total": {"outer": 0.90, "inner": 0.30}, "cpu_ns": 2000000000}
 *
 * "total" is the share of the CPU time that passes through a function (callees included), "self"
 * the share spent in its own code. Functions are marked HOT, so that the compiler keeps each of
 * them as one function of its own, called with a call.
 */
#ifndef PROF_TESTS_TARGETS_TRUTH_H
#define PROF_TESTS_TARGETS_TRUTH_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HOT __attribute__((noipa))

static inline uint64_t truth_clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t cpu_ns(void)
{
    return truth_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static volatile uint64_t burn_sink;

/* Computes for that much CPU time of this thread; returns how much it really was. */
HOT __attribute__((unused)) static uint64_t burn(uint64_t ns)
{
    uint64_t start = cpu_ns(), x = start | 1, used;

    do {
        for (int i = 0; i < 20000; i++)
            x = x * 6364136223846793005u + 1442695040888963407u;
        used = cpu_ns() - start;
    } while (used < ns);
    burn_sink = x;
    return used;
}

struct truth_row {
    const char *name;
    uint64_t ns;
};

/* Prints the shares of rows in all_ns. kind is "self" or "total". */
static inline void truth_print(
    const char *kind, const struct truth_row *rows, size_t count, uint64_t all_ns)
{
    printf("{\"%s\": {", kind);
    for (size_t i = 0; i < count; i++)
        printf("%s\"%s\": %.4f", i > 0 ? ", " : "", rows[i].name,
            all_ns > 0 ? (double)rows[i].ns / (double)all_ns : 0.0);
    printf("}, \"cpu_ns\": %" PRIu64 "}\n", all_ns);
    fflush(stdout);
}

/* Argument `index` as seconds of CPU time, or the default. */
static inline uint64_t seconds_arg(int argc, char **argv, int index, double fallback)
{
    double seconds = argc > index ? atof(argv[index]) : fallback;

    if (seconds <= 0 || seconds > 3600) {
        fprintf(stderr, "%s: seconds must be above 0 and at most 3600\n", argv[0]);
        exit(2);
    }
    return (uint64_t)(seconds * 1e9);
}

#endif
