// SPDX-License-Identifier: MIT
/*
 * Profiles made by hand for the tests of rules: one process, as many threads as wanted, samples
 * spread evenly over a stretch of time, waits, series, spans. The profile begins at MADE_START_NS.
 *
 * A stack is folded text, outermost first. Each frame is "name", or "name@file:line" for a function
 * of the application with a source file; a prefix sets the kind: "k:" kernel, "r:" runtime,
 * "l:" libc and the like, "g:" allocation, "d:" a dependency; none: the application.
 * "~" before a name (after the prefix) is V8's mark of interpreted code; "#401136" at the end is the
 * address that the frame was resolved from.
 */
#ifndef PROF_TESTS_UNIT_ANALYZE_MAKE_PROFILE_H
#define PROF_TESTS_UNIT_ANALYZE_MAKE_PROFILE_H

#include "analyze/rule.h"
#include "profile/evidence.h"

#define MADE_START_NS UINT64_C(1000000000)
#define MADE_PERIOD_NS UINT64_C(5000000) /* 200 samples for each second on a CPU */

struct made {
    struct profile *p;
    struct process_id process;
    struct thread_id main;
    uint64_t end_ns;
};

/* seconds of a recording of one process with one thread, on a machine of 4 CPUs. */
struct made made_new(const char *program, const char *runtime, double seconds);
void made_done(struct made *m);

struct thread_id made_thread(struct made *m, const char *name);
struct stack_id made_stack(struct made *m, const char *folded);

/* on_cpu_s seconds on the CPU in that stack, spread evenly from `from` to `to` (in seconds since
 * the start). */
void made_cpu(struct made *m, struct thread_id thread, const char *folded, double on_cpu_s,
    double from, double to);

/* count waits of ms milliseconds each below that stack, ending evenly between from and to. */
void made_wait(struct made *m, struct thread_id thread, const char *folded, const char *wait,
    double count, double ms, double from, double to);

/* Over the whole recording so many goroutines are in that stack at any time, on average; of their
 * waits `begun` were told apart. wait: NULL for those that run. */
void made_tasks(
    struct made *m, const char *folded, const char *wait, double goroutines, uint64_t begun);

/* Running totals of the thread's states, in seconds of each second, over the whole recording. */
void made_states(struct made *m, struct thread_id thread, double on_cpu, double queued);

/* A series of the run (thread and process 0) or of the process, from first to last in a line. */
void made_series(struct made *m, const char *name, const char *unit, struct process_id process,
    double first, double last);

/* count turns of a loop, evenly spread, each with `events` events; exact. */
void made_turns(struct made *m, struct thread_id thread, uint32_t count, double on_cpu_ms,
    double blocked_ms, double queued_ms, uint32_t events);

void made_fact(struct made *m, struct process_id process, const char *key, const char *value);

/* What one rule says; the answer's finding is released by finding_done(). Runs the gates before it
 * as diagnose() does. */
enum answer made_ask(const struct made *m, const struct rule *rule, struct finding *ret_finding);

/* The diagnosis of all rules has a warning or critical finding of that id. */
bool made_warns(const struct made *m, const char *id);

#endif
