// SPDX-License-Identifier: MIT
/* How a rule that found nothing says so (rule.h, enum answer). */
#ifndef PROF_ANALYZE_ANSWERS_H
#define PROF_ANALYZE_ANSWERS_H

#include "analyze/rule.h"
#include "base/compiler.h"

enum answer answer_healthy(struct finding *f, const char *format, ...) PROF_PRINTF(2, 3);

enum answer answer_unseen(struct finding *f, const char *what, const char *why, const char *how);

/* What every rule on waiting time says when there is none. */
enum answer answer_no_waits(struct finding *f, const char *what);

/* likely when the least amount of evidence is there and the target had its CPUs for itself. */
enum confidence confidence_by(const struct observed *o, bool enough);

/* Takes the kernel's functions out of the guilty ones when others remain: threads and processes
 * that have just been born run in the kernel only, and nobody can change that. */
void blame_without_kernel(const struct observed *o, struct finding *f);

#endif
