// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "record/late_close.h"

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int *pipe_ends(void)
{
    int *fds = malloc(2 * sizeof *fds);
    cr_assert(fds && pipe(fds) == 0);
    return fds;
}

Test(late_close, a_thread_closes_one_list_after_the_other)
{
    struct late_closer c = { 0 };
    int *first = pipe_ends(), *second = pipe_ends();
    const int fds[] = { first[0], first[1], second[0], second[1] };
    late_closer_start(&c, first, 2);
    late_closer_start(&c, second, 2);
    cr_expect_not(is_open(fds[0]) || is_open(fds[1]), "the first list is done");
    late_closer_wait(&c);
    cr_expect_not(is_open(fds[2]) || is_open(fds[3]));
    late_closer_wait(&c);
}

Test(late_close, a_process_keeps_them_until_ours_are_closed)
{
    struct late_close late;
    char byte;
    int *fds = pipe_ends();
    late_close_begin(&late);
    close(fds[1]);
    late_close_end(&late);
    cr_expect_eq(read(fds[0], &byte, 1), 0, "nobody has the other end any more");
    close(fds[0]);
    free(fds);
}
