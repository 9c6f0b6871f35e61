// SPDX-License-Identifier: MIT
/*
 * callbacks [SECONDS]: a comparison that is called back through libc's qsort and bsearch, so that
 * stacks cross a shared library and its PLT in both directions.
 */
#include "truth.h"

enum { VALUES = 4000 };

static uint32_t values[VALUES];

HOT static int compare_slowly(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b, noise = x;

    for (int i = 0; i < 40; i++)
        noise = noise * 1664525u + 1013904223u;
    burn_sink = noise;
    return (x > y) - (x < y);
}

HOT static void sort_all(uint32_t seed)
{
    for (int i = 0; i < VALUES; i++)
        values[i] = seed = seed * 1664525u + 1013904223u;
    qsort(values, VALUES, sizeof values[0], compare_slowly);
    burn_sink += seed;
}

HOT static void search_all(void)
{
    for (int i = 0; i < VALUES; i++) {
        if (bsearch(&values[i], values, VALUES, sizeof values[0], compare_slowly) == NULL)
            abort();
    }
    burn_sink++;
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();
    struct truth_row rows[] = { { "sort_all", 0 }, { "search_all", 0 } };

    for (uint32_t seed = 1; cpu_ns() - begin < wanted_ns; seed++) {
        uint64_t start = cpu_ns();
        sort_all(seed);
        uint64_t middle = cpu_ns();
        search_all();
        rows[0].ns += middle - start;
        rows[1].ns += cpu_ns() - middle;
    }
    truth_print("total", rows, 2, cpu_ns() - begin);
    return 0;
}
