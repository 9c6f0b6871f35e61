// SPDX-License-Identifier: MIT
/*
 * Loops that wake for timers of their own far more often than for requests: whoever waits there
 * looks again and again. For rules; reads an observed, keeps nothing. One thread at a time.
 */
#ifndef PROF_ANALYZE_TIMER_POLLS_H
#define PROF_ANALYZE_TIMER_POLLS_H

#include "analyze/observed.h"

struct timer_polls {
    const struct observed_thread *loop;
    uint64_t turns;     /* of the loop, counted */
    double share;       /* of its turns, begun without an event */
    double per_s;       /* such turns after a sleep, without those of prof's own timer */
    double per_request; /* the same for each answer to a client */
};

/* The loop that wakes so most often. False: none does; what is seen without tracepoints, and loops
 * that serve nobody, are not judged. */
bool timer_polls_of(const struct observed *o, struct timer_polls *ret);

#endif
