// SPDX-License-Identifier: MIT
/*
 * All rules, one after the other: gates first, because while one stands nothing is critical and
 * what is a statistic is only possible. Then what was found is put in order, and the first of it is
 * the verdict.
 */
#include <string.h>

#include "analyze/rule.h"
#include "analyze/words.h"
#include "base/alloc.h"
#include "base/compiler.h"

/* Below this there is nothing to be said of a program; with ten seconds most can be. */
#define JUDGED_FROM_S 2.0
#define ENOUGH_S 10.0
#define EXPLAINS_PART 1e-6 /* of weight, by which a cause stands before what it explains */

enum { EVIDENCE_MIN = 20 }; /* samples of any kind */

/* ---- asking the rules ---- */

static void add_not_seen(struct diagnosis *d, const char *what, const char *why, const char *how)
{
    for (size_t i = 0; i < d->not_seen.len; i++)
        if (strcmp(d->not_seen.ptr[i].what, what) == 0)
            return;
    struct not_seen row = {
        .what = xstrdup(what),
        .why = xstrdup(why),
        .how = how && how[0] ? xstrdup(how) : NULL,
    };
    vec_push(&d->not_seen, row);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* True: the rule has found something. */
static bool ask(const struct rule *rule, const struct observed *o, struct diagnosis *d)
{
    struct finding f = { .rule = rule, .id = rule->id };
    switch (rule->look(o, &f)) {
    case ANSWER_FOUND:
        vec_push(&d->findings, f);
        return true;
    case ANSWER_HEALTHY: {
        struct healthy row = { .rule = rule, .said = xstrdup(or_empty(f.summary)) };
        vec_push(&d->healthy, row);
        break;
    }
    case ANSWER_UNSEEN:
        vec_push(&d->unseen, rule);
        add_not_seen(d, or_empty(f.summary), or_empty(f.detail), f.advice);
        break;
    case ANSWER_SILENT:
        break;
    }
    finding_done(&f);
    return false;
}

static void ask_all(enum rule_role role, struct observed *o, struct diagnosis *d)
{
    size_t count;
    const struct rule *const *rules = rule_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rules[i]->role != role || !ask(rules[i], o, d))
            continue;
        o->starved |= strcmp(rules[i]->id, "starved-by-others") == 0;
        o->throttled |= strcmp(rules[i]->id, "throttled") == 0;
        o->under_driven |= strcmp(rules[i]->id, "under-driven") == 0;
    }
}

static void add_notes(const struct profile *p, struct diagnosis *d)
{
    for (uint32_t i = 0; i < profile_note_count(p); i++) {
        struct note n = profile_note(p, i);
        add_not_seen(d, profile_string(p, n.what).ptr, profile_string(p, n.why).ptr,
            profile_string(p, n.how).ptr);
    }
}

/* ---- order ---- */

/* Nothing is critical behind a gate, and no statistic more than possible; a count stays one. */
static void demote(const struct observed *o, struct diagnosis *d)
{
    if (!o->starved && !o->throttled && !o->under_driven)
        return;
    for (size_t i = 0; i < d->findings.len; i++) {
        struct finding *f = &d->findings.ptr[i];
        if (f->rule->role == RULE_GATE)
            continue;
        if (f->severity == SEVERITY_CRITICAL)
            f->severity = SEVERITY_WARNING;
        if (f->confidence == CONFIDENCE_LIKELY && (o->starved || o->throttled))
            f->confidence = CONFIDENCE_POSSIBLE;
    }
}

/* "JSON" is the better answer than "the loop is blocked" when JSON is what blocks it. */
static void raise_causes(struct diagnosis *d)
{
    for (size_t i = 0; i < d->findings.len; i++) {
        struct finding *cause = &d->findings.ptr[i];
        for (size_t k = 0; cause->explains && k < d->findings.len; k++) {
            const struct finding *general = &d->findings.ptr[k];
            if (strcmp(general->id, cause->explains) != 0)
                continue;
            if (cause->severity < general->severity)
                cause->severity = general->severity;
            if (cause->weight <= general->weight)
                cause->weight = general->weight + EXPLAINS_PART;
        }
    }
}

static int by_rank(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    if (a->rule->role != b->rule->role)
        return a->rule->role == RULE_GATE ? -1 : 1;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (a->weight < b->weight || a->weight > b->weight)
        return a->weight > b->weight ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int by_start(const void *left, const void *right)
{
    const struct interval *a = left, *b = right;
    return (a->from_ns > b->from_ns) - (a->from_ns < b->from_ns);
}

static void merge_intervals(struct finding *f)
{
    size_t kept = 0;
    if (f->intervals.len)
        qsort(f->intervals.ptr, f->intervals.len, sizeof *f->intervals.ptr, by_start);
    for (size_t i = 0; i < f->intervals.len; i++) {
        struct interval now = f->intervals.ptr[i];
        struct interval *last = kept ? &f->intervals.ptr[kept - 1] : NULL;
        if (!last || now.from_ns > last->to_ns)
            f->intervals.ptr[kept++] = now;
        else if (now.to_ns > last->to_ns)
            last->to_ns = now.to_ns;
    }
    f->intervals.len = kept;
}

static void put_in_order(const struct observed *o, struct diagnosis *d)
{
    demote(o, d);
    raise_causes(d);
    for (size_t i = 0; i < d->findings.len; i++)
        merge_intervals(&d->findings.ptr[i]);
    if (d->findings.len)
        qsort(d->findings.ptr, d->findings.len, sizeof *d->findings.ptr, by_rank);
}

/* ---- verdict ---- */

static const struct finding *verdict_of(const struct diagnosis *d)
{
    for (size_t i = 0; i < d->findings.len; i++)
        if (d->findings.ptr[i].severity > SEVERITY_INFO)
            return &d->findings.ptr[i];
    if (d->findings.len && d->findings.ptr[0].rule->role == RULE_GATE)
        return &d->findings.ptr[0];
    return NULL;
}

static bool too_little(const struct observed *o)
{
    return o->seconds < JUDGED_FROM_S ||
           (o->cpu.count < EVIDENCE_MIN && o->wait.count < EVIDENCE_MIN && !o->has_switches &&
               o->on_cpu_ns == 0);
}

static void say_healthy(const struct observed *o, struct diagnosis *d)
{
    d->verdict = "healthy";
    finding_say(&d->sentence, "Nothing is wrong that prof can see: in %s the program used %s%s.",
        words_seconds(o->seconds).text, words_cores(o->cores).text,
        o->seconds < ENOUGH_S ? "; 10 s or more of it would make this surer" : "");
}

static void decide(const struct observed *o, struct diagnosis *d)
{
    const struct finding *first = verdict_of(d);
    if (too_little(o) && (!first || first->rule->role == RULE_GATE)) {
        d->verdict = "cannot-tell";
        finding_say(&d->sentence, "Cannot tell: %s of run, %s needed.",
            words_seconds(o->seconds).text, words_seconds(ENOUGH_S).text);
        return;
    }
    if (!first) {
        say_healthy(o, d);
        return;
    }
    d->verdict = first->id;
    finding_say(&d->sentence, "%s", or_empty(first->summary));
}

void diagnose(const struct profile *p, struct diagnosis *ret_diagnosis)
{
    struct observed *o = observed_new(p);
    *ret_diagnosis = (struct diagnosis){ 0 };
    ask_all(RULE_GATE, o, ret_diagnosis);
    ask_all(RULE_VERDICT, o, ret_diagnosis);
    add_notes(p, ret_diagnosis);
    put_in_order(o, ret_diagnosis);
    decide(o, ret_diagnosis);
    observed_free(o);
}
