// SPDX-License-Identifier: MIT
/* memory-growth, fd-leak, page-fault-storm, swapping, no-backpressure, mmap-contention. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#include "ask.h"

static struct made m;

static void server(double seconds)
{
    m = made_new("server", "native", seconds);
    made_series(&m, "cpu", "ns", m.process, 0, seconds * 0.4e9);
    made_cpu(&m, m.main, "main;handle@server.c:10;work@server.c:20", seconds * 0.4, 0, seconds);
}

static void add_faults(const char *folded, int count)
{
    for (int i = 0; i < count; i++) {
        struct sample s = { .time_ns = MADE_START_NS +
                                       (m.end_ns - MADE_START_NS) / (unsigned)count * (unsigned)i,
            .thread = m.main,
            .stack = made_stack(&m, folded),
            .count = 1,
            .weight = 409600 };
        profile_add_channel_sample(m.p, CHANNEL_FAULTS, &s);
    }
}

/* ---- memory-growth ---- */

Test(memory_growth, names_who_grew_it_how_fast_and_when_the_limit_is_reached)
{
    server(90);
    made_series(&m, "anon", "bytes", m.process, 50e6, 140e6);
    made_fact(&m, (struct process_id){ 0 }, "cgroup_memory_limit", "500000000");
    add_faults("main;handle@server.c:10;remember@server.c:33;l:malloc", 100);
    add_faults("main;handle@server.c:10;work@server.c:20;l:malloc", 20);
    ask_expect_found(&m, &rule_memory_growth, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "remember",
        WORDS("server (pid 4100)", "134 MiB", "/s"));
    struct finding f;
    made_ask(&m, &rule_memory_growth, &f);
    cr_expect(strstr(f.detail, "control group") != NULL, "%s", f.detail);
    cr_expect(epsilon_eq(dbl, f.proofs.ptr[0].value, 1e6, 1e4));
    cr_expect(strstr(f.alternative, "cache") != NULL);
    finding_done(&f);
    made_done(&m);
}

Test(memory_growth, doubling_in_a_straight_line_is_said_after_20_s_with_less_confidence)
{
    server(20);
    made_series(&m, "anon", "bytes", m.process, 50e6, 110e6);
    ask_expect_found(&m, &rule_memory_growth, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, NULL,
        WORDS("server (pid 4100)"));
    struct finding f;
    made_ask(&m, &rule_memory_growth, &f);
    cr_expect(strstr(f.alternative, "120 s or more") != NULL, "%s", f.alternative);
    finding_done(&f);
    made_done(&m);
}

Test(memory_growth, beside_a_level_heap_may_be_garbage_in_a_short_run)
{
    static const struct {
        double heap_to, anon_to;
        enum severity severity;
    } rows[] = {
        { 7e6, 80e6, SEVERITY_INFO },
        { 27e6, 80e6, SEVERITY_WARNING }, /* the heap has grown, too */
        { 7e6, 130e6, SEVERITY_WARNING }, /* more than piles up between collections */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        server(20);
        made_series(&m, "anon", "bytes", m.process, 50e6, rows[i].anon_to);
        const struct series heap = { .name = profile_add_string(m.p, slice_of("heap_after_gc")),
            .process = m.process };
        const struct series_id id = profile_add_series(m.p, &heap);
        profile_add_point(m.p, id, MADE_START_NS + 1000000000, 6e6);
        profile_add_point(m.p, id, m.end_ns - 1000000000, rows[i].heap_to);
        ask_expect_found(&m, &rule_memory_growth, rows[i].severity, CONFIDENCE_POSSIBLE, NULL,
            WORDS("server (pid 4100)"));
        made_done(&m);
    }
}

Test(memory_growth, level_memory_is_healthy_and_a_short_run_unseen)
{
    server(90);
    made_series(&m, "anon", "bytes", m.process, 50e6, 50.1e6);
    cr_expect(eq(int, ask_answer(&m, &rule_memory_growth), ANSWER_HEALTHY));
    made_done(&m);
    server(20);
    made_series(&m, "anon", "bytes", m.process, 50e6, 52e6);
    cr_expect(eq(int, ask_answer(&m, &rule_memory_growth), ANSWER_UNSEEN));
    made_done(&m);
    server(20);
    cr_expect(eq(int, ask_answer(&m, &rule_memory_growth), ANSWER_UNSEEN));
    made_done(&m);
}

static void add_warm_up(const char *name, double from, double to, double tau)
{
    struct series row = { .name = profile_add_string(m.p, slice_of(name)), .process = m.process };
    struct series_id id = profile_add_series(m.p, &row);
    double seconds = (double)(m.end_ns - MADE_START_NS) / 1e9;
    for (double t = 0; t < seconds; t += 0.25)
        profile_add_point(
            m.p, id, MADE_START_NS + (uint64_t)(t * 1e9), from + (to - from) * (1 - exp(-t / tau)));
}

