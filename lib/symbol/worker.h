// SPDX-License-Identifier: MIT
/*
 * Runs jobs in a forked process without privileges and with limits, and hands their results out. A
 * worker that dies or takes too long costs one attempt at one job: the next worker tries that job
 * less deeply and goes on with the rest.
 */
#ifndef PROF_SYMBOL_WORKER_H
#define PROF_SYMBOL_WORKER_H

#include "symbol/job.h"

struct worker_callbacks {
    /* A job's RESULT payload. False: the bytes are wrong, the worker is not to be trusted. */
    bool (*result)(void *ctx, struct slice payload);
    /* A worker ended before the job was done: "crashed", "took too long". */
    void (*failed)(void *ctx, const struct job *job, const char *how);
    void *ctx;
};

void worker_run(struct job *jobs, uint32_t count, const struct job_options *options,
    const struct worker_callbacks *callbacks);

#endif
