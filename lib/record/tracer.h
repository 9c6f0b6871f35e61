// SPDX-License-Identifier: MIT
/*
 * Follows threads with PTRACE_SEIZE: births, programs that are executed, ends, and stops that we
 * ask for. Signals go through unchanged, a stopped process stays stopped, and when prof dies the
 * kernel lets everything go on (there is no PTRACE_O_EXITKILL).
 *
 * Threads stop for us only when tracer_ask() says so, for signals, births and execs; each is let go
 * on as soon as its stop is taken. A thread that sleeps must not be asked: the call in which it
 * sleeps may return EINTR (signal(7)).
 *
 * Owns the list of threads. All calls come from the thread that made it: ptrace(2) wants that. The
 * hooks may not attach or detach anything.
 */
#ifndef PROF_RECORD_TRACER_H
#define PROF_RECORD_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/vec.h"
#include "record/pid_table.h"

enum tracee_state {
    TRACEE_RUNS,  /* or sleeps: it does what it wants */
    TRACEE_ASKED, /* to stop, and has not yet */
    TRACEE_HELD,  /* in a group stop, by somebody's SIGSTOP */
};

struct tracee {
    pid_t pid, tid; /* tid 0: a free slot */
    enum tracee_state state;
    uint64_t asked_ns, born_ns;

    /* Of whoever asks (ptrace.c). */
    int cpu_fd, call_fd; /* its schedstat and syscall; -1: not open */
    bool named;
    uint32_t rests;
    uint64_t looked_cpu_ns, sampled_cpu_ns;
};

struct tracer_hooks {
    void *ctx;
    void (*born)(void *ctx, const struct tracee *t, pid_t parent_pid);
    void (*executed)(void *ctx, pid_t pid);      /* it goes on already */
    void (*copy)(void *ctx, struct tracee *t);   /* stands still as asked: be quick */
    void (*copied)(void *ctx, struct tracee *t); /* it goes on already */
    void (*ended)(void *ctx, struct tracee *t);
    void (*left)(void *ctx, pid_t pid); /* a tracer of others: no longer followed */
};

struct tracer {
    struct tracer_hooks hooks;
    bool no_children; /* of processes that are attached, their threads only */
    VEC(struct tracee) list;
    VEC(uint32_t) free_slots;
    struct pid_table by_tid; /* -> index + 1 */
    uint32_t asked;          /* threads in TRACEE_ASKED */
    uint32_t files;          /* open ones of all threads: counted up by whoever opens them */
    uint64_t stops;          /* as asked */
    uint64_t stopped_ns;     /* from being asked to going on again, in all: includes the time that a
                                thread had to wait for a CPU to stop on */
};

void tracer_init(struct tracer *t, const struct tracer_hooks *hooks, bool no_children);

/* Lets every thread go on by itself, for good. Waits for each to stop a last time, two seconds at
 * most. Returns how many did not: they go on when prof ends. */
uint32_t tracer_release(struct tracer *t);

void tracer_done(struct tracer *t); /* memory only */

/* Every thread of a process that is not followed yet. False: not one of them. */
bool tracer_attach(struct tracer *t, pid_t pid, struct err *e);

struct tracee *tracer_find(struct tracer *t, pid_t tid); /* NULL: not followed */

/* To stop; the hooks copy and copied follow, now or later. */
void tracer_ask(struct tracer *t, struct tracee *tracee, uint64_t now_ns);

/* Takes the stops that there are. Ends are left to tracer_wait(). */
void tracer_serve(struct tracer *t);

/* Serves until all that were asked have stopped, or for so long. SIGCHLD must be blocked. */
void tracer_serve_asked(struct tracer *t, uint64_t limit_ns);

/*
 * wait4(-1, ret_status, WNOHANG, ret_usage) for a process that may have a tracer (NULL: none):
 * takes stops and ends of threads on the way, and returns ends of our own children only.
 */
pid_t tracer_wait(struct tracer *t, int *ret_status, struct rusage *ret_usage);

#endif
