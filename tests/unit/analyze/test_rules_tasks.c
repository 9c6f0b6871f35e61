// SPDX-License-Identifier: MIT
/* Rules about what goroutines wait for. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "analyze/tasks.h"
#include "ask.h"

#define CONN "r:runtime.goexit;l:net/http.(*Server).Serve.func3;l:net/http.(*conn).serve;"
#define HANDLER CONN "l:net/http.HandlerFunc.ServeHTTP;main.handle@server.go:9;"
#define PARK "r:runtime.gopark"
#define LOCKED "l:sync.(*Mutex).Lock;l:sync.(*Mutex).lockSlow;r:runtime.semacquire1;" PARK

static struct made m;

/* A server whose connections are idle but for `busy` of them, which run. */
static void server(double idle, double busy)
{
    m = made_new("server", "go", 20);
    made_series(&m, "cpu", "ns", m.process, 0, 20 * 0.4e9);
    made_states(&m, m.main, 0.3, 0);
    made_cpu(&m, m.main, HANDLER "main.compute@server.go:20", 6, 0, 20);
    made_wait(&m, m.main, "r:runtime.mstart;r:runtime.futex", "futex lock", 1000, 12, 0, 20);
    made_states(&m, made_thread(&m, "server"), 0.1, 0);
    made_fact(&m, m.process, "listens", "8080");
    made_tasks(&m, CONN "l:internal/poll.(*FD).Read;" PARK, "IO-wait loop", idle, 4000);
    made_tasks(&m, "l:net/http.(*Server).Serve.func3", NULL, busy, 1000);
}

/* ---- lock-contention ---- */

Test(tasks_lock_contention, names_the_function_that_asks_for_the_lock)
{
    server(50, 1);
    made_tasks(&m, HANDLER "main.count@server.go:12;" LOCKED, "semacquire lock", 4, 900);
    ask_expect_found(&m, &rule_lock_contention, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, "main.count",
        WORDS("Goroutines of server (pid 4100)", "80 %", "of them at any time"));
    cr_expect(made_warns(&m, "lock-contention"));
    made_done(&m);
}

Test(tasks_lock_contention, of_a_server_that_uses_no_cpu_is_no_lack_of_load)
{
    server(50, 0.01);
    made_series(&m, "cpu", "ns", m.process, 0, 20 * 0.001e9);
    made_tasks(&m, HANDLER "main.count@server.go:12;" LOCKED, "semacquire lock", 4, 900);
    cr_expect(eq(int, ask_answer(&m, &rule_under_driven), ANSWER_HEALTHY));
    made_done(&m);
}

Test(tasks_lock_contention, is_not_what_a_pool_of_idle_goroutines_waits_for)
{
    static const char *const idle[][2] = {
        { "r:runtime.goexit;main.worker@w.go:5;r:runtime.chanrecv1;" PARK, "chan-receive event" },
        { "r:runtime.goexit;main.worker@w.go:5;r:runtime.selectgo;" PARK, "select event" },
        { "r:runtime.goexit;main.worker@w.go:5;l:sync.(*Cond).Wait;" PARK, "sync.Cond.Wait lock" },
        { "r:runtime.goexit;main.main@w.go:5;l:sync.(*WaitGroup).Wait;" PARK, "semacquire lock" },
        { HANDLER "r:runtime.mallocgc;r:runtime.gcAssistAlloc;r:runtime.semacquire1;" PARK,
            "semacquire lock" },
    };
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        server(20, 0.2);
        made_tasks(&m, idle[i][0], idle[i][1], 100, 5000);
        cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY), "row %zu", i);
        cr_expect(not(made_warns(&m, "lock-contention")), "row %zu", i);
        made_done(&m);
    }
}

Test(tasks_lock_contention, takes_waits_that_end)
{
    server(20, 0.2);
    made_tasks(&m, HANDLER "main.stuck@server.go:12;" LOCKED, "sync.Mutex.Lock lock", 2, 2);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY));
    made_done(&m);
}

Test(tasks_lock_contention, takes_more_than_a_goroutine_now_and_then)
{
    server(50, 0.01);
    made_tasks(&m, HANDLER "main.count@server.go:12;" LOCKED, "sync.Mutex.Lock lock", 0.05, 900);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY));
    made_done(&m);
    server(50, 8);
    made_tasks(&m, HANDLER "main.count@server.go:12;" LOCKED, "sync.Mutex.Lock lock", 0.5, 900);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_HEALTHY), "8 are at work");
    made_done(&m);
}

Test(tasks_lock_contention, is_not_seen_where_goroutines_were_not_looked_at)
{
    m = made_new("server", "go", 20);
    made_states(&m, m.main, 0.3, 0);
    made_states(&m, made_thread(&m, "server"), 0.3, 0);
    cr_expect(eq(int, ask_answer(&m, &rule_lock_contention), ANSWER_UNSEEN));
    made_done(&m);
}

/* ---- sleep-polling ---- */

#define ASLEEP "r:time.Sleep;" PARK

