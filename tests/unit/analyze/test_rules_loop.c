// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "analyze/rules.h"
#include "base/clock.h"
#include "make_profile.h"

#define FIB "r:uv_run;handler@server.js:9;fib@server.js:3"

struct turns_row {
    const char *name;
    uint32_t count;
    double on_cpu_ms, blocked_ms, queued_ms;
    uint32_t events;
    enum answer answer;
    enum severity severity;
};

static const struct turns_row turns_rows[] = {
    { "single slow events", 129, 50, 0, 0, 1, ANSWER_FOUND, SEVERITY_WARNING },
    { "very slow events", 60, 150, 0, 0, 1, ANSWER_FOUND, SEVERITY_CRITICAL },
    { "waiting for a CPU", 129, 3, 0, 100, 1, ANSWER_HEALTHY, SEVERITY_INFO },
    { "waiting for a file", 129, 3, 100, 0, 1, ANSWER_HEALTHY, SEVERITY_INFO },
    { "too few", 3, 50, 0, 0, 1, ANSWER_HEALTHY, SEVERITY_INFO },
    { "many quick events in one turn", 129, 50, 0, 0, 200, ANSWER_FOUND, SEVERITY_INFO },
};

static struct made server_with(const struct turns_row *row)
{
    struct made m = made_new("node", "node", 20);
    made_states(&m, m.main, 0.95, 0);
    made_turns(
        &m, m.main, row->count, row->on_cpu_ms, row->blocked_ms, row->queued_ms, row->events);
    made_turns(&m, m.main, 2000, 1, 0, 0, 1);
    made_cpu(&m, m.main, FIB, 19, 0, 20);
    return m;
}

Test(loop_blocked_cpu, turns_count_by_their_time_on_the_cpu)
{
    for (size_t i = 0; i < sizeof turns_rows / sizeof *turns_rows; i++) {
        struct made m = server_with(&turns_rows[i]);
        struct finding f;
        enum answer answer = made_ask(&m, &rule_loop_blocked_cpu, &f);
        cr_expect_eq(answer, turns_rows[i].answer, "%s: %s", turns_rows[i].name, f.summary);
        cr_expect_eq(f.severity, turns_rows[i].severity, "%s", turns_rows[i].name);
        finding_done(&f);
        made_done(&m);
    }
}

/* Eight requests wait whenever the loop comes round; one of them is slow. */
Test(loop_blocked_cpu, a_slow_event_among_quick_ones_does_not_hide_in_their_average)
{
    struct made m = made_new("node", "node", 20);
    made_states(&m, m.main, 0.95, 0);
    made_turns(&m, m.main, 129, 13, 0, 0, 8);
    made_turns(&m, m.main, 2000, 0.4, 0, 0, 8);
    made_cpu(&m, m.main, FIB, 19, 0, 20);
    struct finding f;
    cr_assert_eq(made_ask(&m, &rule_loop_blocked_cpu, &f), ANSWER_FOUND);
    cr_expect_eq(f.severity, SEVERITY_WARNING, "%s", f.summary);
    finding_done(&f);
    made_done(&m);
}

/* 12 s in long turns, and samples for one of them. */
Test(loop_blocked_cpu, time_that_the_host_took_away_is_no_computing)
{
    struct made m = made_new("server", "native", 20);
    made_states(&m, m.main, 0.6, 0);
    made_turns(&m, m.main, 60, 200, 0, 0, 1);
    made_cpu(&m, m.main, "main;handle@server.c:9", 1, 0, 20);
    struct finding f;
    cr_expect_eq(made_ask(&m, &rule_loop_blocked_cpu, &f), ANSWER_UNSEEN, "%s", f.summary);
    finding_done(&f);
    made_done(&m);
}

/* The host took the last third only: what was computed before is found all the same. */
Test(loop_blocked_cpu, few_stolen_turns_do_not_hide_the_others)
{
    struct made m = made_new("server", "native", 20);
    made_states(&m, m.main, 0.9, 0);
    made_turns(&m, m.main, 60, 200, 0, 0, 1);
    made_cpu(&m, m.main, "main;handle@server.c:9", 13, 0, 13);
    struct finding f;
    cr_expect_eq(made_ask(&m, &rule_loop_blocked_cpu, &f), ANSWER_FOUND, "%s", f.summary);
    cr_expect_gt(f.proofs.ptr[0].value, 30);
    cr_expect_lt(f.proofs.ptr[0].value, 45);
    finding_done(&f);
    made_done(&m);
}

