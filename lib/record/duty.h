// SPDX-License-Identifier: MIT
/*
 * Whether an event may stay open all the time, or only looks now and then: what its records take
 * from the target is kept below the budget of sampling. Pure: numbers in, an answer out.
 *
 *     open  ________________          __        __             under the budget again: stays open
 *                           |________|  |______|  |_____ ...
 *                 over budget   pause    BURST
 *
 * A pause is as long as the last look was too dear: on average the budget is kept.
 */
#ifndef PROF_RECORD_DUTY_H
#define PROF_RECORD_DUTY_H

#include <stdbool.h>
#include <stdint.h>

#define DUTY_WINDOW_NS UINT64_C(100000000) /* a storm is noticed soon */
#define DUTY_BURST_NS UINT64_C(200000000)
#define DUTY_PAUSE_MIN_NS UINT64_C(300000000)
#define DUTY_PAUSE_MAX_NS UINT64_C(5000000000)
#define DUTY_PAUSE_IDLE_NS UINT64_C(2000000000) /* when there was nothing to see */

struct duty {
    bool open;
    bool in_bursts;    /* the budget was passed, or there was nothing to see */
    bool costly;       /* the budget was passed, at some time */
    uint64_t since_ns; /* start of the window, burst or pause */
    uint64_t pause_ns; /* of the pause under way */
    uint64_t cost_from_ns, cpu_from_ns;
};

/*
 * cost_ns: what the event has taken from the target so far; cpu_ns: what the target has used so
 * far; useful: there is something to see. The answer is also in d->open.
 */
bool duty_wants_open(
    struct duty *d, uint64_t now_ns, uint64_t cost_ns, uint64_t cpu_ns, bool useful);

/* Closed from now on, for as long as it is called and a pause more. */
void duty_rest(struct duty *d, uint64_t now_ns);

/* The event has been opened for the first time. */
void duty_start(struct duty *d, uint64_t now_ns);

#endif
