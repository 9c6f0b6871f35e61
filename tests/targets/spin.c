// SPDX-License-Identifier: MIT
/*
 * spin [SECONDS]: three functions with 60, 30 and 10 % of the CPU time as self time. The turns have
 * irregular lengths, so that no sampling rate runs in step with them.
 */
#include "truth.h"

enum { UNIT_NS = 700000 };

HOT static uint64_t hot_sixty(uint64_t ns)
{
    uint64_t start = cpu_ns(), x = start | 1, used;

    do {
        for (int i = 0; i < 20000; i++)
            x = x * 2862933555777941757u + 3037000493u;
        used = cpu_ns() - start;
    } while (used < ns);
    burn_sink = x;
    return used;
}

HOT static uint64_t hot_thirty(uint64_t ns)
{
    uint64_t start = cpu_ns(), hash = 14695981039346656037u, used;

    do {
        for (uint64_t i = 0; i < 20000; i++)
            hash = (hash ^ (i & 255)) * 1099511628211u;
        used = cpu_ns() - start;
    } while (used < ns);
    burn_sink = hash;
    return used;
}

HOT static uint64_t hot_ten(uint64_t ns)
{
    uint64_t start = cpu_ns(), x = start | 1, used;

    do {
        for (int i = 0; i < 20000; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }
        used = cpu_ns() - start;
    } while (used < ns);
    burn_sink = x;
    return used;
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();
    struct truth_row rows[] = { { "hot_sixty", 0 }, { "hot_thirty", 0 }, { "hot_ten", 0 } };
    uint32_t seed = 1;

    while (cpu_ns() - begin < wanted_ns) {
        seed = seed * 1664525u + 1013904223u;
        uint64_t unit_ns = UNIT_NS / 2 + (seed >> 8) % UNIT_NS;
        rows[0].ns += hot_sixty(6 * unit_ns);
        rows[1].ns += hot_thirty(3 * unit_ns);
        rows[2].ns += hot_ten(unit_ns);
    }
    truth_print("self", rows, 3, cpu_ns() - begin);
    return 0;
}
