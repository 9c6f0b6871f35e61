// SPDX-License-Identifier: MIT
#include "record/tracer.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "record/procfs_read.h"
#include "record/trace_stop.h"

#define RELEASE_NS (2 * NS_PER_S)

enum { ATTACH_PASSES = 8, SERVE_PAUSE_NS = 100000, RELEASE_PAUSE_US = 200, STATUS_BYTES = 8192 };

void tracer_init(struct tracer *t, const struct tracer_hooks *hooks, bool no_children)
{
    *t = (struct tracer){ .hooks = *hooks, .no_children = no_children };
}

void tracer_done(struct tracer *t)
{
    for (size_t i = 0; i < t->list.len; i++) {
        close_fd(&t->list.ptr[i].cpu_fd);
        close_fd(&t->list.ptr[i].call_fd);
    }
    vec_done(&t->list);
    vec_done(&t->free_slots);
    pid_table_done(&t->by_tid);
}

/* ---- the list ---- */

struct tracee *tracer_find(struct tracer *t, pid_t tid)
{
    const uint32_t found = pid_table_get(&t->by_tid, tid);
    return found ? &t->list.ptr[found - 1] : NULL;
}

static struct tracee *add(struct tracer *t, pid_t pid, pid_t tid)
{
    const struct tracee row = {
        .pid = pid, .tid = tid, .born_ns = clock_monotonic_ns(), .cpu_fd = -1, .call_fd = -1
    };
    uint32_t slot = (uint32_t)t->list.len;
    if (t->free_slots.len > 0) {
        slot = t->free_slots.ptr[--t->free_slots.len];
        t->list.ptr[slot] = row;
    } else {
        vec_push(&t->list, row);
    }
    pid_table_set(&t->by_tid, tid, slot + 1);
    return &t->list.ptr[slot];
}

static void forget(struct tracer *t, struct tracee *e)
{
    t->asked -= e->state == TRACEE_ASKED;
    t->files -= (uint32_t)(e->cpu_fd >= 0) + (uint32_t)(e->call_fd >= 0);
    close_fd(&e->cpu_fd);
    close_fd(&e->call_fd);
    pid_table_set(&t->by_tid, e->tid, 0);
    vec_push(&t->free_slots, (uint32_t)(e - t->list.ptr));
    e->tid = 0;
    e->state = TRACEE_RUNS;
}

/* ---- attaching ---- */

static uintptr_t options(const struct tracer *t)
{
    const uintptr_t always = PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    return t->no_children ? always : always | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
}

static bool runs_tracer(pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf exe = STRBUF_INIT;
    return procfs_link(pid, "exe", &exe) && trace_is_tracer(strbuf_slice(&exe));
}

/* New threads until there are none. Returns 0, or what refused the first one. */
static int seize_threads(struct tracer *t, pid_t pid, uint32_t *ret_count)
{
    struct pid_list tids = { 0 };
    int error = 0;
    procfs_threads(pid, &tids);
    for (size_t i = 0; i < tids.len; i++) {
        if (tracer_find(t, tids.ptr[i]))
            continue;
        if (ptrace(PTRACE_SEIZE, tids.ptr[i], NULL, options(t)) == 0) {
            add(t, pid, tids.ptr[i]);
            (*ret_count)++;
        } else if (errno != ESRCH && !error) {
            error = errno;
        }
    }
    vec_done(&tids);
    return error;
}

static bool attach_error(struct err *e, int error, pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf status = STRBUF_INIT;
    uint64_t other = 0;
    procfs_read(pid, "status", STATUS_BYTES, &status);
    err_sys(
        e, error ? error : ESRCH, "cannot stop the threads of process %d for samples", (int)pid);
    if (procfs_parse_status(strbuf_slice(&status), "TracerPid", &other) && other)
        return err_hint(e, "process %d traces it already: a debugger, or another prof", (int)other);
    return err_hint(e, "it must be yours and no set-uid program; for one that runs already: sudo "
                       "sysctl kernel.yama.ptrace_scope=0, in a container --cap-add SYS_PTRACE");
}

