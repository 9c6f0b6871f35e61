// SPDX-License-Identifier: MIT
/* Rules about what threads wait for: loops, locks, pools, peers, names, storage. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "ask.h"

static struct made m;

static void program(const char *name, const char *runtime)
{
    m = made_new(name, runtime, 20);
    made_series(&m, "cpu", "ns", m.process, 0, 20 * 0.4e9);
}

/* A loop that is idle for `idle` of the time. */
static void loop(double idle)
{
    made_states(&m, m.main, 1 - idle, 0);
    made_wait(&m, m.main, "main;uv_run;uv__io_poll;l:epoll_wait", "epoll_wait loop", 1000,
        idle * 19, 1.01, 20);
    made_cpu(&m, m.main, "main;uv_run;handle@app.js:5", (1 - idle) * 20, 0, 20);
}

static void worker(const char *name, const char *stack, const char *wait, double count, double ms)
{
    struct thread_id t = made_thread(&m, name);
    double waited = count * ms / 1000 / 20;
    made_states(&m, t, waited > 0.9 ? 0.05 : 0.3, 0);
    made_cpu(
        &m, t, "start_thread;serve@server.c:5;compute@server.c:9", waited > 0.9 ? 1 : 6, 0, 20);
    made_wait(&m, t, stack, wait, count, ms, 1.01, 20);
}

/* ---- loop-blocked-io ---- */

Test(loop_blocked_io, a_loop_that_waits_for_a_child_is_critical)
{
    program("node", "node");
    loop(0.4);
    made_wait(
        &m, m.main, "main;uv_run;convert@app.js:44;r:spawnSync", "wait4 child", 60, 150, 1.01, 20);
    made_turns(&m, m.main, 60, 5, 150, 0, 1);
    ask_expect_found(&m, &rule_loop_blocked_io, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "convert",
        WORDS("node (pid 4100)", "waiting for programs that it starts (9 s in all)"));
    made_done(&m);
}

/* execFileSync() waits for the child's output in a loop of its own. */
Test(loop_blocked_io, a_loop_below_spawn_sync_waits_for_a_child)
{
    program("node", "node");
    loop(0.4);
    made_wait(&m, m.main,
        "main;uv_run;convert@app.js:44;r:node::SyncProcessRunner::Spawn;r:uv_run;l:epoll_pwait",
        "epoll_pwait loop", 60, 150, 1.01, 20);
    ask_expect_found(&m, &rule_loop_blocked_io, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "convert",
        WORDS("node (pid 4100)", "waiting for programs that it starts (9 s in all)"));
    made_done(&m);
}

Test(loop_blocked_io, a_loop_that_waits_for_events_only_is_healthy)
{
    program("node", "node");
    loop(0.6);
    made_turns(&m, m.main, 500, 8, 0, 0, 1);
    cr_expect(eq(int, ask_answer(&m, &rule_loop_blocked_io), ANSWER_HEALTHY));
    made_done(&m);
}

Test(loop_blocked_io, waiting_for_collector_threads_is_not_meant)
{
    program("node", "node");
    loop(0.4);
    made_wait(&m, m.main,
        "main;uv_run;handle@app.js:5;r:v8::internal::Heap::CollectGarbage;l:pthread_cond_wait",
        "futex lock 0x7f00", 60, 100, 1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_loop_blocked_io), ANSWER_HEALTHY));
    made_done(&m);
}

Test(loop_blocked_io, does_not_apply_without_a_loop_and_is_unseen_without_waits)
{
    program("tool", "native");
    made_cpu(&m, m.main, "main;work@tool.c:3", 19, 0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_loop_blocked_io), ANSWER_SILENT));
    made_done(&m);
}

/* ---- sync-file-io ---- */

Test(sync_file_io, synchronous_reads_by_name_are_found)
{
    program("node", "node");
    loop(0.3);
    made_cpu(&m, m.main,
        "main;uv_run;handle@app.js:5;loadPage@app.js:21;r:readFileSync@node:fs:430;r:node::fs::"
        "Open",
        6, 1, 20);
    ask_expect_found(&m, &rule_sync_file_io, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "loadPage",
        WORDS("node (pid 4100)", "files"));
    made_done(&m);
}