/* Four long turns of 60 ms in a tenth of the time are forty in all of it. */
Test(loop_blocked_cpu, what_bursts_see_stands_for_the_time_between_them)
{
    static const struct {
        const char *looked_ns; /* of 20 s; NULL: all the time */
        enum answer answer;
    } cases[] = { { "2000000000", ANSWER_FOUND }, { NULL, ANSWER_HEALTHY } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m = made_new("redis", "native", 20);
        made_states(&m, m.main, 0.9, 0);
        made_turns(&m, m.main, 4, 60, 0, 0, 1);
        made_turns(&m, m.main, 2000, 0.4, 0, 0, 1);
        made_cpu(&m, m.main, "aeMain;evalCommand@script.c:9", 15, 0, 20);
        if (cases[i].looked_ns)
            made_fact(&m, m.process, "turns_seen_ns.4100", cases[i].looked_ns);
        struct finding f;
        cr_expect_eq(made_ask(&m, &rule_loop_blocked_cpu, &f), cases[i].answer, "%s", f.summary);
        cr_expect(!cases[i].looked_ns || strstr(f.detail, "about 40 such"), "%s", f.detail);
        finding_done(&f);
        made_done(&m);
    }
}

/* Two of 60 ms in a seventh of the time may have been all there were, unless the samples of the
 * whole run say that their function went on as before. */
Test(loop_blocked_cpu, two_seen_in_bursts_are_enough_when_their_function_goes_on)
{
    static const struct {
        bool goes_on;
        enum answer answer;
    } cases[] = { { true, ANSWER_FOUND }, { false, ANSWER_HEALTHY } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m = made_new("redis", "native", 20);
        const char *rest = cases[i].goes_on ? "aeMain;keysCommand@db.c:9" : "aeMain;get@db.c:30";
        made_states(&m, m.main, 0.9, 0);
        made_turns(&m, m.main, 2, 60, 0, 0, 1); /* at 5 and 15 s */
        made_turns(&m, m.main, 2000, 0.4, 0, 0, 1);
        made_cpu(&m, m.main, "aeMain;keysCommand@db.c:9", 0.06, 4.97, 5.03);
        made_cpu(&m, m.main, "aeMain;keysCommand@db.c:9", 0.06, 14.97, 15.03);
        made_cpu(&m, m.main, rest, 7, 5.1, 14.9);
        made_fact(&m, m.process, "turns_seen_ns.4100", "2800000000");
        struct finding f;
        cr_expect_eq(made_ask(&m, &rule_loop_blocked_cpu, &f), cases[i].answer, "%s", f.summary);
        cr_expect(cases[i].answer != ANSWER_FOUND || f.confidence == CONFIDENCE_LIKELY);
        finding_done(&f);
        made_done(&m);
    }
}

Test(loop_blocked_cpu, names_function_line_and_numbers)
{
    struct made m = server_with(&turns_rows[0]);
    struct finding f;
    cr_assert_eq(made_ask(&m, &rule_loop_blocked_cpu, &f), ANSWER_FOUND);
    cr_expect_eq(f.confidence, CONFIDENCE_CERTAIN);
    cr_expect(strstr(f.summary, "node (pid 4100)"), "%s", f.summary);
    cr_expect(strstr(f.summary, "fib (server.js:3)"), "%s", f.summary);
    cr_expect(strstr(f.summary, "50 ms at worst"), "%s", f.summary);
    cr_expect_gt(f.intervals.len, 100);
    cr_expect(f.advice && strstr(f.advice, "worker_threads"));
    finding_done(&f);
    made_done(&m);
}

Test(loop_blocked_cpu, inferred_turns_of_a_loop_that_never_sleeps_are_no_proof)
{
    struct made m = made_new("redis", "native", 20);
    made_states(&m, m.main, 1, 0);
    made_turns(&m, m.main, 100, 190, 0, 0, 0);
    made_fact(&m, m.process, "turns.4100", "inferred");
    made_cpu(&m, m.main, "aeMain;readQuery", 6, 0, 20);
    made_cpu(&m, m.main, "aeMain;writeReply", 6, 0, 20);
    struct finding f;
    enum answer answer = made_ask(&m, &rule_loop_blocked_cpu, &f);
    cr_expect(answer != ANSWER_FOUND || f.severity == SEVERITY_INFO);
    finding_done(&f);
    made_done(&m);
}

Test(loop_blocked_cpu, delays_of_node_count_only_with_the_cpu_used_meanwhile)
{
    for (int busy = 0; busy < 2; busy++) {
        struct made m = made_new("node", "node", 20);
        made_states(&m, m.main, busy ? 0.8 : 0.02, busy ? 0 : 0.9);
        made_wait(&m, m.main, "r:uv_run;r:uv__io_poll", "epoll_wait loop", 40, 50, 0, 20);
        made_series(&m, "loop_delay_max", "ns", m.process, 120e6, 120e6);
        made_cpu(&m, m.main, FIB, busy ? 16 : 0.4, 0, 20);
        struct finding f;
        enum answer answer = made_ask(&m, &rule_loop_blocked_cpu, &f);
        cr_expect_eq(answer, busy ? ANSWER_FOUND : ANSWER_HEALTHY, "busy %d: %s", busy, f.summary);
        finding_done(&f);
        made_done(&m);
    }
}

