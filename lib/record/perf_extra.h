// SPDX-License-Identifier: MIT
/*
 * Events beside the clock that write into the sampler's rings, so that all records of the target
 * come in one order of time: context switches, page faults, tracepoints, breakpoints. A source adds
 * its events in start(), opens and closes them there or in drain() (never in take()), and gets
 * their samples as PERF_EVENT records by take().
 *
 * An event that is open is inherited by new threads and children, and comes back after the sampler
 * has opened its own events again.
 *
 * Where the sampler's events belong to the CPUs (perf_open.h), so do these: a switch of the target
 * then costs nothing for them, and births, crowds and attaching make no difference. They see other
 * programs too, whose records the sampler leaves out. So that a busy neighbour does not pay for
 * them, tracepoints are filtered in the kernel for the target's threads (thread_filter.h) as long
 * as no thread is born. His context switches have records. His page faults would have stacks, which
 * fill a ring in no time, so that those are of threads everywhere.
 *
 * Else they belong to threads. Threads that inherited all their events from one another share them:
 * when the kernel switches between two of them it leaves everything in place
 * (perf_event_context_sched_out(), context_equiv() in kernel/events/core.c). To open or close one
 * event on a thread that runs already ends that for the rest of its life, and each switch then
 * takes down one thread's events and sets up the other's: some 3 us, which doubles the CPU time of
 * a program that does little else. So every event of a launched target is there before its exec,
 * and is only enabled and disabled after that. Measured with two threads and a pipe
 * (tests/bench/storm.c): all of them at rest take 0.6 us of a switch and the system calls around
 * it, most of it for tracepoints of calls, which keep every system call of the machine on the slow
 * path, at rest or not. Where that cannot be (breakpoints, attaching), and in a target that makes
 * many threads, which would each have to make all those events, they are opened late and really
 * closed.
 *
 * Owned by the sampler; recorder.extras is NULL where there is none or the recording wants none.
 */
#ifndef PROF_RECORD_PERF_EXTRA_H
#define PROF_RECORD_PERF_EXTRA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "record/perf_open.h"
#include "record/pid_table.h"
#include "record/procfs_read.h"

struct recorder;

/* What an event counts and what its samples carry. Every sample has thread and time. */
struct extra_event {
    const char *name;    /* "page-faults:u": for messages; lives as long as the recording */
    const char *without; /* what the recording lacks when it cannot be opened: a note */
    uint32_t type;       /* PERF_TYPE_* */
    uint64_t config;
    uint64_t period;       /* a sample every so many events; 0: no samples */
    uint64_t code_address; /* PERF_TYPE_BREAKPOINT: stops at this instruction */
    const char *filter;    /* of a tracepoint, as in tracefs; NULL: all. Copied */
    bool exclude_kernel;   /* what user code does only: all that level user may see */
    bool with_stack;       /* user registers and stack, as clock samples have */
    bool with_registers;   /* user registers alone */
    bool with_address;     /* what was touched */
    bool with_raw;         /* a tracepoint's fields */
    bool switches;         /* PERF_SWITCH records of the threads */
    bool one_process;      /* what extra_events_aim() names; not its children, nor after its exec */
    bool of_threads;       /* wherever others are of CPUs: a neighbour's would fill the rings */
    bool stays;            /* in a crowd too, see extra_events_crowded() */
    bool of_calls;         /* a tracepoint of system calls: see extra_events_rest_calls() */
    uint64_t cost_ns;      /* what one record takes from the target, for the estimate */
};

struct extra_events;

struct extra_events *extra_events_new(struct recorder *r, const struct cpu_list *cpus);

/* Before the first event: they belong to CPUs. x NULL: nothing. */
void extra_events_set_per_cpu(struct extra_events *x, bool per_cpu);
bool extra_events_per_cpu(const struct extra_events *x);

void extra_events_free(struct extra_events *x);

/* ---- for sources ---- */

/* Not open yet. The event's number, as in perf_record.event; 0: there are too many. */
uint32_t extra_events_add(struct extra_events *x, const struct extra_event *event);

/* On every thread of the target, and on those to come. False, with a note: refused, or a crowd. */
bool extra_events_open(struct extra_events *x, uint32_t event);
void extra_events_close(struct extra_events *x, uint32_t event);

/* It counts no more, and what it has written can still be read: to be closed after the next drain.
 * Closing at once loses that where the event is really closed. */
void extra_events_hold(struct extra_events *x, uint32_t event);

/* Closed, and its threads are rid of it for good, which makes their switches cheaper; to open it
 * again makes those to one another dearer, see above. */
void extra_events_drop(struct extra_events *x, uint32_t event);
bool extra_events_is_open(const struct extra_events *x, uint32_t event);

/* Sets process and address of a breakpoint with one_process; it is closed. Address 0: it stays so.
 */
void extra_events_aim(struct extra_events *x, uint32_t event, pid_t pid, uint64_t address);

/* The event is of threads, and the target has so many that to open it on each, or to close it,
 * would hold them up: a descriptor for each thread and CPU, and an interrupt for each that runs. It
 * cannot be opened then, and when it was open it was closed, with a note, unless it stays. Event 0:
 * those of the sampler. */
bool extra_events_crowded(const struct extra_events *x, uint32_t event);

/* Tracepoints of system calls make every call of the machine take longer, open or not. While calls
 * rest they are really closed, as soon as none of them is open, and nobody should open one. Events
 * of CPUs only; of others they rest never. */
void extra_events_rest_calls(struct extra_events *x, bool rest);
bool extra_events_calls_rest(const struct extra_events *x);

/* A launched target switches threads so often that it would feel it if an event were opened late:
 * better not now. */
bool extra_events_disturb(const struct extra_events *x);

/* Whether it does is not known yet: its switches have not been counted for long enough. */
bool extra_events_too_early(const struct extra_events *x);

/* Samples of the event so far; of one with switches, its records. */
uint64_t extra_events_count(const struct extra_events *x, uint32_t event);

/* Records of switches so far, those in bursts only; and in how many of a thousand one thread of the
 * target followed directly on another one. */
uint64_t extra_events_switches(const struct extra_events *x, uint32_t *ret_direct_per_mille);

/* What all of them have taken from the target so far, by their cost_ns. */
uint64_t extra_events_cost_ns(const struct extra_events *x);
uint64_t extra_events_cost_of(const struct extra_events *x, uint32_t event);

/* ---- for the sampler ---- */

struct perf_event_ids *extra_events_ids(struct extra_events *x);

/* The sampler has these rings now; NULL: none, and no event has a descriptor any more. */
void extra_events_set_rings(
    struct extra_events *x, const struct perf_rings *rings, uint32_t stack_bytes);

/* The sampler has opened a thread: so do all open events. */
void extra_events_open_thread(struct extra_events *x, pid_t tid);

/* Follows births and ends, and counts. Every record. */
void extra_events_follow(struct extra_events *x, const struct perf_record *r);

/* Opens threads that were born while an event was being opened, and sees a crowd come and go. After
 * a drain. */
void extra_events_settle(struct extra_events *x);

/* The processes to observe: the target, its descendants, orphans of them that are known. */
void extra_events_family(const struct recorder *r, struct pid_list *ret_pids);

#endif
