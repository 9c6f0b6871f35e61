// SPDX-License-Identifier: MIT
/*
 * switches [SECONDS]: two processes that hand a byte to each other through pipes: nearly all CPU
 * time is in the kernel, in short slices, with tens of thousands of context switches.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

HOT static void ping(int from, int to)
{
    char byte;

    if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
        exit(0);
    burn_sink++;
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 1), begin = cpu_ns();
    int there[2], back[2];

    if (pipe(there) != 0 || pipe(back) != 0) {
        perror("switches: pipe");
        return 1;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("switches: fork");
        return 1;
    }
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        for (;;)
            ping(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    if (write(there[1], "x", 1) != 1)
        return 1;
    while (cpu_ns() - begin < wanted_ns)
        ping(back[0], there[1]);
    close(there[1]);
    waitpid(child, NULL, 0);

    struct truth_row row = { "ping", cpu_ns() - begin };
    truth_print("total", &row, 1, cpu_ns() - begin);
    return 0;
}
