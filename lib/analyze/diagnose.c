// SPDX-License-Identifier: MIT
/*
 * All rules, one after the other: gates first, because while one stands nothing is critical and
 * what is a statistic is only possible. Then what was found is put in order, and the first of it is
 * the verdict.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/order.h"
#include "analyze/rule.h"
#include "analyze/words.h"
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/strbuf.h"

/* Below this there is nothing to be said of a program; with ten seconds most can be. */
#define JUDGED_FROM_S 2.0
#define ENOUGH_S 10.0

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

static bool is_plain_name(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return name[0] && name[0] != '-' && name[strspn(name, plain)] == '\0';
}

/* The number of a process that has ended confirms nothing: the command asks for the one that is
 * started next, by its name. Another process whose number merely ends alike is left alone. */
static void ask_the_next_run(const struct observed *o, struct finding *f)
{
    const struct process *process = profile_process(o->profile, f->process);
    const char *name = profile_string(o->profile, process->name).ptr;
    char pid[16];
    if (!f->command || f->process.i == 0 || process->end_ns == 0 || !is_plain_name(name))
        return;
    snprintf(pid, sizeof pid, "%d", process->pid);
    const size_t len = strlen(pid);
    struct strbuf text = STRBUF_INIT;
    const char *rest = f->command;
    for (const char *at; (at = strstr(rest, pid)); rest = at + len) {
        const bool whole = (at == f->command || !isdigit((unsigned char)at[-1])) &&
                           !isdigit((unsigned char)at[len]);
        strbuf_add(&text, rest, (size_t)(at - rest));
        if (whole)
            strbuf_addf(&text, "$(pgrep -nx %s)", name);
        else
            strbuf_add(&text, at, len);
    }
    strbuf_adds(&text, rest);
    free(f->command);
    f->command = strbuf_take(&text);
}

/* True: the rule has found something. */
static bool ask(const struct rule *rule, const struct observed *o, struct diagnosis *d)
{
    struct finding f = { .rule = rule, .id = rule->id };
    switch (rule->look(o, &f)) {
    case ANSWER_FOUND:
        ask_the_next_run(o, &f);
        vec_push(&d->findings, f);
        return true;
    case ANSWER_HEALTHY: {
        struct healthy row = { .rule = rule, .said = xstrdup(or_empty(f.summary)) };
        vec_push(&d->healthy, row);
        break;
    }
    case ANSWER_UNSEEN:
        vec_push(&d->unseen, rule); // NOLINT: of pointers
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

/* Where nothing can be told nothing is healthy either, and there is one reason for all of it. */
static void cannot_tell(const struct observed *o, struct diagnosis *d)
{
    d->verdict = "cannot-tell";
    finding_say(&d->sentence, "Cannot tell: %s of run, %s needed.", words_seconds(o->seconds).text,
        words_seconds(ENOUGH_S).text);
    diagnosis_forget_healthy(d);
    diagnosis_forget_not_seen(d);
    PROF_CLEANUP(free_ptr) char *why = NULL;
    finding_say(&why, "%s with %s CPU samples is too little to judge by",
        words_seconds(o->seconds).text, words_count((double)o->cpu.count).text);
    add_not_seen(d, "what is healthy and what is not", why, "record 10 s or longer, under load");
}

static void decide(const struct observed *o, struct diagnosis *d)
{
    const struct finding *first = verdict_of(d);
    if (too_little(o) && (!first || first->rule->role == RULE_GATE)) {
        cannot_tell(o, d);
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
    findings_put_in_order(o, ret_diagnosis);
    decide(o, ret_diagnosis);
    add_notes(p, ret_diagnosis);
    observed_free(o);
}
