// SPDX-License-Identifier: MIT
/*
 * isolate-0xADDRESS-PID-v8.log: with --perf-basic-prof, V8 also opens this file in the folder where
 * the process runs, and NODE_OPTIONS refuses the option that would stop it. prof asked for the
 * former, so it takes the latter away again: only files named after a process of the recording,
 * made since it began.
 */
#ifndef PROF_RECORD_V8_LOGS_H
#define PROF_RECORD_V8_LOGS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "base/vec.h"

struct v8_logs {
    VEC(pid_t) ended;
    VEC(int) folders; /* descriptors, of processes seen */
};

/* The process of a V8 log by the file's name; 0: it is not one. */
pid_t v8_log_pid(struct slice name);

/* A folder that may get a log. */
void v8_logs_look_in(struct v8_logs *logs, const char *folder);

/* The folder where a living process runs may get a log. */
void v8_logs_seen(struct v8_logs *logs, pid_t pid);

/* A process has ended. */
void v8_logs_ended(struct v8_logs *logs, pid_t pid);

/* Removes the logs of ended processes, from the folders seen and from the current one. */
void v8_logs_remove(const struct v8_logs *logs, int64_t since_s);
void v8_logs_done(struct v8_logs *logs);

#endif