Test(tasks_sleep_polling, in_a_handler_is_found)
{
    server(50, 0.3);
    made_tasks(&m, HANDLER "main.waitByLooking@server.go:31;" ASLEEP, "sleep sleep", 3, 600);
    ask_expect_found(&m, &rule_sleep_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY,
        "main.waitByLooking",
        WORDS("Goroutines that begin in net/http.(*Server).Serve.func3", "at least 30", "100 ms"));
    made_done(&m);
}

Test(tasks_sleep_polling, of_a_ticker_is_no_fault_of_the_handlers)
{
    server(50, 0.3);
    made_tasks(&m, "r:runtime.goexit;main.tick@server.go:40;" ASLEEP, "sleep sleep", 1, 200);
    cr_expect(not(made_warns(&m, "sleep-polling")));
    made_done(&m);
    server(50, 0.3);
    made_tasks(&m, "r:runtime.goexit;main.tick@server.go:40;" ASLEEP, "sleep sleep", 20, 400);
    made_tasks(&m, HANDLER "main.waitByLooking@server.go:31;" ASLEEP, "sleep sleep", 3, 600);
    ask_expect_found(&m, &rule_sleep_polling, SEVERITY_WARNING, CONFIDENCE_LIKELY,
        "main.waitByLooking", WORDS("net/http"));
    made_done(&m);
}

Test(tasks_sleep_polling, is_not_what_a_handler_does_beside_waiting_for_an_answer)
{
    server(50, 0.3);
    made_tasks(&m, HANDLER "main.ask@server.go:50;l:net/http.(*Transport).roundTrip;" PARK,
        "select event", 5, 1000);
    made_tasks(&m, HANDLER "main.backOff@server.go:31;" ASLEEP, "sleep sleep", 0.5, 600);
    cr_expect(eq(int, ask_answer(&m, &rule_sleep_polling), ANSWER_HEALTHY));
    made_done(&m);
}

Test(tasks_sleep_polling, takes_sleeps_of_less_than_a_second)
{
    server(50, 0.3);
    made_tasks(&m, HANDLER "main.simulate@server.go:31;" ASLEEP, "sleep sleep", 5, 50);
    cr_expect(eq(int, ask_answer(&m, &rule_sleep_polling), ANSWER_HEALTHY));
    made_done(&m);
}

/* ---- context-switch-storm ---- */

Test(tasks_context_switch_storm, of_a_server_at_its_clients_pace_is_info)
{
    server(30, 1);
    made_series(&m, "switches_voluntary", "count", m.process, 0, 20 * 30000);
    ask_expect_found(&m, &rule_context_switch_storm, SEVERITY_INFO, CONFIDENCE_POSSIBLE, NULL,
        WORDS("30,000 times a second"));
    made_tasks(&m, "r:runtime.goexit;main.ping@p.go:5;" PARK, "chan-receive event", 40, 100000);
    ask_expect_found(&m, &rule_context_switch_storm, SEVERITY_WARNING, CONFIDENCE_CERTAIN, NULL,
        WORDS("30,000 times a second"));
    made_done(&m);
}

/* ---- the whole ---- */

Test(tasks, change_nothing_of_the_threads)
{
    server(50, 0.3);
    struct observed *o = observed_new(m.p);
    const uint64_t blocked = o->blocked_ns, waited = o->wait.weight;
    const uint32_t threads = o->thread_count;
    observed_free(o);
    made_tasks(&m, HANDLER "main.count@server.go:12;" LOCKED, "semacquire lock", 400, 900);
    o = observed_new(m.p);
    cr_expect(eq(u64, o->blocked_ns, blocked));
    cr_expect(eq(u64, o->wait.weight, waited));
    cr_expect(eq(u32, o->thread_count, threads));
    observed_free(o);
    made_done(&m);
}

Test(tasks, of_one_kind_begin_with_the_same_function)
{
    server(10, 1);
    made_tasks(&m, HANDLER "main.count@server.go:12;" LOCKED, "semacquire lock", 2, 900);
    made_tasks(
        &m, "r:runtime.goexit;r:runtime.main;main.main@server.go:60;" PARK, "select event", 1, 1);
    made_tasks(&m, "r:runtime.goexit;r:runtime.bgsweep", NULL, 1, 100);
    struct observed *o = observed_new(m.p);
    struct task_kinds kinds;
    task_kinds_of(o, &kinds);
    cr_assert(eq(sz, kinds.rows.len, 2), "the runtime's own are left out");
    const double second = o->steady_seconds * 1e9;
    cr_expect(epsilon_eq(dbl, (double)kinds.rows.ptr[0].lived_ns / second, 13, 0.2));
    cr_expect(epsilon_eq(dbl, (double)kinds.rows.ptr[0].idle_ns / second, 10, 0.2));
    cr_expect(epsilon_eq(dbl, (double)kinds.rows.ptr[0].lock_ns / second, 2, 0.05));
    cr_expect(kinds.rows.ptr[0].listens);
    cr_expect(eq(u64, task_kind_active_ns(&kinds.rows.ptr[1]), 0));
    cr_expect(not(kinds.rows.ptr[1].listens));
    task_kinds_done(&kinds);
    observed_free(o);
    made_done(&m);
}
