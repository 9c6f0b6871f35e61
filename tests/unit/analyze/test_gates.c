// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "analyze/rules.h"
#include "make_profile.h"

static const struct process_id run = { 0 };

static enum answer ask(const struct made *m, const struct rule *rule)
{
    struct finding f;
    enum answer answer = made_ask(m, rule, &f);
    finding_done(&f);
    return answer;
}

Test(gates, starved_by_hogs_and_not_when_alone)
{
    struct made busy = made_new("app", "native", 20), quiet = made_new("app", "native", 20);
    made_states(&busy, busy.main, 0.4, 0.4);
    made_series(&busy, "host_others", "ns", run, 0, 70e9);
    made_states(&quiet, quiet.main, 0.8, 0.02);
    made_series(&quiet, "host_others", "ns", run, 0, 1e9);
    cr_expect_eq(ask(&busy, &rule_starved_by_others), ANSWER_FOUND);
    cr_expect_eq(ask(&quiet, &rule_starved_by_others), ANSWER_HEALTHY);
    made_done(&busy);
    made_done(&quiet);
}

/* Its client on the same machine stands on the CPU a little longer each time that it wakes it. */
Test(gates, nobody_is_starved_where_cpus_are_free)
{
    static const struct {
        double busy_s; /* of 80 s of CPU time */
        enum answer answer;
    } rows[] = { { 30e9, ANSWER_HEALTHY }, { 70e9, ANSWER_FOUND } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = made_new("app", "native", 20);
        made_states(&m, m.main, 0.2, 0.2);
        made_series(&m, "host_others", "ns", run, 0, 25e9);
        made_series(&m, "host_busy", "ns", run, 0, rows[i].busy_s);
        made_series(&m, "host_total", "ns", run, 0, 80e9);
        cr_expect_eq(ask(&m, &rule_starved_by_others), rows[i].answer, "row %zu", i);
        made_done(&m);
    }
}

Test(gates, a_host_that_takes_the_cpus_is_one_of_the_others)
{
    static const struct {
        double stolen;
        enum answer answer;
    } rows[] = { { 8e9, ANSWER_FOUND }, { 2e9, ANSWER_HEALTHY }, { 0, ANSWER_HEALTHY } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = made_new("app", "native", 20);
        made_states(&m, m.main, 0.8, 0.02);
        made_series(&m, "host_busy", "ns", run, 0, 25e9);
        made_series(&m, "host_others", "ns", run, 0, 9e9);
        if (rows[i].stolen > 0)
            made_series(&m, "host_stolen", "ns", run, 0, rows[i].stolen);
        struct finding f;
        cr_expect_eq(made_ask(&m, &rule_starved_by_others, &f), rows[i].answer, "row %zu", i);
        if (rows[i].answer == ANSWER_FOUND)
            cr_expect(
                strstr(f.summary, "virtual machine") && strstr(f.summary, "32 %"), "%s", f.summary);
        finding_done(&f);
        made_done(&m);
    }
}

Test(gates, time_that_a_limit_took_is_not_called_others_doing)
{
    struct made m = made_new("app", "native", 20);
    made_states(&m, m.main, 0.4, 0.4);
    made_series(&m, "host_others", "ns", run, 0, 10e9);
    made_series(&m, "cgroup_throttled", "ns", run, 0, 7.5e9);
    cr_expect_eq(ask(&m, &rule_starved_by_others), ANSWER_HEALTHY);
    made_done(&m);
}

Test(gates, nothing_is_said_of_starvation_that_was_not_recorded)
{
    struct made m = made_new("app", "native", 20);
    made_cpu(&m, m.main, "main@a.c:1", 5, 0, 20);
    cr_expect_eq(ask(&m, &rule_starved_by_others), ANSWER_UNSEEN);
    made_done(&m);
}

Test(gates, throttled_periods_are_counted_after_start_up)
{
    static const struct {
        double periods, throttled;
        enum answer answer;
    } rows[] = {
        { 200, 100, ANSWER_FOUND }, { 200, 2, ANSWER_HEALTHY },
        { 4, 4, ANSWER_SILENT }, /* fewer than a second of them */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = made_new("app", "native", 20);
        made_series(&m, "cgroup_periods", "count", run, 0, rows[i].periods);
        made_series(&m, "cgroup_throttled_periods", "count", run, 0, rows[i].throttled);
        made_series(&m, "cgroup_throttled", "ns", run, 0, rows[i].throttled * 5e7);
        cr_expect_eq(ask(&m, &rule_throttled), rows[i].answer, "row %zu", i);
        made_done(&m);
    }
}

