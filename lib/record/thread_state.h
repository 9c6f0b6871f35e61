// SPDX-License-Identifier: MIT
/*
 * What every observed thread does right now, and how its time was spent, from context switches and
 * births alone. Pure bookkeeping: no I/O, so that it can be tested from made-up switches.
 *
 *     runs --out, preempted--> queued --in--> runs          it could have gone on
 *     runs --out-------------> blocked --in--> runs         it waits; from its wake-up to "in" it
 *                                                           is queued in truth, see below
 *
 * A switch record does not say when a blocked thread was woken. The kernel's own account of
 * queueing (schedstat) does, in sum: thread_states_reconcile() moves that part from blocked to
 * queued, and fills in the time of which no switches are known.
 *
 * Only recorded time counts: from_ns to to_ns. One thread at a time.
 */
#ifndef PROF_RECORD_THREAD_STATE_H
#define PROF_RECORD_THREAD_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "record/pid_table.h"

enum thread_run {
    THREAD_UNKNOWN, /* no switch seen yet, or records were lost */
    THREAD_RUNS,
    THREAD_QUEUED,  /* new or preempted: would run if it had a CPU */
    THREAD_BLOCKED, /* off CPU by its own doing */
};

struct thread_times {
    uint64_t on_cpu_ns, blocked_ns, queued_ns;
};

struct thread_state {
    pid_t pid, tid;
    uint32_t serial; /* unique over all threads of the recording */
    bool alive;
    enum thread_run run;
    uint64_t since_ns; /* when run became what it is */
    uint64_t born_ns;  /* 0: before the recording */

    /* Totals up to since_ns. */
    uint64_t on_cpu_ns, blocked_ns, queued_ns;
    struct thread_times plain; /* the same, never reconciled: exact where switches are known */
    uint64_t blocks;           /* how often it has blocked */
    uint64_t switches;         /* records seen */

    /* The last wait: of its own doing, and over. 0: none yet. */
    uint64_t block_from_ns, block_to_ns;

    /* At the last reconciliation: totals here, and the kernel's. */
    struct thread_times seen;
    uint64_t looked_ns, kernel_on_cpu_ns, kernel_queued_ns;
};

struct thread_states {
    VEC(struct thread_state) list; /* slots; those of dead threads are used again */
    VEC(uint32_t) free_slots;
    struct pid_table by_tid; /* -> index + 1 */
    uint64_t from_ns, to_ns; /* recorded time */
    uint32_t live, last_serial;
    uint64_t ended_on_cpu_ns; /* of threads that have ended */
};

void thread_states_init(struct thread_states *ts);
void thread_states_done(struct thread_states *ts);

/* NULL: not known, or dead. Valid until the next birth. */
struct thread_state *thread_states_find(struct thread_states *ts, pid_t tid);

/* A thread that runs already (born_ns 0, its state by /proc) or is born. A number that comes back
 * is a new thread. */
struct thread_state *thread_states_add(struct thread_states *ts, pid_t pid, pid_t tid,
    enum thread_run run, uint64_t since_ns, uint64_t born_ns);

/* Leaves or gets a CPU. Makes the thread when it is new. NULL: too many threads. */
struct thread_state *thread_states_switch(
    struct thread_states *ts, pid_t pid, pid_t tid, bool out, bool preempted, uint64_t time_ns);

/* It has just done something, so it runs: for states that are not known. */
void thread_states_runs(struct thread_states *ts, pid_t pid, pid_t tid, uint64_t time_ns);

/* Counts its last piece of time and forgets it. */
void thread_states_end(struct thread_states *ts, pid_t tid, uint64_t time_ns);

/* Records were lost: what threads do now is not known until their next switch. */
void thread_states_lost(struct thread_states *ts, uint64_t time_ns);

/* Totals as of now, with the piece of time that is under way. */
struct thread_times thread_state_times(
    const struct thread_states *ts, const struct thread_state *t, uint64_t now_ns);

/* As above, from switches alone and whether recorded or not: for the parts of one interval. */
struct thread_times thread_state_plain(const struct thread_state *t, uint64_t now_ns);

/* On-CPU time of a process's living threads, as of their last switches. ts NULL: 0. */
uint64_t thread_states_process_cpu_ns(const struct thread_states *ts, pid_t pid);

/* On-CPU time of all threads, living or not. */
uint64_t thread_states_cpu_ns(const struct thread_states *ts, uint64_t now_ns);

/* What the kernel says that the thread has run and been queued for in all, as of now. The first
 * call only sets the mark. */
void thread_states_reconcile(const struct thread_states *ts, struct thread_state *t,
    uint64_t kernel_on_cpu_ns, uint64_t kernel_queued_ns, uint64_t now_ns);

#endif
