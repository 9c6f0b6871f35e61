// SPDX-License-Identifier: MIT
/* tiny-io, context-switch-storm, spinning, busy-polling, process-churn. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "ask.h"

static struct made m;

static void program(const char *name)
{
    m = made_new(name, "native", 20);
    made_series(&m, "cpu", "ns", m.process, 0, 20e9);
    made_states(&m, m.main, 0.98, 0);
}

/* ---- tiny-io ---- */

Test(tiny_io, one_byte_at_a_time_is_certain_when_counted)
{
    program("copier");
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "syscall", "read file /srv/in", 200000, 0.0005, 1);
    made_cpu(&m, m.main, "main;copy@copy.c:12;l:read;k:do_syscall_64", 15, 0, 20);
    made_cpu(&m, m.main, "main;copy@copy.c:12", 4, 0, 20);
    ask_expect_found(&m, &rule_tiny_io, SEVERITY_WARNING, CONFIDENCE_CERTAIN, "copy",
        WORDS("copier (pid 4100)", "200,000 calls a second", "/srv/in"));
    made_done(&m);
}

Test(tiny_io, the_map_that_profilers_read_is_not_meant)
{
    program("node");
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "syscall", "write file /tmp/perf-4100.map", 25000, 0.0005, 54);
    made_cpu(&m, m.main, "main;start@app.js:12;r:v8::base::OS::FPrint;l:write", 15, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_tiny_io), ANSWER_HEALTHY));
    made_done(&m);
}

Test(tiny_io, is_likely_by_proc_alone)
{
    program("copier");
    made_series(&m, "io_read_calls", "count", m.process, 0, 20 * 100000);
    made_series(&m, "io_write_calls", "count", m.process, 0, 20 * 100000);
    made_series(&m, "io_read_chars", "bytes", m.process, 0, 20 * 100000);
    made_series(&m, "io_write_chars", "bytes", m.process, 0, 20 * 100000);
    made_series(&m, "fds_socket", "count", m.process, 0, 0);
    made_cpu(&m, m.main, "main;copy@copy.c:12;l:read", 15, 0, 20);
    ask_expect_found(
        &m, &rule_tiny_io, SEVERITY_WARNING, CONFIDENCE_LIKELY, "copy", WORDS("copier (pid 4100)"));
    made_done(&m);
}

Test(tiny_io, small_messages_of_clients_and_large_blocks_are_healthy)
{
    program("redis-server");
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "syscall", "read client 127.0.0.1:40000", 100000, 0.001, 40);
    made_cpu(&m, m.main, "main;aeMain;readQueryFromClient;l:read;k:do_syscall_64", 15, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_tiny_io), ANSWER_HEALTHY));
    made_done(&m);
    program("copier");
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "syscall", "read file /srv/in", 30000, 0.01, 65536);
    made_cpu(&m, m.main, "main;copy@copy.c:12;l:read;k:do_syscall_64", 15, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_tiny_io), ANSWER_HEALTHY));
    made_done(&m);
}

Test(tiny_io, proc_counts_of_a_program_with_sockets_prove_nothing)
{
    program("server");
    made_series(&m, "io_read_calls", "count", m.process, 0, 20 * 100000);
    made_series(&m, "io_write_calls", "count", m.process, 0, 20 * 100000);
    made_series(&m, "io_read_chars", "bytes", m.process, 0, 20 * 100000);
    made_series(&m, "io_write_chars", "bytes", m.process, 0, 20 * 100000);
    made_series(&m, "fds_socket", "count", m.process, 5, 50);
    cr_expect(eq(int, ask_answer(&m, &rule_tiny_io), ANSWER_HEALTHY));
    made_done(&m);
    program("server");
    cr_expect(eq(int, ask_answer(&m, &rule_tiny_io), ANSWER_UNSEEN));
    made_done(&m);
}

Test(tiny_io, threads_that_sleep_in_every_call_are_another_matter)
{
    program("relay");
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "syscall", "read pipe pipe", 40000, 0.01, 8);
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 39000);
    made_cpu(&m, m.main, "main;pass_on@relay.c:8;l:read;k:do_syscall_64", 15, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_tiny_io), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- context-switch-storm ---- */

