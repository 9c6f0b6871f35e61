// SPDX-License-Identifier: MIT
/*
 * What stands first. Gates, then by severity, then by falling weight, but for two things:
 *
 * - While a gate stands nothing is critical, and no statistic more than possible.
 * - Several rules often see the same samples: JSON that fills the turns of a loop is heavy JSON, a
 *   blocked loop and one busy core of many. The most exact of those (rule.h, enum breadth) is the
 *   answer. It stands before each broader finding of which it blames at least half, and one of
 *   which it blames nearly all is no second alarm: it becomes a remark.
 *
 * Pure; one thread at a time.
 */
#ifndef PROF_ANALYZE_ORDER_H
#define PROF_ANALYZE_ORDER_H

#include "analyze/finding.h"
#include "analyze/observed.h"

void findings_put_in_order(const struct observed *o, struct diagnosis *d);

#endif