/* A loop that is never idle hardly ever waits for events, and is one still. */
Test(sync_file_io, is_found_on_a_loop_that_never_waits)
{
    program("node", "node");
    made_states(&m, m.main, 0.95, 0);
    made_wait(
        &m, m.main, "main;uv_run;uv__io_poll;l:epoll_wait", "epoll_wait loop", 5, 20, 1.01, 20);
    made_cpu(&m, m.main, "main;uv_run;loadPage@app.js:21;r:readFileSync@node:fs:430", 15, 0, 20);
    made_cpu(&m, m.main, "main;uv_run;handle@app.js:5", 4, 0, 20);
    ask_expect_found(&m, &rule_sync_file_io, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "loadPage",
        WORDS("node (pid 4100)", "files"));
    made_done(&m);
}

Test(sync_file_io, files_in_long_turns_of_a_native_loop_are_found)
{
    program("server", "native");
    loop(0.3);
    made_turns(&m, m.main, 200, 60, 0, 0, 1);
    made_cpu(&m, m.main, "main;serve@server.c:5;load@server.c:30;l:fread;k:filemap_read", 9, 1, 20);
    ask_expect_found(&m, &rule_sync_file_io, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "load",
        WORDS("server (pid 4100)"));
    made_done(&m);
}

Test(sync_file_io, a_server_of_small_files_in_short_turns_is_healthy)
{
    program("nginx", "native");
    loop(0.3);
    made_turns(&m, m.main, 5000, 1, 0, 0, 3);
    made_cpu(&m, m.main, "main;ngx_process_events_and_timers;ngx_open_file;l:open;k:path_openat", 6,
        0, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_sync_file_io), ANSWER_HEALTHY));
    made_done(&m);
}

Test(sync_file_io, loading_modules_is_no_harm)
{
    program("node", "node");
    loop(0.3);
    made_cpu(&m, m.main,
        "main;r:Module._load@node:internal/modules/cjs/loader:1;r:readFileSync@node:fs:430", 5, 0,
        1);
    cr_expect(eq(int, ask_answer(&m, &rule_sync_file_io), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- lock-contention ---- */

Test(lock_contention, names_the_lock_and_its_caller)
{
    program("server", "native");
    for (int i = 0; i < 4; i++)
        worker("worker", "start_thread;serve@server.c:5;count@server.c:12;l:pthread_mutex_lock",
            "futex lock 0x55d0", 800, 15);
    ask_expect_found(&m, &rule_lock_contention, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "count",
        WORDS("4 threads of server (pid 4100)", "0x55d0"));
    made_done(&m);
}

Test(lock_contention, where_others_have_the_cpus_it_takes_a_little_more)
{
    static const struct {
        double queued; /* of the time; 0.3 on the CPU */
        double ms;     /* of each of 42 waits a second */
        enum answer answer;
    } cases[] = { { 0, 2.6, ANSWER_FOUND }, { 0.6, 2.6, ANSWER_HEALTHY },
        { 0.6, 4, ANSWER_FOUND } };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        program("server", "native");
        made_series(&m, "host_others", "ns", (struct process_id){ 0 }, 0, 20 * 30e9);
        for (int i = 0; i < 4; i++) {
            struct thread_id t = made_thread(&m, "worker");
            made_states(&m, t, 0.3, cases[c].queued);
            made_cpu(&m, t, "start_thread;serve@server.c:5;compute@server.c:9", 6, 0, 20);
            made_wait(&m, t, "start_thread;count@server.c:12;l:pthread_mutex_lock",
                "futex lock 0x55d0", 800, cases[c].ms, 1.01, 20);
        }
        cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), cases[c].answer));
        made_done(&m);
    }
}

/* One lock guards the file that prof asked the runtime to write. */
Test(lock_contention, what_prof_asked_for_is_not_the_programs)
{
    program("node", "node");
    for (int i = 0; i < 4; i++)
        worker("worker", "start_thread;work@work.js:5;r:v8::base::OS::FPrint;l:pthread_mutex_lock",
            "futex lock 0x55d0", 800, 15);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY));
    made_done(&m);
}

