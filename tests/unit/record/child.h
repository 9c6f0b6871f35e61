// SPDX-License-Identifier: MIT
/*
 * Targets for live tests: the test program itself, which becomes one of them when the variable
 * PROF_TEST_CHILD names it (child.c, before main). Function names are their truth.
 */
#ifndef PROF_TESTS_RECORD_CHILD_H
#define PROF_TESTS_RECORD_CHILD_H

#include "record/record.h"

/* Options that run a child: "shares", "threads", "forks", "brief", "killed", "deep", "sleeps",
 * "daemon", "late_daemon", "waits", "grows". The strings live until the next call. */
struct record_options child_options(const char *name);

/* Runs it to its end; names are resolved. Skips the test when this machine cannot sample. */
struct record_session *child_record(
    const struct record_options *options, struct record_outcome *ret_outcome);

/* Share of all sample weight whose stacks pass through a function, 0 to 1. */
double child_share(struct record_session *s, const char *function);

/* Samples recorded. */
uint64_t child_samples(struct record_session *s);

#endif
