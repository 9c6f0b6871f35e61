// SPDX-License-Identifier: MIT
/*
 * Exit statuses, as users of env(1), timeout(1) and valgrind(1) expect them: the target's own
 * status is passed on, and what prof itself has to say lies in 122..127.
 */
#ifndef PROF_CMD_STATUS_H
#define PROF_CMD_STATUS_H

#include "base/err.h"
#include "record/record.h"

enum {
    STATUS_OK = 0,
    STATUS_USAGE = 2,          /* wrong words, before there is a target */
    STATUS_UNDECIDED = 122,    /* a --fail-on condition rests on what was not recorded */
    STATUS_TRIPPED = 123,      /* a --fail-on condition holds */
    STATUS_PROF_FAILED = 125,  /* prof could not do its work */
    STATUS_NOT_RUNNABLE = 126, /* the program exists but cannot be run */
    STATUS_NOT_FOUND = 127,    /* there is no such program */
    STATUS_SIGNAL_BASE = 128,  /* plus the number of the signal that ended the target */
};

/* Of a failure before or without a target. */
int status_of_error(const struct err *e);

/* Of a program that could not be started. */
int status_of_exec_errno(int errnum);

/* Of a recording: 0 when prof itself ended it, otherwise the target's. */
int status_of_outcome(const struct record_outcome *outcome);

#endif