Test(lock_contention, idle_workers_on_a_condition_are_healthy)
{
    program("server", "native");
    for (int i = 0; i < 4; i++)
        worker("worker", "start_thread;take_work@server.c:7;l:pthread_cond_wait",
            "futex lock 0x55d0", 800, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY));
    cr_expect(not(made_warns(&m, "lock-contention")));
    made_done(&m);
}

/* Python's queues and condition variables are made of locks. */
Test(lock_contention, idle_workers_of_an_executor_are_healthy)
{
    static const char *const stacks[] = {
        "r:_PyEval_EvalFrameDefault;_worker@thread.py:81;r:_queue_SimpleQueue_get;"
        "r:PyThread_acquire_lock_timed;l:__new_sem_wait_slow64",
        "r:_PyEval_EvalFrameDefault;Queue.get@queue.py:171;Condition.wait@threading.py:324;"
        "r:PyThread_acquire_lock_timed;l:__new_sem_wait_slow64",
    };
    for (size_t s = 0; s < sizeof stacks / sizeof *stacks; s++) {
        program("python3", "python");
        for (int i = 0; i < 4; i++)
            worker("worker", stacks[s], "futex lock 0x55d0", 800, 20);
        cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY), "stack %zu", s);
        made_done(&m);
    }
}

Test(lock_contention, a_lock_of_python_that_threads_wait_for_is_found)
{
    program("python3", "python");
    for (int i = 0; i < 4; i++)
        worker("worker",
            "r:_PyEval_EvalFrameDefault;Stock.reserve@stock.py:12;r:PyThread_acquire_lock_timed;"
            "l:__new_sem_wait_slow64",
            "futex lock 0x55d0", 800, 15);
    ask_expect_found(&m, &rule_lock_contention, SEVERITY_CRITICAL, CONFIDENCE_LIKELY,
        "Stock.reserve", WORDS("4 threads of python3 (pid 4100)"));
    made_done(&m);
}

Test(lock_contention, one_thread_alone_is_healthy)
{
    program("server", "native");
    worker("worker", "start_thread;count@server.c:12;l:pthread_mutex_lock", "futex lock 0x55d0",
        800, 15);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY));
    made_done(&m);
}

Test(lock_contention, few_waits_are_not_enough)
{
    program("server", "native");
    for (int i = 0; i < 4; i++)
        worker("worker", "start_thread;count@server.c:12;l:pthread_mutex_lock", "futex lock 0x55d0",
            3, 1000);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY));
    made_done(&m);
}

Test(lock_contention, different_locks_are_not_one)
{
    program("server", "native");
    for (int i = 0; i < 4; i++) {
        char wait[32];
        snprintf(wait, sizeof wait, "futex lock 0x55d%d", i);
        worker("worker", "start_thread;count@server.c:12;l:pthread_mutex_lock", wait, 800, 15);
    }
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY));
    made_done(&m);
}

Test(lock_contention, python_is_told_about_its_interpreter_lock)
{
    program("python3", "python");
    for (int i = 0; i < 4; i++)
        worker("worker",
            "r:_PyEval_EvalFrameDefault;crunch@job.py:8;r:take_gil;l:pthread_cond_timedwait",
            "futex lock 0x9990", 800, 15);
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_lock_contention, &f), ANSWER_FOUND));
    cr_expect(strstr(f.advice, "Python runs one thread at a time") != NULL, "%s", f.advice);
    finding_done(&f);
    made_done(&m);
}

/* ---- pool-saturated ---- */

static void pool(const char *stack, double idle_ms, double on_cpu)
{
    for (int i = 0; i < 4; i++) {
        struct thread_id t = made_thread(&m, "libuv-worker");
        made_states(&m, t, on_cpu, 0);
        made_cpu(&m, t, stack, on_cpu * 20, 0, 20);
        made_wait(
            &m, t, "start_thread;worker;r:uv_cond_wait", "futex lock 0x77", 190, idle_ms, 1.01, 20);
    }
}

Test(pool_saturated, busy_workers_and_an_idle_loop_are_found)
{
    program("node", "node");
    loop(0.9);
    pool("start_thread;worker;r:node::crypto::PBKDF2Job", 5, 0.45);
    ask_expect_found(&m, &rule_pool_saturated, SEVERITY_WARNING, CONFIDENCE_LIKELY, NULL,
        WORDS("All 4 workers", "node (pid 4100)"));
    made_done(&m);
}

