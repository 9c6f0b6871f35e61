// SPDX-License-Identifier: MIT
/*
 * What a recording knows besides on-CPU samples: where threads waited, who grew the memory, how
 * long each turn of an event loop took, who was talked to. docs/evidence.md lists every name used
 * here, its unit, who fills it and what it needs.
 *
 *     channel   samples with stacks of another kind: waiting time, page faults
 *     span      something with a beginning and an end: a turn of a loop, a pause of a collector
 *     histogram all durations of a kind, in buckets: for percentiles when spans are too many
 *     tally     how often and how long one operation was done on one object
 *     fact      a word about the target or the machine: a limit, an environment variable's value
 *
 * All are plain rows of the profile, saved in FILE.prof. Numbers over time are series (profile.h).
 * Same ownership and threads as profile.h.
 */
#ifndef PROF_PROFILE_EVIDENCE_H
#define PROF_PROFILE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"

/* ---- channels ---- */

enum channel {
    CHANNEL_CPU,    /* profile_samples(): on-CPU nanoseconds, or what an import has */
    CHANNEL_WAIT,   /* off-CPU nanoseconds; the leaf frame is the operation (wait.h) */
    CHANNEL_FAULTS, /* bytes of memory touched for the first time */
    CHANNEL_TASKS,  /* nanoseconds of tasks that a runtime divides its threads among: goroutines. A
                       leaf as in wait.h says that they waited, else the first function that they ran
                     */
    CHANNELS,
};

struct channel_info {
    const char *id; /* "cpu", "wait", "faults", "tasks": stable */
    const char *title;
    enum weight_unit unit; /* CHANNEL_CPU: meta.weight_unit counts instead */
};

const struct channel_info *channel_info(enum channel c);

/* sample.time_ns is the end of a wait. CHANNEL_CPU is profile_add_sample(). */
void profile_add_channel_sample(struct profile *p, enum channel c, const struct sample *s);
const struct sample_log *profile_channel(const struct profile *p, enum channel c);
struct sample_log *profile_channel_edit(struct profile *p, enum channel c); /* native format */

/* ---- spans ---- */

enum span_kind {
    SPAN_TURN,  /* of an event loop: from the return of its wait to the next entry */
    SPAN_GC,    /* a pause of a garbage collector */
    SPAN_WAIT,  /* one long wait of a thread; label: the operation as in wait.h */
    SPAN_BURST, /* every system call was counted meanwhile */
    SPAN_LOAD,  /* the command of --on-port ran */
    SPAN_KINDS,
};

const char *span_kind_id(enum span_kind kind); /* "turn" */

struct span {
    uint64_t start_ns, duration_ns;            /* CLOCK_MONOTONIC */
    uint64_t on_cpu_ns, blocked_ns, queued_ns; /* parts of the duration; 0 unknown */
    struct thread_id thread;                   /* 0: of the process or the run */
    enum span_kind kind;
    uint32_t events;        /* SPAN_TURN: that the loop's wait returned; 0 unknown */
    struct string_id label; /* SPAN_GC: "major", "minor", ...; SPAN_WAIT: the operation */
};

void profile_add_span(struct profile *p, const struct span *s);
const struct span *profile_spans(const struct profile *p, uint32_t *ret_count); /* as added */

/* ---- histograms ---- */

/* 16 buckets for each power of two from 1,024 ns on, so none is wider than 1/16 of its values; what
 * is shorter is in the first, what is longer than 73 minutes in the last. */
enum { HISTOGRAM_BUCKETS = 16 * 32 };

struct histogram {
    struct string_id name; /* "turn", "turn_on_cpu" */
    struct thread_id thread;
    uint64_t count, sum_ns, max_ns;
    uint64_t *buckets; /* HISTOGRAM_BUCKETS counts; owned by the profile */
};

struct histogram *profile_histogram(
    struct profile *p, const char *name, struct thread_id thread); /* made when new; stays there */
const struct histogram *profile_histogram_at(const struct profile *p, uint32_t index);
uint32_t profile_histogram_count(const struct profile *p);
void histogram_add(struct histogram *h, uint64_t value_ns);
uint32_t histogram_bucket(uint64_t value_ns);
uint64_t histogram_bucket_low_ns(uint32_t bucket);
uint64_t histogram_percentile_ns(const struct histogram *h, double p); /* p in 0..1; 0 if empty */

/* ---- tallies ---- */

struct tally {
    struct thread_id thread; /* 0: all */
    struct string_id
        name; /* "syscall": in bursts; "wait", "timed": whole run; "connect"; "request" */
    struct string_id what; /* the operation as in wait.h, "read tcp 10.0.0.1:5432" */
    uint64_t count;
    uint64_t ns; /* time in it, all told */
    uint64_t max_ns;
    uint64_t bytes; /* moved, where the operation moves some */
    uint64_t small; /* of count: moved fewer than 512 bytes */
};

/* Adds to the row of the same thread, name and what; max_ns takes the larger. */
void profile_add_tally(struct profile *p, const struct tally *t);
uint32_t profile_set_tally(
    struct profile *p, const struct tally *t); /* native format: these very figures; the index */
const struct tally *profile_tallies(const struct profile *p, uint32_t *ret_count);

/* Of all rows with that name: counts and times. */
struct tally profile_tally_sum(const struct profile *p, const char *name);

/* ---- facts ---- */

struct fact {
    struct process_id process; /* 0: of the machine or the run */
    struct string_id key, value;
};

/* The last value given stands. */
void profile_set_fact(
    struct profile *p, struct process_id process, const char *key, struct slice value);
struct slice profile_fact(const struct profile *p, struct process_id process, const char *key);
struct fact profile_fact_at(const struct profile *p, uint32_t index);
uint32_t profile_fact_count(const struct profile *p);
uint32_t profile_put_fact(struct profile *p, const struct fact *f); /* by ids; returns the index */

#endif
