// SPDX-License-Identifier: MIT
/*
 * A child that stands still before its exec until it is told to go, so that events can be opened on
 * it. It runs as the invoking user, with the signal mask, handlers and limits that prof was given.
 */
#ifndef PROF_RECORD_LAUNCH_H
#define PROF_RECORD_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/record.h"

struct launch_options {
    char *const *argv;
    char **env;
    const struct record_user *run_as; /* NULL: as prof itself */
    sigset_t signal_mask;             /* of the target */
    struct rlimit file_limit;         /* of the target */
    int output_fd, error_fd;          /* its standard output and error; 0: as prof's own */
};

struct launched {
    pid_t pid;
    int go_fd;    /* a byte written here lets it exec */
    int error_fd; /* closed by a successful exec */
};

bool launch_stopped(const struct launch_options *o, struct launched *ret_launched, struct err *e);

/* Returns 0 when the program runs, else the errno of its exec (the child has ended then). */
int launch_go(struct launched *l, struct err *e, const char *program);

/* Closes what is open. A child that was not told to go ends by itself, without an exec. */
void launch_done(struct launched *l);

#endif
