// SPDX-License-Identifier: MIT
/*
 * Why a thread that is followed by PTRACE_SEIZE has stopped, by its wait status (ptrace(2),
 * "Stopped states"): what has to be done about it depends on nothing else. Pure.
 */
#ifndef PROF_RECORD_TRACE_STOP_H
#define PROF_RECORD_TRACE_STOP_H

#include <stdbool.h>

#include "base/slice.h"

enum trace_stop_kind {
    TRACE_STOP_SIGNAL, /* a signal is about to be delivered: it goes on with it */
    TRACE_STOP_GROUP,  /* SIGSTOP and the like: it stays, until SIGCONT */
    TRACE_STOP_HALT,   /* we asked for it, it is newborn, or a group stop is over */
    TRACE_STOP_BIRTH,  /* of a thread or process, in the one that makes it */
    TRACE_STOP_EXEC,   /* another program begins */
};

struct trace_stop {
    enum trace_stop_kind kind;
    int signal; /* TRACE_STOP_SIGNAL: which one */
};

/* status: as wait4(2) gives it, WIFSTOPPED. */
struct trace_stop trace_stop_of(int status);

/* A program, by its file's path, that traces others itself. A thread has one tracer only: what it
 * wants to trace must be left to it. */
bool trace_is_tracer(struct slice exe);

#endif
