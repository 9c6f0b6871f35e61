// SPDX-License-Identifier: MIT
/*
 * One thread off its CPU, as /proc/PID/task/TID/syscall shows it, and a copy of its stack that
 * belongs to the same moment. The thread is not stopped and notices nothing. Needs the rights of
 * ptrace(2) over it: one's own processes, as a rule.
 */
#ifndef PROF_RECORD_WALL_READ_H
#define PROF_RECORD_WALL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "record/objects.h"

enum wall_state {
    WALL_GONE,    /* ended, or may not be read */
    WALL_RUNNING, /* on a CPU, or waiting for one */
    WALL_BLOCKED,
};

struct wall_place {
    bool in_call; /* else it was stopped by something else, a page that is not there */
    uint64_t number, args[CALL_ARGS];
    uint64_t sp, pc;
};

/* Text of the file: "running", "-1 SP PC" or "NUMBER ARG*6 SP PC". */
enum wall_state wall_parse(struct slice text, struct wall_place *ret_place);

/* fd: the open file; -1: it is opened for this one time. */
enum wall_state wall_read(pid_t pid, pid_t tid, int fd, struct wall_place *ret_place);

int wall_open(pid_t pid, pid_t tid); /* -1 with errno */

bool wall_same_place(const struct wall_place *a, const struct wall_place *b);

#endif
