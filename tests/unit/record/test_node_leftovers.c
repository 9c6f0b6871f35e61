// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record/node_leftovers.h"

static char place[64], folder[128];

static void make(const char *name, bool old)
{
    char path[192];
    const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    snprintf(folder, sizeof folder, "%s/%s", place, name);
    cr_assert_eq(mkdir(folder, 0711), 0);
    snprintf(path, sizeof path, "%s/data", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/data/1.2", folder);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    snprintf(path, sizeof path, "%s/prof.cjs", folder);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    if (old)
        cr_assert_eq(utimensat(AT_FDCWD, folder, times, 0), 0);
}

static void set_up(void)
{
    snprintf(place, sizeof place, "/tmp/test-leftovers-XXXXXX");
    cr_assert_not_null(mkdtemp(place));
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", place);
    cr_assert_eq(system(command), 0);
}

static bool is_there(void)
{
    return access(folder, F_OK) == 0;
}

TestSuite(node_leftovers, .init = set_up, .fini = tear_down);

Test(node_leftovers, an_old_one_goes)
{
    make("prof-a1B2c3", true);
    node_leftovers_remove(place);
    cr_expect_not(is_there());
}

Test(node_leftovers, a_new_one_and_other_names_stay)
{
    make("prof-a1B2c3", false);
    node_leftovers_remove(place);
    cr_expect(is_there(), "new");
    make("prof-a1B2c3d", true);
    node_leftovers_remove(place);
    cr_expect(is_there(), "another name");
}

Test(node_leftovers, a_locked_one_stays)
{
    make("prof-a1B2c3", true);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert(node_leftovers_lock(fd));
    node_leftovers_remove(place);
    cr_expect(is_there());
    close(fd);
    node_leftovers_remove(place);
    cr_expect_not(is_there());
}

Test(node_leftovers, one_that_a_process_is_told_of_stays)
{
    make("prof-a1B2c3", true);
    char text[192];
    snprintf(text, sizeof text, "NODE_OPTIONS=--require %s/prof.cjs", folder);
    char *const argv[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };
    char *const env[] = { text, NULL };
    int ready[2];
    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        execve("/bin/sleep", argv, env);
        _exit(1);
    }
    char byte;
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 0, "closed by the exec");
    node_leftovers_remove(place);
    cr_expect(is_there());
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    node_leftovers_remove(place);
    cr_expect_not(is_there());
}