Test(context_switch_storm, two_threads_that_hand_over_all_the_time_are_found)
{
    program("relay");
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 100000);
    made_wait(&m, m.main, "main;pass_on@relay.c:8;l:read", "read pipe pipe", 1000, 5, 1.01, 20);
    ask_expect_found(&m, &rule_context_switch_storm, SEVERITY_WARNING, CONFIDENCE_CERTAIN,
        "pass_on", WORDS("relay (pid 4100)", "100,", "10 µs"));
    made_done(&m);
}

/* 24 us each, of which nearly all is the kernel's; the same as work of its own is no storm. */
Test(context_switch_storm, a_dear_switch_is_not_taken_for_work)
{
    static const struct {
        const char *stack;
        enum answer answer;
    } cases[] = {
        { "main;pass_on@relay.c:8;l:read;k:do_syscall_64;k:schedule", ANSWER_FOUND },
        { "main;compute@relay.c:20", ANSWER_HEALTHY },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        m = made_new("relay", "native", 20);
        made_series(&m, "cpu", "ns", m.process, 0, 20 * 0.96e9);
        made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 40000);
        made_cpu(&m, m.main, cases[i].stack, 18, 0, 20);
        cr_expect(eq(int, ask_answer(&m, &rule_context_switch_storm), cases[i].answer));
        made_done(&m);
    }
}

Test(context_switch_storm, the_pace_of_clients_is_info)
{
    program("server");
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 60000);
    made_wait(&m, m.main, "main;l:epoll_wait", "epoll_wait loop", 1000, 5, 1.01, 20);
    cr_expect(not(made_warns(&m, "context-switch-storm")));
    made_done(&m);
}

/* Workers that never get anything to do wait much longer than the loop, all of them together. */
Test(context_switch_storm, idle_workers_beside_a_loop_do_not_count)
{
    program("server");
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 60000);
    made_wait(&m, m.main, "main;l:epoll_wait", "epoll_wait loop", 1000, 5, 1.01, 20);
    ask_tally(&m, m.main, "wait", "epoll_wait loop", 1200000, 0.005, 0);
    for (int i = 0; i < 4; i++) {
        const struct thread_id worker = made_thread(&m, "worker");
        made_wait(&m, worker, "work;l:pthread_cond_wait", "futex lock 0x10", 20, 1000, 1.01, 20);
        ask_tally(&m, worker, "wait", "futex lock 0x10", 1, 19000, 0);
    }
    cr_expect(not(made_warns(&m, "context-switch-storm")));
    made_done(&m);
}

Test(context_switch_storm, is_found_when_others_have_the_cpu_most_of_the_time)
{
    m = made_new("relay", "native", 20);
    made_states(&m, m.main, 0.1, 0.3);
    made_series(&m, "cpu", "ns", m.process, 0, 20 * 0.1e9);
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 10000);
    made_wait(&m, m.main, "main;pass_on@relay.c:8;l:read", "read pipe pipe", 1000, 5, 1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_context_switch_storm), ANSWER_FOUND));
    made_done(&m);
}

/* A timer of one millisecond rings as often on a busy machine. */
Test(context_switch_storm, sleeping_is_not_slowed_by_others)
{
    m = made_new("poller", "native", 20);
    made_states(&m, m.main, 0.1, 0.3);
    made_series(&m, "cpu", "ns", m.process, 0, 20 * 0.1e9);
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 10000);
    made_wait(&m, m.main, "main;poll@p.c:8;l:usleep", "clock_nanosleep sleep", 1000, 5, 1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_context_switch_storm), ANSWER_HEALTHY));
    made_done(&m);
}

Test(context_switch_storm, few_switches_or_long_runs_are_healthy)
{
    program("server");
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 5000);
    cr_expect(eq(int, ask_answer(&m, &rule_context_switch_storm), ANSWER_HEALTHY));
    made_done(&m);
    program("server");
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 25000);
    cr_expect(eq(int, ask_answer(&m, &rule_context_switch_storm), ANSWER_HEALTHY)); /* 40 us each */
    made_done(&m);
    program("server");
    cr_expect(eq(int, ask_answer(&m, &rule_context_switch_storm), ANSWER_UNSEEN));
    made_done(&m);
}

/* ---- spinning ---- */

Test(spinning, yielding_in_a_circle_is_found)
{
    program("waiter");
    made_cpu(&m, m.main, "main;await@w.c:7;l:sched_yield", 8, 0, 20);
    made_cpu(&m, m.main, "main;work@w.c:20", 11, 0, 20);
    ask_expect_found(&m, &rule_spinning, SEVERITY_WARNING, CONFIDENCE_LIKELY, "await",
        WORDS("waiter (pid 4100)", "42 %"));
    made_done(&m);
}

