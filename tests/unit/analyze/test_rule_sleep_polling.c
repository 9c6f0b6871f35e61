// SPDX-License-Identifier: MIT
/* sleep-polling: by threads that sleep, and by timers of a loop. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "ask.h"

static struct made m;

static void program(const char *name, const char *runtime)
{
    m = made_new(name, runtime, 20);
    made_series(&m, "cpu", "ns", m.process, 0, 20 * 0.4e9);
}

Test(sleep_polling, a_request_thread_that_sleeps_is_found)
{
    program("server", "native");
    struct thread_id t = made_thread(&m, "worker");
    made_states(&m, t, 0.05, 0);
    made_wait(&m, t, "start_thread;serve@server.c:5;wait_by_looking@server.c:50;l:nanosleep",
        "nanosleep sleep", 1200, 10, 1.01, 20);
    made_wait(&m, t, "start_thread;serve@server.c:5;l:recv", "recvfrom client 10.0.0.9:40312", 100,
        40, 1.01, 20);
    ask_expect_found(&m, &rule_sleep_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY,
        "wait_by_looking", WORDS("of server (pid 4100)", "10 ms"));
    made_done(&m);
}

static void looker(double ms_each, uint64_t other_calls, double busy, double work_s)
{
    const uint64_t sleeps = (uint64_t)(19000 / ms_each);
    program("looker", "native");
    ask_bursts(&m, 1);
    made_states(&m, m.main, busy, 0);
    made_cpu(&m, m.main, "main;wait_for_job@l.c:4;l:usleep", 0.5, 0, 20);
    made_cpu(&m, m.main, "main;work@l.c:9", work_s, 0, 20);
    made_wait(&m, m.main, "main;wait_for_job@l.c:4;l:usleep", "clock_nanosleep sleep", sleeps,
        ms_each, 1.01, 20);
    ask_tally(
        &m, m.main, "syscall", "clock_nanosleep sleep", (uint64_t)(1000 / ms_each), ms_each, 0);
    ask_tally(&m, m.main, "syscall", "write file /var/x", other_calls, 0.01, 40);
}

Test(sleep_polling, a_thread_that_looks_in_haste_is_found_though_nobody_is_seen_to_wait)
{
    looker(1, 10, 0.03, 0);
    ask_expect_found(&m, &rule_sleep_polling, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, "wait_for_job",
        WORDS("looker (pid 4100)", "1 ms"));
    made_done(&m);
}

Test(sleep_polling, a_quick_pace_with_work_at_each_beat_is_info)
{
    looker(1, 1000, 0.03, 0);
    cr_expect(not(made_warns(&m, "sleep-polling")), "it writes each time");
    made_done(&m);
    looker(1, 10, 0.03, 0.1);
    cr_expect(not(made_warns(&m, "sleep-polling")), "it does a little each time");
    made_done(&m);
    looker(1, 10, 0.3, 0);
    cr_expect(not(made_warns(&m, "sleep-polling")), "it computes each time");
    made_done(&m);
    looker(4, 10, 0.03, 0);
    cr_expect(not(made_warns(&m, "sleep-polling")), "250 a second is a pace");
    made_done(&m);
}

/* A server in 20 s, whose loop begins so many turns by timers and the rest by events. */
static void timer_server(const char *runtime, uint32_t by_timer, uint32_t by_event, double served)
{
    program("server", runtime);
    made_states(&m, m.main, 0.05, 0);
    made_wait(&m, m.main, "main;uv_run;uv__io_poll;l:epoll_wait", "epoll_wait loop",
        by_timer + by_event, 18000.0 / (by_timer + by_event), 1.01, 20);
    made_cpu(&m, m.main, "main;uv_run;waitForJob@app.js:15", 1, 0, 20);
    made_turns(&m, m.main, by_timer, 0.1, 0, 0, 0);
    made_turns(&m, m.main, by_event, 0.1, 0, 0, 1);
    made_fact(&m, m.process, "turns_seen_ns.4100", "20000000000");
    ask_tally(&m, m.main, "served", "serve client :8080", (uint64_t)served, 0, 40);
}

Test(sleep_polling, a_loop_that_looks_by_timers_while_clients_wait_is_found)
{
    timer_server("node", 10000, 500, 400);
    ask_expect_found(&m, &rule_sleep_polling, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, "waitForJob",
        WORDS("400 times a second", "20 times for each answer"));
    made_done(&m);
}

Test(sleep_polling, timers_of_a_loop_are_healthy_when_they_are_few_for_each_answer)
{
    timer_server("native", 10000, 2000, 4000);
    cr_expect(eq(int, ask_answer(&m, &rule_sleep_polling), ANSWER_HEALTHY), "two each");
    made_done(&m);
    timer_server("node", 3000, 300, 100); /* 100 a second are prof's own */
    cr_expect(eq(int, ask_answer(&m, &rule_sleep_polling), ANSWER_HEALTHY), "50 a second");
    made_done(&m);
    timer_server("native", 10000, 500, 0);
    cr_expect(eq(int, ask_answer(&m, &rule_sleep_polling), ANSWER_HEALTHY), "nobody asks");
    made_done(&m);
    timer_server("native", 10000, 0, 400); /* what breakpoints see */
    cr_expect(eq(int, ask_answer(&m, &rule_sleep_polling), ANSWER_HEALTHY), "events unknown");
    made_done(&m);
}

Test(sleep_polling, a_ticker_is_info_at_most_and_a_clock_nothing)
{
    program("ticker", "native");
    made_states(&m, m.main, 0.001, 0);
    made_wait(&m, m.main, "main;tick@t.c:4;l:nanosleep", "nanosleep sleep", 190, 99, 1.01, 20);
    cr_expect(not(made_warns(&m, "sleep-polling")));
    made_done(&m);
    program("clock", "native");
    made_states(&m, m.main, 0.001, 0);
    made_wait(&m, m.main, "main;tick@t.c:4;l:nanosleep", "nanosleep sleep", 18, 1000, 1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_sleep_polling), ANSWER_HEALTHY));
    made_done(&m);
}
