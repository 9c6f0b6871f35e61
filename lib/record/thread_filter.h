// SPDX-License-Identifier: MIT
/*
 * Filters of tracepoints that let some threads pass only, in the kernel, before a record is made
 * (Documentation/trace/events.rst, "Event filtering"). The kernel compares numbers of the first pid
 * namespace: elsewhere the filter would let nobody pass.
 */
#ifndef PROF_RECORD_THREAD_FILTER_H
#define PROF_RECORD_THREAD_FILTER_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "record/procfs_read.h"

/* Our thread numbers are those that the kernel compares. */
bool thread_filter_works(void);

/* tids: at least one. also: another condition, of the event's own fields; NULL: none. */
void thread_filter_text(const struct pid_list *tids, const char *also, struct strbuf *out);

#endif
