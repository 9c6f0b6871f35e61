// SPDX-License-Identifier: MIT
/*
 * bush [SECONDS [THREADS]]: a thousand different stacks of 36 frames each. The path to each leaf is
 * the number of the leaf in decimal: ten functions, one for each digit, call one another.
 */
#include <pthread.h>

#include "truth.h"

enum { LEAVES = 1000, DEPTH = 30, THREADS_MAX = 64 };

static uint64_t wanted_ns;

static uint64_t step(uint32_t leaf, int depth);

#define BRANCH(digit)                                                                              \
    HOT static uint64_t branch_##digit(uint32_t leaf, int depth)                                   \
    {                                                                                              \
        return step(leaf, depth + 1) + digit;                                                      \
    }

BRANCH(0)
BRANCH(1)
BRANCH(2)
BRANCH(3)
BRANCH(4)
BRANCH(5)
BRANCH(6)
BRANCH(7)
BRANCH(8)
BRANCH(9)

static uint64_t (*const branches[])(uint32_t leaf, int depth) = { branch_0, branch_1, branch_2,
    branch_3, branch_4, branch_5, branch_6, branch_7, branch_8, branch_9 };

static uint64_t step(uint32_t leaf, int depth)
{
    static const uint32_t powers[] = { 100, 10, 1 };

    if (depth == DEPTH)
        return burn(20000);
    return branches[leaf / powers[depth % 3] % 10](leaf, depth);
}

static void *grow(void *arg)
{
    uint64_t begin = cpu_ns(), sum = 0;
    uint32_t leaf = 0;

    while (cpu_ns() - begin < wanted_ns) {
        leaf = (leaf + 387) % LEAVES;
        sum += step(leaf, 0);
    }
    burn_sink = sum;
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    int count = argc > 2 ? atoi(argv[2]) : 1;

    wanted_ns = seconds_arg(argc, argv, 1, 2);
    if (count < 1 || count > THREADS_MAX)
        return 2;
    for (int i = 1; i < count; i++) {
        if (pthread_create(&threads[i], NULL, grow, NULL) != 0)
            return 1;
    }
    grow(NULL);
    for (int i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    printf("{\"stacks\": %d}\n", LEAVES);
    return 0;
}
