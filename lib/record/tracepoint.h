// SPDX-License-Identifier: MIT
/*
 * Numbers of tracepoints, for PERF_TYPE_TRACEPOINT. tracefs is readable for root only as a rule,
 * and often not mounted: then a child mounts it in a mount namespace of its own, reads, and ends,
 * so that nothing of it is ever seen by others.
 */
#ifndef PROF_RECORD_TRACEPOINT_H
#define PROF_RECORD_TRACEPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* name: "raw_syscalls/sys_enter". */
bool tracepoint_id(const char *name, uint64_t *ret_id, struct err *e);

#endif
