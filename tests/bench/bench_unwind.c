// SPDX-License-Identifier: MIT
/*
 * Unwinding alone: the same recorded samples through the compiled tables and through libunwind with
 * its cache of 8192 entries, thread CPU time. Prints a table; the budget is a ratio of 20.
 *
 *     bench_unwind [milliseconds of sampling]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"
#include "tests/unit/unwind/capture.c"

enum { FRAMES_MAX = 1024, PASSES = 7, RATIO_BUDGET = 20 };

static volatile uint64_t sink;
static uint64_t work_ns;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* No frame pointers, as distributions build. */
#ifdef __clang__
#define BENCH_PLAIN __attribute__((noinline))
#else
#define BENCH_PLAIN __attribute__((noinline, optimize("omit-frame-pointer")))
#endif

static BENCH_PLAIN uint64_t burn(uint64_t rounds)
{
    uint64_t x = sink + 1;
    for (uint64_t i = 0; i < rounds; i++)
        x = x * UINT64_C(6364136223846793005) + i;
    sink = x;
    return x;
}

static uint64_t descend_left(unsigned depth);

static BENCH_PLAIN uint64_t descend_right(unsigned depth)
{
    volatile uint64_t room[7];
    room[depth % 7] = burn(10 + depth);
    return (depth ? descend_left(depth - 1) : burn(3000)) + room[depth % 7];
}

static BENCH_PLAIN uint64_t descend_left(unsigned depth)
{
    volatile char room[24];
    room[depth % sizeof room] = (char)depth;
    return (depth ? descend_right(depth - 1) : burn(3000)) + (uint64_t)room[depth % sizeof room];
}

static int compare_words(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    burn(3);
    return x < y ? -1 : x > y;
}

static void deep(void *arg)
{
    (void)arg;
    for (const uint64_t end = clock_ns(CLOCK_MONOTONIC) + work_ns; clock_ns(CLOCK_MONOTONIC) < end;)
        descend_left(60);
}

static void sorting(void *arg)
{
    (void)arg;
    static uint32_t words[4096];
    for (const uint64_t end = clock_ns(CLOCK_MONOTONIC) + work_ns;
         clock_ns(CLOCK_MONOTONIC) < end;) {
        for (uint32_t i = 0; i < PROF_ARRAY_LEN(words); i++)
            words[i] = i * 2654435761U;
        qsort(words, PROF_ARRAY_LEN(words), sizeof *words, compare_words);
    }
}

static int compare_times(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

struct figure {
    double ns_per_sample;
    uint64_t frames;
    uint64_t first_ns;
};

/* Median CPU time of some passes over all samples, after a first one that warms what there is. */
static struct figure measure(const struct unwinder *u, const struct capture *c)
{
    static struct unwind_frame frames[FRAMES_MAX];
    uint64_t times[PASSES];
    struct figure figure = { 0 };
    for (size_t pass = 0; pass <= PASSES; pass++) {
        const uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        figure.frames = 0;
        for (size_t i = 0; i < c->samples.len; i++) {
            const struct capture_sample *s = &c->samples.ptr[i];
            figure.frames += u->run(c->space, &s->regs, &s->stack, frames, FRAMES_MAX).count;
        }
        const uint64_t spent = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
        if (pass == 0)
            figure.first_ns = spent;
        else
            times[pass - 1] = spent;
    }
    qsort(times, PASSES, sizeof *times, compare_times);
    figure.ns_per_sample = (double)times[PASSES / 2] / (double)c->samples.len;
    return figure;
}

static void print_row(
    const char *program, const struct unwinder *u, const struct figure *f, const struct capture *c)
{
    const double samples = (double)c->samples.len, frames = (double)f->frames;
    printf("%-16s %-10s %8zu %8.1f %12.0f %10.1f %10.1f\n", program, u->name, c->samples.len,
        frames / samples, 1e9 / f->ns_per_sample, f->ns_per_sample * samples / frames,
        (double)f->first_ns / 1e6);
}

static bool bench(const char *name, void (*body)(void *))
{
    struct capture c = { 0 };
    const struct capture_options options = {
        .rate_hz = 1999, .stack_bytes = 16384, .samples_max = 10000
    };
    int error = 0;
    if (!capture_run(&c, &options, body, NULL, &error) || c.samples.len == 0) {
        printf("%s: no samples: %s\n", name, strerror(error));
        capture_done(&c);
        return false;
    }
    const struct figure ours = measure(&unwinder_table, &c);
    print_row(name, &unwinder_table, &ours, &c);
    const struct unwinder *reference = unwinder_libunwind();
    if (reference) {
        const struct figure theirs = measure(reference, &c);
        print_row(name, reference, &theirs, &c);
        const double ratio = theirs.ns_per_sample / ours.ns_per_sample;
        printf("%-16s ratio      %8.1f (budget %d: %s)\n", name, ratio, RATIO_BUDGET,
            ratio >= RATIO_BUDGET ? "kept" : "MISSED");
    }
    capture_done(&c);
    return true;
}

int main(int argc, char **argv)
{
    work_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000) * UINT64_C(1000000);
    printf("%-16s %-10s %8s %8s %12s %10s %10s\n", "program", "unwinder", "samples", "frames",
        "samples/s", "ns/frame", "first ms");
    const bool ok = bench("deep recursion", deep);
    return bench("qsort callbacks", sorting) && ok ? 0 : 1;
}