/* A script of node takes no locks: what its loop waits for is the runtime's. */
Test(pool_saturated, the_pools_lock_is_not_told_of_the_loop)
{
    program("node", "node");
    loop(0.62);
    made_wait(&m, m.main, "main;uv_run;sign@app.js:12;r:uv__work_submit;r:uv_mutex_lock",
        "futex lock 0x77", 100, 25, 1.01, 20);
    pool("start_thread;worker;r:node::crypto::PBKDF2Job", 5, 0.45);
    cr_expect(not(made_warns(&m, "loop-blocked-io")));
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect_str_eq(d.verdict, "pool-saturated");
    diagnosis_done(&d);
    made_done(&m);
}

Test(pool_saturated, workers_that_fill_all_cores_get_other_advice)
{
    program("node", "node");
    loop(0.9);
    pool("start_thread;worker;r:node::crypto::PBKDF2Job", 2, 0.95);
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_pool_saturated, &f), ANSWER_FOUND));
    cr_expect(strstr(f.advice, "larger pool does not help") != NULL, "%s", f.advice);
    finding_done(&f);
    made_done(&m);
}

Test(pool_saturated, idle_workers_or_a_busy_loop_are_healthy)
{
    program("node", "node");
    loop(0.9);
    pool("start_thread;worker;r:node::crypto::PBKDF2Job", 60, 0.3);
    cr_expect(eq(int, ask_answer(&m, &rule_pool_saturated), ANSWER_HEALTHY));
    made_done(&m);
    program("node", "node");
    loop(0.1);
    pool("start_thread;worker;r:node::crypto::PBKDF2Job", 5, 0.45);
    cr_expect(eq(int, ask_answer(&m, &rule_pool_saturated), ANSWER_HEALTHY));
    made_done(&m);
}

/* Who has a job and no CPU for it is no idle worker, and a loop without a CPU no idle loop. */
Test(pool_saturated, what_others_take_is_neither_idle_nor_busy)
{
    static const struct {
        double idle_ms; /* of each of the workers' 190 pauses */
        enum answer answer;
    } cases[] = { { 1, ANSWER_FOUND }, { 40, ANSWER_HEALTHY } };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        program("node", "node");
        made_series(&m, "host_others", "ns", (struct process_id){ 0 }, 0, 20 * 3.9e9);
        made_states(&m, m.main, 0.05, 0.7);
        made_wait(&m, m.main, "main;uv_run;l:epoll_wait", "epoll_wait loop", 1000, 4.7, 1.01, 20);
        double idle = cases[c].idle_ms * 190 / 1000 / 20;
        for (int i = 0; i < 4; i++) {
            struct thread_id t = made_thread(&m, "libuv-worker");
            made_states(&m, t, 0.08, 0.92 - idle);
            made_cpu(&m, t, "start_thread;worker;r:node::crypto::PBKDF2Job", 1.6, 0, 20);
            made_wait(&m, t, "start_thread;worker;r:uv_cond_wait", "futex lock 0x77", 190,
                cases[c].idle_ms, 1.01, 20);
        }
        cr_expect(eq(int, ask_answer(&m, &rule_pool_saturated), cases[c].answer), "%zu", c);
        made_done(&m);
    }
}

