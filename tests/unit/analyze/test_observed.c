// SPDX-License-Identifier: MIT
#include "analyze/observed.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "make_profile.h"

static const struct process_id run = { 0 };

Test(observed, a_profile_without_anything_has_nothing)
{
    struct profile *p = profile_new();
    struct observed *o = observed_new(p);
    cr_expect_eq(o->thread_count, 0);
    cr_expect_eq(o->busiest, NULL);
    cr_expect_eq(o->loop, NULL);
    cr_expect_eq(observed_sum(o, &(struct selection){ 0 }).count, 0);
    cr_expect(isnan(observed_increase(o, "rss", run)));
    struct func_amounts functions;
    observed_functions(o, &(struct selection){ 0 }, BLAME_OWN, &functions);
    cr_expect_eq(functions.len, 0);
    func_amounts_done(&functions);
    observed_free(o);
    profile_free(p);
}

Test(observed, a_worker_of_node_is_no_event_loop)
{
    struct made m = made_new("app", "node", 20);
    const struct thread_id worker = made_thread(&m, "node");
    made_turns(&m, m.main, 100, 5, 0, 0, 1);
    made_turns(&m, worker, 100, 100, 0, 0, 1);
    made_cpu(&m, m.main, "r:uv_run;serve@a.js:2", 2, 0, 20);
    made_cpu(&m, worker, "r:uv_run;compute@a.js:9", 10, 0, 20);
    struct observed *o = observed_new(m.p);
    cr_expect_eq(observed_thread(o, m.main)->role, ROLE_LOOP);
    cr_expect_neq(observed_thread(o, worker)->role, ROLE_LOOP);
    observed_free(o);
    made_done(&m);
}

Test(observed, selections_hold_all_their_conditions)
{
    struct made m = made_new("app", "native", 10);
    struct thread_id other = made_thread(&m, "other");
    made_cpu(&m, m.main, "main@a.c:1;work@a.c:9;g:malloc", 2, 0, 10);
    made_cpu(&m, m.main, "main@a.c:1;work@a.c:10", 1, 0, 10);
    made_cpu(&m, other, "main@a.c:1;g:malloc", 0.5, 0, 0.5);
    struct observed *o = observed_new(m.p);
    struct selection s = { 0 };
    cr_expect_eq(observed_sum(o, &s).count, 700);
    s.any_frame = TRAIT(MALLOC);
    cr_expect_eq(observed_sum(o, &s).count, 500);
    s.thread = m.main;
    cr_expect_eq(observed_sum(o, &s).count, 400);
    s.no_frame = TRAIT(MALLOC);
    cr_expect_eq(observed_sum(o, &s).count, 0);
    struct interval first_half = { MADE_START_NS, MADE_START_NS + UINT64_C(5000000000) };
    struct selection half = { .thread = m.main, .in = &first_half, .in_count = 1 };
    cr_expect_eq(observed_sum(o, &half).count, 300);
    struct selection steady = { .thread = other, .steady = true };
    cr_expect_eq(observed_sum(o, &steady).count, 0, "the first second is start-up");
    observed_free(o);
    made_done(&m);
}

Test(observed, blame_goes_to_the_nearest_own_function_and_its_hottest_line)
{
    struct made m = made_new("app", "native", 10);
    made_cpu(&m, m.main, "main@a.c:1;work@a.c:9;l:qsort;g:malloc", 1, 0, 10);
    made_cpu(&m, m.main, "main@a.c:1;d:library", 0.5, 0, 10);
    struct observed *o = observed_new(m.p);
    struct func_amounts own, self;
    observed_functions(o, &(struct selection){ 0 }, BLAME_OWN, &own);
    observed_functions(o, &(struct selection){ 0 }, BLAME_SELF, &self);
    cr_assert_eq(own.len, 2);
    const struct func *work = profile_func(m.p, own.ptr[0].func);
    cr_expect(slice_is(profile_string(m.p, work->name), "work"));
    cr_expect_eq(own.ptr[0].line, 9);
    const struct func *leaf = profile_func(m.p, self.ptr[0].func);
    cr_expect(slice_is(profile_string(m.p, leaf->name), "malloc"));
    func_amounts_done(&own);
    func_amounts_done(&self);
    observed_free(o);
    made_done(&m);
}

Test(observed, waiting_for_events_again_and_again_makes_a_loop)
{
    struct made m = made_new("server", "node", 10);
    struct thread_id once = made_thread(&m, "once");
    made_cpu(&m, m.main, "main@a.js:1", 1, 0, 10);
    made_wait(&m, m.main, "r:uv_run;r:uv__io_poll", "epoll_wait loop", 100, 80, 0, 10);
    made_wait(&m, once, "work@a.c:1", "poll loop", 2, 100, 0, 10);
    struct observed *o = observed_new(m.p);
    cr_assert(o->loop);
    cr_expect_eq(o->loop->id.i, m.main.i);
    cr_expect_eq(observed_thread(o, once)->role, ROLE_OTHER);
    observed_free(o);
    made_done(&m);
}

