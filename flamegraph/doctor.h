// SPDX-License-Identifier: MIT
/*
 * A profile and its diagnosis -> one self-contained HTML file: the verdict, the findings with their
 * proof and the code that is guilty, what was found healthy, what could not be seen, and the whole
 * flame graph. The same rules of safety as report.h; reads well where scripts or styles are
 * blocked, and on paper.
 */
#ifndef PROF_FLAMEGRAPH_DOCTOR_H
#define PROF_FLAMEGRAPH_DOCTOR_H

#include "analyze/finding.h"
#include "flamegraph/report.h"

bool doctor_page_write(const struct profile *p, const struct diagnosis *d,
    const struct report_options *options, const struct format_sink *sink, struct err *e);

#endif
