// SPDX-License-Identifier: MIT
/*
 * What a timer of 10 ms within an event loop would see: it can fire only when a turn has ended, and
 * late by as much as the turn lasts on. The statistic that node's monitorEventLoopDelay() and its
 * likes report, for a loop of any program, without a timer in it. (node: src/histogram.cc; libuv's
 * uv_timer_start() with a repeat: due again that long after the call.)
 *
 *     turn |====|....wait....|============|..wait     fires: ^  10 ms after the last call or, when
 *              ^      ^                   ^                  a turn is under way then, at its end
 *
 * A value is the time from one call to the next, so that of a loop with nothing to do is 10 ms.
 */
#ifndef PROF_RECORD_LOOP_PROBE_H
#define PROF_RECORD_LOOP_PROBE_H

#include <stdint.h>

struct histogram;

#define LOOP_PROBE_INTERVAL_NS UINT64_C(10000000)

/* {0}: not running. */
struct loop_probe {
    uint64_t fired_ns;
};

/* What is under way is not known any more; it begins again with the next wait. */
void loop_probe_stop(struct loop_probe *probe);

/* The loop has waited, free to run timers, until to_ns. */
void loop_probe_waited(
    struct loop_probe *probe, uint64_t from_ns, uint64_t to_ns, struct histogram *h);

/* A turn has ended. */
void loop_probe_turned(struct loop_probe *probe, uint64_t end_ns, struct histogram *h);

#endif
