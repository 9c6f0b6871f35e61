// SPDX-License-Identifier: MIT
/*
 * Breakpoints on code of the target: the processor has BREAKPOINTS_OF_THREAD registers for them,
 * and every thread has values of its own (hw_breakpoint.c of the kernel counts them). Two sources
 * share them: loops (loop_entries.h) come first, timed calls (timed_calls.c) get what is left and
 * give it back when it is wanted. None needs a right.
 */
#ifndef PROF_RECORD_BREAKPOINTS_H
#define PROF_RECORD_BREAKPOINTS_H

#include <stdint.h>
#include <sys/types.h>

struct extra_events;

enum {
    BREAKPOINTS_OF_THREAD = 4, /* x86: DR0 to DR3; arm64 has at least two */
    BREAKPOINT_PROCESSES = 4,  /* that loops look at at a time */
};

struct breakpoint_share {
    struct {
        pid_t pid;
        uint32_t used;
    } loops[BREAKPOINT_PROCESSES];
    pid_t lent_pid;                       /* 0: none is lent */
    uint32_t lent[BREAKPOINTS_OF_THREAD]; /* numbers of extra events */
    uint32_t lent_count;
};

/* How many of a process's threads' breakpoints loops do not use. */
uint32_t breakpoints_left(const struct breakpoint_share *b, pid_t pid);

/* Loops need `wanted` of them: what is lent is closed when that is too many. */
void breakpoints_take_back(
    struct breakpoint_share *b, struct extra_events *extras, pid_t pid, uint32_t wanted);

/* CPU time that one stop and its record take from a program here: tried on ourselves, for less than
 * a millisecond. 0: breakpoints cannot be had. */
uint64_t breakpoint_stop_ns(void);

#endif