Test(pool_saturated, a_larger_pool_of_which_four_are_seen_is_healthy)
{
    program("node", "node");
    made_fact(&m, m.process, "env.UV_THREADPOOL_SIZE", "16");
    loop(0.9);
    pool("start_thread;worker;r:node::crypto::PBKDF2Job", 5, 0.45);
    cr_expect(eq(int, ask_answer(&m, &rule_pool_saturated), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- worker-starvation ---- */

Test(worker_starvation, a_backlog_while_workers_wait_is_found)
{
    program("server", "native");
    made_series(&m, "listen_backlog", "count", m.process, 12, 40);
    for (int i = 0; i < 3; i++)
        worker("worker", "start_thread;serve@server.c:5;ask@server.c:40;l:recv",
            "recvfrom tcp 10.0.0.7:5432", 190, 98);
    ask_expect_found(&m, &rule_worker_starvation, SEVERITY_WARNING, CONFIDENCE_LIKELY, "ask",
        WORDS("server (pid 4100)", "3 workers", "10.0.0.7:5432"));
    made_done(&m);
}

Test(worker_starvation, no_backlog_is_healthy_and_no_listener_silent)
{
    program("server", "native");
    made_series(&m, "listen_backlog", "count", m.process, 0, 0);
    for (int i = 0; i < 3; i++)
        worker("worker", "start_thread;serve@server.c:5;ask@server.c:40;l:recv",
            "recvfrom tcp 10.0.0.7:5432", 190, 98);
    cr_expect(eq(int, ask_answer(&m, &rule_worker_starvation), ANSWER_HEALTHY));
    made_done(&m);
    program("tool", "native");
    cr_expect(eq(int, ask_answer(&m, &rule_worker_starvation), ANSWER_SILENT));
    made_done(&m);
}

/* ---- downstream-wait ---- */

Test(downstream_wait, threads_that_wait_for_one_peer_are_found)
{
    program("server", "native");
    for (int i = 0; i < 3; i++)
        worker("worker", "start_thread;serve@server.c:5;query@server.c:60;l:recv",
            "recvfrom tcp 10.0.0.7:5432", 190, 98);
    ask_expect_found(&m, &rule_downstream_wait, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "query",
        WORDS("server (pid 4100)", "10.0.0.7:5432"));
    made_done(&m);
}

Test(downstream_wait, waiting_for_clients_and_for_names_is_not_meant)
{
    program("server", "native");
    worker("worker", "start_thread;serve@server.c:5;l:recv", "recvfrom client 10.0.0.9:40312", 190,
        98);
    worker("worker", "start_thread;serve@server.c:5;l:getaddrinfo", "recvfrom udp 10.0.0.2:53", 190,
        98);
    cr_expect(eq(int, ask_answer(&m, &rule_downstream_wait), ANSWER_HEALTHY));
    made_done(&m);
}

Test(downstream_wait, a_thread_that_computes_more_than_it_waits_is_healthy)
{
    program("server", "native");
    worker("worker", "start_thread;serve@server.c:5;query@server.c:60;l:recv",
        "recvfrom tcp 10.0.0.7:5432", 190, 40);
    cr_expect(eq(int, ask_answer(&m, &rule_downstream_wait), ANSWER_HEALTHY));
    made_done(&m);
}

Test(downstream_wait, an_idle_loop_with_slow_exchanges_is_found)
{
    program("node", "node");
    loop(0.95);
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "roundtrip", "read tcp 127.0.0.1:9000", 160, 21, 200);
    ask_load(&m, "8000", "400", "22000000");
    ask_expect_found(&m, &rule_downstream_wait, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, NULL,
        WORDS("node (pid 4100)", "127.0.0.1:9000", "21 ms"));
    made_done(&m);
}

Test(downstream_wait, slow_requests_without_a_known_peer_are_possible)
{
    program("node", "node");
    loop(0.95);
    ask_load(&m, "8000", "400", "22000000");
    ask_expect_found(
        &m, &rule_downstream_wait, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, NULL, WORDS("22 ms"));
    made_done(&m);
}

Test(downstream_wait, fast_requests_and_a_saturated_loop_are_healthy)
{
    program("node", "node");
    loop(0.7);
    ask_load(&m, "100000", "5000", "900000");
    cr_expect(eq(int, ask_answer(&m, &rule_downstream_wait), ANSWER_HEALTHY));
    made_done(&m);
    program("node", "node");
    loop(0.05);
    ask_load(&m, "100000", "5000", "22000000");
    cr_expect(eq(int, ask_answer(&m, &rule_downstream_wait), ANSWER_HEALTHY));
    made_done(&m);
}

Test(downstream_wait, goroutines_that_wait_are_seen_by_their_exchanges)
{
    program("shop", "go");
    made_states(&m, m.main, 0.1, 0);
    made_cpu(&m, m.main, "main.ask@shop.go:17;r:runtime.netpoll", 2, 0, 20);
    made_wait(
        &m, m.main, "r:runtime.mcall;r:runtime.netpoll", "epoll_pwait loop", 100, 9, 1.01, 20);
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "roundtrip", "exchange tcp 127.0.0.1:9000", 160, 41, 200);
    cr_expect(eq(int, ask_answer(&m, &rule_downstream_wait), ANSWER_FOUND));
    made_done(&m);
    program("shop", "go");
    made_states(&m, m.main, 0.95, 0);
    for (int i = 0; i < 3; i++)
        made_states(&m, made_thread(&m, "worker"), 0.9, 0);
    made_cpu(&m, m.main, "main.price@shop.go:40", 18, 0, 20);
    made_wait(
        &m, m.main, "r:runtime.mcall;r:runtime.netpoll", "epoll_pwait loop", 100, 9, 1.01, 20);
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "roundtrip", "exchange tcp 127.0.0.1:9000", 160, 41, 200);
    cr_expect(eq(int, ask_answer(&m, &rule_downstream_wait), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- connect-per-request ---- */

Test(connect_per_request, one_connection_for_each_request_is_found)
{
    program("server", "native");
    ask_bursts(&m, 1);
    ask_load(&m, "2000", "100", "3000000");
    ask_tally(&m, m.main, "connect", "connect tcp 10.0.0.7:5432", 2000, 2, 0);
    made_cpu(&m, m.main,
        "main;handle@server.c:10;open_database@server.c:31;l:connect;k:tcp_v4_connect", 1, 0, 20);
    ask_expect_found(&m, &rule_connect_per_request, SEVERITY_WARNING, CONFIDENCE_LIKELY,
        "open_database", WORDS("server (pid 4100)", "10.0.0.7:5432", "2,000 times"));
    made_done(&m);
}

Test(connect_per_request, a_pool_is_healthy_and_no_counts_are_unseen)
{
    program("server", "native");
    ask_bursts(&m, 1);
    ask_load(&m, "2000", "100", "3000000");
    ask_tally(&m, m.main, "connect", "connect tcp 10.0.0.7:5432", 30, 19000, 0);
    cr_expect(eq(int, ask_answer(&m, &rule_connect_per_request), ANSWER_HEALTHY));
    made_done(&m);
    program("server", "native");
    cr_expect(eq(int, ask_answer(&m, &rule_connect_per_request), ANSWER_UNSEEN));
    made_done(&m);
}

Test(connect_per_request, many_exchanges_on_each_connection_are_healthy)
{
    program("crawler", "native");
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "connect", "connect tcp 10.0.0.7:443", 100, 500, 0);
    ask_tally(&m, m.main, "roundtrip", "read tcp 10.0.0.7:443", 100, 3, 900);
    cr_expect(eq(int, ask_answer(&m, &rule_connect_per_request), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- n-plus-one ---- */

static bool is_called(const struct guilty *g, const char *name)
{
    return slice_is(profile_string(m.p, profile_func(m.p, g->func)->name), name);
}

Test(n_plus_one, who_asks_in_a_loop_is_named_before_the_helper_that_asks)
{
    program("server", "native");
    ask_bursts(&m, 1);
    ask_load(&m, "400", "20", "40000000");
    const char *peer = "recvfrom tcp 10.0.0.7:5432";
    ask_tally(&m, m.main, "roundtrip", peer, 500, 1.6, 120);
    made_wait(&m, m.main, "main;serve@s.c:4;load_rows@s.c:9;query@s.c:3", peer, 95, 5, 2, 20);
    made_wait(&m, m.main, "main;serve@s.c:5;query@s.c:3", peer, 5, 5, 2, 20);
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_n_plus_one, &f), ANSWER_FOUND));
    cr_assert(f.guilty.len >= 2 && is_called(&f.guilty.ptr[0], "load_rows"));
    cr_expect(f.guilty.ptr[0].calls && f.guilty.ptr[0].line == 9);
    cr_expect(f.guilty.ptr[0].share > 0.9 && f.guilty.ptr[0].share < 1);
    bool helper = false;
    for (size_t i = 1; i < f.guilty.len; i++)
        helper |= is_called(&f.guilty.ptr[i], "query") && !f.guilty.ptr[i].calls;
    cr_expect(helper, "the helper is named as well");
    finding_done(&f);
    made_done(&m);
}

Test(n_plus_one, a_helper_that_two_functions_call_alike_is_named_itself)
{
    program("server", "native");
    ask_bursts(&m, 1);
    ask_load(&m, "400", "20", "40000000");
    const char *peer = "recvfrom tcp 10.0.0.7:5432";
    ask_tally(&m, m.main, "roundtrip", peer, 500, 1.6, 120);
    made_wait(&m, m.main, "main;serve@s.c:4;show@s.c:9;query@s.c:3", peer, 50, 5, 2, 20);
    made_wait(&m, m.main, "main;serve@s.c:5;list@s.c:19;query@s.c:3", peer, 50, 5, 2, 20);
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_n_plus_one, &f), ANSWER_FOUND));
    cr_assert(eq(sz, f.guilty.len, 1));
    cr_expect(is_called(&f.guilty.ptr[0], "query") && !f.guilty.ptr[0].calls);
    finding_done(&f);
    made_done(&m);
}