Test(spinning, most_of_the_cpu_is_critical)
{
    program("waiter");
    made_cpu(&m, m.main, "main;await@w.c:7;l:sched_yield", 16, 0, 20);
    made_cpu(&m, m.main, "main;work@w.c:20", 3, 0, 20);
    ask_expect_found(
        &m, &rule_spinning, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "await", WORDS("waiter"));
    made_done(&m);
}

Test(spinning, a_little_of_it_and_databases_by_design_do_not_warn)
{
    program("waiter");
    made_cpu(&m, m.main, "main;await@w.c:7;l:sched_yield", 1, 0, 20);
    made_cpu(&m, m.main, "main;work@w.c:20", 18, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_spinning), ANSWER_HEALTHY));
    made_done(&m);
    program("postgres");
    made_cpu(&m, m.main, "main;s_lock;l:sched_yield", 4, 0, 20);
    made_cpu(&m, m.main, "main;ExecScan", 15, 0, 20);
    cr_expect(not(made_warns(&m, "spinning")));
    made_done(&m);
}

Test(spinning, a_home_made_lock_is_told_by_its_machine_code)
{
    program("bank");
    made_cpu(&m, m.main, "main;acquire@bank.c:23#401136", 8, 0, 20);
    made_cpu(&m, m.main, "main;acquire@bank.c:23#401150", 1, 0, 20);
    made_cpu(&m, m.main, "main;post@bank.c:40#401200", 10, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_spinning), ANSWER_HEALTHY));
    made_fact(&m, (struct process_id){ 0 }, "spins.", "40113\n401136\n");
    ask_expect_found(&m, &rule_spinning, SEVERITY_WARNING, CONFIDENCE_LIKELY, "acquire",
        WORDS("bank (pid 4100)", "42 %"));
    made_done(&m);
}

Test(spinning, the_rest_of_a_function_with_such_a_loop_does_not_spin)
{
    program("server");
    made_cpu(&m, m.main, "main#401136;serve@s.c:7#401300", 9, 0, 20);
    made_cpu(&m, m.main, "main#401150", 9, 0, 20);
    made_fact(&m, (struct process_id){ 0 }, "spins.", "401136\n");
    cr_expect(eq(int, ask_answer(&m, &rule_spinning), ANSWER_HEALTHY));
    made_done(&m);
}

/* It costs time to take a lock that is free as well: of one thread nobody waits, of two one does.
 */
Test(spinning, a_lock_that_nobody_else_can_hold_is_free)
{
    program("bank");
    made_fact(&m, (struct process_id){ 0 }, "spins.", "401136 lock\n");
    made_cpu(&m, m.main, "main;acquire@bank.c:23#401136", 8, 0, 20);
    made_cpu(&m, m.main, "main;post@bank.c:40#401200", 10, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_spinning), ANSWER_HEALTHY));
    const struct thread_id other = made_thread(&m, "teller");
    made_cpu(&m, other, "main;post@bank.c:40#401200", 2, 0, 20);
    ask_expect_found(&m, &rule_spinning, SEVERITY_WARNING, CONFIDENCE_LIKELY, "acquire",
        WORDS("bank (pid 4100)", "40 %"));
    made_cpu(&m, other, "main;acquire@bank.c:23#401136", 18, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_spinning), ANSWER_HEALTHY));
    made_done(&m);
}

/* Two of three samples are a high share of nothing. */
Test(spinning, few_samples_are_not_enough)
{
    program("waiter");
    made_cpu(&m, m.main, "main;await@w.c:7;l:sched_yield", 0.04, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_spinning), ANSWER_HEALTHY));
    made_done(&m);
    m = made_new("waiter", "native", 20);
    made_states(&m, m.main, 0.01, 0);
    made_cpu(&m, m.main, "main;await@w.c:7;l:sched_yield", 0.2, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_spinning), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- busy-polling ---- */

static void poller(uint64_t polls, uint64_t others)
{
    program("poller");
    ask_bursts(&m, 1);
    made_cpu(&m, m.main, "main;wait_for_events@poll.c:20;l:epoll_wait", 15, 0, 20);
    made_cpu(&m, m.main, "main;handle@poll.c:40", 4, 0, 20);
    ask_tally(&m, m.main, "syscall", "epoll_wait loop", polls, 0.0005, 0);
    ask_tally(&m, m.main, "syscall", "read client 127.0.0.1:4000", others, 0.001, 40);
}

