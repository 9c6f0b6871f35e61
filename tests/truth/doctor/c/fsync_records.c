// SPDX-License-Identifier: MIT
/*
 * Appends orders to a journal. With the defect every order is forced to the disk by itself, without
 * it once for all orders of a quarter of a second.
 */
#include <fcntl.h>

#include "program.h"

static struct program program;

GUILTY(append_order);
static void __attribute__((noinline)) append_order(int journal, uint64_t order, bool alone)
{
    char record[256];
    int len = snprintf(record, sizeof record, "%020llu;customer=%llu;items=3;total=129.90\n",
        (unsigned long long)order, (unsigned long long)order % 977);

    if (write(journal, record, (size_t)len) != len)
        exit(1);
    if (alone)
        fsync(journal);
}

int main(int argc, char **argv)
{
    char path[] = "./fsync-records-XXXXXX";

    program = program_start(argc, argv,
        &(struct truth){ .id = "fsync-records",
            .file = __FILE__,
            .expected = "fsync-bound",
            .acceptable = "sync-file-io,under-driven",
            BLAME(append_order) });
    int journal = mkstemp(path);
    if (journal < 0)
        return 1;
    unlink(path);
    double forced = program_now();
    for (uint64_t order = 0; program_now() < program.end; order++) {
        append_order(journal, order, program_has_defect(&program, order));
        if (order % 4 == 0)
            program_sleep(0.0005); /* the next orders come in */
        if (program_now() > forced + 0.25) {
            fdatasync(journal);
            forced = program_now();
        }
    }
    return 0;
}
