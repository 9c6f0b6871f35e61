// SPDX-License-Identifier: MIT
/*
 * Waiting by object: which lock, peer or file the threads of a process waited for, after start-up.
 * For rules; reads the sums that an observed keeps. Borrowed text is the profile's. One thread at a
 * time.
 */
#ifndef PROF_ANALYZE_WAITS_H
#define PROF_ANALYZE_WAITS_H

#include "analyze/observed.h"
#include "base/vec.h"

#define WAITS(kind) (UINT32_C(1) << (WAIT_##kind))

/* A thread that waits so has nothing to do. WAIT_FUTEX counts as idle unless a lock is meant. */
#define WAITS_IDLE (WAITS(LOOP) | WAITS(ACCEPT) | WAITS(CLIENT) | WAITS(EVENT) | WAITS(TTY))
#define WAITS_PEER (WAITS(TCP) | WAITS(UNIX) | WAITS(UDP))

/* Which waits; all conditions hold. */
struct wait_filter {
    uint32_t kinds;      /* 0: any */
    trait_set any_frame; /* 0: no condition */
    trait_set no_frame;
    struct process_id process; /* 0: any */
    struct thread_id thread;   /* 0: any */
    const uint64_t *active;    /* active_by_thread(), to fill active_ns; may be NULL */
};

/* One object, for all threads of one process. */
struct object_wait {
    struct process_id process;
    enum wait_kind kind;
    struct slice object;     /* may be empty */
    struct string_id on;     /* text form of the heaviest wait, for guilty.on */
    uint64_t ns, count;      /* count: of samples */
    uint32_t threads;        /* that waited for it at least 2 % of their time */
    uint64_t thread_ns;      /* how long those lived after start-up, added up */
    uint64_t active_ns;      /* of those, when the filter has it by thread */
    uint64_t ns_of_those;    /* the part of ns that those threads waited */
    struct thread_id thread; /* the one that waited longest */
};

struct object_waits {
    VEC(struct object_wait) rows; /* by falling ns */
};

void object_waits_of(
    const struct observed *o, const struct wait_filter *filter, struct object_waits *ret);
void object_waits_done(struct object_waits *w);

/* The sum over all objects. */
struct amount waited(const struct observed *o, const struct wait_filter *filter);

/* How long it lived after start-up. */
uint64_t thread_steady_ns(const struct observed *o, const struct observed_thread *t);

/* How long each thread waited so, by thread id; release with free(). */
uint64_t *waited_by_thread(const struct observed *o, const struct wait_filter *filter);

/* By thread id: time after start-up in which it did or waited for something, so neither idle as
 * WAITS_IDLE nor at a condition, nor ready while other programs had the CPUs. Release with free().
 */
uint64_t *active_by_thread(const struct observed *o);

/* How long it lived after start-up, without the time in which other programs kept it from a CPU:
 * what active_by_thread() has is a share of this on a busy machine as on a quiet one. */
uint64_t thread_free_ns(const struct observed *o, const struct observed_thread *t);

#endif
