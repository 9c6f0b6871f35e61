// SPDX-License-Identifier: MIT
/*
 * A resolved profile -> one self-contained HTML file. No network, no script but ours (CSP by hash);
 * every name in the profile is untrusted. Registered as the "html" format by cmd/ (lib/format knows
 * nothing of this folder).
 */
#ifndef PROF_FLAMEGRAPH_REPORT_H
#define PROF_FLAMEGRAPH_REPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "format/format.h"
#include "profile/profile.h"

struct report_options {
    bool no_source;    /* leave source snippets out */
    bool no_children;  /* the main process alone */
    const char *title; /* NULL: meta.title */
    /* Source files are read with this user's eyes: SUDO_UID under sudo; 0 is our own. */
    uid_t source_reader;
};

bool report_write(const struct profile *p, const struct report_options *options,
    const struct format_sink *sink, struct err *e);

#endif
