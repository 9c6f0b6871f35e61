// SPDX-License-Identifier: MIT
/*
 * A sample's registers, stack bytes and kernel chain -> an interned stack of the profile, at once
 * and where the bytes lie. A stack that was seen before costs the unwinding and one look-up.
 */
#ifndef PROF_RECORD_STACKS_H
#define PROF_RECORD_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"
#include "record/perf_record.h"
#include "record/processes.h"
#include "record/stack_tail.h"
#include "unwind/unwind.h"

enum {
    FRAMES_MAX = 32768,       /* deeper ones are cut, and rooted under [truncated] */
    STACK_CACHE_SLOTS = 8192, /* a power of two */
};

struct stack_cache_slot {
    uint64_t hash; /* 0: empty */
    struct stack_id stack;
};

struct stacks {
    struct profile *profile;
    struct processes *processes;
    const struct unwinder *unwinder;
    struct unwind_frame *frames;
    struct stack_cache_slot *cache;   /* whole stacks */
    struct stack_cache_slot *callers; /* user stacks without their leaf, which varies most */
    struct stack_tail tail;
    struct python_frame_list python;
    struct module_id kernel;
    struct frame_id truncated_marker, broken_marker;
    uint64_t complete, truncated, broken; /* stacks with a user part */
    uint64_t lengthened;                  /* of them, whose outer part was read late */
    uint64_t followed;  /* of them, from a signal handler's own stack to another */
    uint64_t only_leaf; /* 32-bit processes */
    uint64_t blocked_complete, blocked_cut; /* of threads off the CPU */
    uint32_t recent, recent_truncated;      /* since stacks_next_bytes() had an answer */
    uint64_t python_named;                  /* that hold Python functions, read from memory */
    uint64_t python_cut; /* of them, some without the functions that called them */
    uint32_t chain_max;  /* addresses in a chain of the kernel; set by the sampler, 0: no limit */
};

void stacks_init(
    struct stacks *s, struct profile *p, struct processes *ps, const struct unwinder *u);
void stacks_done(struct stacks *s);

/* The row of the kernel itself. */
struct module_id stacks_kernel_module(struct stacks *s);

struct stack_id stacks_intern(
    struct stacks *s, struct tracked_process *process, const struct perf_sample *sample);

/* A thread off the CPU, of which no more is known than these registers and a copy of its stack. */
struct blocked_stack {
    uint64_t pc, sp;
    const uint8_t *bytes; /* from sp up */
    size_t len, wanted;   /* what could be read, and what was asked for */
};

/*
 * The frame pointer, which most code does not need to be unwound and the rest does, is looked for
 * on the stack: a saved one that leads to a whole stack. Frames found by it are guesses.
 */
struct stack_id stacks_intern_blocked(
    struct stacks *s, struct tracked_process *process, const struct blocked_stack *blocked);

/*
 * A stack whose addresses are known: the leaf's as it is to be looked up, and return addresses. Its
 * end: UNWIND_COMPLETE, or why callers are missing.
 */
struct stack_id stacks_intern_addresses(struct stacks *s, struct tracked_process *process,
    const uint64_t *pcs, uint32_t count, enum unwind_end end);

/*
 * The size that the next stack copies should have: `now` when it suffices, twice as much when more
 * than 1 % of recent stacks were cut short by it, the most there is when more than 10 % were. The
 * count begins anew once there are enough of them for an answer.
 */
uint32_t stacks_next_bytes(struct stacks *s, uint32_t now);

#endif
