// SPDX-License-Identifier: MIT
/*
 * Between the files that make a struct observed (observed*.c). Rules see observed.h only.
 *
 * Samples are added up once by (stack, thread) for each channel, whole and steady, so that a
 * selection costs as much as there are distinct stacks, not samples.
 */
#ifndef PROF_ANALYZE_OBSERVED_INNER_H
#define PROF_ANALYZE_OBSERVED_INNER_H

#include "analyze/observed.h"
#include "base/map.h"
#include "base/vec.h"

struct group {
    struct stack_id stack;
    struct thread_id thread;
    struct amount all, steady;
};

struct groups {
    VEC(struct group) rows;
    struct map index; /* (stack, thread) -> row */
};

/* Lines to blame, innermost first; NULL: none. Borrowed from the profile. */
struct blamed {
    const struct line *app;   /* nearest of the application */
    const struct line *dep;   /* nearest of a dependency */
    const struct line *other; /* nearest that is neither the kernel's, nor libc's, nor ours */
};

struct observed_sums {
    struct groups groups[CHANNELS];
    struct blamed *blamed;  /* by stack id */
    uint8_t *wait_kinds;    /* enum wait_kind by stack id, of the leaf; WAIT_KINDS: it is none */
    uint32_t *task_entries; /* func by stack id, the first that says what a task is for: none of the
                               runtime's that any task begins with. NULL: there are no tasks */
    trait_set *frame_traits, *stack_traits;
    struct map series; /* (name, process, thread) -> series id */
    float *windows;    /* of all threads */
};

/* Each fills its part of *o and may rely on those above it. */
void observe_times(struct observed *o);   /* start, end, steady time */
void observe_stacks(struct observed *o);  /* traits and blame of frames and stacks */
void observe_samples(struct observed *o); /* groups */
void observe_spins(
    struct observed *o); /* traits of stacks in loops that wait by their machine code */
void observe_tasks(struct observed *o);     /* where they begin */
void observe_series(struct observed *o);    /* index */
void observe_limits(struct observed *o);    /* CPUs */
void observe_processes(struct observed *o); /* runtimes */
void observe_threads(struct observed *o);   /* times, waits, windows */
void observe_roles(struct observed *o);     /* loops, pools, helpers */
void observe_starvation(struct observed *o);

/* Shows every stack of a selection with what it weighs there; a stack may come several times. */
typedef void stack_visitor(void *ctx, struct stack_id stack, struct amount amount);
void observed_visit(
    const struct observed *o, const struct selection *s, stack_visitor *visit, void *ctx);

/* Adds on-CPU samples to the windows of threads whose states were not recorded. */
void observe_window_samples(const struct observed *o);

/* Value of a running total at a time, straight between its points; NAN: no points. */
double points_at(const struct series_point *points, uint32_t count, uint64_t time_ns);

#endif
