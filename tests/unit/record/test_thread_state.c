// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "record/thread_state.h"

enum { PID = 100, TID = 101 };

static const bool out = true, in = false;

static void swap(struct thread_states *ts, bool leaves, bool preempted, uint64_t ns)
{
    thread_states_switch(ts, PID, TID, leaves, preempted, ns);
}

Test(thread_state, time_is_told_apart_by_why_the_thread_left_its_cpu)
{
    struct thread_states ts;
    thread_states_init(&ts);
    swap(&ts, in, false, 1000);
    swap(&ts, out, false, 1100); /* ran 100 */
    swap(&ts, in, false, 1400);  /* blocked 300 */
    swap(&ts, out, true, 1450);  /* ran 50 */
    swap(&ts, in, false, 1520);  /* queued 70 */
    const struct thread_state *t = thread_states_find(&ts, TID);
    const struct thread_times now = thread_state_times(&ts, t, 1530);
    cr_expect_eq(now.on_cpu_ns, 160);
    cr_expect_eq(now.blocked_ns, 300);
    cr_expect_eq(now.queued_ns, 70);
    cr_expect_eq(t->blocks, 1);
    cr_expect_eq(t->block_from_ns, 1100);
    cr_expect_eq(t->block_to_ns, 1400);
    thread_states_done(&ts);
}

Test(thread_state, only_recorded_time_counts)
{
    struct thread_states ts;
    thread_states_init(&ts);
    ts.from_ns = 1050;
    ts.to_ns = 1300;
    swap(&ts, in, false, 1000);
    swap(&ts, out, false, 1100);
    swap(&ts, in, false, 1400);
    const struct thread_times now = thread_state_times(&ts, thread_states_find(&ts, TID), 2000);
    cr_expect_eq(now.on_cpu_ns, 50);
    cr_expect_eq(now.blocked_ns, 200);
    thread_states_done(&ts);
}

Test(thread_state, a_switch_that_was_missed_leaves_its_time_unknown)
{
    struct thread_states ts;
    thread_states_init(&ts);
    swap(&ts, in, false, 1000);
    swap(&ts, out, false, 1100);
    swap(&ts, out, false, 1900); /* it must have come back in between */
    swap(&ts, in, false, 2000);
    const struct thread_times now = thread_state_times(&ts, thread_states_find(&ts, TID), 2000);
    cr_expect_eq(now.on_cpu_ns, 100);
    cr_expect_eq(now.blocked_ns, 100);
    thread_states_done(&ts);
}

Test(thread_state, what_the_kernel_calls_queueing_is_taken_from_waiting)
{
    struct thread_states ts;
    thread_states_init(&ts);
    swap(&ts, in, false, 1000);
    struct thread_state *t = thread_states_find(&ts, TID);
    thread_states_reconcile(&ts, t, 5000, 700, 1000); /* the mark: totals before us */
    swap(&ts, out, false, 1100);
    swap(&ts, in, false, 1400);
    swap(&ts, out, true, 1500);
    swap(&ts, in, false, 1540);
    thread_states_reconcile(&ts, t, 5200, 700 + 40 + 90, 1540);
    const struct thread_times now = thread_state_times(&ts, t, 1540);
    cr_expect_eq(now.on_cpu_ns, 200);
    cr_expect_eq(now.queued_ns, 130, "40 by preemption, 90 after the wake-up");
    cr_expect_eq(now.blocked_ns, 210);
    thread_states_done(&ts);
}

Test(thread_state, time_without_switches_is_what_the_kernel_says)
{
    struct thread_states ts;
    thread_states_init(&ts);
    swap(&ts, in, false, 1000);
    struct thread_state *t = thread_states_find(&ts, TID);
    thread_states_reconcile(&ts, t, 1, 1, 1000);
    thread_states_lost(&ts, 1000);
    thread_states_reconcile(&ts, t, 1 + 600, 1 + 100, 2000);
    const struct thread_times now = thread_state_times(&ts, t, 2000);
    cr_expect_eq(now.on_cpu_ns, 600);
    cr_expect_eq(now.queued_ns, 100);
    cr_expect_eq(now.blocked_ns, 300);
    thread_states_done(&ts);
}

Test(thread_state, a_number_that_comes_back_is_a_new_thread)
{
    struct thread_states ts;
    thread_states_init(&ts);
    swap(&ts, in, false, 1000);
    const uint32_t first = thread_states_find(&ts, TID)->serial;
    thread_states_end(&ts, TID, 1500);
    cr_expect_null(thread_states_find(&ts, TID));
    cr_expect_eq(thread_states_cpu_ns(&ts, 1600), 500, "what it ran stays in the sum");
    thread_states_add(&ts, PID, TID, THREAD_QUEUED, 2000, 2000);
    cr_expect_neq(thread_states_find(&ts, TID)->serial, first);
    cr_expect_eq(thread_states_find(&ts, TID)->on_cpu_ns, 0);
    cr_expect_eq(ts.live, 1);
    thread_states_done(&ts);
}
