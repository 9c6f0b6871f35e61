// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <sys/wait.h>
#include <unistd.h>

#include "record/procfs_read.h"

Test(procfs_read, names_in_stat_may_hold_brackets_and_blanks)
{
    static const char text[] =
        "12 (a) b) (c) R 7 12 12 34816 12 4194304 98 0 0 0 250 50 0 0 20 0 1 0 100 4096 3 "
        "18446744073709551615 0\n";
    struct procfs_stat stat;
    cr_assert(procfs_parse_stat(slice_of(text), &stat));
    const uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    cr_expect_eq(stat.state, 'R');
    cr_expect_eq(stat.parent, 7);
    cr_expect_eq(stat.user_ns, 250 * tick_ns);
    cr_expect_eq(stat.kernel_ns, 50 * tick_ns);
    cr_expect_eq(stat.rss_bytes, 3 * (uint64_t)sysconf(_SC_PAGESIZE));
}

Test(procfs_read, cut_stat_texts_are_refused)
{
    static const char *const texts[] = { "", "12", "12 (x)", "12 (x) R", "12 (x) R 1 2 3" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct procfs_stat stat;
        cr_expect_not(procfs_parse_stat(slice_of(texts[i]), &stat), "'%s'", texts[i]);
    }
}

Test(procfs_read, a_family_holds_children_but_not_the_excepted)
{
    int hold[2];
    cr_assert_eq(pipe(hold), 0);
    pid_t child[2];
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            close(hold[1]);
            char byte;
            _exit(read(hold[0], &byte, 1) != 0);
        }
    }
    struct pid_list pids = { 0 };
    procfs_family(getpid(), child[1], &pids);
    cr_expect_eq(pids.len, 2);
    cr_expect_eq(pids.ptr[0], getpid());
    cr_expect(pids.len == 2 && pids.ptr[1] == child[0]);
    close(hold[1]);
    while (wait(NULL) > 0)
        ;
    vec_done(&pids);
}

Test(procfs_read, settings_are_numbers)
{
    int64_t value = -7;
    cr_expect(procfs_setting("kernel/perf_event_max_stack", &value));
    cr_expect_gt(value, 0);
    value = -7;
    cr_expect_not(procfs_setting("kernel/no_such_setting", &value));
    cr_expect_not(procfs_setting("kernel/ostype", &value), "'Linux' is no number");
}

Test(procfs_read, an_ended_process_reads_as_nothing)
{
    const pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    struct procfs_stat stat;
    struct pid_list tids = { 0 };
    cr_expect_not(procfs_stat(pid, 0, &stat));
    cr_expect_not(procfs_threads(pid, &tids));
    cr_expect_eq(procfs_parent(pid), 0);
    vec_done(&tids);
}
