// SPDX-License-Identifier: MIT
/*
 * Python's frames on the heap of a running CPython 3.11: which function runs in which, and who
 * called it. They are read while the process goes on, so what was seen of a frame is remembered: a
 * function that has returned since is told with the caller that it had in the same place before.
 * Everything read is the target's word. One per process, one thread.
 */
#ifndef PROF_RECORD_PYTHON_CALLS_H
#define PROF_RECORD_PYTHON_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "record/python_code.h"
#include "record/target_memory.h"

enum { PYTHON_CALLERS_KNOWN = 4096 };

/* struct _ts of CPython 3.11 (Include/cpython/pystate.h): where its newest record of the
 * interpreter's loop is, and the root that the outermost record leads to; offsets in bytes. The
 * record, struct _PyCFrame, begins with a flag. */
enum {
    PYTHON_THREAD_RECORD = 56,
    PYTHON_THREAD_ROOT = 336,
    PYTHON_RECORD_FRAME = 8,
    PYTHON_RECORD_PREVIOUS = 16,
};

/* A Python function that runs, or that waits for the one it called. */
struct python_call {
    uint64_t frame;    /* address on the heap; 0: none */
    uint64_t code;     /* of its code object; 0: not known */
    uint64_t previous; /* the frame that it returns to, through C when is_entry */
    uint32_t unit;     /* of its bytecode; UINT32_MAX: not known */
    uint32_t bytes;    /* of the frame; 0: it does not lie among its thread's other frames */
    bool is_entry;     /* called from C */
    bool late;         /* it runs no more */
};

/* Who called a function that was seen in a frame. */
struct python_known_caller {
    uint64_t frame, code;
    struct python_call caller;
};

struct python_calls {
    struct python_codes codes;
    struct target_pages memory;
    VEC(uint64_t) in_use; /* frames of the thread that was looked at last */
    struct python_known_caller known[PYTHON_CALLERS_KNOWN];
};

void python_calls_done(struct python_calls *calls);

/* What is read from now on is read anew. */
void python_calls_start(struct python_calls *calls, pid_t pid);

/* NULL: there is no code object. Valid until the next call of any function here. */
const struct python_code *python_calls_code(struct python_calls *calls, uint64_t address);

/* What lies at an address now. False: no frame. */
bool python_calls_read(struct python_calls *calls, uint64_t address, struct python_call *ret_call);

/* Looks at what a thread runs now, by the address of its state. */
void python_calls_look(struct python_calls *calls, uint64_t thread);

/* Did the last look find this function running in this frame? */
bool python_calls_in_use(struct python_calls *calls, const struct python_call *call);

enum python_caller {
    PYTHON_CALLER_FOUND,
    PYTHON_CALLER_NONE, /* it was called from C */
    PYTHON_CALLER_LOST, /* it cannot be told any more */
};

/* Who called it. One that is still running may have gone on since: it is told at the line where it
 * called. */
enum python_caller python_calls_caller(
    struct python_calls *calls, const struct python_call *callee, struct python_call *ret_caller);

#endif
