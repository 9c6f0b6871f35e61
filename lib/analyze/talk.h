// SPDX-License-Identifier: MIT
/*
 * Whom the target talked to: tallies (evidence.h) added up by process and object. For rules.
 * Borrowed text is the profile's. One thread at a time.
 */
#ifndef PROF_ANALYZE_TALK_H
#define PROF_ANALYZE_TALK_H

#include "analyze/observed.h"
#include "base/vec.h"

struct talk {
    struct process_id process;
    enum wait_kind kind;
    struct slice object;     /* the peer, file, ... */
    struct string_id what;   /* of the heaviest tally */
    struct thread_id thread; /* likewise */
    uint64_t count, ns, max_ns, bytes, small;
    uint64_t heaviest_ns;
};

struct talks {
    VEC(struct talk) rows; /* by falling time, then count */
};

/* Tallies of that name whose kind is one of `kinds` (bits; 0: any), operation included when
 * `operations` is set: then "read" and "write" of one object are two rows. */
void talks_of(
    const struct observed *o, const char *name, uint32_t kinds, bool operations, struct talks *ret);
void talks_done(struct talks *t);

/* Exchanges with peers of these kinds, by process and peer, and for how many seconds they were
 * counted: every one of some bursts, or else those over TCP, as the kernel counts them, over the
 * whole run. 0: not at all. */
double exchanges_of(const struct observed *o, uint32_t kinds, struct talks *ret);

/* The same, for how long they take: one that takes longer than a burst is never seen whole in any,
 * so the kernel's counts are used where they tell of much more time. */
double long_exchanges_of(const struct observed *o, uint32_t kinds, struct talks *ret);

/* How long bursts lasted in all, in seconds; 0: there were none. */
double burst_seconds(const struct observed *o);

#endif
