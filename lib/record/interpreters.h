// SPDX-License-Identifier: MIT
/* Interpreters whose functions a profile does not show: says so in notes, and how to get them. */
#ifndef PROF_RECORD_INTERPRETERS_H
#define PROF_RECORD_INTERPRETERS_H

#include "profile/profile.h"

/* At the end of a recording, when all processes and generated code that were seen have rows. */
void interpreters_note(struct profile *p);

#endif
