// SPDX-License-Identifier: MIT
/*
 * Who makes an event loop ask others. While the answer is awaited nothing of it is on a stack, but
 * to ask takes CPU time, below the function that does. For rules.
 */
#ifndef PROF_ANALYZE_ASKERS_H
#define PROF_ANALYZE_ASKERS_H

#include "analyze/rule.h"

/* Blames the program's functions that call clients of other services, or else write to sockets.
 * False: there are too few samples of that, and nobody is blamed. */
bool blame_askers(struct finding *f, const struct observed *o, struct process_id process);

/* Those that write to sockets and pipes, to whomever. */
bool blame_writers(struct finding *f, const struct observed *o, struct process_id process);

/* Likewise those that hand work of these traits to a pool, from that thread. */
bool blame_submitters(
    struct finding *f, const struct observed *o, const struct observed_thread *t, trait_set work);

#endif
