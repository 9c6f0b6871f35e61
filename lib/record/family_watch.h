// SPDX-License-Identifier: MIT
/*
 * Follows the target's processes and threads by looking into /proc now and then, for samplers that
 * are told of nothing: births, ends and other programs become records, some time late. What begins
 * and ends between two looks is not seen. One thread.
 */
#ifndef PROF_RECORD_FAMILY_WATCH_H
#define PROF_RECORD_FAMILY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "record/source.h"

struct family_watch {
    uint64_t next_ns;
    struct pid_table seen; /* thread -> the look that saw it */
    uint32_t look;
};

void family_watch_done(struct family_watch *f); /* starts as {0} */

/* A look, when it is time for one: four times a second, the first time at once. */
void family_watch_look(struct family_watch *f, struct recorder *r, uint64_t now_ns);

/* ---- records for what a sampler learns otherwise ---- */

/* Applies a record and tells it to those who take its kind, in the order that source.h promises. */
void family_apply(struct recorder *r, const struct perf_record *record);

void family_born(struct recorder *r, pid_t pid, pid_t tid, pid_t parent_pid);
void family_ended(struct recorder *r, pid_t pid, pid_t tid);
void family_named(struct recorder *r, pid_t pid, pid_t tid);

/* Another program: its name, file and mappings are read. */
void family_executed(struct recorder *r, pid_t pid);

#endif