Test(busy_polling, a_loop_that_never_sleeps_is_found)
{
    poller(400000, 100);
    ask_expect_found(&m, &rule_busy_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY, "wait_for_events",
        WORDS("poller (pid 4100)", "400,000 times a second"));
    made_done(&m);
}

/* select() with no time to wait, about one descriptor or none, is named after what it asks about.
 */
Test(busy_polling, a_loop_that_asks_about_one_descriptor_is_found)
{
    program("poller");
    ask_bursts(&m, 1);
    made_cpu(&m, m.main, "main;wait_for_events@poll.c:20;l:select", 19, 0, 20);
    ask_tally(&m, m.main, "syscall", "pselect6 unix /run/x", 80000, 0.0015, 0);
    ask_tally(&m, m.main, "syscall", "pselect6 sleep", 80000, 0.0015, 0);
    ask_expect_found(&m, &rule_busy_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY, "wait_for_events",
        WORDS("poller (pid 4100)", "160,000 times a second"));
    made_done(&m);
}

Test(busy_polling, a_saturated_loop_that_works_is_healthy)
{
    poller(20000, 60000);
    enum answer answer = ask_answer(&m, &rule_busy_polling);
    cr_expect(answer == ANSWER_HEALTHY || answer == ANSWER_SILENT);
    made_done(&m);
}

static void trier(uint64_t calls, uint64_t refused)
{
    program("trier");
    ask_bursts(&m, 1);
    made_cpu(&m, m.main, "main;try_clients@try.c:20;l:read", 19, 0, 20);
    ask_tally(&m, m.main, "syscall", "read client 127.0.0.1:4000", calls, 0.001, 40);
    ask_tally(&m, m.main, "again", "read client 127.0.0.1:4000", refused, 0.001, 0);
}

Test(busy_polling, descriptors_that_are_tried_in_turn_are_found)
{
    trier(300000, 290000);
    ask_expect_found(&m, &rule_busy_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY, "try_clients",
        WORDS("tries descriptors", "290,000 times a second"));
    made_done(&m);
    trier(300000, 160000); /* one of two finds something, and answers */
    ask_expect_found(&m, &rule_busy_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY, "try_clients",
        WORDS("tries descriptors", "160,000 times a second"));
    made_done(&m);
}

/* Edge-triggered: it reads until there is nothing left. */
Test(busy_polling, one_try_too_many_for_each_request_is_healthy)
{
    trier(300000, 100000);
    enum answer answer = ask_answer(&m, &rule_busy_polling);
    cr_expect(answer == ANSWER_HEALTHY || answer == ANSWER_SILENT);
    made_done(&m);
}

Test(busy_polling, without_counts_samples_in_the_poll_make_it_possible)
{
    program("poller");
    made_cpu(&m, m.main, "main;wait_for_events@poll.c:20;l:epoll_wait", 15, 0, 20);
    made_cpu(&m, m.main, "main;handle@poll.c:40", 4, 0, 20);
    ask_expect_found(&m, &rule_busy_polling, SEVERITY_WARNING, CONFIDENCE_POSSIBLE,
        "wait_for_events", WORDS("poller (pid 4100)"));
    made_done(&m);
}

Test(busy_polling, a_few_samples_that_are_all_in_the_poll_are_enough)
{
    program("poller");
    made_cpu(&m, m.main, "main;wait_for_events@poll.c:20;l:epoll_wait", 0.4, 1.01, 20);
    made_cpu(&m, m.main, "main;handle@poll.c:40", 0.05, 1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_busy_polling), ANSWER_FOUND));
    made_done(&m);
}

/* Without rights: calls of libc's functions, some of which were timed. */
Test(busy_polling, timed_calls_that_are_nearly_all_polls_are_counted)
{
    program("poller");
    made_cpu(&m, m.main, "main;wait_for_events@poll.c:20;l:select", 8, 0, 20);
    made_cpu(&m, m.main, "main;wait_for_events@poll.c:21", 3, 0, 20);
    made_cpu(&m, m.main, "main;handle@poll.c:40", 8, 0, 20);
    ask_tally(&m, m.main, "timed", "select", 4000000, 2, 0);
    ask_tally(&m, m.main, "timed", "recv", 1000, 0.1, 0);
    ask_expect_found(&m, &rule_busy_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY, "wait_for_events",
        WORDS("poller (pid 4100)", "200,000 times a second"));
    ask_tally(&m, m.main, "timed", "send", 4000000, 4, 0);
    enum answer answer = ask_answer(&m, &rule_busy_polling);
    cr_expect(answer == ANSWER_HEALTHY || answer == ANSWER_SILENT, "it finds what to do");
    made_done(&m);
}

