// SPDX-License-Identifier: MIT
/* Every rule, for the table in rules.c and for its own file. Read only, any thread. */
#ifndef PROF_ANALYZE_RULES_H
#define PROF_ANALYZE_RULES_H

#include "analyze/rule.h"

/* gates */
extern const struct rule rule_starved_by_others;
extern const struct rule rule_throttled;
extern const struct rule rule_under_driven;

#endif