Test(n_plus_one, many_questions_for_each_request_are_found)
{
    program("server", "native");
    ask_bursts(&m, 1);
    ask_load(&m, "400", "20", "40000000");
    ask_tally(&m, m.main, "roundtrip", "recvfrom tcp 10.0.0.7:5432", 500, 1.6, 120);
    made_wait(&m, m.main, "main;handle@server.c:10;load_rows@server.c:77;l:recv",
        "recvfrom tcp 10.0.0.7:5432", 100, 5, 2, 20);
    ask_expect_found(&m, &rule_n_plus_one, SEVERITY_WARNING, CONFIDENCE_LIKELY, "load_rows",
        WORDS("server (pid 4100)", "25 times", "10.0.0.7:5432"));
    made_done(&m);
}

Test(n_plus_one, one_question_each_and_long_answers_are_healthy)
{
    program("server", "native");
    ask_bursts(&m, 1);
    ask_load(&m, "10000", "500", "2000000");
    ask_tally(&m, m.main, "roundtrip", "recvfrom tcp 10.0.0.7:5432", 500, 1.6, 120);
    cr_expect(eq(int, ask_answer(&m, &rule_n_plus_one), ANSWER_HEALTHY));
    made_done(&m);
    program("server", "native");
    ask_bursts(&m, 1);
    ask_load(&m, "400", "20", "40000000");
    ask_tally(&m, m.main, "roundtrip", "recvfrom tcp 10.0.0.7:5432", 500, 1.6, 65536);
    cr_expect(eq(int, ask_answer(&m, &rule_n_plus_one), ANSWER_HEALTHY));
    made_done(&m);
}

