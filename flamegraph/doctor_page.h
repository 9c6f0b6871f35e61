// SPDX-License-Identifier: MIT
/* The parts of the doctor's page, for doctor.c, and what they share. */
#ifndef PROF_FLAMEGRAPH_DOCTOR_PAGE_H
#define PROF_FLAMEGRAPH_DOCTOR_PAGE_H

#include "analyze/finding.h"
#include "flamegraph/graph.h"
#include "flamegraph/plot.h"
#include "flamegraph/report.h"

/* The stacks of a picture that is on the page. */
struct focus_seen {
    struct page_filter filter;
    bool *stacks;  /* the filter's, owned; NULL: all */
    size_t number; /* of the finding */
};

struct doctor_page {
    const struct profile *p;
    const struct diagnosis *d;
    const struct report_options *options;
    const char *title;
    struct run_time run;
    struct graph graphs[CHANNELS];
    struct strbuf charts_text; /* JSON for the scripts: the points of every chart, by its number */
    struct json charts;
    uint32_t chart_count;
    VEC(struct interval) marked; /* of all findings that are more than a note, in order */
    VEC(struct focus_seen) seen; /* the pictures so far, so that none comes twice */
};

/* ---- marks: how bad, by shape, colour and word ---- */

enum doctor_mark {
    DOCTOR_INFO,
    DOCTOR_WARNING,
    DOCTOR_CRITICAL,
    DOCTOR_GATE, /* the run itself was disturbed: to be read before the rest */
    DOCTOR_HEALTHY,
    DOCTOR_UNKNOWN,
    DOCTOR_MARKS,
};

const char *doctor_mark_class(enum doctor_mark mark); /* "s-critical" */
const char *doctor_mark_word(enum doctor_mark mark);  /* "Critical" */
void doctor_mark_svg(struct strbuf *out, enum doctor_mark mark, int size);
enum doctor_mark doctor_mark_of(const struct finding *f);
enum doctor_mark doctor_mark_of_verdict(const struct diagnosis *d);

const char *doctor_title(const struct finding *f); /* of its rule */

/* A sentence as markup; NULL is "". No line ends between a number and its "%". */
void doctor_prose(struct strbuf *out, const char *text);

const char *doctor_confidence_word(enum confidence c);
const char *doctor_confidence_hint(enum confidence c); /* what the word means */

/* ---- parts ---- */

void doctor_findings(struct strbuf *out, struct doctor_page *pg);
void doctor_remarks(struct strbuf *out, const struct doctor_page *pg); /* below the verdict */

/* The functions of a finding with their places, shares and source lines. */
void doctor_code(struct strbuf *out, const struct doctor_page *pg, const struct finding *f);

/* The name of a guilty function and where it is. */
void doctor_culprit(struct strbuf *out, const struct profile *p, const struct guilty *g);

/* The finding's stacks alone, as a picture, or which earlier one shows the same; nothing when none
 * were sampled. number: of the finding in the diagnosis. */
void doctor_focus(
    struct strbuf *out, struct doctor_page *pg, const struct finding *f, size_t number);
void doctor_focus_done(struct doctor_page *pg);
void doctor_focus_facts(struct strbuf *out, const struct doctor_page *pg);

/* Charts of one finding, and those of the whole run; nothing when there are none. */
void doctor_charts(struct strbuf *out, struct doctor_page *pg, const struct finding *f);
void doctor_run_charts(struct strbuf *out, struct doctor_page *pg);

#endif
