// SPDX-License-Identifier: MIT
/* Why goroutines wait: the words of runtime.waitReasonStrings, Go 1.18 to 1.26. */
#include "base/compiler.h"
#include "record/go_runtime.h"

struct row {
    const char *begins;
    enum wait_kind kind;
    bool own;
};

/* The first that fits. What is not listed is an unknown wait, as of those whom the collector lets
 * help or wait ("GC assist wait", "wait for GC cycle"). Waiting for a socket is waiting for events:
 * nothing in the goroutine says whether a client or a server is on its other end. */
static const struct row rows[] = {
    { "sync.", WAIT_FUTEX, false },
    { "semacquire", WAIT_FUTEX, false }, /* of all of sync until 1.19, and of WaitGroup */
    { "chan ", WAIT_EVENT, false },
    { "select", WAIT_EVENT, false },
    { "IO wait", WAIT_LOOP, false },
    { "sleep", WAIT_SLEEP, false },
    { "GC sweep", WAIT_UNKNOWN, true },
    { "GC scavenge", WAIT_UNKNOWN, true },
    { "GC worker", WAIT_UNKNOWN, true },
    { "force gc", WAIT_UNKNOWN, true },
    { "finalizer wait", WAIT_UNKNOWN, true },
    { "cleanup wait", WAIT_UNKNOWN, true },
    { "trace reader", WAIT_UNKNOWN, true },
    { "timer goroutine", WAIT_UNKNOWN, true },
};

struct go_reason go_reason_of(struct slice text)
{
    struct go_reason reason = { .kind = WAIT_UNKNOWN };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        if (!slice_starts(text, rows[i].begins))
            continue;
        reason.kind = rows[i].kind;
        reason.own = rows[i].own;
        break;
    }
    for (size_t i = 0; i < text.len && i + 1 < sizeof reason.operation; i++) {
        const char c = text.ptr[i];
        reason.operation[i] = c > ' ' && c < 0x7f ? c : '-';
    }
    return reason;
}
