// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>

#include "record/switch_trial.h"

static int open_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    cr_assert(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

Test(switch_trial, leaves_nothing_behind)
{
    const struct perf_settings settings = { .rate_hz = 199, .stack_bytes = 4096 };
    const int before = open_files();
    switch_trial_run(&settings);
    cr_expect_eq(open_files(), before);
    cr_expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no child is left");
}

Test(switch_trial, says_nothing_when_the_events_are_refused)
{
    const struct perf_settings settings = { .rate_hz = 199, .stack_bytes = UINT32_MAX };
    const struct switch_cost cost = switch_trial_run(&settings);
    cr_expect_eq(cost.shared_ns, 0);
    cr_expect_eq(cost.other_ns, 0);
}
