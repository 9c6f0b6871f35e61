// SPDX-License-Identifier: MIT
/*
 * What the looks at goroutines of all processes share, and how one's stack becomes a stack of the
 * profile. Owned by goroutines.c; one thread at a time.
 */
#ifndef PROF_RECORD_GO_LOOKER_H
#define PROF_RECORD_GO_LOOKER_H

#include "record/go_runtime.h"
#include "record/source.h"

enum { GO_STACK_BYTES = 4 << 10, GO_STACK_SLOTS = 1 << 12 };

struct go_stack_slot {
    uint64_t hash; /* 0: empty */
    struct stack_id stack;
};

/* Starts as {0} but for recorder, on the heap: it is large. */
struct go_looker {
    struct recorder *recorder;
    struct go_stack_slot known[GO_STACK_SLOTS];  /* by process, what is waited for, addresses */
    uint8_t stacks[GO_BATCH][GO_STACK_BYTES];    /* innermost bytes of a batch's stacks */
    uint8_t deep[GO_STACK_BYTES * GO_BATCH / 4]; /* of one that is deeper */
};

/* How many innermost bytes of its stack are read at first. */
size_t go_stack_wanted(const struct goroutine *g);

/* Of one that runs, whose stack cannot be read: its first function stands for it. */
struct stack_id go_running_stack(
    struct go_looker *l, struct tracked_process *process, const struct goroutine *g);

/* Of one that waits or is ready: its callers, with what it waits for as the leaf. bytes: what
 * go_stack_wanted() asks for, read; of deeper stacks more is read here. */
struct stack_id go_waiting_stack(struct go_looker *l, const struct go_runtime *rt,
    struct tracked_process *process, const struct goroutine *g, const uint8_t *bytes);

#endif
