// SPDX-License-Identifier: MIT
/*
 * A tracepoint that is rare as a rule, and each of whose records is wanted: open all the time, but
 * above a rate only a tenth of it. In a crowd (perf_extra.h) it rests. Level full. Owned by the
 * source whose event it is; nothing to free.
 */
#ifndef PROF_RECORD_RARE_EVENT_H
#define PROF_RECORD_RARE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "record/perf_extra.h"

struct rare_event {
    struct recorder *recorder;
    uint32_t event;       /* in recorder.extras */
    const char *what;     /* "wake-ups": for the note that it is looked at now and then */
    uint64_t rate_max_hz; /* records a second */
    bool refused, said;
    bool of_calls, rests;                   /* with the tracepoints of calls (perf_extra.h) */
    uint64_t looked_ns, counted, paused_ns; /* paused_ns 0: open */
};

/* event->name says which; its type, config and period are set here. False: it cannot be had. what
 * and rate_max_hz of ret_event are the caller's. */
bool rare_event_start(struct rare_event *ret_event, struct recorder *r,
    const struct extra_event *event, struct err *e);

/* For each drain: opens and closes it. Returns for how long it was open within the recording since
 * the last look; 0 when it is not time for one. last: nothing is opened any more. */
uint64_t rare_event_look(struct rare_event *s, uint64_t now_ns, bool last);

#endif
