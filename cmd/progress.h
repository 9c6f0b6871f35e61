// SPDX-License-Identifier: MIT
/*
 * One line on the terminal while a target runs: time, samples, losses, prof's own CPU. It stands at
 * the right edge, so that what the target prints on the left stays readable. Nothing when standard
 * error is no terminal.
 */
#ifndef PROF_CMD_PROGRESS_H
#define PROF_CMD_PROGRESS_H

#include <stdbool.h>

#include "record/record.h"

struct progress {
    bool on;
    bool interrupted; /* the terminal has echoed ^C */
    size_t width;     /* columns at the right edge that are ours; 0: none */
};

void progress_init(struct progress *progress, bool quiet);

/* For record_callbacks; ctx is a struct progress. */
void progress_update(void *ctx, const struct record_progress *now);

/* Takes the line away. */
void progress_clear(struct progress *progress);

#endif
