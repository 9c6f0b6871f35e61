// SPDX-License-Identifier: MIT
#include "record/ptrace_trial.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/procfs_read.h"
#include "record/record.h"
#include "record/trace_copy.h"

enum { TRIES = 9 };

static pid_t start_spinning(void)
{
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (volatile uint64_t x = 0;; x++) {
    }
}

static bool stop_once(pid_t pid, struct trace_copy *copy, uint64_t *ret_ns)
{
    int status;
    const uint64_t from_ns = clock_monotonic_ns();
    if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0 || waitpid(pid, &status, __WALL) != pid ||
        !WIFSTOPPED(status) || !trace_copy_take(copy, pid) ||
        ptrace(PTRACE_CONT, pid, NULL, NULL) != 0)
        return false;
    *ret_ns = clock_monotonic_ns() - from_ns;
    return true;
}

static int by_size(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* 0, or errno. */
static int try_on(pid_t pid, struct ptrace_trial *ret_trial)
{
    struct trace_copy copy;
    uint64_t ns[TRIES];
    int error = 0;
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0)
        return errno;
    trace_copy_init(&copy, RECORD_STACK_BYTES_DEFAULT);
    for (size_t i = 0; i < TRIES && !error; i++)
        if (!stop_once(pid, &copy, &ns[i]))
            error = errno ? errno : EIO;
    trace_copy_done(&copy);
    if (error)
        return error;
    qsort(ns, TRIES, sizeof ns[0], by_size);
    ret_trial->cost_ns = ns[TRIES / 2];
    return 0;
}

static bool refused(struct err *e, int error)
{
    int64_t scope;
    err_sys(e, error, "cannot stop a process of our own to look at its stack (ptrace)");
    if (procfs_setting("kernel/yama/ptrace_scope", &scope) && scope > 1)
        return err_hint(e, "sudo sysctl kernel.yama.ptrace_scope=1");
    return err_hint(e, "in a container: --cap-add SYS_PTRACE, or a seccomp profile that allows "
                       "ptrace and process_vm_readv");
}

bool ptrace_trial_run(struct ptrace_trial *ret_trial, struct err *e)
{
    struct ptrace_trial trial = { 0 };
    const pid_t pid = start_spinning();
    if (pid < 0)
        return err_sys(e, errno, "cannot start a process to try ptrace on");
    const int error = try_on(pid, &trial);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, __WALL);
    if (error)
        return refused(e, error);
    *ret_trial = trial;
    return true;
}