/* ---- process-churn ---- */

static void churn(const char *name, double starts, double brief)
{
    program(name);
    made_series(&m, "process_starts", "count", (struct process_id){ 0 }, 0, starts);
    made_series(&m, "short_processes", "count", (struct process_id){ 0 }, 0, brief);
    made_cpu(&m, m.main, "main;serve@jobs.py:5;run_job@jobs.py:17;l:posix_spawn", 8, 0, 20);
    made_cpu(&m, m.main, "main;serve@jobs.py:5", 8, 0, 20);
    profile_add_process(m.p, &(struct process){ .pid = 5000,
                                 .parent = m.process,
                                 .name = profile_add_string(m.p, slice_of("convert")) });
}

Test(process_churn, a_process_for_each_job_is_certain)
{
    churn("server", 20 * 60, 20 * 55);
    ask_expect_found(&m, &rule_process_churn, SEVERITY_WARNING, CONFIDENCE_CERTAIN, "run_job",
        WORDS("server (pid 4100)", "processes a second", "92 %"));
    made_done(&m);
}

Test(process_churn, shells_and_build_tools_do_so_by_design)
{
    churn("make", 20 * 60, 20 * 55);
    cr_expect(not(made_warns(&m, "process-churn")));
    made_done(&m);
}

Test(process_churn, a_shell_that_starts_some_for_each_line_is_found)
{
    churn("bash", 20 * 60, 20 * 55);
    cr_expect(not(made_warns(&m, "process-churn")));
    made_done(&m);
    churn("bash", 20 * 900, 20 * 890);
    ask_expect_found(&m, &rule_process_churn, SEVERITY_WARNING, CONFIDENCE_CERTAIN, "run_job",
        WORDS("bash (pid 4100)", "processes a second"));
    made_done(&m);
}

Test(process_churn, few_or_long_lived_ones_are_healthy)
{
    churn("server", 20 * 60, 20 * 5);
    cr_expect(eq(int, ask_answer(&m, &rule_process_churn), ANSWER_HEALTHY));
    made_done(&m);
    churn("server", 30, 30);
    cr_expect(eq(int, ask_answer(&m, &rule_process_churn), ANSWER_HEALTHY));
    made_done(&m);
    program("server");
    cr_expect(eq(int, ask_answer(&m, &rule_process_churn), ANSWER_UNSEEN));
    made_done(&m);
}

Test(process_churn, threads_that_live_for_a_moment_are_found)
{
    program("server");
    made_series(&m, "thread_starts", "count", (struct process_id){ 0 }, 0, 20 * 100);
    made_cpu(&m, m.main, "main;serve@s.c:5;start_job@s.c:9;l:pthread_create", 8, 0, 20);
    for (uint32_t i = 0; i < 200; i++) {
        struct thread_id t = made_thread(&m, "job");
        profile_thread_edit(m.p, t)->start_ns = MADE_START_NS + i * 50000000ULL;
        profile_thread_edit(m.p, t)->end_ns = MADE_START_NS + i * 50000000ULL + 3000000;
    }
    ask_expect_found(&m, &rule_process_churn, SEVERITY_WARNING, CONFIDENCE_CERTAIN, "start_job",
        WORDS("server (pid 4100)", "threads a second"));
    made_done(&m);
}

/* Those without a sample have no row; but few are ever alive, and many begin. */
static void threads_begin(double alive, double per_s)
{
    program("server");
    made_series(&m, "thread_starts", "count", (struct process_id){ 0 }, 0, 20 * per_s);
    made_series(&m, "threads", "count", m.process, alive, alive);
}

Test(process_churn, threads_that_nobody_saw_end_are_told_by_how_few_live)
{
    threads_begin(3, 900);
    ask_expect_found(&m, &rule_process_churn, SEVERITY_WARNING, CONFIDENCE_CERTAIN, NULL,
        WORDS("server (pid 4100)", "threads a second"));
    made_done(&m);
    threads_begin(3, 100); /* they may live for 30 ms, or one of three for 90 */
    cr_expect(not(made_warns(&m, "process-churn")));
    made_done(&m);
}
