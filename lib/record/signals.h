// SPDX-License-Identifier: MIT
/*
 * The signals that a recording answers, as a descriptor to poll. Blocked from start to stop; the
 * target is given the mask that was there before.
 */
#ifndef PROF_RECORD_SIGNALS_H
#define PROF_RECORD_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

struct signals {
    int fd;
    sigset_t previous;
};

struct signal_event {
    int number;
    bool from_terminal; /* the whole foreground group got it, the target too */
};

bool signals_start(struct signals *s, struct err *e);
bool signals_next(struct signals *s, struct signal_event *ret_event); /* false: none waits */
void signals_stop(struct signals *s);

#endif
