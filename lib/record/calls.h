// SPDX-License-Identifier: MIT
/*
 * System calls by number: their names, and which of their arguments says what they work on. Numbers
 * come from <sys/syscall.h>. Pure; any thread.
 */
#ifndef PROF_RECORD_CALLS_H
#define PROF_RECORD_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Where a call's object is. */
enum call_shape {
    CALL_PLAIN,   /* none: getpid, brk */
    CALL_FD,      /* descriptor in the first argument */
    CALL_MAP_FD,  /* descriptor in the fifth: mmap */
    CALL_PATH,    /* path in the first */
    CALL_PATH_AT, /* path in the second */
    CALL_FUTEX,   /* address in the first */
    CALL_LOOP,    /* waits for any of many: epoll, io_uring */
    CALL_POLL,    /* (struct pollfd *, count) */
    CALL_SELECT,  /* (count, read set, write set, exception set) */
    CALL_SLEEP,
    CALL_CHILD,
    CALL_SIGNAL, /* waits for one */
    CALL_SYNC,   /* makes what was written to its descriptor durable */
    CALL_SYNC_MAP,
    CALL_ACCEPT,
};

enum call_trait {
    CALL_READS = 1u << 0,  /* returns a number of bytes that came in */
    CALL_WRITES = 1u << 1, /* ... that went out */
    CALL_OPENS = 1u << 2,  /* returns a new descriptor */
    CALL_CLOSES = 1u << 3, /* its descriptor means something else afterwards: close, connect */
};

struct call_info {
    uint32_t number;
    const char *name;
    enum call_shape shape;
    uint32_t traits; /* CALL_READS ... */
};

/* NULL: not in the table, as most that touch neither descriptors nor memory. */
const struct call_info *call_info(uint64_t number);

#endif