Test(n_plus_one, is_unseen_without_bursts_and_silent_without_peers)
{
    program("server", "native");
    cr_expect(eq(int, ask_answer(&m, &rule_n_plus_one), ANSWER_UNSEEN));
    ask_bursts(&m, 1);
    cr_expect(eq(int, ask_answer(&m, &rule_n_plus_one), ANSWER_SILENT));
    made_done(&m);
}

/* An answer that takes 150 ms is never seen whole in a burst of 200 ms. */
Test(downstream_wait, answers_that_take_longer_than_a_burst_are_found)
{
    program("server", "node");
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:4;r:request@node:_http_client:190", 0.4, 0, 20);
    made_wait(&m, m.main, "main;r:uv_run;l:epoll_wait", "epoll_wait loop", 900, 20, 1.01, 20);
    made_turns(&m, m.main, 900, 0.4, 0, 0, 1);
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "roundtrip", "exchange tcp 10.0.0.7:80", 1, 20, 100);
    ask_tally(&m, m.main, "exchange", "exchange tcp 10.0.0.7:80", 900, 150, 0);
    made_fact(&m, (struct process_id){ 0 }, "exchanges_seen_ns", "20000000000");
    ask_expect_found(&m, &rule_downstream_wait, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "serve",
        WORDS("server (pid 4100)", "10.0.0.7:80"));
    made_done(&m);
}

/* ---- fsync-bound ---- */

Test(fsync_bound, a_thread_that_syncs_every_record_is_found)
{
    program("recorder", "native");
    made_states(&m, m.main, 0.2, 0);
    made_wait(&m, m.main, "main;append@log.c:14;l:fdatasync", "fdatasync sync /srv/log", 1000, 12,
        1.01, 20);
    ask_expect_found(&m, &rule_fsync_bound, SEVERITY_WARNING, CONFIDENCE_LIKELY, "append",
        WORDS("recorder (pid 4100)", "1,000 calls", "/srv/log"));
    made_done(&m);
}

