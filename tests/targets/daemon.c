// SPDX-License-Identifier: MIT
/*
 * daemon [SECONDS]: leaves its terminal the classical way (fork, setsid, fork) and works on in
 * daemon_work() while the process that was started has long ended with status 0.
 */
#include <unistd.h>

#include "truth.h"

HOT static void daemon_work(uint64_t ns)
{
    burn_sink += burn(ns);
}

static void leave_parent(void)
{
    pid_t pid = fork();

    if (pid < 0) {
        perror("daemon: fork");
        exit(1);
    }
    if (pid > 0)
        _exit(0);
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 1);

    leave_parent();
    if (setsid() < 0) {
        perror("daemon: setsid");
        return 1;
    }
    leave_parent();
    daemon_work(wanted_ns);
    return 0;
}
