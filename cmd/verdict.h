// SPDX-License-Identifier: MIT
/* The doctor's verdict on standard error, as wide as the terminal, in colour where it may be. */
#ifndef PROF_CMD_VERDICT_H
#define PROF_CMD_VERDICT_H

#include "analyze/finding.h"
#include "profile/profile.h"

void verdict_say(const struct profile *p, const struct diagnosis *d);

#endif
