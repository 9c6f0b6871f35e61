// SPDX-License-Identifier: MIT
/* What rules make of connections as the kernel counts them, without any right to see calls. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "ask.h"

static struct made m;

/* Twenty seconds of a process whose sockets were looked at. */
static void program(const char *name, const char *runtime)
{
    m = made_new(name, runtime, 20);
    made_states(&m, m.main, 0.02, 0);
    made_fact(&m, (struct process_id){ 0 }, "exchanges_seen_ns", "20000000000");
    made_wait(&m, m.main, "main;loop@s.c:3", "epoll_wait loop", 100, 190, 1.01, 20);
}

Test(counted, many_questions_for_each_request_are_found_by_their_segments)
{
    program("server", "native");
    ask_tally(&m, m.main, "served", "serve client :8080", 200, 0, 100);
    ask_tally(&m, m.main, "exchange", "exchange tcp 10.0.0.7:5432", 8000, 1.5, 90);
    ask_expect_found(&m, &rule_n_plus_one, SEVERITY_WARNING, CONFIDENCE_LIKELY, NULL,
        WORDS("server (pid 4100)", "10.0.0.7:5432", "40 times"));
    made_done(&m);
}

Test(counted, few_questions_and_unknown_requests_are_no_finding)
{
    static const struct {
        const char *name;
        uint64_t served, exchanges;
        double ms;
    } rows[] = { { "five for each request", 1600, 8000, 1.5 },
        { "nobody knows how many requests", 0, 8000, 1.5 },
        { "too quick to matter", 200, 8000, 0.05 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        program("server", "native");
        if (rows[i].served)
            ask_tally(&m, m.main, "served", "serve client :8080", rows[i].served, 0, 100);
        ask_tally(&m, m.main, "exchange", "exchange tcp 10.0.0.7:5432", rows[i].exchanges,
            rows[i].ms, 90);
        cr_expect(eq(int, ask_answer(&m, &rule_n_plus_one), ANSWER_HEALTHY), "%s", rows[i].name);
        made_done(&m);
    }
}

Test(counted, a_slow_peer_behind_an_idle_loop_is_found)
{
    program("server", "native");
    ask_tally(&m, m.main, "exchange", "exchange tcp 10.0.0.7:80", 800, 100, 90);
    ask_expect_found(&m, &rule_downstream_wait, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, NULL,
        WORDS("10.0.0.7:80", "100 ms"));
    made_done(&m);
    program("server", "native");
    ask_tally(&m, m.main, "exchange", "exchange tcp 10.0.0.7:80", 80, 10, 90);
    cr_expect(eq(int, ask_answer(&m, &rule_downstream_wait), ANSWER_HEALTHY), "0.8 s of 20");
    made_done(&m);
}

Test(counted, closed_connections_are_those_that_were_made)
{
    program("server", "native");
    made_fact(&m, (struct process_id){ 0 }, "closed_seen_ns", "10000000000");
    ask_tally(&m, m.main, "closed", "connect tcp 10.0.0.7:80", 2000, 0, 0);
    ask_expect_found(&m, &rule_connect_per_request, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, NULL,
        WORDS("10.0.0.7:80", "2,000 times", "200/s"));
    ask_load(&m, "20000", "1000", "3000000");
    cr_expect(eq(int, ask_answer(&m, &rule_connect_per_request), ANSWER_HEALTHY),
        "one for five requests");
    made_done(&m);
    program("server", "native");
    cr_expect(eq(int, ask_answer(&m, &rule_connect_per_request), ANSWER_HEALTHY),
        "nothing is closed soon");
    made_done(&m);
}

Test(counted, of_calls_that_are_seen_in_part_a_peer_has_its_part_of_all)
{
    program("server", "native");
    made_fact(&m, (struct process_id){ 0 }, "connects_seen_ns", "1000000000");
    made_fact(&m, (struct process_id){ 0 }, "connects_counted", "60000");
    ask_tally(&m, m.main, "connect", "connect tcp 10.0.0.7:80", 200, 5, 0);
    ask_tally(&m, m.main, "connect", "connect udp 10.0.0.1:53", 100, 5, 0);
    ask_expect_found(&m, &rule_connect_per_request, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, NULL,
        WORDS("10.0.0.7:80", "40,000 times", "2,000/s"));
    made_done(&m);
}
