// SPDX-License-Identifier: MIT
/* For the tests of rules: what one says, in one expression each. */
#ifndef PROF_TESTS_UNIT_ANALYZE_ASK_H
#define PROF_TESTS_UNIT_ANALYZE_ASK_H

#include <stdio.h>
#include <string.h>

#include "analyze/rules.h"
#include "make_profile.h"

static inline enum answer ask_answer(const struct made *m, const struct rule *rule)
{
    struct finding f;
    enum answer answer = made_ask(m, rule, &f);
    finding_done(&f);
    return answer;
}

/* The finding's summary has all of these words in it (NULL ends the list), its advice and its
 * alternative are there, and the first guilty function is that one (NULL: any, or none). */
static inline void ask_expect_found(const struct made *m, const struct rule *rule,
    enum severity severity, enum confidence confidence, const char *guilty, const char *words[])
{
    struct finding f;
    enum answer answer = made_ask(m, rule, &f);
    cr_assert(answer == ANSWER_FOUND, "%s: answer %d: %s", rule->id, (int)answer,
        f.summary ? f.summary : "");
    cr_expect(f.severity == severity, "%s is %s: %s", rule->id, severity_id(f.severity), f.summary);
    cr_expect(f.confidence == confidence, "%s is %s: %s", rule->id, confidence_id(f.confidence),
        f.summary);
    cr_expect(f.weight > 0 && f.weight <= 1, "%s: weight %f", rule->id, f.weight);
    cr_expect(f.advice && (f.alternative || confidence == CONFIDENCE_CERTAIN) && f.proofs.len > 0,
        "%s lacks words", rule->id);
    for (size_t i = 0; words[i]; i++)
        cr_expect(strstr(f.summary, words[i]) != NULL, "%s: no '%s' in: %s", rule->id, words[i],
            f.summary);
    if (guilty) {
        cr_assert(f.guilty.len > 0, "%s blames nobody", rule->id);
        struct func_id func = f.guilty.ptr[0].func;
        const char *name = profile_string(m->p, profile_func(m->p, func)->name).ptr;
        cr_expect(strcmp(name, guilty) == 0, "%s blames %s, not %s", rule->id, name, guilty);
    }
    finding_done(&f);
}

#define WORDS(...) ((const char *[]){ __VA_ARGS__, NULL })

/* A tally of the thread, as sources write them. */
static inline void ask_tally(struct made *m, struct thread_id thread, const char *name,
    const char *what, uint64_t count, double ms_each, uint64_t bytes_each)
{
    struct tally t = {
        .thread = thread,
        .name = profile_add_string(m->p, slice_of(name)),
        .what = profile_add_string(m->p, slice_of(what)),
        .count = count,
        .ns = (uint64_t)((double)count * ms_each * 1e6),
        .max_ns = (uint64_t)(ms_each * 1e6),
        .bytes = count * bytes_each,
        .small = bytes_each < 512 ? count : 0,
    };
    profile_add_tally(m->p, &t);
}

/* System calls were counted for that long in all. */
static inline void ask_bursts(struct made *m, double seconds)
{
    char text[24];
    snprintf(text, sizeof text, "%.0f", seconds * 1e9);
    made_fact(m, (struct process_id){ 0 }, "burst_ns", text);
    made_fact(m, (struct process_id){ 0 }, "burst_count", "5");
    struct span burst = {
        .kind = SPAN_BURST, .start_ns = MADE_START_NS, .duration_ns = (uint64_t)(seconds * 1e9)
    };
    profile_add_span(m->p, &burst);
}

/* What a load tool reported. */
static inline void ask_load(
    struct made *m, const char *requests, const char *rps, const char *p50_ns)
{
    struct process_id run = { 0 };
    made_fact(m, run, "load_tool", "wrk");
    made_fact(m, run, "load_requests", requests);
    made_fact(m, run, "load_rps", rps);
    made_fact(m, run, "load_p50_ns", p50_ns);
    made_fact(m, run, "load_seconds", "20");
}

#endif
