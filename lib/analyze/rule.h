// SPDX-License-Identifier: MIT
/*
 * A rule is one file with one row in rules.c and one page docs/rules/<id>.md. It looks at what was
 * observed and either finds something, or says that it looked and found nothing, or that it could
 * not look. Pure: no I/O, same input same answer. docs/howto/add-a-rule.md.
 */
#ifndef PROF_ANALYZE_RULE_H
#define PROF_ANALYZE_RULE_H

#include "analyze/finding.h"
#include "analyze/observed.h"
#include "profile/profile.h"

enum rule_role {
    RULE_GATE,    /* looked at first: while it stands, others are not stated as critical */
    RULE_VERDICT, /* every other */
};

/* How exactly a rule names what is wrong. Of two findings on the same samples the more exact one is
 * the better answer (order.h). */
enum breadth {
    BREADTH_CAUSE,   /* the work, or whom is waited for: JSON, a lock, a peer */
    BREADTH_KIND,    /* a kind of work that many causes have: allocating, copying, interpreting */
    BREADTH_SYMPTOM, /* something stands still, whoever is the reason: a blocked loop */
    BREADTH_USE,     /* only how much of the machine is used */
};

/* What one rule said. */
enum answer {
    ANSWER_FOUND,   /* *ret_finding is filled */
    ANSWER_HEALTHY, /* looked: nothing wrong; ret_finding->summary says what was looked at */
    ANSWER_SILENT,  /* does not apply to this target (no event loop, no generated code) */
    ANSWER_UNSEEN,  /* could apply, but what it needs was not recorded; ->summary says what,
                       ->detail why, ->advice how to see it */
};

struct rule {
    const char *id;    /* stable, kebab case */
    const char *title; /* "The event loop is blocked by computation" */
    enum rule_role role;
    enum breadth breadth;
    bool repeats; /* wrong is how often something is done: who makes a helper do it is to blame */
    enum answer (*look)(const struct observed *o, struct finding *ret_finding);
};

const struct rule *const *rule_table(size_t *ret_count);
const struct rule *rule_by_id(const char *id);

/* Runs all rules. The profile must be resolved. Release with diagnosis_done(). */
void diagnose(const struct profile *p, struct diagnosis *ret_diagnosis);

/* ---- for rules: filling a finding (finding.c) ---- */

void finding_say(char **field, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_prove(struct finding *f, double value, double threshold, const char *unit, uint64_t n,
    const char *what, ...) __attribute__((format(printf, 6, 7)));
void finding_chart_series(struct finding *f, const struct profile *p, const char *series,
    struct process_id process, struct thread_id thread, bool rate, double threshold,
    const char *title);
void finding_chart_spans(struct finding *f, enum span_kind kind, struct thread_id thread,
    double threshold_ns, const char *title);
void finding_interval(struct finding *f, uint64_t from_ns, uint64_t to_ns);

/* Text of the heaviest guilty function, "fib (server.js:3)"; "code without a name" when there is
 * none. Release with free(). */
char *finding_culprit(const struct finding *f, const struct observed *o);

void finding_done(struct finding *f);

/* A runtime's own, a collector's or a marker: says nothing of who makes it work. */
bool is_of_runtime(const struct observed *o, struct func_id func);

/* When the first that is blamed is a function without a name (a callback, a lambda): its caller in
 * the program, where it has mostly one, comes second. */
void finding_name_caller(struct finding *f, const struct observed *o, const struct selection *s);

/* Puts a function before those that are blamed. */
void finding_put_first(struct finding *f, const struct guilty *guilty);

/* The functions that lead to the stacks of a selection, heaviest first, at most `most`: the nearest
 * application function, else dependency, else whatever is on top. Of a rule that `repeats`: before
 * them the innermost function of the program that most of it passes through and that is no helper
 * with several callers, and the one that calls it. */
void finding_blame(
    struct finding *f, const struct observed *o, const struct selection *s, uint32_t most);

#endif
