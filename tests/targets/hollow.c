// SPDX-License-Identifier: MIT
/*
 * hollow [SECONDS]: a frame with a large array of which only the ends are used, as select() in
 * CPython has it: the pages in its middle are never touched, and a copy of the stack ends there.
 */
#include "truth.h"

enum { LARGE = 56 << 10 };

HOT static uint64_t hollow(uint64_t ns)
{
    volatile char large[LARGE];

    large[0] = large[LARGE - 1] = (char)ns;
    uint64_t used = burn(ns);
    burn_sink += (uint64_t)(large[0] + large[LARGE - 1]);
    return used;
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();
    struct truth_row rows[] = { { "hollow", 0 } };

    while (cpu_ns() - begin < wanted_ns)
        rows[0].ns += hollow(2000000);
    truth_print("total", rows, 1, cpu_ns() - begin);
    return 0;
}
