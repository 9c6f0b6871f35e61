// SPDX-License-Identifier: MIT
#include "record/target.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "record/procfs_read.h"
#include "record/runtime_env.h"

/* A program that ends sooner and leaves processes behind has gone into the background. */
#define DAEMON_START_NS (10 * NS_PER_S)
#define PATIENCE_NS (5 * NS_PER_S)

bool target_launch(struct target *t, const struct launch_options *o, struct err *e)
{
    *t = (struct target){ .launched = true, .pidfd = -1, .load_status = -1 };
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (!launch_stopped(o, &t->child, e))
        return false;
    t->pid = t->child.pid;
    return true;
}

bool target_attach(struct target *t, pid_t pid, struct err *e)
{
    *t = (struct target){ .pid = pid, .pidfd = -1, .load_status = -1 };
    t->child = (struct launched){ .go_fd = -1, .error_fd = -1 };
    t->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (t->pidfd < 0 && errno == EINVAL) {
        err_set(e, ERR_NOT_FOUND, "%d is a thread, not a process", (int)pid);
        return err_hint(e, "give the process: ps -eLf shows it in the column PID");
    }
    if (t->pidfd < 0 && errno != ENOSYS) {
        err_sys(e, errno, "cannot attach to process %d", (int)pid);
        return err_hint(e, "pgrep -a NAME lists what runs");
    }
    t->started_ns = clock_monotonic_ns();
    return true;
}

int target_go(struct target *t, const char *program, struct err *e)
{
    const int error = launch_go(&t->child, e, program);
    t->started_ns = clock_monotonic_ns();
    if (error) {
        waitpid(t->pid, NULL, 0);
        t->ended = t->childless = true;
    }
    return error;
}

bool target_start_load(struct target *t, const struct launch_options *o,
    const struct load_command *load, struct err *e)
{
    PROF_CLEANUP(runtime_env_done) struct runtime_env env = { 0 };
    PROF_CLEANUP(strbuf_done) struct strbuf value = STRBUF_INIT;
    PROF_CLEANUP(free_ptr) char *text = xstrdup(load->command);
    char shell[] = "/bin/sh", option[] = "-c";
    char *const argv[] = { shell, option, text, NULL };
    strbuf_addf(&value, "%u", load->port);
    runtime_env_build(load->env, NULL, &env);
    runtime_env_set(&env, "PORT", value.ptr);
    struct launch_options how = *o;
    how.argv = argv;
    how.env = env.env;
    how.output_fd = load->output->write_fds[0];
    how.error_fd = load->output->write_fds[1];
    struct launched launched;
    if (!launch_stopped(&how, &launched, e))
        return false;
    setpgid(launched.pid, launched.pid); /* so that all of it can be ended */
    t->load_pid = launched.pid;
    t->load = load->output;
    t->load->started_ns = clock_monotonic_ns();
    load_output_close_writers(load->output); /* so that the end of the command is the pipes' end */
    return launch_go(&launched, e, load->command) == 0;
}

static uint64_t timeval_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * NS_PER_US;
}

static void add_usage(struct target *t, const struct rusage *usage)
{
    t->user_ns += timeval_ns(usage->ru_utime);
    t->kernel_ns += timeval_ns(usage->ru_stime);
}

static void reap_one(
    struct target *t, pid_t pid, int status, const struct rusage *usage, uint64_t now_ns)
{
    if (pid == t->load_pid) {
        t->load_ended = true;
        t->load->ended_ns = now_ns;
        t->load_status = status;
        return;
    }
    if (!t->stopping)
        add_usage(t, usage);
    t->switches += (uint64_t)(usage->ru_nvcsw + usage->ru_nivcsw);
    if (pid == t->pid) {
        t->ended = true;
        t->ended_ns = now_ns;
        t->wait_status = status;
    }
}

void target_reap(struct target *t, uint64_t now_ns)
{
    struct pollfd poll_pidfd = { .fd = t->pidfd, .events = POLLIN };
    if (!t->launched && !t->ended)
        t->ended =
            t->pidfd >= 0 ? poll(&poll_pidfd, 1, 0) > 0 : kill(t->pid, 0) != 0 && errno == ESRCH;
    struct rusage usage;
    int status;
    pid_t pid;
    while ((pid = tracer_wait(t->tracer, &status, &usage)) > 0)
        reap_one(t, pid, status, &usage, now_ns);
    t->childless = pid < 0 && errno == ECHILD;
}

/* To the main process, or to what it has left behind. Numbers of our children cannot be reused. */
static void send_all(const struct target *t, struct processes *ps, int number)
{
    if (!t->ended)
        kill(t->pid, number);
    for (size_t i = 0; i < ps->list.len; i++) {
        const struct tracked_process *p = &ps->list.ptr[i];
        if (p->alive && p->pid != t->pid && procfs_parent(p->pid) == getpid())
            kill(p->pid, number);
    }
}

/* A stopped process does not end before it is let go on. */
static void send_end(const struct target *t, struct processes *ps, int number)
{
    send_all(t, ps, number);
    if (number != SIGKILL)
        send_all(t, ps, SIGCONT);
}

void target_signal(struct target *t, const struct signal_event *event, struct processes *ps)
{
    if (event->number == SIGUSR1 || event->number == SIGUSR2) {
        if (t->launched && !t->ended)
            kill(t->pid, event->number); /* meant for the program, as its supervisor sees it */
        return;
    }
    const bool got_it = event->from_terminal && !t->ended && getpgid(t->pid) == getpgrp();
    t->interrupts++;
    t->interrupted |= !t->ended;
    if (!t->launched)
        return;
    if (t->interrupts > 1 && event->number != SIGQUIT)
        send_all(t, ps, SIGKILL);
    else if (!got_it)
        send_end(t, ps, t->ended ? SIGTERM : event->number);
}

/* What it takes to end is not part of the recorded time. */
static void add_living(struct target *t, const struct processes *ps)
{
    for (size_t i = 0; i < ps->list.len; i++) {
        const struct tracked_process *p = &ps->list.ptr[i];
        struct procfs_stat stat;
        if (!p->alive || !procfs_stat(p->pid, 0, &stat))
            continue;
        t->user_ns += stat.user_ns + stat.children_user_ns;
        t->kernel_ns += stat.kernel_ns + stat.children_kernel_ns;
    }
}

void target_stop(struct target *t, struct processes *ps, uint64_t now_ns)
{
    if (!t->stopping) {
        add_living(t, ps);
        t->stopping = true;
        t->kill_ns = now_ns + PATIENCE_NS;
    }
    if (t->launched)
        send_end(t, ps, now_ns >= t->kill_ns ? SIGKILL : SIGTERM);
}

bool target_is_over(const struct target *t, const struct processes *ps, uint64_t now_ns)
{
    if (!t->launched)
        return t->ended || t->stopping || t->interrupts > 0;
    if (t->stopping)
        return t->childless || now_ns > t->kill_ns + PATIENCE_NS;
    if (!t->ended)
        return false;
    const bool went_away = t->ended_ns - t->started_ns < DAEMON_START_NS && !t->interrupted;
    return t->childless || ps->live == 0 || !went_away;
}

void target_done(struct target *t)
{
    if (t->load_pid && !t->load_ended)
        kill(-t->load_pid, SIGTERM);
    if (t->launched && t->child.go_fd >= 0) {
        launch_done(&t->child); /* it reads the end of the pipe, and ends */
        waitpid(t->pid, NULL, 0);
    }
    launch_done(&t->child);
    close_fd(&t->pidfd);
}