Test(memory_growth, a_warm_up_is_healthy)
{
    server(90);
    add_warm_up("anon", 50e6, 250e6, 25);
    cr_expect(eq(int, ask_answer(&m, &rule_memory_growth), ANSWER_HEALTHY));
    made_done(&m);
}

Test(memory_growth, less_than_the_noise_of_an_allocator_is_healthy)
{
    server(90);
    made_series(&m, "anon", "bytes", m.process, 5e6, 6.5e6);
    cr_expect(eq(int, ask_answer(&m, &rule_memory_growth), ANSWER_HEALTHY));
    made_done(&m);
}

Test(memory_growth, says_what_each_request_leaves_behind)
{
    server(90);
    made_series(&m, "anon", "bytes", m.process, 50e6, 140e6);
    ask_load(&m, "90000", "1000", "1000000");
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_memory_growth, &f), ANSWER_FOUND));
    cr_expect(strstr(f.detail, "for each request") != NULL, "%s", f.detail);
    finding_done(&f);
    made_done(&m);
}

/* ---- fd-leak ---- */

Test(fd_leak, is_certain_when_the_peers_have_closed)
{
    server(60);
    made_series(&m, "fds", "count", m.process, 20, 320);
    made_series(&m, "fds_socket", "count", m.process, 10, 310);
    made_series(&m, "sockets_close_wait", "count", m.process, 0, 300);
    ask_expect_found(&m, &rule_fd_leak, SEVERITY_WARNING, CONFIDENCE_CERTAIN, NULL,
        WORDS("server (pid 4100)", "sockets"));
    made_done(&m);
}

Test(fd_leak, names_the_kind_and_its_rate)
{
    server(60);
    made_series(&m, "fds", "count", m.process, 20, 320);
    made_series(&m, "fds_file", "count", m.process, 5, 305);
    ask_expect_found(
        &m, &rule_fd_leak, SEVERITY_WARNING, CONFIDENCE_LIKELY, NULL, WORDS("files", "5", "/s"));
    made_done(&m);
}

Test(fd_leak, a_constant_number_and_a_few_more_are_healthy)
{
    server(60);
    made_series(&m, "fds", "count", m.process, 500, 500);
    cr_expect(eq(int, ask_answer(&m, &rule_fd_leak), ANSWER_HEALTHY));
    made_done(&m);
    server(60);
    made_series(&m, "fds", "count", m.process, 20, 36);
    cr_expect(eq(int, ask_answer(&m, &rule_fd_leak), ANSWER_HEALTHY));
    made_done(&m);
    server(60);
    cr_expect(eq(int, ask_answer(&m, &rule_fd_leak), ANSWER_UNSEEN));
    made_done(&m);
}

Test(fd_leak, a_straight_line_is_possible_in_ten_seconds_and_a_bent_one_is_not_judged)
{
    server(10);
    made_series(&m, "fds", "count", m.process, 20, 520);
    ask_expect_found(
        &m, &rule_fd_leak, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, NULL, WORDS("server (pid 4100)"));
    made_done(&m);
    server(10);
    struct series row = { .name = profile_add_string(m.p, slice_of("fds")), .process = m.process };
    struct series_id id = profile_add_series(m.p, &row);
    for (int i = 0; i <= 40; i++)
        profile_add_point(m.p, id, MADE_START_NS + (uint64_t)i * 250000000, i < 20 ? 20 : 220);
    cr_expect(eq(int, ask_answer(&m, &rule_fd_leak), ANSWER_UNSEEN));
    made_done(&m);
}

