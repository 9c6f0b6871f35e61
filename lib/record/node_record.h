// SPDX-License-Identifier: MIT
/*
 * What the script inside Node.js (node_preload.js) writes: records of eight doubles in the
 * machine's order of bytes. Times are CLOCK_MONOTONIC nanoseconds, unknown numbers are NaN.
 *
 *     0 header       time   magic     version      pid        -             -         -
 *     1 period       time   delay_ns  utilisation  heap_used  external      resources -
 *     2 pause        start  ns        gc kind      count      longest_ns    -         -
 *     3 after major  time   heap_used external     -          -             -         -
 *
 * A pause with a count above one stands for several that were added up. The target can write
 * anything here, so every number is doubted. No state.
 */
#ifndef PROF_RECORD_NODE_RECORD_H
#define PROF_RECORD_NODE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"

enum { NODE_RECORD_WORDS = 8, NODE_RECORD_BYTES = 64 };

struct node_record {
    double words[NODE_RECORD_WORDS];
};

struct node_scope {
    struct process_id process;
    struct thread_id thread;
    uint64_t from_ns, to_ns; /* records outside are passed over */
};

/* Is this a header of our version? Sets the process's number in its own namespace. */
bool node_record_header(const struct node_record *r, int32_t *ret_pid);

/* Puts one record into the profile; one that is not as it should be is passed over: false. */
bool node_record_apply(
    struct profile *p, const struct node_scope *scope, const struct node_record *r);

#endif
