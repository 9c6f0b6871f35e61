// SPDX-License-Identifier: MIT
/*
 * kernelwork [SECONDS]: a part of the CPU time is the program's own, the rest is the kernel's on
 * its behalf, in long calls (read_large) and in short ones (write_small). Samples of user code
 * alone see hardly anything of the two. Every round is the same work, however long it takes.
 */
#include <fcntl.h>
#include <unistd.h>

#include "truth.h"

enum { LARGE = 1 << 20, READS = 30, WRITES = 150, TURNS = 400000 };

static char bytes[LARGE];

HOT static void read_large(int fd)
{
    for (int i = 0; i < READS; i++)
        if (pread(fd, bytes, LARGE / 4, 0) < 0)
            exit(1);
}

HOT static void write_small(int fd)
{
    for (int i = 0; i < WRITES; i++)
        if (pwrite(fd, "a line of a log\n", 16, 0) < 0)
            exit(1);
}

HOT static void compute(void)
{
    uint64_t x = burn_sink;

    for (int i = 0; i < TURNS; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    burn_sink = x;
}

int main(int argc, char **argv)
{
    const uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();
    struct truth_row rows[] = { { "read_large", 0 }, { "write_small", 0 }, { "compute", 0 } };
    char name[] = "/tmp/prof-kernelwork-XXXXXX";
    const int fd = mkstemp(name);
    uint64_t now = begin, before;

    if (fd < 0 || unlink(name) || write(fd, bytes, LARGE) != LARGE) {
        perror(name);
        return 1;
    }
    while (now - begin < wanted_ns) {
        before = cpu_ns();
        read_large(fd);
        now = cpu_ns();
        rows[0].ns += now - before;
        write_small(fd);
        before = cpu_ns();
        rows[1].ns += before - now;
        compute();
        now = cpu_ns();
        rows[2].ns += now - before;
    }
    truth_print("total", rows, 3, rows[0].ns + rows[1].ns + rows[2].ns);
    return 0;
}
