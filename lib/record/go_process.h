// SPDX-License-Identifier: MIT
/*
 * What the goroutines of one process do, by looking at them now and then: samples of CHANNEL_TASKS.
 *
 * A look at one of n goroutines that were looked at, of N there are, stands for N/n of the time
 * since the looks before: each state is met in proportion to the time that goroutines spend in it,
 * however few are looked at. Between two looks a goroutine may have run and come back to where it
 * was: the runtime counts how often it leaves its thread, so another wait is told from the same
 * one.
 *
 * Owned by goroutines.c; one thread at a time.
 */
#ifndef PROF_RECORD_GO_PROCESS_H
#define PROF_RECORD_GO_PROCESS_H

#include "record/go_looker.h"

struct go_process;

/* The process is known to hold Go's runtime (tracked_process.go_place). */
struct go_process *go_process_new(const struct tracked_process *process, uint64_t now_ns);
void go_process_free(struct go_process *p);

pid_t go_process_pid(const struct go_process *p);

/* Is it that process still? */
bool go_process_is(const struct go_process *p, const struct tracked_process *process);

/* Looks at its goroutines until all were looked at once, or prof's thread has used so much CPU
 * time: clock_thread_cpu_ns() is at until_cpu_ns. */
void go_process_look(
    struct go_looker *l, struct go_process *p, uint64_t now_ns, uint64_t until_cpu_ns);

/* Samples of what was added up since the last time. */
void go_process_say(struct go_looker *l, struct go_process *p, uint64_t now_ns);

/* A note when they could not be looked at. */
void go_process_note(const struct go_looker *l, const struct go_process *p);

#endif
