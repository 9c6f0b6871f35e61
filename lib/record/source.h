// SPDX-License-Identifier: MIT
/*
 * A source is one way to learn about the target while it runs: one file, one row in source.c. A
 * sampler fills samples, and a session has exactly one; every counter that can run runs beside it.
 * A new source (switches, syscalls) needs nothing else: docs/howto/add-a-source.md.
 */
#ifndef PROF_RECORD_SOURCE_H
#define PROF_RECORD_SOURCE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/breakpoints.h"
#include "record/capability.h"
#include "record/jit_maps.h"
#include "record/modules.h"
#include "record/processes.h"
#include "record/record.h"
#include "record/stacks.h"
#include "record/switch_trial.h"

/* The share of the target's CPU time that sampling may take; above it the rate goes down. */
enum { SAMPLING_BUDGET_PERCENT = 3 };

enum { SOURCES_MAX = 16 };

enum source_role { SOURCE_SAMPLER, SOURCE_COUNTER };

/* Somebody who wants to see records, beside the sampler; recorder.takers. */
struct record_taker {
    uint32_t kinds; /* bits 1u << enum perf_record_kind */
    void (*take)(void *state, const struct perf_record *record);
    void *state;
};

struct extra_events;
struct load_output;
struct node_channel;
struct thread_states;
struct tracer;

enum { SWITCHES_FOR_LOOPS = 1u << 0, SWITCHES_FOR_CALLS = 1u << 1 };

/* What the sources of a session share and fill. Owned by the session. */
struct recorder {
    const struct record_options *options;
    struct profile *profile;
    struct modules *modules;
    struct jit_maps jit_maps;
    struct processes processes;
    struct stacks stacks;
    pid_t target;            /* launched and stopped, or running already (options->argv is NULL) */
    enum record_level level; /* set by the sampler */
    const char *event;       /* what makes a sample, "cpu-clock"; set by the sampler */
    uint64_t from_ns, to_ns; /* samples outside are not recorded; UINT64_MAX: not begun yet */
    uint64_t period_ns;      /* on-CPU time that one sample stands for, as of now; set likewise */
    uint64_t
        sampled_ns; /* what all samples stand for, where they are not alike; 0: period_ns each */
    uint64_t sample_cost_ns;        /* what one sample costs the target; set likewise */
    struct switch_cost switch_cost; /* what a switch costs it more than without; set likewise */
    struct extra_events *extras;    /* the sampler's (perf_extra.h); NULL: it takes none */
    struct tracer *tracer;          /* the sampler's; NULL: it stops nobody */
    struct load_output *load;       /* of the session: the --on-port command */
    struct node_channel *node;      /* of the session (node_channel.h); without a folder: none */
    struct thread_states *threads;  /* of switches.c (thread_state.h); NULL: not known */
    uint32_t switch_event;          /* of switches.c, in extras; 0: none */
    uint32_t switches_needed;       /* bits SWITCHES_FOR_*: who counts on all of them now, whatever
                                       they cost */
    struct breakpoint_share breakpoints;
    bool in_haste; /* drain often, until the next drain; cleared by the sampler, set by any */
    bool in_rush;  /* and still more often; likewise */
    uint64_t samples, lost;
    uint64_t drained_ns; /* every record up to here has been seen; set by the sampler */
    struct record_taker takers[SOURCES_MAX];
    size_t taker_count;
};

struct poll_list {
    struct pollfd *ptr;
    size_t len, cap;
};

struct source {
    const char *name; /* for --sampler */
    enum source_role role;
    const char *without; /* what a report lacks when it cannot run, or another sampler does */

    /* Prepares everything while the target stands still. NULL: cannot run here. */
    void *(*start)(struct recorder *r, struct err *e);

    /* Adds what to wait for; NULL when the session's own beat is enough. */
    void (*add_polls)(void *state, struct poll_list *polls);

    /* Takes what there is, at least ten times a second. last: the target has ended. */
    void (*drain)(void *state, uint64_t now_ns, bool last);

    /* Sees every record of the kinds named, in order of time, before the sampler acts on an end
     * (the thread is still known) and after it acts on a birth. Opens and closes nothing. May be
     * NULL. */
    void (*take)(void *state, const struct perf_record *record);
    uint32_t takes; /* bits 1u << enum perf_record_kind */

    bool doctor_only; /* runs only when the recording is for the doctor */

    /* Ends the observation; the target, when alive, goes on untouched. Frees state; NULL is
     * ignored. */
    void (*stop)(void *state);
};

extern const struct source source_goroutines;  /* goroutines.c */
extern const struct source source_loops;       /* loops.c */
extern const struct source source_perf;        /* perf.c */
extern const struct source source_ptrace;      /* ptrace.c */
extern const struct source source_unsampled;   /* unsampled.c */
extern const struct source source_node;        /* node.c */
extern const struct source source_requests;    /* requests.c */
extern const struct source source_faults;      /* faults.c */
extern const struct source source_procfs;      /* procfs.c */
extern const struct source source_syscalls;    /* syscalls.c */
extern const struct source source_switches;    /* switches.c */
extern const struct source source_connects;    /* connects.c */
extern const struct source source_timed_calls; /* timed_calls.c */
extern const struct source source_wake;        /* wake.c */
extern const struct source source_wall;        /* wall.c */

/* Something costs the target more than the budget and is looked at in bursts from now on: a fact
 * (stepped_down) and a note. */
void recorder_step_down(struct recorder *r, const char *what, uint64_t now_ns);

/* Whether the sampler takes events beside its clock, and the level is enough for them. False: says
 * why not, and what would change that. */
bool recorder_has_events(const struct recorder *r, enum record_level least, struct err *e);

/* A record for those who take its kind. For samplers. */
void recorder_tell(const struct recorder *r, const struct perf_record *record);

const struct source *const *source_table(size_t *ret_count);

/* The sampler of that name; NULL or "auto": the first that starts, with a note for each better one
 * that did not. Sets *ret_state. */
const struct source *source_start_sampler(
    struct recorder *r, const char *name, void **ret_state, struct err *e);

#endif