Test(fsync_bound, is_the_same_when_others_have_the_cpu)
{
    program("recorder", "native");
    made_states(&m, m.main, 0.05, 0.8);
    made_wait(&m, m.main, "main;append@log.c:14;l:fdatasync", "fdatasync sync /srv/log", 400, 4,
        1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_fsync_bound), ANSWER_FOUND));
    made_done(&m);
}

Test(fsync_bound, a_database_does_so_by_design)
{
    program("postgres", "native");
    made_states(&m, m.main, 0.2, 0);
    made_wait(
        &m, m.main, "main;XLogFlush;l:fdatasync", "fdatasync sync /var/wal", 1000, 12, 1.01, 20);
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_fsync_bound, &f), ANSWER_FOUND));
    cr_expect(eq(int, f.severity, SEVERITY_INFO));
    finding_done(&f);
    made_done(&m);
}

/* A thread that computes and syncs so quickly that looks hardly ever meet it there. */
Test(fsync_bound, short_syncs_are_told_by_bursts)
{
    program("recorder", "native");
    made_states(&m, m.main, 0.2, 0);
    made_wait(&m, m.main, "main;append@log.c:14;l:fsync", "fsync sync /srv/log", 60, 1, 1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_fsync_bound), ANSWER_HEALTHY));
    ask_bursts(&m, 1);
    ask_tally(&m, m.main, "syscall", "fsync sync /srv/log", 900, 0.4, 0);
    ask_expect_found(&m, &rule_fsync_bound, SEVERITY_WARNING, CONFIDENCE_LIKELY, "append",
        WORDS("recorder (pid 4100)", "6.84 s", "/srv/log"));
    made_done(&m);
}

static void append_between_sleeps(double syncs)
{
    program("recorder", "native");
    made_states(&m, m.main, 0.1, 0);
    made_wait(&m, m.main, "main;pause@log.c:20;l:usleep", "nanosleep sleep", 20000, 0.6, 1.01, 20);
    made_wait(&m, m.main, "main;append@log.c:14;l:fsync", "fsync sync /srv/log", 100, 25, 1.01, 20);
    ask_tally(&m, m.main, "wait", "fsync sync /srv/log", (uint64_t)syncs, 2500 / syncs, 0);
}

Test(fsync_bound, sleeps_between_single_records_are_no_part_of_the_work)
{
    append_between_sleeps(7000);
    ask_expect_found(&m, &rule_fsync_bound, SEVERITY_WARNING, CONFIDENCE_LIKELY, "append",
        WORDS("recorder (pid 4100)", "/srv/log"));
    made_done(&m);
    append_between_sleeps(200); /* ten groups a second */
    cr_expect(eq(int, ask_answer(&m, &rule_fsync_bound), ANSWER_HEALTHY));
    made_done(&m);
}

Test(fsync_bound, a_few_syncs_are_healthy)
{
    program("recorder", "native");
    made_states(&m, m.main, 0.2, 0);
    made_wait(&m, m.main, "main;append@log.c:14;l:fdatasync", "fdatasync sync /srv/log", 8, 500,
        1.01, 20);
    cr_expect(eq(int, ask_answer(&m, &rule_fsync_bound), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- dns-blocking ---- */

Test(dns_blocking, lookups_on_a_request_thread_are_found)
{
    program("server", "native");
    worker("worker", "start_thread;serve@server.c:5;reach@server.c:90;l:getaddrinfo",
        "poll udp 10.0.0.2:53", 150, 60);
    ask_expect_found(&m, &rule_dns_blocking, SEVERITY_WARNING, CONFIDENCE_LIKELY, "reach",
        WORDS("of server (pid 4100)", "10.0.0.2:53"));
    made_done(&m);
}

Test(dns_blocking, a_lookup_now_and_then_is_healthy)
{
    program("server", "native");
    worker("worker", "start_thread;serve@server.c:5;reach@server.c:90;l:getaddrinfo",
        "poll udp 10.0.0.2:53", 4, 60);
    cr_expect(eq(int, ask_answer(&m, &rule_dns_blocking), ANSWER_HEALTHY));
    made_done(&m);
}
