// SPDX-License-Identifier: MIT
/*
 * The rules that say "so much of the CPU time goes into one kind of work": one way to judge such a
 * share, and one shape of sentence. What differs is data of the rule. For rules; one thread at a
 * time.
 */
#ifndef PROF_ANALYZE_SHARE_RULE_H
#define PROF_ANALYZE_SHARE_RULE_H

#include "analyze/finding.h"
#include "analyze/observed.h"
#include "analyze/rule.h"

/* Advice for those who wrote the program, by what it runs in. NULL: `any` holds. */
struct advice {
    const char *any, *node, *python, *go, *jvm;
};

struct share_rule {
    struct selection part, whole; /* on-CPU samples; only those after start-up count */
    double notice;                /* lower bound from which it is worth a word: info */
    double warn;                  /* lower bound from which it is a warning */
    const char *work;             /* "parsing and writing JSON": begins no sentence */
    const char *alternative;
    struct advice advice;
    struct advice commands; /* that would confirm it; `any` NULL: none */
};

/* What the samples say of it, before any sentence. */
struct share_judged {
    struct share share;
    double cores; /* that the work keeps busy */
    bool found;
    bool few; /* samples: a longer run would make it surer */
    enum severity severity;
    enum confidence confidence;
};

struct share_judged share_judge(const struct observed *o, const struct share_rule *r);

/* Judges, and fills the finding or its healthy sentence. */
enum answer share_answer(
    const struct observed *o, const struct share_rule *r, struct finding *ret_finding);

/* The part of share_answer() behind the judgement, for rules that judge with more than the share.
 */
void share_tell(const struct observed *o, const struct share_rule *r,
    const struct share_judged *judged, struct finding *f);

const char *advice_for(const struct observed *o, const struct advice *advice);

/* Seconds of run that would give enough samples, given what n samples took. */
double seconds_to_be_sure(const struct observed *o, uint64_t n);

#endif