bool tracer_attach(struct tracer *t, pid_t pid, struct err *e)
{
    uint32_t count = 0, before;
    int error = 0;
    if (runs_tracer(pid)) {
        err_set(e, ERR_TARGET, "process %d traces others itself, which only one can", (int)pid);
        return err_hint(e, "run the program without the debugger");
    }
    for (int pass = 0; pass < ATTACH_PASSES; pass++) {
        before = count;
        const int refused = seize_threads(t, pid, &count);
        error = error ? error : refused;
        if (count == before)
            break;
    }
    return count > 0 || attach_error(e, error, pid);
}

/* ---- stops ---- */

static void go_on(struct tracee *e, int signal)
{
    e->state = TRACEE_RUNS;
    ptrace(PTRACE_CONT, e->tid, NULL, (uintptr_t)signal); /* ESRCH: it has been killed */
}

/* Stays stopped, but is told to go on by SIGCONT. */
static void hold(struct tracee *e)
{
    e->state = TRACEE_HELD;
    ptrace(PTRACE_LISTEN, e->tid, NULL, NULL);
}

/* The first stop of a thread that nobody has attached: its parent's options came with it. NULL: it
 * is not to be followed, or has ended. */
static struct tracee *take_newborn(struct tracer *t, pid_t tid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf status = STRBUF_INIT;
    uint64_t pid = 0, parent = 0;
    procfs_read(tid, "status", STATUS_BYTES, &status);
    procfs_parse_status(strbuf_slice(&status), "Tgid", &pid);
    procfs_parse_status(strbuf_slice(&status), "PPid", &parent);
    if (pid == 0 || (t->no_children && !tracer_find(t, (pid_t)pid))) {
        ptrace(PTRACE_DETACH, tid, NULL, NULL);
        return NULL;
    }
    struct tracee *e = add(t, (pid_t)pid, tid);
    t->hooks.born(t->hooks.ctx, e, (pid_t)pid == tid ? (pid_t)parent : (pid_t)pid);
    return e;
}

/* Who makes another stops before the newborn runs: it is known from here on, should its parent end
 * before it is heard of itself. e is no longer valid. */
static void take_birth(struct tracer *t, const struct tracee *e)
{
    unsigned long newborn = 0;
    ptrace(PTRACE_GETEVENTMSG, e->tid, NULL, &newborn);
    if (newborn && !tracer_find(t, (pid_t)newborn))
        take_newborn(t, (pid_t)newborn);
}

/* A thread that executes a program takes the main thread's number and lets all others end; those
 * are heard of, but for the main thread itself. */
static void take_exec(struct tracer *t, struct tracee *e)
{
    unsigned long former = 0;
    const pid_t pid = e->pid;
    ptrace(PTRACE_GETEVENTMSG, pid, NULL, &former);
    struct tracee *caller = tracer_find(t, (pid_t)former);
    if (caller && caller != e)
        forget(t, caller);
    e->named = false;
    if (runs_tracer(pid)) {
        ptrace(PTRACE_DETACH, pid, NULL, NULL);
        forget(t, e);
        t->hooks.executed(t->hooks.ctx, pid);
        t->hooks.left(t->hooks.ctx, pid);
        return;
    }
    go_on(e, 0);
    t->hooks.executed(t->hooks.ctx, pid);
}

static void take_asked(struct tracer *t, struct tracee *e, int signal)
{
    t->hooks.copy(t->hooks.ctx, e);
    go_on(e, signal);
    t->stopped_ns += clock_monotonic_ns() - e->asked_ns;
    t->stops++;
    t->hooks.copied(t->hooks.ctx, e);
}

/* Whatever the stop, it answers what was asked: any trap clears a pending PTRACE_INTERRUPT
 * (ptrace_stop() in kernel/signal.c). */
static void take_stop(struct tracer *t, pid_t tid, int status)
{
    const struct trace_stop stop = trace_stop_of(status);
    struct tracee *e = tracer_find(t, tid);
    if (!e && !(e = take_newborn(t, tid)))
        return;
    const bool asked = e->state == TRACEE_ASKED;
    t->asked -= asked;
    e->state = TRACEE_RUNS;
    if (stop.kind == TRACE_STOP_BIRTH) {
        take_birth(t, e);
        e = tracer_find(t, tid);
    }
    switch (stop.kind) {
    case TRACE_STOP_SIGNAL:
    case TRACE_STOP_HALT:
    case TRACE_STOP_BIRTH:
        if (asked)
            take_asked(t, e, stop.signal);
        else
            go_on(e, stop.signal);
        break;
    case TRACE_STOP_GROUP:
        hold(e);
        break;
    case TRACE_STOP_EXEC:
        take_exec(t, e);
        break;
    }
}

