// SPDX-License-Identifier: MIT
/*
 * Descriptors whose close takes the kernel long. The last one of a tracepoint waits until no CPU is
 * in it any more, one after the other (perf_trace_event_unreg(), kernel/trace/trace_event_perf.c):
 * 36 ms each, measured, so that a report would come most of a second later. A process that has
 * nothing else to do holds them a little longer, and ends on its own.
 */
#ifndef PROF_RECORD_LATE_CLOSE_H
#define PROF_RECORD_LATE_CLOSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct late_close {
    int go_fd; /* -1: nobody holds them */
};

/* Between the two, close() of what was open before the first returns at once. No thread may be
 * using the descriptors. When no process can be made, close() takes what it takes. */
void late_close_begin(struct late_close *ret);
void late_close_end(struct late_close *l);

/* While the recording goes on: a thread closes them. Starts as {0}. */
struct late_closer {
    pthread_t thread;
    bool runs;
    int *fds;
    size_t count;
};

/* Takes the list over (malloc). Waits for an earlier list to be done. */
void late_closer_start(struct late_closer *c, int *fds, size_t count);
void late_closer_wait(struct late_closer *c);

#endif