static struct made idle_server(void)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(&m, m.main, "main@a.js:1", 0.2, 0, 20);
    made_series(&m, "cpu", "ns", m.process, 0, 0.2e9);
    made_wait(&m, m.main, "r:uv_run;r:uv__io_poll", "epoll_wait loop", 40, 490, 0, 20);
    return m;
}

Test(gates, a_server_that_nobody_asks_is_under_driven)
{
    struct made m = idle_server();
    cr_expect_eq(ask(&m, &rule_under_driven), ANSWER_FOUND);
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect_str_eq(d.verdict, "under-driven");
    diagnosis_done(&d);
    made_done(&m);
}

Test(gates, little_cpu_with_requests_in_flight_is_not_under_driven)
{
    struct made m = idle_server();
    made_fact(&m, run, "load_rps", "400");
    made_fact(&m, run, "load_p50_ns", "20000000");
    cr_expect_eq(ask(&m, &rule_under_driven), ANSWER_HEALTHY);
    made_done(&m);
}

Test(gates, little_cpu_while_waiting_for_a_peer_or_a_lock_is_not_under_driven)
{
    static const struct {
        const char *stack, *wait;
        enum answer answer;
    } rows[] = {
        { "main@a.c:1;query@a.c:7", "recvfrom tcp 10.0.0.7:5432", ANSWER_HEALTHY },
        { "main@a.c:1;update@a.c:7;l:___pthread_mutex_lock", "futex lock 0x7f", ANSWER_HEALTHY },
        { "main@a.c:1;next_job@a.c:7;l:___pthread_cond_wait", "futex lock 0x7f", ANSWER_FOUND },
        { "main@a.c:1;serve@a.c:7", "read client 10.0.0.9", ANSWER_FOUND },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = made_new("server", "native", 20);
        made_cpu(&m, m.main, "main@a.c:1", 0.2, 0, 20);
        made_wait(&m, m.main, rows[i].stack, rows[i].wait, 190, 100, 0, 20);
        cr_expect_eq(ask(&m, &rule_under_driven), rows[i].answer, "%s", rows[i].wait);
        made_done(&m);
    }
}

Test(diagnosis, too_short_a_run_cannot_tell)
{
    struct made m = made_new("true", "native", 0.2);
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect_str_eq(d.verdict, "cannot-tell");
    cr_expect_eq(d.healthy.len, 0, "nothing was judged");
    cr_expect_eq(d.not_seen.len, 1, "for one reason");
    cr_expect(strstr(d.sentence, "10 s needed"), "%s", d.sentence);
    diagnosis_done(&d);
    made_done(&m);
}

Test(diagnosis, a_program_without_defects_is_healthy_and_says_what_was_looked_at)
{
    struct made m = made_new("app", "native", 20);
    made_states(&m, m.main, 0.4, 0.01);
    made_series(&m, "cpu", "ns", m.process, 0, 8e9);
    for (int i = 0; i < 20; i++) {
        char stack[40];
        snprintf(stack, sizeof stack, "main@a.c:1;work%d@a.c:%d", i, 10 + i);
        made_cpu(&m, m.main, stack, 0.4, 0, 20);
    }
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect_str_eq(d.verdict, "healthy", "%s", d.sentence);
    cr_expect_gt(d.healthy.len, 3);
    diagnosis_done(&d);
    made_done(&m);
}

Test(diagnosis, nothing_is_critical_behind_a_gate)
{
    for (int hogs = 0; hogs < 2; hogs++) {
        struct made m = made_new("server", "node", 20);
        made_states(&m, m.main, 0.45, hogs ? 0.5 : 0.0);
        made_series(&m, "host_others", "ns", run, 0, hogs ? 70e9 : 0);
        made_turns(&m, m.main, 60, 150, 0, 0, 1);
        made_cpu(&m, m.main, "r:uv_run;handler@server.js:9;fib@server.js:3", 13, 0, 20);
        struct diagnosis d;
        diagnose(m.p, &d);
        cr_expect_str_eq(d.verdict, "loop-blocked-cpu");
        bool critical = false;
        for (size_t i = 0; i < d.findings.len; i++)
            critical |= d.findings.ptr[i].severity == SEVERITY_CRITICAL;
        cr_expect_eq(critical, !hogs, "hogs: %d", hogs);
        if (hogs)
            cr_expect_str_eq(d.findings.ptr[0].id, "starved-by-others");
        diagnosis_done(&d);
        made_done(&m);
    }
}