/* Its sockets are always ready, so that it hardly ever waits for events. */
Test(observed, a_loop_of_asyncio_that_sleeps_in_its_handlers_is_a_loop)
{
    static const struct {
        const char *above;
        enum thread_role role;
    } rows[] = {
        { "BaseEventLoop._run_once@base_events.py:1922", ROLE_LOOP },
        { "main@job.py:5", ROLE_OTHER },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = made_new("python3", "python", 10);
        char stack[200];
        snprintf(stack, sizeof stack, "r:Py_RunMain;%s;ask@app.py:7;r:time_sleep", rows[i].above);
        made_cpu(&m, m.main, stack, 0.1, 0, 10);
        made_wait(&m, m.main, stack, "clock_nanosleep sleep", 400, 20, 0, 10);
        struct observed *o = observed_new(m.p);
        cr_expect_eq(observed_thread(o, m.main)->role, rows[i].role, "row %zu", i);
        observed_free(o);
        made_done(&m);
    }
}

Test(observed, threads_that_begin_in_the_same_function_are_a_pool)
{
    struct made m = made_new("server", "native", 10);
    struct thread_id a = made_thread(&m, "server"), b = made_thread(&m, "server");
    struct thread_id alone = made_thread(&m, "server");
    made_cpu(&m, a, "l:start_thread;worker@pool.c:8;job@jobs.c:3", 1, 0, 10);
    made_wait(&m, b, "l:start_thread;worker@pool.c:8;l:___pthread_cond_wait", "futex lock 0x1", 9,
        900, 0, 10);
    made_cpu(&m, alone, "l:start_thread;janitor@pool.c:90", 1, 0, 10);
    struct observed *o = observed_new(m.p);
    cr_expect_eq(observed_thread(o, a)->role, ROLE_POOL);
    cr_expect_eq(observed_thread(o, b)->role, ROLE_POOL);
    cr_expect_eq(observed_thread(o, a)->pool, observed_thread(o, b)->pool);
    cr_expect_eq(observed_thread(o, alone)->role, ROLE_OTHER);
    observed_free(o);
    made_done(&m);
}

Test(observed, states_come_from_switches_and_fill_windows)
{
    struct made m = made_new("app", "native", 20);
    made_states(&m, m.main, 0.5, 0.25);
    struct observed *o = observed_new(m.p);
    const struct observed_thread *t = observed_thread(o, m.main);
    cr_expect(t->exact);
    cr_expect_float_eq((double)t->on_cpu_ns, 10e9, 1e6);
    cr_expect_float_eq((double)t->blocked_ns, 5e9, 1e6);
    cr_assert_eq(t->window_count, 80);
    for (uint32_t i = 0; i < t->window_count; i++) {
        cr_expect_float_eq((double)t->on_cpu_share[i], 0.5, 1e-3, "window %u", i);
        cr_expect_float_eq((double)t->queued_share[i], 0.25, 1e-3, "window %u", i);
    }
    observed_free(o);
    made_done(&m);
}

Test(observed, without_switches_windows_come_from_samples)
{
    struct made m = made_new("app", "native", 4);
    made_cpu(&m, m.main, "main@a.c:1", 1, 0, 2);
    struct observed *o = observed_new(m.p);
    const struct observed_thread *t = observed_thread(o, m.main);
    cr_assert_eq(t->window_count, 16);
    cr_expect_float_eq((double)t->on_cpu_share[2], 0.5, 0.05);
    cr_expect_float_eq((double)t->on_cpu_share[12], 0, 1e-6);
    observed_free(o);
    made_done(&m);
}

Test(observed, waiting_for_ones_own_threads_is_no_starvation)
{
    static const struct {
        double others; /* cores */
        bool starved;
    } rows[] = { { 0.0, false }, { 3.9, true } };
    for (size_t i = 0; i < 2; i++) {
        struct made m = made_new("app", "native", 20);
        for (int k = 0; k < 4; k++) {
            struct thread_id t = made_thread(&m, "worker");
            made_states(&m, t, rows[i].starved ? 0.02 : 0.5, rows[i].starved ? 0.9 : 0.5);
        }
        made_series(&m, "host_others", "ns", run, 0, rows[i].others * 20e9);
        struct observed *o = observed_new(m.p);
        cr_expect_eq(o->starved_share > 0.2, rows[i].starved, "%.1f cores of others: %.3f",
            rows[i].others, o->starved_share);
        observed_free(o);
        made_done(&m);
    }
}

Test(observed, running_totals_count_after_start_up_and_over_processes)
{
    struct made m = made_new("app", "native", 20);
    made_series(&m, "faults_minor", "count", m.process, 100, 2100);
    struct observed *o = observed_new(m.p);
    cr_expect_float_eq(observed_increase(o, "faults_minor", m.process), 1900, 1e-6);
    cr_expect_float_eq(observed_rate(o, "faults_minor", run), 100, 1e-6);
    observed_free(o);
    made_done(&m);
}

/* node runs prof's own script, whose cost is no fault of the program. */
Test(observed, what_prof_does_in_the_target_is_left_out)
{
    struct made m = made_new("server", "node", 10);
    made_cpu(&m, m.main, "main@a.js:1", 4, 0, 10);
    made_cpu(&m, m.main, "flush@/tmp/prof-Ab12cd/prof.cjs:46", 2, 0, 10);
    made_cpu(&m, m.main, "mine@/srv/prof.cjs:46", 1, 0, 10);
    struct observed *o = observed_new(m.p);
    struct selection all = { 0 };
    cr_expect_float_eq((double)observed_sum(o, &all).weight / 1e9, 5, 0.1);
    observed_free(o);
    made_done(&m);
}
