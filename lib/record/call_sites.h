// SPDX-License-Identifier: MIT
/*
 * Places that call one function: how long its calls take from there, and with which stacks. What is
 * seen in a burst stands for the time since the last one at that place, so that what comes out is
 * an estimate of the CPU time that the calls take in all, as samples and as tallies ("timed").
 *
 * Time is CPU time of the process here (`cpu_ns`), less what looking takes: a thread that computes
 * all the time gets around to less while it is stopped again and again, and the share of its time
 * that a call takes is right nevertheless. Bookkeeping only.
 */
#ifndef PROF_RECORD_CALL_SITES_H
#define PROF_RECORD_CALL_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "profile/profile.h"

enum { CALL_SITES = 8, SITE_STACKS = 32 };

struct timed_call {
    struct thread_id thread;
    struct stack_id stack;
    uint64_t time_ns; /* of its end */
    uint64_t on_cpu_ns;
};

struct call_site {
    uint64_t return_address; /* 0: free */
    uint32_t hits;           /* halved with each look, so that what has ended is forgotten */
    struct stack_id stacks[SITE_STACKS]; /* those seen last, each as often as it was seen */
    uint32_t stack_count, next_stack, next_call;
    uint64_t told_cpu_ns;                   /* what its calls were before that has been told */
    uint64_t burst_cpu_ns, burst_to_cpu_ns; /* the last burst's length and end */
    double seen_cpu_ns, calls_cpu_ns; /* of bursts, and what calls took of that; old ones fade */
    uint64_t bursts;                  /* that have begun */
    bool in_burst;
    VEC(struct timed_call) calls; /* of the last burst */
    uint64_t more_calls;          /* of it, that had no place */
};

struct call_sites {
    struct call_site list[CALL_SITES];
    uint64_t from_cpu_ns; /* where the account begins */
};

void call_sites_done(struct call_sites *s);

/* A look at who calls begins. */
void call_sites_age(struct call_sites *s);

/* Somebody calls from there. Beyond CALL_SITES of them the rarest one makes way. */
void call_sites_add(struct call_sites *s, uint64_t return_address, struct stack_id stack);

/* The places to time next, those that were timed least often first. Returns how many, at most max.
 */
uint32_t call_sites_choose(struct call_sites *s, struct call_site **ret, uint32_t max);

/* Where the time goes that calls are said to take. */
struct call_account {
    struct profile *profile;
    uint64_t cpu_ns; /* of the process, as of now */
    double part;     /* of what calls seem to take: all together not more than they can have */
    struct string_id what; /* the function, for tallies */
};

/* A burst at the place: what the one before it has seen is told, for the time up to the middle
 * between them. */
void call_site_begin(struct call_site *c, const struct call_account *a);
void call_site_add(struct call_site *c, struct thread_id thread, uint64_t time_ns, uint64_t ns);

/* It took burst_cpu_ns of the process's CPU time, and ended at cpu_ns of it. Looking at one call
 * has made it stop_ns longer. */
void call_site_end(struct call_site *c, uint64_t cpu_ns, uint64_t burst_cpu_ns, uint64_t stop_ns);

/* The part of the process's time that calls take by the last bursts at each place, all together. */
double call_sites_rate(const struct call_sites *s);

/* Tells what is left, for the time up to now. */
void call_sites_flush(struct call_sites *s, const struct call_account *a);

#endif
