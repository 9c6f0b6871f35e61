// SPDX-License-Identifier: MIT
/*
 * rounds [THOUSANDS [FRAMES]]: an amount of work that is always the same, at the end of a recursion
 * of FRAMES calls (30) without frame pointers, which is left and entered again all the time. For
 * measuring what recording costs: prints the CPU time that it took.
 */
#include "truth.h"

HOT static uint64_t work(uint64_t x)
{
    for (int i = 0; i < 2000; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

HOT static uint64_t enter(int frames, uint64_t x)
{
    if (frames == 0)
        return work(x);
    return enter(frames - 1, x) + (uint64_t)frames;
}

int main(int argc, char **argv)
{
    long thousands = argc > 1 ? atol(argv[1]) : 300;
    int frames = argc > 2 ? atoi(argv[2]) : 30;
    uint64_t x = 1;

    if (thousands < 1 || thousands > 1000000 || frames < 0 || frames > 10000) {
        fprintf(stderr, "usage: rounds [1..1000000 [0..10000]]\n");
        return 2;
    }
    for (long i = 0; i < thousands * 1000; i++)
        x = enter(frames, x);
    burn_sink = x;
    printf("{\"cpu_ns\": %" PRIu64 "}\n", truth_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}
