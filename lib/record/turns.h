// SPDX-License-Identifier: MIT
/*
 * Turns of event loops, from the calls that a thread waits in for anything to do:
 *
 *     enter      exit             enter     exit
 *       |--waits--|===== a turn =====|-waits--|=== ...
 *
 * A thread is a loop once it has waited so LOOP_CALLS times and most of what it was blocked was in
 * these calls, or it computes nearly all the time: a helper that polls once is none. Until then its
 * turns are kept back.
 *
 * A thread may wait in a loop within a turn, with an epoll descriptor of its own: node's
 * execFileSync() does so until the child has ended. That is no end of the turn. The loop's own
 * descriptor is the one that was made first, so it has the smallest number.
 *
 * When only entries can be seen (a breakpoint on libc's function), a call that slept ends with the
 * switch that brings the thread back, and one that did not sleep ended at once.
 *
 * Pure bookkeeping; what comes out goes into a profile by turns_flush().
 */
#ifndef PROF_RECORD_TURNS_H
#define PROF_RECORD_TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "profile/evidence.h"
#include "record/loop_probe.h"
#include "record/pid_table.h"
#include "record/thread_state.h"

#define TURN_LONG_NS UINT64_C(10000000)

enum {
    LOOP_CALLS = 20,
    LOOP_SHARE_PERCENT = 80,
    BUSY_LOOP_PERCENT = 10, /* of its time on the CPU, blocked elsewhere */
    TURNS_LONG_MAX = 20000, /* spans of long turns; more come only when they are longer still */
    TURNS_SHORT_MAX = 2000, /* a sample of the short ones, over all loops */
    LOOPS_MAX = 1024,
};

struct turn {
    uint64_t start_ns, end_ns;
    struct thread_times parts;
    uint32_t events;
    bool cut; /* longer in truth: looking began or ended within it */
};

/* One call that a loop waits in. */
struct loop_call {
    uint32_t number;   /* of the system call */
    int object;        /* the epoll descriptor + 1; 0: none, or not known */
    uint32_t events;   /* at its end: how many it returned */
    bool entries_only; /* its end will not be told */
};

struct loop_thread {
    pid_t pid, tid;
    struct thread_id row; /* once it is a loop */
    bool is_loop, by_entries;
    bool in_wait, slept;
    uint32_t number;
    int object;  /* of its own epoll, the first that the process made: the others are nested */
    bool nested; /* waits in one of those, within a turn */
    uint32_t nested_calls; /* in a row; LOOP_CALLS of them: its own is gone, that is the loop now */
    uint64_t entered_ns;
    uint64_t turn_from_ns; /* 0: none under way, or its begin was not seen */
    bool turn_cut;
    uint32_t events; /* that the wait before it returned */
    struct thread_times at_enter, at_exit, at_nested;
    uint64_t calls, wait_blocked_ns;
    struct thread_times first;        /* when it first waited so */
    uint64_t looked_ns, look_from_ns; /* time for which every call was seen */
    uint64_t long_turns;
    struct turn early[LOOP_CALLS];
    uint32_t early_count;
    struct histogram *turn, *turn_on_cpu, *delay; /* of the profile */
    struct loop_probe probe;
};

struct turns {
    struct profile *profile;
    VEC(struct loop_thread) list; /* slots; dead ones are used again */
    VEC(uint32_t) free_slots;
    struct pid_table by_tid;
    uint64_t from_ns, to_ns; /* recorded time */
    uint64_t long_turns;     /* spans said */
    uint64_t short_turns;    /* seen, for the reservoir */
    VEC(struct span) reservoir;
    uint64_t random;
    /* Gives a loop its row: the source's. */
    struct thread_id (*row_of)(void *ctx, pid_t pid, pid_t tid, uint64_t time_ns);
    void *row_ctx;
};

void turns_init(struct turns *t, struct profile *p);
void turns_done(struct turns *t);

/* t: the thread's state at that moment; NULL: not known. */
void turns_enter(struct turns *ts, pid_t pid, pid_t tid, const struct thread_state *t,
    uint64_t time_ns, const struct loop_call *call);
void turns_exit(struct turns *ts, pid_t tid, const struct thread_state *t, uint64_t time_ns,
    const struct loop_call *call);

/* Every switch, for threads that are seen by entries. */
void turns_switch(struct turns *ts, pid_t tid, const struct thread_state *t, bool out,
    bool preempted, uint64_t time_ns);

void turns_thread_end(struct turns *ts, pid_t tid, uint64_t time_ns);

/* Looking begins or ends, at one process (pid 0: at all): turns under way are cut there. states may
 * be NULL. */
void turns_look(struct turns *ts, struct thread_states *states, pid_t pid, uint64_t time_ns);
void turns_look_away(struct turns *ts, struct thread_states *states, pid_t pid, uint64_t time_ns);

/* Records were lost: what is under way is forgotten. */
void turns_lost(struct turns *ts);

/* Loops found so far that live. */
uint32_t turns_loops(const struct turns *ts);

/* A loop has been in one turn for at least so long. */
bool turns_in_long_turn(const struct turns *ts, uint64_t now_ns);

/* At the end: the sample of short turns and the facts. */
void turns_flush(struct turns *ts, uint64_t now_ns);

#endif
