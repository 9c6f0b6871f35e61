// SPDX-License-Identifier: MIT
/*
 * clock [SECONDS]: asks the vdso for the time, over and over, in ask_the_time().
 */
#include "truth.h"

HOT static uint64_t ask_the_time(uint64_t ns)
{
    uint64_t start = cpu_ns(), sum = 0, used;

    do {
        for (int i = 0; i < 1000; i++)
            sum += truth_clock_ns(CLOCK_MONOTONIC);
        used = cpu_ns() - start;
    } while (used < ns);
    burn_sink = sum;
    return used;
}

int main(int argc, char **argv)
{
    uint64_t begin = cpu_ns();
    struct truth_row row = { "ask_the_time", ask_the_time(seconds_arg(argc, argv, 1, 2)) };

    truth_print("total", &row, 1, cpu_ns() - begin);
    return 0;
}
