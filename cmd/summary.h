// SPDX-License-Identifier: MIT
/* What a report found, in a few lines on standard error: for those who do not open the page. */
#ifndef PROF_CMD_SUMMARY_H
#define PROF_CMD_SUMMARY_H

#include "cmd/output.h"
#include "profile/profile.h"

/* How much was sampled and the hottest functions with file:line. */
void summary_say(const struct profile *p);

/* The written files' paths, one a line: the last lines that prof prints. */
void summary_say_paths(const struct outputs *outputs);

#endif
