// SPDX-License-Identifier: MIT
/*
 * Entries of the calls that loops wait in, without any right: breakpoints on libc's functions,
 * which the processor's debug registers keep, one process at a time. There are four of them, so
 * that some functions of some processes are looked at, the busiest first. A program without libc
 * (Go, static ones) shows nothing here.
 */
#ifndef PROF_RECORD_LOOP_ENTRIES_H
#define PROF_RECORD_LOOP_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "record/perf_record.h"
#include "record/turns.h"

struct recorder;
struct loop_entries;

/* NULL: the machine has no breakpoints for us, or the sampler takes no events. */
struct loop_entries *loop_entries_new(struct recorder *r, struct err *e);
void loop_entries_free(struct loop_entries *le);

/* Looks at the processes that are busiest now. False: none of them has such a function. */
bool loop_entries_open(struct loop_entries *le, uint64_t now_ns);
void loop_entries_close(struct loop_entries *le);

/* While it is open, as often as you like: follows which processes are busy, and looks at those
 * functions only that are called, so that breakpoints are left for others. turn_to is told of each
 * process that is looked at from now on, or no more. False: none is. */
typedef void loop_entries_turn(void *ctx, pid_t pid, bool looks);
bool loop_entries_refresh(
    struct loop_entries *le, uint64_t now_ns, loop_entries_turn *turn_to, void *ctx);

/* What they have taken from the target so far. */
uint64_t loop_entries_cost_ns(const struct loop_entries *le);

/* Is this sample the entry of a loop's wait? */
bool loop_entries_match(
    struct loop_entries *le, const struct perf_record *r, struct loop_call *ret_call);

/* The process has a ring of io_uring(7) open. */
bool loop_entries_has_ring(pid_t pid);

#endif
