// SPDX-License-Identifier: MIT
/*
 * Turns of an event loop that kept it from its next event by computing. What counts is their time
 * on the CPU: a turn that only waited for a CPU is the machine's fault, not the program's.
 *
 * Three sources, the best that there is: turns counted at each wait of the loop; node's own
 * measurement of its loop's delay; turns inferred from the loop's sleeps, which run together when
 * the loop never sleeps. For rules; one thread at a time.
 */
#ifndef PROF_ANALYZE_LONG_TURNS_H
#define PROF_ANALYZE_LONG_TURNS_H

#include "analyze/finding.h"
#include "analyze/observed.h"
#include "base/vec.h"

#define LONG_TURN_NS 10e6 /* from which a turn counts as long */

enum turn_source { TURNS_NONE, TURNS_COUNTED, TURNS_DELAY, TURNS_INFERRED };

struct long_turns {
    enum turn_source source;
    uint64_t count;                 /* with at least the asked time on the CPU, after start-up */
    uint64_t count_100;             /* of them, 100 ms or more */
    uint64_t stolen;                /* not counted: hardly a sample in them, see long_turns.c */
    uint64_t seen;                  /* turns or measurements that were looked at, after start-up */
    double longest_ns;              /* on the CPU */
    double on_cpu_ns;               /* of all long ones */
    double events;                  /* median of those known; 0 unknown */
    double event_ns;                /* on the CPU for one event of a long turn; 0 unknown */
    double short_event_ns;          /* likewise of a short turn */
    VEC(struct interval) intervals; /* in order, merged */
};

void long_turns_of(const struct observed *o, const struct observed_thread *loop, double least_ns,
    struct long_turns *ret_turns);
void long_turns_done(struct long_turns *turns);

#endif
