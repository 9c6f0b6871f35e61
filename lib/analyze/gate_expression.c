// SPDX-License-Identifier: MIT
/*
 * Recursive descent into a postfix program, which runs once for each finding and once for none:
 * see gate_ask().
 */
#include "analyze/gate_expression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/gate_words.h"
#include "analyze/metrics.h"
#include "analyze/rule.h"
#include "analyze/write.h"
#include "base/alloc.h"

enum {
    STEPS_MAX = 256,  /* of a program */
    NESTING_MAX = 32, /* parentheses */
};

enum step_kind { STEP_METRIC, STEP_SEVERITY, STEP_CONFIDENCE, STEP_ID, STEP_AND, STEP_OR };

struct step {
    enum step_kind kind;
    enum comparison compare;
    double value;                /* in the metric's unit; a severity, a confidence */
    const struct metric *metric; /* STEP_METRIC */
    const struct rule *rule;     /* STEP_ID */
};

struct gate {
    char *text;
    VEC(struct step) steps;
};

/* ---- reading ---- */

struct parser {
    struct gate_words words;
    struct gate *gate;
    int nesting;
};

static bool push(struct parser *at, struct step step)
{
    if (at->gate->steps.len == STEPS_MAX)
        return gate_words_wrong(&at->words, "a shorter condition");
    vec_push(&at->gate->steps, step);
    return true;
}

static bool parse_condition(struct parser *at);

static bool parse_nested(struct parser *at)
{
    if (++at->nesting > NESTING_MAX)
        return gate_words_wrong(&at->words, "fewer parentheses");
    if (!parse_condition(at))
        return false;
    at->nesting--;
    return gate_words_take(&at->words, ")") || gate_words_wrong(&at->words, "')'");
}

static bool parse_id(struct parser *at)
{
    struct step step = { .kind = STEP_ID };
    PROF_CLEANUP(free_ptr) char *id = gate_words_name(&at->words);
    step.rule = id ? rule_by_id(id) : NULL;
    if (step.rule)
        return push(at, step);
    return gate_words_wrong_word(&at->words, "the id of a rule, as in the report");
}

static const char *severity_name(int i)
{
    return severity_id((enum severity)i);
}

static const char *confidence_name(int i)
{
    return confidence_id((enum confidence)i);
}

/* severity and confidence: OP, then one of the words. */
static bool parse_grade(struct parser *at, enum step_kind kind, const char *(*name)(int), int count,
    const char *expected)
{
    struct step step = { .kind = kind };
    if (!gate_words_comparison(&at->words, &step.compare))
        return false;
    PROF_CLEANUP(free_ptr) char *word = gate_words_name(&at->words);
    for (int i = 0; word && i < count; i++) {
        if (strcmp(word, name(i)) != 0)
            continue;
        step.value = i;
        return push(at, step);
    }
    return gate_words_wrong_word(&at->words, expected);
}

/* The row of that name whose unit the number has. */
static bool parse_metric(struct parser *at, const char *name)
{
    struct step step = { .kind = STEP_METRIC };
    if (!gate_words_comparison(&at->words, &step.compare))
        return false;
    struct gate_number number;
    if (!gate_words_number(&at->words, &number))
        return false;
    size_t count;
    const struct metric *rows = metric_table(&count);
    PROF_CLEANUP(strbuf_done) struct strbuf units = STRBUF_INIT;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        if (gate_number_fits(&number, rows[i].unit)) {
            step.metric = &rows[i];
            step.value = number.value;
            return push(at, step);
        }
        strbuf_addf(&units, "%s%s", units.len ? " or " : "", gate_unit_example(rows[i].unit));
    }
    PROF_CLEANUP(strbuf_done) struct strbuf expected = STRBUF_INIT;
    strbuf_addf(&expected, "%s for %s", units.ptr, name);
    return gate_words_wrong_word(&at->words, expected.ptr);
}

static bool is_metric(const char *name)
{
    size_t count;
    const struct metric *rows = metric_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool parse_one(struct parser *at)
{
    if (gate_words_take(&at->words, "("))
        return parse_nested(at);
    PROF_CLEANUP(free_ptr) char *name = gate_words_name(&at->words);
    if (!name)
        return gate_words_wrong(&at->words, "severity, confidence, id: or a metric");
    if (strcmp(name, "id") == 0)
        return gate_words_take(&at->words, ":") ? parse_id(at)
                                                : gate_words_wrong(&at->words, "':'");
    if (strcmp(name, "severity") == 0)
        return parse_grade(
            at, STEP_SEVERITY, severity_name, SEVERITIES, "info, warning or critical");
    if (strcmp(name, "confidence") == 0)
        return parse_grade(
            at, STEP_CONFIDENCE, confidence_name, CONFIDENCES, "possible, likely or certain");
    if (is_metric(name))
        return parse_metric(at, name);
    return gate_words_wrong_word(&at->words, "severity, confidence, id: or a metric");
}

static bool parse_all(struct parser *at)
{
    if (!parse_one(at))
        return false;
    while (gate_words_take_name(&at->words, "and")) {
        if (!parse_one(at) || !push(at, (struct step){ .kind = STEP_AND }))
            return false;
    }
    return true;
}

static bool parse_condition(struct parser *at)
{
    if (!parse_all(at))
        return false;
    while (gate_words_take_name(&at->words, "or")) {
        if (!parse_all(at) || !push(at, (struct step){ .kind = STEP_OR }))
            return false;
    }
    return true;
}

static void hint(struct err *e)
{
    PROF_CLEANUP(strbuf_done) struct strbuf names = STRBUF_INIT;
    size_t count;
    const struct metric *rows = metric_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
            strbuf_addf(&names, " %s", rows[i].name);
    }
    err_hint(e, "for example 'severity>=warning', 'id:memory-growth', 'loop_p99>50ms'; metrics:%s",
        names.ptr);
}

