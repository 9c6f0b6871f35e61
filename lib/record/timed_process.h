// SPDX-License-Identifier: MIT
/*
 * The processes whose calls into libc are timed (timed_calls.c): the busiest ones, what is known of
 * their calls, and how much of their CPU time nobody has seen. Owned by that source, one thread.
 */
#ifndef PROF_RECORD_TIMED_PROCESS_H
#define PROF_RECORD_TIMED_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "record/call_sites.h"
#include "record/pid_table.h"
#include "record/source.h"

/* What a function works on. */
enum timed_work {
    WORK_FD,   /* its first argument is a descriptor */
    WORK_FILE, /* a path */
    WORK_NONE, /* its name says it */
};

/* Functions of libc that enter the kernel, what is most often a finding first. */
enum { TIMED_FUNCTIONS = 39 };

extern const struct timed_function {
    const char *name;
    enum timed_work work;
} timed_functions[TIMED_FUNCTIONS];

struct watched_function {
    struct call_sites sites;
    bool called; /* when it was looked at last */
};

struct timed_process {
    pid_t pid; /* 0: free */
    uint64_t generation;
    uint64_t addresses[TIMED_FUNCTIONS]; /* 0: it has none */
    bool without;                        /* any of them: its libc may come yet */
    struct watched_function list[TIMED_FUNCTIONS];
    size_t next_survey, next_timing;
    uint32_t rounds; /* of surveys */
    bool survey_next;
    uint64_t cpu_ns;   /* that it had used when it was asked last */
    uint64_t begun_ns; /* of that, before it had this place */
    uint64_t stops_ns; /* of that, for our stops */
    uint64_t sampled_ns;
};

enum { TIMED_PROCESSES = 4 };

struct timed_processes {
    struct timed_process list[TIMED_PROCESSES];
    struct pid_table known; /* that had a place */
    size_t next;
    uint64_t chosen_ns;
};

/* Looks now and then which are the busiest: places may become another's. */
void timed_processes_choose(struct timed_processes *ps, const struct recorder *r, uint64_t now_ns);
struct timed_process *timed_processes_next(struct timed_processes *ps, struct recorder *r);
void timed_processes_done(struct timed_processes *ps);

/* A sample of the clock. */
void timed_processes_sampled(struct timed_processes *ps, pid_t pid, uint64_t period_ns);

/* CPU time that it has used but for our stops, as of now; once it has ended, as of the last time.
 */
uint64_t timed_process_cpu_ns(struct timed_process *w);

/* For the calls of one function. */
struct call_account timed_process_account(
    struct timed_process *w, struct profile *profile, size_t function);

/* Says what is known and has not been said. */
void timed_process_flush(struct timed_process *w, struct profile *profile);

#endif
