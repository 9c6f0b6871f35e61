// SPDX-License-Identifier: MIT
/*
 * realigned [SECONDS]: frames that are aligned to 64 bytes and hold a variable amount of memory,
 * for which the compiler keeps the caller's frame in a register other than the usual ones.
 */
#include <alloca.h>
#include <stdalign.h>
#include <string.h>

#include "truth.h"

HOT static uint64_t aligned_inner(uint64_t ns, size_t extra)
{
    alignas(64) char buffer[256];
    char *more = alloca(extra);

    memset(buffer, (int)extra, sizeof buffer);
    memset(more, buffer[7], extra);
    uint64_t used = burn(ns);
    burn_sink += (uint64_t)more[extra / 2];
    return used;
}

HOT static uint64_t aligned_outer(uint64_t ns, size_t extra)
{
    alignas(64) volatile double lanes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    char *more = alloca(extra + (size_t)lanes[3]);

    more[0] = (char)extra;
    uint64_t used = aligned_inner(ns, extra + 40);
    burn_sink += (uint64_t)more[0];
    return used;
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();
    struct truth_row rows[] = { { "aligned_outer", 0 }, { "aligned_inner", 0 } };

    for (size_t extra = 1; cpu_ns() - begin < wanted_ns; extra = extra % 777 + 13)
        rows[0].ns += aligned_outer(2000000, extra);
    rows[1].ns = rows[0].ns;
    truth_print("total", rows, 2, cpu_ns() - begin);
    return 0;
}
