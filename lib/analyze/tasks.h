// SPDX-License-Identifier: MIT
/*
 * Tasks that a runtime divides its threads among, goroutines, by kind: those that begin with the
 * same function are of one kind, as threads of a pool are. Nobody counts their states exactly; what
 * is here are sums of looks (evidence.h, CHANNEL_TASKS) after start-up. One thread at a time.
 */
#ifndef PROF_ANALYZE_TASKS_H
#define PROF_ANALYZE_TASKS_H

#include "analyze/observed.h"
#include "base/vec.h"

struct task_kind {
    struct process_id process;
    struct func_id entry;      /* their first function; a marker's: their stacks were cut */
    uint64_t lived_ns;         /* of all of them together, as the others are */
    uint64_t idle_ns;          /* of it, waiting to be asked for something */
    uint64_t running_ns;       /* on a thread, or in a call of the kernel */
    uint64_t lock_ns, locks;   /* waiting for locks; how many such waits there were at least */
    uint64_t sleep_ns, sleeps; /* likewise asleep */
    bool listens;              /* they wait for sockets, in a process that serves */
};

struct task_kinds {
    VEC(struct task_kind) rows;
};

/* Of all processes; the runtime's own tasks are left out. */
void task_kinds_of(const struct observed *o, struct task_kinds *ret);
void task_kinds_done(struct task_kinds *kinds);

/* What they did besides being idle. */
uint64_t task_kind_active_ns(const struct task_kind *kind);

/* Were tasks of that process looked at? */
bool has_tasks(const struct observed *o, struct process_id process);

/* The tasks that wait for a lock, as a selection; process 0: any. */
struct selection tasks_at_locks(struct process_id process);

/* How many of them wait for a lock at any time, on average. */
double tasks_waiting_for_locks(const struct observed *o);

#endif
