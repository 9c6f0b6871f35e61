// SPDX-License-Identifier: MIT
/*
 * Copies a file again and again. With the defect byte by byte with read() and write(), without it
 * through a buffer of 64 KiB, with a pause between copies.
 */
#include <fcntl.h>

#include "program.h"

enum { FILE_BYTES = 1 << 20 };

static struct program program;
static char from_path[] = "/tmp/byte-copy-from-XXXXXX", to_path[] = "/tmp/byte-copy-to-XXXXXX";

GUILTY(copy_bytes);
static void __attribute__((noinline)) copy_bytes(int from, int to)
{
    char byte;

    while (program_now() < program.end && read(from, &byte, 1) == 1) {
        if (write(to, &byte, 1) != 1)
            return;
    }
}

static void copy_blocks(int from, int to)
{
    static char block[65536];
    ssize_t got;

    while ((got = read(from, block, sizeof block)) > 0) {
        if (write(to, block, (size_t)got) != got)
            return;
    }
}

int main(int argc, char **argv)
{
    static char content[FILE_BYTES];

    program = program_start(argc, argv,
        &(struct truth){ .id = "byte-copy",
            .file = __FILE__,
            .expected = "tiny-io",
            .acceptable = "",
            BLAME(copy_bytes) });
    signal(SIGALRM, SIG_IGN);
    int from = mkstemp(from_path), to = mkstemp(to_path);
    if (from < 0 || to < 0 || write(from, content, sizeof content) != (ssize_t)sizeof content)
        return 1;
    for (uint64_t i = 0; program_now() < program.end; i++) {
        lseek(from, 0, SEEK_SET);
        lseek(to, 0, SEEK_SET);
        if (program_has_defect(&program, i)) {
            copy_bytes(from, to);
        } else {
            copy_blocks(from, to);
            program_sleep(0.02);
        }
    }
    unlink(from_path);
    unlink(to_path);
    return 0;
}
