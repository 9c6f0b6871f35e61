// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "analyze/gate_expression.h"
#include "analyze/rule.h"
#include "base/compiler.h"
#include "profile/evidence.h"

/* A minute of a server: turns of 1 to 100 ms, memory from 100 to 300 MB, a load tool's report. */
static struct profile *server(void)
{
    struct profile *p = profile_new();
    struct process_id process = profile_add_process(p, &(struct process){ .pid = 12 });
    struct thread_id thread =
        profile_add_thread(p, &(struct thread){ .tid = 12, .process = process });
    struct profile_meta *m = profile_meta(p);
    m->start_ns = 1000000000;
    m->end_ns = 61000000000;
    m->target_user_ns = 30000000000;
    struct histogram *turns = profile_histogram(p, "turn", thread);
    for (uint64_t i = 1; i <= 100; i++)
        histogram_add(turns, i * 1000000);
    struct series rss = { .process = process };
    rss.name = profile_add_string(p, slice_of("rss"));
    rss.unit = profile_add_string(p, slice_of("bytes"));
    struct series_id id = profile_add_series(p, &rss);
    for (uint64_t i = 0; i <= 240; i++)
        profile_add_point(p, id, 1000000000 + i * 250000000, 100e6 + (double)i * 200e6 / 240);
    profile_set_fact(p, (struct process_id){ 0 }, "load_rps", slice_of("1500.5"));
    profile_set_fact(p, (struct process_id){ 0 }, "load_requests", slice_of("1000"));
    profile_set_fact(p, (struct process_id){ 0 }, "load_errors", slice_of("30"));
    return p;
}

static struct finding found(const char *id, enum severity severity, enum confidence confidence)
{
    const struct rule *rule = rule_by_id(id);
    cr_assert_not_null(rule, "%s", id);
    return (struct finding){
        .rule = rule, .id = rule->id, .severity = severity, .confidence = confidence
    };
}

/* A critical loop-blocked-io, possible only, and a likely info; fd-leak could not look. */
static void add_findings(struct diagnosis *d)
{
    d->verdict = "loop-blocked-io";
    d->sentence = strdup("blocked");
    vec_push(&d->findings, found("loop-blocked-io", SEVERITY_CRITICAL, CONFIDENCE_POSSIBLE));
    vec_push(&d->findings, found("under-driven", SEVERITY_INFO, CONFIDENCE_LIKELY));
    vec_push(&d->unseen, rule_by_id("fd-leak"));
}

static const struct answer_case {
    const char *text;
    enum gate_answer answer;
} answer_cases[] = {
    { "severity>=warning", GATE_HOLDS },
    { "severity == critical", GATE_HOLDS },
    { "severity==warning", GATE_HOLDS_NOT },
    { "confidence>=likely", GATE_HOLDS },
    { "severity>=warning and confidence>=likely", GATE_HOLDS_NOT }, /* no finding is both */
    { "severity>=warning and confidence>=possible", GATE_HOLDS },
    { "id:loop-blocked-io", GATE_HOLDS },
    { "id:loop-blocked-io and severity<critical", GATE_HOLDS_NOT },
    { "id:memory-growth", GATE_HOLDS_NOT },
    { "id:fd-leak", GATE_UNKNOWN },
    { "id:fd-leak or severity>=warning", GATE_HOLDS },
    { "id:fd-leak and loop_max<1ms", GATE_HOLDS_NOT },
    { "loop_p50>40ms", GATE_HOLDS },
    { "loop_p50>60ms", GATE_HOLDS_NOT },
    { "loop_p99 > 90 ms", GATE_HOLDS },
    { "loop_max==0.1s", GATE_HOLDS },
    { "loop_max<=100000us", GATE_HOLDS },
    { "rss_max>299MB", GATE_HOLDS },
    { "rss_max>300MB", GATE_HOLDS_NOT },
    { "rss_max>290MiB", GATE_HOLDS_NOT },
    { "rss_growth>150MB", GATE_HOLDS },
    { "rss_growth>150%", GATE_HOLDS },
    { "rss_growth>250 %", GATE_HOLDS_NOT },
    { "rss_growth>2MB/s", GATE_HOLDS },
    { "rss_growth>4MB/s", GATE_HOLDS_NOT },
    { "cpu_cores>=0.5", GATE_HOLDS },
    { "rps<1500/s", GATE_HOLDS_NOT },
    { "rps<1501", GATE_HOLDS },
    { "errors>29", GATE_HOLDS },
    { "errors>=3%", GATE_HOLDS },
    { "latency_p99>1ms", GATE_UNKNOWN },
    { "latency_p99>1ms or rps>1", GATE_HOLDS },
    { "latency_p99>1ms and rps<1", GATE_HOLDS_NOT },
    { "latency_p99>1ms and rps>1", GATE_UNKNOWN },
    { "fds_max>1 or rps<1", GATE_UNKNOWN },
    { "rps<1 and rps>1 or rps>1", GATE_HOLDS }, /* and binds closer */
    { "rps<1 and (rps>1 or rps>1)", GATE_HOLDS_NOT },
    { "((rps>1))", GATE_HOLDS },
};

