// SPDX-License-Identifier: MIT
#include "symbol/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "symbol/bytes.h"
#include "symbol/sandbox.h"

enum {
    READ_STEP_BYTES = 64 * 1024,
    CPU_SECONDS_SPARE = 5,
};

/* ---- in the worker ---- */

static void send_message(int fd, const struct wire_writer *w)
{
    if (!file_write_all(fd, w->out.ptr, w->out.len, NULL))
        _exit(1); /* nobody reads any more */
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Everything else the parent has open is none of the worker's business. */
static void close_other_fds(const struct job *jobs, uint32_t count, int out_fd)
{
    int *keep = xmalloc((count + 1) * sizeof *keep);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (jobs[i].fd >= 0)
            keep[kept++] = jobs[i].fd;
    keep[kept++] = out_fd;
    qsort(keep, kept, sizeof *keep, compare_ints);
    unsigned from = 0;
    for (uint32_t i = 0; i < kept; i++) {
        if ((unsigned)keep[i] > from)
            (void)syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0u);
        from = (unsigned)keep[i] + 1;
    }
    (void)syscall(SYS_close_range, from, ~0u, 0u);
    free(keep);
}

static void reset_signals(void)
{
    static const int signals[] = { SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2, SIGPIPE, SIGSEGV,
        SIGBUS, SIGFPE, SIGILL, SIGABRT };
    for (size_t i = 0; i < PROF_ARRAY_LEN(signals); i++)
        (void)signal(signals[i], SIG_DFL);
    (void)signal(SIGINT, SIG_IGN); /* Ctrl-C is the parent's to answer */
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool job_pending(const struct job *job)
{
    return job->count > 0 && job->depth < JOB_DEPTH_NONE;
}

static PROF_NORETURN void work(
    struct job *jobs, uint32_t count, const struct job_options *options, int out_fd)
{
    struct wire_writer w = { .out = STRBUF_INIT };
    struct demangler demangler = { 0 };
    bool wants_cxx = false;
    reset_signals();
    close_other_fds(jobs, count, out_fd);
    sandbox_limit(options->timeout_ms / 1000 * count + CPU_SECONDS_SPARE);
    for (uint32_t i = 0; i < count; i++) {
        if (!job_pending(&jobs[i]))
            continue;
        wire_begin(&w, i);
        send_message(out_fd, &w);
        job_open(&jobs[i]);
        wants_cxx |= job_wants_cxx(&jobs[i]);
    }
    if (!sandbox_drop_privileges())
        _exit(1);
    if (wants_cxx)
        demangler_init(&demangler);
    if (!sandbox_enter())
        _exit(1);
    for (uint32_t i = 0; i < count; i++) {
        if (!job_pending(&jobs[i]))
            continue;
        wire_begin(&w, i);
        send_message(out_fd, &w);
        job_run(&jobs[i], i, options, &demangler, &w);
        send_message(out_fd, &w);
    }
    _exit(0);
}

/* ---- in the parent ---- */

struct watch {
    struct job *jobs;
    uint32_t count;
    const struct worker_callbacks *callbacks;
    struct strbuf pending;
    uint32_t current; /* job under way; count: none */
    uint64_t deadline_ns;
    uint64_t timeout_ns;
};

static bool take_message(struct watch *w, enum wire_type type, struct slice payload)
{
    uint32_t number;
    w->deadline_ns = clock_monotonic_ns() + w->timeout_ns;
    switch (type) {
    case WIRE_BEGIN:
        if (!wire_read_begin(payload, &number) || number >= w->count)
            return false;
        w->current = number;
        return true;
    case WIRE_RESULT:
        if (w->current >= w->count || !w->callbacks->result(w->callbacks->ctx, payload))
            return false;
        w->jobs[w->current].count = 0; /* done */
        return true;
    }
    return false;
}

/* Takes the whole messages out of what has arrived. False: this is no worker of ours. */
static bool take_messages(struct watch *w)
{
    size_t at = 0;
    while (w->pending.len - at >= WIRE_HEADER_BYTES) {
        const uint8_t *p = (const uint8_t *)w->pending.ptr + at;
        const uint64_t len = bytes_u32(p);
        if (len > (uint64_t)WIRE_MESSAGE_MAX_MIB << 20)
            return false;
        if (w->pending.len - at - WIRE_HEADER_BYTES < len)
            break;
        const struct slice payload = { w->pending.ptr + at + WIRE_HEADER_BYTES, len };
        if (!take_message(w, (enum wire_type)p[4], payload))
            return false;
        at += WIRE_HEADER_BYTES + len;
    }
    memmove(w->pending.ptr, w->pending.ptr + at, w->pending.len - at);
    w->pending.len -= at;
    return true;
}

/* NULL: the worker closed its end. Else why it must be stopped. */
static const char *watch_pipe(struct watch *w, int fd)
{
    for (;;) {
        const uint64_t now = clock_monotonic_ns();
        if (now >= w->deadline_ns)
            return "took too long";
        struct pollfd p = { .fd = fd, .events = POLLIN };
        const int wait_ms = (int)((w->deadline_ns - now) / NS_PER_MS) + 1;
        if (poll(&p, 1, wait_ms) <= 0)
            continue;
        const ssize_t got = read(fd, strbuf_reserve(&w->pending, READ_STEP_BYTES), READ_STEP_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return NULL;
        w->pending.len += (size_t)got;
        if (!take_messages(w))
            return "sent nonsense";
    }
}

static bool anything_left(const struct job *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (job_pending(&jobs[i]))
            return true;
    return false;
}

/* After a worker's end: the job it was at is tried less deeply next time. */
static void demote_current(struct watch *w, const char *how)
{
    if (w->current >= w->count)
        w->current = 0;
    while (w->current < w->count && !job_pending(&w->jobs[w->current]))
        w->current++;
    if (w->current == w->count)
        return;
    struct job *job = &w->jobs[w->current];
    const bool text = job->kind == MODULE_KERNEL || job->kind == MODULE_JIT;
    job->depth = text ? JOB_DEPTH_NONE : job->depth + 1;
    w->callbacks->failed(w->callbacks->ctx, job, how);
}

static void reap(pid_t pid, bool kill_first)
{
    if (kill_first)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static bool run_once(struct watch *w, const struct job_options *options)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    PROF_CLEANUP(close_fd) int in_fd = fds[0];
    const pid_t pid = fork();
    if (pid == 0)
        work(w->jobs, w->count, options, fds[1]);
    close(fds[1]);
    if (pid < 0)
        return false;
    w->current = w->count;
    w->deadline_ns = clock_monotonic_ns() + w->timeout_ns;
    strbuf_clear(&w->pending);
    const char *how = watch_pipe(w, in_fd);
    reap(pid, how != NULL);
    if (anything_left(w->jobs, w->count))
        demote_current(w, how ? how : "crashed");
    return true;
}

void worker_run(struct job *jobs, uint32_t count, const struct job_options *options,
    const struct worker_callbacks *callbacks)
{
    struct watch w = { .jobs = jobs,
        .count = count,
        .callbacks = callbacks,
        .pending = STRBUF_INIT,
        .timeout_ns = options->timeout_ms * NS_PER_MS };
    while (anything_left(jobs, count) && run_once(&w, options))
        ;
    strbuf_done(&w.pending);
}