struct gate *gate_new(const char *text, struct err *e)
{
    struct gate *g = xcalloc(1, sizeof *g);
    g->text = xmemdupz(text, strlen(text));
    struct parser at = { .gate = g };
    gate_words_init(&at.words, g->text, e);
    bool ok = parse_condition(&at) &&
              (gate_words_end(&at.words) || gate_words_wrong(&at.words, "'and', 'or' or the end"));
    if (ok)
        return g;
    hint(e);
    gate_free(g);
    return NULL;
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    vec_done(&g->steps);
    free(g->text);
    free(g);
}

const char *gate_text(const struct gate *g)
{
    return g->text;
}

/* ---- asking ---- */

struct question {
    const struct gate *gate;
    const struct diagnosis *d;
    const double *values;     /* of each step's metric */
    const struct finding *on; /* the finding that is spoken of; NULL: none */
};

static enum gate_answer answer_of(bool holds)
{
    return holds ? GATE_HOLDS : GATE_HOLDS_NOT;
}

/* Nothing is found where nothing could be judged: then "no such finding" is not known. */
static enum gate_answer no_finding(const struct question *q, const struct step *step)
{
    if (strcmp(q->d->verdict, "cannot-tell") == 0)
        return GATE_UNKNOWN;
    for (size_t i = 0; step->rule && i < q->d->unseen.len; i++) {
        if (q->d->unseen.ptr[i] == step->rule)
            return GATE_UNKNOWN;
    }
    return GATE_HOLDS_NOT;
}

static enum gate_answer ask_one(const struct question *q, size_t index)
{
    const struct step *step = &q->gate->steps.ptr[index];
    if (step->kind == STEP_METRIC) {
        double value = q->values[index];
        return isnan(value) ? GATE_UNKNOWN : answer_of(compare(value, step->compare, step->value));
    }
    if (!q->on)
        return no_finding(q, step);
    if (step->kind == STEP_ID)
        return answer_of(strcmp(q->on->id, step->rule->id) == 0);
    double grade =
        step->kind == STEP_SEVERITY ? (double)q->on->severity : (double)q->on->confidence;
    return answer_of(compare(grade, step->compare, step->value));
}

static enum gate_answer run(const struct question *q)
{
    enum gate_answer stack[STEPS_MAX] = { GATE_UNKNOWN };
    size_t depth = 0;
    for (size_t i = 0; i < q->gate->steps.len; i++) {
        enum step_kind kind = q->gate->steps.ptr[i].kind;
        if (kind != STEP_AND && kind != STEP_OR) {
            stack[depth++] = ask_one(q, i);
            continue;
        }
        enum gate_answer b = stack[--depth];
        enum gate_answer *a = &stack[depth - 1];
        bool take_b = kind == STEP_AND ? b < *a : b > *a;
        *a = take_b ? b : *a;
    }
    return stack[0];
}

/* The figures of the metrics, once each. */
static void add_figures(const struct gate *g, const double *values, struct strbuf *why)
{
    for (size_t i = 0; i < g->steps.len; i++) {
        const struct metric *metric = g->steps.ptr[i].metric;
        if (!metric)
            continue;
        strbuf_adds(why, why->len ? "; " : "");
        if (isnan(values[i])) {
            strbuf_addf(why, "%s was not recorded: it needs %s", metric->name, metric->need);
            continue;
        }
        strbuf_addf(why, "%s is ", metric->name);
        write_add_figure(why, values[i], metric->unit);
    }
}

static void add_unseen(const struct question *q, struct strbuf *why)
{
    for (size_t i = 0; i < q->gate->steps.len; i++) {
        const struct step *step = &q->gate->steps.ptr[i];
        for (size_t k = 0; step->rule && k < q->d->unseen.len; k++) {
            if (q->d->unseen.ptr[k] == step->rule)
                strbuf_addf(why, "%s%s could not be looked for: the report says why",
                    why->len ? "; " : "", step->rule->id);
        }
    }
    if (why->len == 0)
        strbuf_adds(why, q->d->sentence);
}

enum gate_answer gate_ask(
    const struct gate *g, const struct profile *p, const struct diagnosis *d, struct strbuf *why)
{
    PROF_CLEANUP(free_ptr) double *values = xcalloc(g->steps.len, sizeof *values);
    struct metrics *metrics = metrics_new(p);
    for (size_t i = 0; i < g->steps.len; i++) {
        const struct metric *metric = g->steps.ptr[i].metric;
        values[i] = metric ? metrics_value(metrics, metric) : 0;
    }
    metrics_free(metrics);
    struct question q = { .gate = g, .d = d, .values = values };
    enum gate_answer best = run(&q);
    PROF_CLEANUP(strbuf_done) struct strbuf figures = STRBUF_INIT;
    add_figures(g, values, &figures);
    for (size_t i = 0; i < d->findings.len && best != GATE_HOLDS; i++) {
        q.on = &d->findings.ptr[i];
        enum gate_answer answer = run(&q);
        best = answer > best ? answer : best;
        if (answer == GATE_HOLDS)
            strbuf_addf(&figures, "%s%s, %s %s", figures.len ? "; " : "", q.on->id,
                confidence_id(q.on->confidence), severity_id(q.on->severity));
    }
    if (best == GATE_UNKNOWN)
        add_unseen(&q, &figures);
    strbuf_addslice(why, strbuf_slice(&figures));
    return best;
}
