// SPDX-License-Identifier: MIT
/*
 * Adds up system calls by thread, operation and object, and the exchanges on each descriptor: what
 * was written until the answer was read. Pure bookkeeping between two flushes.
 */
#ifndef PROF_RECORD_CALL_TALLY_H
#define PROF_RECORD_CALL_TALLY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/evidence.h"
#include "profile/wait.h"

enum { CALL_SMALL_BYTES = 512 };

struct call_tally;

struct call_tally *call_tally_new(struct profile *p);
void call_tally_free(struct call_tally *t);

/* A call that is over. */
struct ended_call {
    struct thread_id thread;
    pid_t pid;
    int fd; /* -1: it works on none */
    struct wait what;
    uint64_t from_ns, to_ns;
    int64_t result;
    bool reads, writes; /* the result is a number of bytes */
};

void call_tally_add(struct call_tally *t, const struct ended_call *call);

/* The descriptor means something else from now on: an answer will not come on it. */
void call_tally_forget(struct call_tally *t, pid_t pid, int fd);

/* Moves all sums to the profile. */
void call_tally_flush(struct call_tally *t);

#endif
