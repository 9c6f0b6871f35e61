// SPDX-License-Identifier: MIT
/*
 * recurse [FRAMES [SECONDS]]: FRAMES calls of descend() on the stack while the time passes in
 * bottom(). Built without frame pointers; a frame of descend() is 32 bytes or a little more.
 */
#include "truth.h"

HOT static uint64_t bottom(uint64_t ns)
{
    return burn(ns) + 1;
}

/* The recursion must stay one: built with -fno-optimize-sibling-calls. */
HOT static uint64_t descend(long frames, uint64_t ns)
{
    if (frames <= 1)
        return bottom(ns);
    return descend(frames - 1, ns) + (uint64_t)(frames & 1);
}

int main(int argc, char **argv)
{
    long frames = argc > 1 ? atol(argv[1]) : 200;
    uint64_t wanted_ns = seconds_arg(argc, argv, 2, 2), begin = cpu_ns();

    if (frames < 1 || frames > 100000) {
        fprintf(stderr, "%s: 1 to 100000 frames\n", argv[0]);
        return 2;
    }
    descend(frames, wanted_ns);

    struct truth_row rows[] = { { "bottom", wanted_ns }, { "descend", wanted_ns } };
    truth_print("total", rows, 2, cpu_ns() - begin);
    return 0;
}