Test(loop_blocked_cpu, says_when_turns_were_not_recorded_and_nothing_without_a_loop)
{
    struct made loop = made_new("server", "native", 20), none = made_new("app", "native", 20);
    made_cpu(&loop, loop.main, "main@a.c:1", 5, 0, 20);
    made_wait(&loop, loop.main, "run@a.c:2", "epoll_wait loop", 400, 30, 0, 20);
    made_cpu(&none, none.main, "main@a.c:1", 5, 0, 20);
    struct finding f;
    cr_expect_eq(made_ask(&loop, &rule_loop_blocked_cpu, &f), ANSWER_UNSEEN);
    finding_done(&f);
    cr_expect_eq(made_ask(&none, &rule_loop_blocked_cpu, &f), ANSWER_SILENT);
    finding_done(&f);
    made_done(&loop);
    made_done(&none);
}

/* ---- single-core ---- */

struct core_row {
    const char *name;
    double on_cpu, queued; /* of the first thread */
    int threads;
    const char *cpus;
    bool loop, installed;
    enum answer answer;
    enum severity severity;
};

static const struct core_row core_rows[] = {
    { "one pinned thread", 0.97, 0, 1, "4", false, false, ANSWER_FOUND, SEVERITY_WARNING },
    { "pinned beside hogs", 0.5, 0.45, 1, "4", false, false, ANSWER_FOUND, SEVERITY_WARNING },
    { "a program of the system", 0.97, 0, 1, "4", false, true, ANSWER_FOUND, SEVERITY_INFO },
    { "a full loop", 0.97, 0, 1, "4", true, false, ANSWER_FOUND, SEVERITY_INFO },
    { "a loop that computes", 0.97, 0, 1, "4", true, false, ANSWER_FOUND, SEVERITY_WARNING },
    { "four busy threads", 0.97, 0, 4, "4", false, false, ANSWER_HEALTHY, SEVERITY_INFO },
    { "half busy", 0.5, 0, 1, "4", false, false, ANSWER_HEALTHY, SEVERITY_INFO },
    { "one CPU allowed", 0.97, 0, 1, "1", false, false, ANSWER_SILENT, SEVERITY_INFO },
};

Test(single_core, demand_of_one_thread_while_others_stand_idle)
{
    for (size_t i = 0; i < sizeof core_rows / sizeof *core_rows; i++) {
        const struct core_row *row = &core_rows[i];
        struct made m = made_new("app", "native", 20);
        if (row->installed)
            profile_process_edit(m.p, m.process)->exe =
                profile_add_string(m.p, slice_of("/usr/bin/app"));
        made_fact(&m, (struct process_id){ 0 }, "cpus_allowed", row->cpus);
        made_states(&m, m.main, row->on_cpu, row->queued);
        const char *stack = row->installed ? "main;r:compute" : "main@a.c:1;compute@a.c:7";
        if (row->loop && row->severity == SEVERITY_INFO)
            stack = "main@a.c:1;answer@a.c:7;k:do_syscall_64;k:tcp_sendmsg";
        made_cpu(&m, m.main, stack, 20 * row->on_cpu, 0, 20);
        for (int k = 1; k < row->threads; k++)
            made_states(&m, made_thread(&m, "worker"), row->on_cpu, row->queued);
        if (row->loop)
            made_turns(&m, m.main, 5000, 2, 0, 0, 1);
        struct finding f;
        enum answer answer = made_ask(&m, &rule_single_core, &f);
        cr_expect_eq(answer, row->answer, "%s: %s", row->name, f.summary);
        cr_expect_eq(f.severity, row->severity, "%s", row->name);
        finding_done(&f);
        made_done(&m);
    }
}

Test(single_core, threads_of_python_that_take_turns)
{
    struct made m = made_new("python3", "python", 20);
    struct thread_id other = made_thread(&m, "python3");
    made_states(&m, m.main, 0.5, 0);
    made_states(&m, other, 0.5, 0);
    made_cpu(&m, m.main, "work@a.py:3", 10, 0, 20);
    made_cpu(&m, other, "work@a.py:3", 10, 0, 20);
    struct finding f;
    cr_assert_eq(made_ask(&m, &rule_single_core, &f), ANSWER_FOUND);
    cr_expect(strstr(f.summary, "2 threads"), "%s", f.summary);
    cr_expect(strstr(f.advice, "multiprocessing"), "%s", f.advice);
    finding_done(&f);
    made_done(&m);
}