Test(fd_leak, connections_that_a_load_opens_at_once_are_healthy)
{
    server(60);
    struct series row = { .name = profile_add_string(m.p, slice_of("fds")), .process = m.process };
    struct series_id id = profile_add_series(m.p, &row);
    for (int i = 0; i <= 240; i++)
        profile_add_point(m.p, id, MADE_START_NS + (uint64_t)i * 250000000, i < 20 ? 20 : 220);
    cr_expect(eq(int, ask_answer(&m, &rule_fd_leak), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- page-fault-storm ---- */

Test(page_fault_storm, pages_fetched_again_and_again_are_found)
{
    server(20);
    made_series(&m, "faults_minor", "count", m.process, 0, 20 * 100000);
    made_series(&m, "rss", "bytes", m.process, 50e6, 50e6);
    made_cpu(&m, m.main, "main;churn@server.c:50;l:memset;k:asm_exc_page_fault", 4, 0, 20);
    add_faults("main;churn@server.c:50;l:memset", 100);
    ask_expect_found(&m, &rule_page_fault_storm, SEVERITY_WARNING, CONFIDENCE_LIKELY, "churn",
        WORDS("server (pid 4100)", "100,0"));
    made_done(&m);
}

Test(page_fault_storm, growth_and_few_faults_are_healthy)
{
    server(20);
    made_series(&m, "faults_minor", "count", m.process, 0, 20 * 20000);
    made_series(&m, "rss", "bytes", m.process, 50e6, 50e6 + 20 * 20000 * 4096.0);
    made_cpu(&m, m.main, "main;fill@server.c:50;l:memset;k:asm_exc_page_fault", 4, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_page_fault_storm), ANSWER_HEALTHY));
    made_done(&m);
    server(20);
    made_series(&m, "faults_minor", "count", m.process, 0, 20 * 900);
    cr_expect(eq(int, ask_answer(&m, &rule_page_fault_storm), ANSWER_HEALTHY));
    made_done(&m);
    server(20);
    cr_expect(eq(int, ask_answer(&m, &rule_page_fault_storm), ANSWER_UNSEEN));
    made_done(&m);
}

/* ---- swapping ---- */

Test(swapping, growing_swap_is_certain)
{
    server(30);
    made_series(&m, "faults_major", "count", m.process, 0, 3000);
    made_series(&m, "swap", "bytes", m.process, 0, 400e6);
    made_wait(&m, m.main, "main;walk@server.c:9", "fault fault", 200, 20, 2, 30);
    ask_expect_found(&m, &rule_swapping, SEVERITY_WARNING, CONFIDENCE_CERTAIN, "walk",
        WORDS("server (pid 4100)", "swapped out"));
    made_done(&m);
}

Test(swapping, cold_code_is_healthy_and_without_counts_unseen)
{
    server(30);
    made_series(&m, "faults_major", "count", m.process, 120, 180);
    made_series(&m, "swap", "bytes", m.process, 0, 0);
    cr_expect(eq(int, ask_answer(&m, &rule_swapping), ANSWER_HEALTHY));
    made_done(&m);
    server(30);
    cr_expect(eq(int, ask_answer(&m, &rule_swapping), ANSWER_UNSEEN));
    made_done(&m);
}

/* ---- no-backpressure ---- */

Test(no_backpressure, full_sockets_and_growing_memory_are_found)
{
    server(20);
    made_series(&m, "send_queue", "bytes", m.process, 2e6, 2.5e6);
    made_series(&m, "anon", "bytes", m.process, 40e6, 400e6);
    add_faults("main;stream@server.c:70;l:malloc", 50);
    ask_expect_found(&m, &rule_no_backpressure, SEVERITY_WARNING, CONFIDENCE_LIKELY, "stream",
        WORDS("server (pid 4100)", "2.38 MiB"));
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect(eq(str, (char *)d.verdict, "no-backpressure"));
    diagnosis_done(&d);
    made_done(&m);
}

Test(no_backpressure, full_sockets_with_level_memory_are_healthy)
{
    server(20);
    made_series(&m, "send_queue", "bytes", m.process, 2e6, 2.5e6);
    made_series(&m, "anon", "bytes", m.process, 40e6, 41e6);
    cr_expect(eq(int, ask_answer(&m, &rule_no_backpressure), ANSWER_HEALTHY));
    made_done(&m);
}

Test(no_backpressure, growing_memory_with_empty_sockets_is_another_matter)
{
    server(20);
    made_series(&m, "send_queue", "bytes", m.process, 0, 1000);
    made_series(&m, "anon", "bytes", m.process, 40e6, 400e6);
    cr_expect(eq(int, ask_answer(&m, &rule_no_backpressure), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- mmap-contention ---- */

static void mapping_threads(double wait_ms)
{
    server(20);
    for (int i = 0; i < 3; i++) {
        struct thread_id t = made_thread(&m, "mapper");
        made_states(&m, t, 0.5, 0);
        made_cpu(&m, t, "start_thread;map_and_drop@server.c:80;l:munmap;k:__vm_munmap", 10, 0, 20);
        if (wait_ms > 0)
            made_wait(&m, t, "start_thread;map_and_drop@server.c:80;l:munmap", "munmap unknown",
                200, wait_ms, 1.5, 20);
    }
}

Test(mmap_contention, threads_that_wait_in_munmap_are_found)
{
    mapping_threads(25);
    ask_expect_found(&m, &rule_mmap_contention, SEVERITY_WARNING, CONFIDENCE_LIKELY, "map_and_drop",
        WORDS("server (pid 4100)", "address space"));
    made_done(&m);
}

Test(mmap_contention, mapping_without_waiting_is_healthy)
{
    mapping_threads(1);
    cr_expect(eq(int, ask_answer(&m, &rule_mmap_contention), ANSWER_HEALTHY));
    made_done(&m);
    server(20);
    cr_expect(eq(int, ask_answer(&m, &rule_mmap_contention), ANSWER_SILENT));
    made_done(&m);
}
