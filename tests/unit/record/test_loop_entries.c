// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/loop_entries.h"

Test(loop_entries, a_ring_is_seen_among_the_descriptors)
{
    struct io_uring_params params = { 0 };
    cr_expect_not(loop_entries_has_ring(getpid()));
    const int fd = (int)syscall(SYS_io_uring_setup, 4, &params);
    if (fd < 0)
        cr_skip_test("io_uring is switched off here");
    cr_expect(loop_entries_has_ring(getpid()));
    close(fd);
    cr_expect_not(loop_entries_has_ring(getpid()));
}
