// SPDX-License-Identifier: MIT
/*
 * Whose waiting goes to which stack. A thread is looked at now and then; the time that it has been
 * off the CPU by its own doing is known exactly from its switches, or taken to be the time between
 * two looks. What has passed since the last look goes to what the next one finds: each kind of wait
 * is met in proportion to the time it takes, so sums come out right although short waits are seldom
 * seen themselves.
 */
#ifndef PROF_RECORD_WALL_ACCOUNT_H
#define PROF_RECORD_WALL_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/wait.h"
#include "record/thread_state.h"
#include "record/wall_read.h"

/* What a look has found. */
struct wall_wait {
    enum wait_kind kind;
    struct string_id what; /* wait.h text form; 0: nothing found yet */
    struct stack_id stack; /* with the wait as its leaf */
};

struct wall_thread {
    pid_t pid, tid; /* tid 0: free */
    struct thread_id row;
    int fd; /* of its syscall file; -1: not open */
    bool refused;
    struct wall_place place;
    uint64_t top_hash; /* of the innermost bytes of the stack at the last look */
    struct wall_wait wait;
    uint64_t visited_ns, looked_ns, said_ns;
    uint64_t since_ns;   /* start of the one wait that `wait` was found in; 0: it is over */
    uint64_t blocked_ns; /* of the thread's total, what is in open_ns and loose_ns or said */
    uint64_t blocks;     /* likewise */
    uint64_t open_ns, open_count;   /* to be said of `wait` */
    uint64_t loose_ns, loose_count; /* since the last look: to be said of what is found next */
    uint64_t max_ns;
    uint32_t spans;
    uint32_t rests; /* looks in a row that found the same, without switches to go by */
};

enum {
    WALL_SPAN_MIN_NS = 50000000,
    WALL_SPANS_PER_THREAD = 2000,
    WALL_TALLIES_MAX = 20000, /* more kinds of waits are told apart by their operation only */
};

/* Adds what the thread's switches say since the last visit, and notices the end of the wait that
 * was looked at. */
void wall_account_switches(struct profile *p, struct wall_thread *w, const struct thread_states *ts,
    const struct thread_state *state, uint64_t now_ns);

/* A look has found a wait. since_ns: when it began, by the switches; 0: not known. */
void wall_account_found(struct profile *p, struct wall_thread *w, const struct wall_wait *found,
    uint64_t since_ns, uint64_t now_ns);

/* Time between two looks, when there are no switches. is_new: the second found another wait. */
void wall_account_passed(struct wall_thread *w, uint64_t ns, bool is_new);

/* Sample and tally of all that was counted; at the thread's end also of what was never looked at.
 */
void wall_account_say(struct profile *p, struct wall_thread *w, uint64_t now_ns, bool at_end);

/* Nobody knows what the thread waits for. */
struct wall_wait wall_wait_unknown(struct profile *p);

#endif
