// SPDX-License-Identifier: MIT
/*
 * The --on-port command as the session starts it and the source 'requests' reads it: its standard
 * output and error go through two pipes, so that what it prints can be read and passed on. Owned by
 * the session.
 */
#ifndef PROF_RECORD_LOAD_OUTPUT_H
#define PROF_RECORD_LOAD_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

enum { LOAD_STREAMS = 2 }; /* output, error */

struct load_output {
    int read_fds[LOAD_STREAMS];  /* not blocking; -1: not begun, or taken over by the source */
    int write_fds[LOAD_STREAMS]; /* for the command; closed once it has them */
    uint64_t started_ns;         /* 0: not started */
    uint64_t ended_ns;           /* 0: still running */
};

void load_output_init(struct load_output *o);

/* Makes the pipes. False: there are none to be had; the command then writes where prof does. */
bool load_output_open(struct load_output *o);
void load_output_close_writers(struct load_output *o);
void load_output_done(struct load_output *o);

#endif
