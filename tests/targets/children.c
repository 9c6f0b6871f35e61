// SPDX-License-Identifier: MIT
/*
 * children [SECONDS [PROGRAM ARGS...]]: a tree of processes (two children with two grandchildren
 * each), then 100 processes that live for about 2 ms of CPU time, then a child that becomes
 * PROGRAM by exec. The parts take 30, 30 and 40 % of SECONDS (not counting PROGRAM).
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

enum { CHILD, GRANDCHILD, SHORT_LIVED, KINDS, SHORT_PROCESSES = 100 };

static uint64_t (*used_ns)[KINDS]; /* shared by all processes; added to atomically */

static void add(int kind, uint64_t ns)
{
    __atomic_fetch_add(&(*used_ns)[kind], ns, __ATOMIC_RELAXED);
}

HOT static void grandchild_work(uint64_t ns)
{
    add(GRANDCHILD, burn(ns));
}

HOT static void child_work(uint64_t ns)
{
    add(CHILD, burn(ns));
}

HOT static void short_lived_work(uint64_t ns)
{
    add(SHORT_LIVED, burn(ns));
}

static pid_t must_fork(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("children: fork");
        exit(1);
    }
    return pid;
}

static void wait_for_all(void)
{
    while (wait(NULL) > 0)
        ;
}

static void tree(uint64_t child_ns, uint64_t grandchild_ns)
{
    for (int i = 0; i < 2; i++) {
        if (must_fork() != 0)
            continue;
        for (int j = 0; j < 2; j++) {
            if (must_fork() == 0) {
                grandchild_work(grandchild_ns);
                _exit(0);
            }
        }
        child_work(child_ns);
        wait_for_all();
        _exit(0);
    }
    wait_for_all();
}

static void short_lived(uint64_t each_ns)
{
    for (int i = 0; i < SHORT_PROCESSES; i++) {
        if (must_fork() == 0) {
            short_lived_work(each_ns);
            _exit(0);
        }
        wait_for_all();
    }
}

int main(int argc, char **argv)
{
    uint64_t all_ns = seconds_arg(argc, argv, 1, 2);

    used_ns =
        mmap(NULL, sizeof *used_ns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (used_ns == MAP_FAILED) {
        perror("children: mmap");
        return 1;
    }
    tree(all_ns / 10 * 3 / 2, all_ns / 10 * 3 / 4);
    short_lived(all_ns / 10 * 4 / SHORT_PROCESSES);
    if (argc > 2 && must_fork() == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    wait_for_all();

    struct truth_row rows[] = { { "child_work", (*used_ns)[CHILD] },
        { "grandchild_work", (*used_ns)[GRANDCHILD] },
        { "short_lived_work", (*used_ns)[SHORT_LIVED] } };
    truth_print("total", rows, 3, rows[0].ns + rows[1].ns + rows[2].ns);
    return 0;
}
