// SPDX-License-Identifier: MIT
/*
 * killed [SECONDS [SIGNAL]]: works in doomed_work() and then dies of a signal (9).
 */
#include <signal.h>

#include "truth.h"

HOT static void doomed_work(uint64_t ns)
{
    burn_sink += burn(ns);
}

int main(int argc, char **argv)
{
    doomed_work(seconds_arg(argc, argv, 1, 1));
    raise(argc > 2 ? atoi(argv[2]) : SIGKILL);
    return 1;
}
