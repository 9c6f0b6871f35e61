// SPDX-License-Identifier: MIT
/*
 * Tracepoints by name, and the fields of their records. tracefs need not be mounted: as root a
 * mount of our own is made that has no place in any directory and ends with its descriptor.
 */
#ifndef PROF_RECORD_SYSCALL_TRACE_H
#define PROF_RECORD_SYSCALL_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "record/perf_record.h"

/* The folder with events/ in it; -1: cannot be had. Close it. */
int tracefs_open(struct err *e);

enum { TRACE_FIELDS_MAX = 16 };

struct trace_field {
    char name[24];
    uint16_t offset, size; /* of the raw record */
};

struct tracepoint {
    uint64_t id; /* perf_event_attr.config */
    struct trace_field fields[TRACE_FIELDS_MAX];
    size_t field_count;
};

/* name: "raw_syscalls/sys_enter". */
bool tracepoint_find(int tracefs, const char *name, struct tracepoint *ret_tp, struct err *e);

/* Text of a format file. False: it makes no sense. */
bool tracepoint_parse(struct slice text, struct tracepoint *ret_tp);

/* A number in a raw record, the index-th of an array. 0: not there. */
uint64_t tracepoint_number(
    const struct tracepoint *tp, const char *field, size_t index, struct slice raw);

#endif
