// SPDX-License-Identifier: MIT
/*
 * What the doctor says: findings, what was looked at and found healthy, and what could not be seen.
 * Every writer (page, JSON, Markdown, JUnit, annotations, terminal) reads one of these. Texts are
 * plain and may hold names from the target: writers escape. All owned by the diagnosis; ids of
 * functions and series are those of the profile it was made from, which must outlive it.
 */
#ifndef PROF_ANALYZE_FINDING_H
#define PROF_ANALYZE_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/interval.h"
#include "analyze/observed.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "profile/evidence.h"
#include "profile/profile.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITIES };

/* certain: counted. likely: a statistic whose lower bound is above the threshold, gates clean.
 * possible: the pattern is there, and so is another explanation, or the run was short. */
enum confidence { CONFIDENCE_POSSIBLE, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN, CONFIDENCES };

const char *severity_id(enum severity s);     /* "critical", "warning", "info" */
const char *confidence_id(enum confidence c); /* "certain", "likely", "possible" */

/* A guilty function. Whom to look at first comes first, then by falling share. */
struct guilty {
    struct func_id func;
    uint32_t line; /* in func's file, hottest or calling line; 0: of the definition */
    double share;  /* 0..1 of what the finding is about (its channel's weight on its threads) */
    struct string_id on; /* what it waits for, wait.h text form; 0: nothing */
    bool calls;          /* others do it, and it makes them: its share is theirs as well */
};

/* One number that the finding rests on. */
struct proof {
    char *what; /* "turns with more than 10 ms on the CPU" */
    double value;
    double threshold; /* NAN: none */
    const char
        *unit;  /* "ns", "bytes", "bytes/s", "share", "1/s", "count": see unit rows in words.h */
    uint64_t n; /* observations behind it; 0: does not apply */
};

/* Points of a chart that show it: series on the shared time axis (existing series of the profile)
 * or spans of a kind. */
enum chart_kind { CHART_SERIES, CHART_SPANS };

struct chart {
    enum chart_kind kind;
    struct string_id series; /* CHART_SERIES: name; all series of that name on its threads */
    struct thread_id thread; /* 0: every */
    struct process_id process;
    enum span_kind spans;
    char *title;
    double threshold; /* a line across, in the series' unit; NAN: none */
    bool rate;        /* the series is a running total: draw its increase per second */
};

struct rule;

struct finding {
    const struct rule *rule;
    const char *id; /* the rule's */
    enum severity severity;
    enum confidence confidence;
    double weight;     /* 0..1: share of the target's time, or of the growth, that it explains */
    char *summary;     /* one sentence with the numbers in it */
    char *detail;      /* may be NULL: a second one */
    char *alternative; /* what else would look like this, and how to tell; may be NULL */
    char *advice;      /* what to do, concrete */
    char *command;     /* that would confirm it; may be NULL */
    VEC(struct guilty) guilty;
    const char *nameless; /* "Python": the guilty are its interpreter's own functions, because it
                             did not tell those of the program; NULL: they are what they seem */
    VEC(struct proof) proofs;
    VEC(struct chart) charts;
    VEC(struct interval) intervals; /* the offending times, merged, in order */
    const char *explains;      /* id of a more general finding that this one is the cause of, in at
                                  least half of it: it then stands before that one; NULL: none. By
                                  the rule, where samples do not show it; else found (order.h) */
    struct selection about;    /* the samples that it blames, without `in`; see blames */
    bool blames;               /* about is filled */
    bool blames_within;        /* of about, only what lies within the intervals */
    enum channel channel;      /* that the focused flame graph shows */
    struct thread_id thread;   /* that it is about; 0: several */
    struct process_id process; /* likewise */
};

struct not_seen {
    char *what, *why, *how; /* how may be NULL */
};

struct healthy {
    const struct rule *rule;
    char *said; /* "no turn of the loop took more than 10 ms on the CPU (12,345 turns)" */
};

struct diagnosis {
    const char *verdict; /* id of the first warning or critical finding, else a gate's, else
                            "healthy", or "cannot-tell" when there was too little to judge */
    char *sentence;      /* the verdict for people */
    VEC(struct finding) findings; /* gates first, then by severity, then by falling weight */
    VEC(struct healthy) healthy;
    VEC(struct not_seen) not_seen;
    VEC(const struct rule *) unseen; /* the rules that could not look; not_seen says why */
};

/* A gate that is not the verdict: it says how far the run can be trusted, not what is wrong.
 * Writers keep it short and apart from what was found. */
bool diagnosis_is_remark(const struct diagnosis *d, const struct finding *f);

/* Empty these lists, for a run that was too short to judge. */
void diagnosis_forget_healthy(struct diagnosis *d);
void diagnosis_forget_not_seen(struct diagnosis *d);
void diagnosis_done(struct diagnosis *d);

#endif
