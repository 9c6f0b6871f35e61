// SPDX-License-Identifier: MIT
/*
 * What this machine lets prof measure, found out by trying, not by reading settings:
 * `context-switches:u` opens without error and delivers nothing. For `prof check` and for choosing
 * the level of a recording.
 */
#ifndef PROF_RECORD_CAPABILITY_H
#define PROF_RECORD_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

enum record_level { LEVEL_NONE, LEVEL_USER, LEVEL_FULL };

const char *record_level_name(enum record_level level);

/* One line of `prof check`. */
struct capability {
    const char *id;    /* "kernel-frames" */
    const char *title; /* "kernel frames in stacks" */
    bool available;
    char *detail; /* what was found: owned */
    char *how;    /* command that would enable it; owned, NULL when available or hopeless */
};

struct capabilities {
    enum record_level level;
    bool samples; /* of some kind, so that there are flame graphs */
    struct capability *rows;
    size_t count;
};

void capabilities_probe(struct capabilities *ret_caps);
void capabilities_done(struct capabilities *caps);

#endif
