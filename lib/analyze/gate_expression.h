// SPDX-License-Identifier: MIT
/*
 * What --fail-on is given: a condition on findings and figures.
 *
 *     condition  = all { "or" all }
 *     all        = one { "and" one }
 *     one        = "(" condition ")"
 *                | "severity" OP ("info" | "warning" | "critical")
 *                | "confidence" OP ("possible" | "likely" | "certain")
 *                | "id:" ID                 a rule's
 *                | METRIC OP NUMBER [UNIT]  metrics.h
 *     OP         = "<" | "<=" | ">" | ">=" | "=="
 *     UNIT       = us ms s | B KB MB GB KiB MiB GiB, each also with "/s" | % | /s
 *
 * severity, confidence and id speak of one finding: 'severity>=warning and confidence>=likely'
 * holds when some finding is both. What was not recorded is neither true nor false, and the answer
 * may be unknown then (Kleene's logic).
 */
#ifndef PROF_ANALYZE_GATE_EXPRESSION_H
#define PROF_ANALYZE_GATE_EXPRESSION_H

#include "analyze/finding.h"
#include "base/err.h"
#include "base/strbuf.h"

struct gate;

/* NULL: it cannot be read; the error names the position and what was expected. */
struct gate *gate_new(const char *text, struct err *e);
void gate_free(struct gate *g);
const char *gate_text(const struct gate *g);

/* In this order: the larger one wins an "or". */
enum gate_answer { GATE_HOLDS_NOT, GATE_UNKNOWN, GATE_HOLDS };

/* why: appends the figures it rests on, "loop_p99 is 61 ms", or what was not recorded. */
enum gate_answer gate_ask(
    const struct gate *g, const struct profile *p, const struct diagnosis *d, struct strbuf *why);

#endif
