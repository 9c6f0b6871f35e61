// SPDX-License-Identifier: MIT
/* Interpreters whose functions a profile does not show: says so in notes, and how to get them. */
#ifndef PROF_RECORD_INTERPRETERS_H
#define PROF_RECORD_INTERPRETERS_H

#include <stdbool.h>

#include "profile/profile.h"

/* At the end of a recording, when all processes and generated code that were seen have rows.
 * python_named: functions of CPython 3.11 were read from its memory (python_frames.h). */
void interpreters_note(struct profile *p, bool python_named);

#endif