void tracer_ask(struct tracer *t, struct tracee *tracee, uint64_t now_ns)
{
    if (tracee->state != TRACEE_RUNS || ptrace(PTRACE_INTERRUPT, tracee->tid, NULL, NULL) != 0)
        return;
    tracee->state = TRACEE_ASKED;
    tracee->asked_ns = now_ns;
    t->asked++;
}

/* ---- waiting ---- */

/* The wait status that belongs to a siginfo of waitid(2). */
static int status_of(const siginfo_t *info)
{
    return (info->si_status & 0xffff) << 8 | 0x7f;
}

void tracer_serve(struct tracer *t)
{
    for (;;) {
        siginfo_t info = { .si_pid = 0 };
        if (waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG | __WALL) != 0 || info.si_pid == 0)
            return;
        if (info.si_code == CLD_TRAPPED)
            take_stop(t, info.si_pid, status_of(&info));
    }
}

void tracer_serve_asked(struct tracer *t, uint64_t limit_ns)
{
    static const struct timespec pause = { .tv_nsec = SERVE_PAUSE_NS };
    const uint64_t until_ns = clock_monotonic_ns() + limit_ns;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    tracer_serve(t);
    while (t->asked > 0 && clock_monotonic_ns() < until_ns) {
        sigtimedwait(&child, NULL, &pause); /* whoever else waits for it looks again anyway */
        tracer_serve(t);
    }
}

/* Whose end is for us to account for: not of a thread, nor of somebody else's child. Asked while it
 * has not been waited for yet. Where /proc cannot be read it had better count than be lost. */
static bool is_own_child(pid_t pid)
{
    if (syscall(SYS_tgkill, pid, pid, 0) != 0 && errno != EPERM)
        return false;
    const pid_t parent = procfs_parent(pid);
    return parent == getpid() || parent == 0;
}

static void take_end(struct tracer *t, pid_t tid)
{
    struct tracee *e = tracer_find(t, tid);
    if (!e)
        return;
    t->hooks.ended(t->hooks.ctx, e);
    forget(t, e);
}

pid_t tracer_wait(struct tracer *t, int *ret_status, struct rusage *ret_usage)
{
    if (!t)
        return wait4(-1, ret_status, WNOHANG, ret_usage);
    for (;;) {
        siginfo_t info = { .si_pid = 0 };
        if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) != 0)
            return -1;
        if (info.si_pid == 0)
            return 0;
        const bool own = is_own_child(info.si_pid);
        const pid_t pid = wait4(info.si_pid, ret_status, WNOHANG | WUNTRACED | __WALL, ret_usage);
        if (pid <= 0)
            continue;
        if (WIFSTOPPED(*ret_status)) {
            if (info.si_code == CLD_TRAPPED)
                take_stop(t, pid, *ret_status);
            continue;
        }
        take_end(t, pid);
        if (own)
            return pid;
    }
}

/* ---- letting go ---- */

/* A last stop, and the end of it. True: done with it. */
static bool let_go(struct tracer *t, struct tracee *e)
{
    int status;
    const pid_t got = wait4(e->tid, &status, WNOHANG | __WALL, NULL);
    if (got == 0)
        return false;
    if (got > 0 && WIFSTOPPED(status))
        ptrace(PTRACE_DETACH, e->tid, NULL, (uintptr_t)trace_stop_of(status).signal);
    forget(t, e);
    return true;
}

uint32_t tracer_release(struct tracer *t)
{
    const uint64_t until_ns = clock_monotonic_ns() + RELEASE_NS;
    uint32_t left = 0;
    for (size_t i = 0; i < t->list.len; i++)
        if (t->list.ptr[i].tid)
            ptrace(PTRACE_INTERRUPT, t->list.ptr[i].tid, NULL, NULL);
    do {
        if (left > 0)
            usleep(RELEASE_PAUSE_US);
        left = 0;
        for (size_t i = 0; i < t->list.len; i++)
            left += t->list.ptr[i].tid && !let_go(t, &t->list.ptr[i]);
    } while (left > 0 && clock_monotonic_ns() < until_ns);
    return left;
}