Test(gate, conditions_are_answered)
{
    struct profile *p = server();
    struct diagnosis d = { 0 };
    add_findings(&d);
    for (size_t i = 0; i < PROF_ARRAY_LEN(answer_cases); i++) {
        const struct answer_case *c = &answer_cases[i];
        struct err e = { 0 };
        struct gate *g = gate_new(c->text, &e);
        cr_assert_not_null(g, "%s: %s", c->text, e.message);
        PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
        cr_expect(
            eq(int, (int)gate_ask(g, p, &d, &why), (int)c->answer), "%s: %s", c->text, why.ptr);
        gate_free(g);
    }
    diagnosis_done(&d);
    profile_free(p);
}

Test(gate, the_answer_says_what_it_rests_on)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "loop_max>50ms", "loop_max is 100 ms" },
        { "id:loop-blocked-io", "loop-blocked-io, possible critical" },
        { "latency_p99>1ms", "latency_p99 was not recorded: it needs a load tool" },
        { "id:fd-leak", "fd-leak could not be looked for" },
    };
    struct profile *p = server();
    struct diagnosis d = { 0 };
    add_findings(&d);
    for (size_t i = 0; i < PROF_ARRAY_LEN(cases); i++) {
        struct gate *g = gate_new(cases[i].text, NULL);
        PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
        gate_ask(g, p, &d, &why);
        cr_expect_not_null(strstr(why.ptr, cases[i].why), "%s: %s", cases[i].text, why.ptr);
        gate_free(g);
    }
    diagnosis_done(&d);
    profile_free(p);
}

Test(gate, nothing_found_where_nothing_could_be_told_is_undecided)
{
    struct profile *p = profile_new();
    struct diagnosis d = { .verdict = "cannot-tell", .sentence = strdup("Cannot tell: 0.2 s") };
    struct gate *g = gate_new("severity>=warning", NULL);
    PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
    cr_assert(eq(int, (int)gate_ask(g, p, &d, &why), GATE_UNKNOWN));
    cr_assert(eq(str, why.ptr, "Cannot tell: 0.2 s"));
    d.verdict = "healthy";
    cr_assert(eq(int, (int)gate_ask(g, p, &d, &why), GATE_HOLDS_NOT));
    gate_free(g);
    diagnosis_done(&d);
    profile_free(p);
}

static const struct wrong_case {
    const char *text, *message;
} wrong_cases[] = {
    { "", "position 1: expected severity, confidence, id: or a metric, found the end" },
    { "loop_p99", "position 9: expected one of < <= > >= ==, found the end" },
    { "loop_p99>>50ms", "position 10: expected a number, found '>50ms'" },
    { "loop_p99>50", "position 10: expected a time such as 50ms for loop_p99, found '50'" },
    { "loop_p99>50MB", "position 10: expected a time such as 50ms" },
    { "rss_max>5ms", "position 9: expected a size such as 500MB for rss_max" },
    { "rss_growth>5", "a share such as 20%" },
    { "loop_p98>5ms",
        "position 1: expected severity, confidence, id: or a metric, found 'loop_p98" },
    { "severity>=bad", "position 11: expected info, warning or critical, found 'bad'" },
    { "confidence>=sure", "position 13: expected possible, likely or certain" },
    { "id:no-such-rule", "position 4: expected the id of a rule" },
    { "id", "position 3: expected ':', found the end" },
    { "severity>=warning severity", "position 19: expected 'and', 'or' or the end" },
    { "severity>=warning and", "position 22: expected severity" },
    { "(rps>1", "position 7: expected ')', found the end" },
    { "rps>1)", "position 6: expected 'and', 'or' or the end, found ')'" },
    { "rps>inf", "position 5: expected a number" },
    { "rps>nan", "position 5: expected a number" },
    { "rps>0x10", "position 5: expected a number" },
    { "rps>1e999", "position 5: expected a number" },
    { "loop_p99>5ms/s", "expected no /s behind a time" },
};

Test(gate, what_cannot_be_read_is_said_with_its_position)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(wrong_cases); i++) {
        struct err e = { 0 };
        struct gate *g = gate_new(wrong_cases[i].text, &e);
        cr_expect_null(g, "%s", wrong_cases[i].text);
        cr_expect_not_null(strstr(e.message ? e.message : "", wrong_cases[i].message), "%s: %s",
            wrong_cases[i].text, e.message);
        cr_expect(eq(int, e.code, ERR_USAGE));
        cr_expect_not_null(e.hint);
        gate_free(g);
        err_done(&e);
    }
}

Test(gate, too_deep_or_too_long_is_refused)
{
    char text[20000];
    memset(text, '(', sizeof text);
    text[sizeof text - 1] = '\0';
    struct err e = { 0 };
    cr_assert_null(gate_new(text, &e));
    cr_assert_not_null(strstr(e.message, "fewer parentheses"));
    err_done(&e);
    size_t len = 0;
    while (len < sizeof text - 20)
        len += (size_t)sprintf(text + len, "%srps>1", len ? " or " : "");
    cr_assert_null(gate_new(text, &e));
    cr_assert_not_null(strstr(e.message, "a shorter condition"));
    err_done(&e);
}
