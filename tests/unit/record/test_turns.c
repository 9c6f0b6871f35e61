// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "record/duty.h"
#include "record/turns.h"

enum { PID = 100, TID = 100, EPOLL = 232, POLL = 7 };

#define MS UINT64_C(1000000)

struct world {
    struct profile *profile;
    struct thread_states states;
    struct turns turns;
    struct thread_id row;
    uint64_t now_ns;
};

static struct thread_id row_of(void *ctx, pid_t pid, pid_t tid, uint64_t time_ns)
{
    const struct world *w = ctx;
    cr_expect_eq(pid, PID);
    cr_expect_eq(tid, TID);
    cr_expect_gt(time_ns, 0);
    return w->row;
}

static void setup(struct world *w)
{
    *w = (struct world){ .profile = profile_new(), .now_ns = 1000 * MS };
    const struct process process = { .pid = PID };
    const struct thread thread = { .process = profile_add_process(w->profile, &process),
        .tid = TID };
    w->row = profile_add_thread(w->profile, &thread);
    thread_states_init(&w->states);
    turns_init(&w->turns, w->profile);
    w->turns.row_of = row_of;
    w->turns.row_ctx = w;
    thread_states_switch(&w->states, PID, TID, false, false, w->now_ns);
}

static void teardown(struct world *w)
{
    turns_done(&w->turns);
    thread_states_done(&w->states);
    profile_free(w->profile);
}

static const struct thread_state *state(struct world *w)
{
    return thread_states_find(&w->states, TID);
}

static void off(struct world *w, bool preempted, uint64_t ns)
{
    thread_states_switch(&w->states, PID, TID, true, preempted, w->now_ns);
    turns_switch(&w->turns, TID, state(w), true, preempted, w->now_ns);
    w->now_ns += ns;
    thread_states_switch(&w->states, PID, TID, false, false, w->now_ns);
    turns_switch(&w->turns, TID, state(w), false, false, w->now_ns);
}

static void enter(struct world *w, uint32_t number, bool entries_only)
{
    const struct loop_call call = { .number = number, .entries_only = entries_only };
    turns_enter(&w->turns, PID, TID, state(w), w->now_ns, &call);
}

static void leave(struct world *w, uint32_t number, uint32_t events)
{
    const struct loop_call call = { .number = number, .events = events };
    turns_exit(&w->turns, TID, state(w), w->now_ns, &call);
}

/* Waits for a while; the turn that follows is the caller's. */
static void wait_for(struct world *w, uint64_t ns, uint32_t events)
{
    enter(w, EPOLL, false);
    off(w, false, ns);
    leave(w, EPOLL, events);
}

static void become_loop(struct world *w)
{
    for (int i = 0; i < LOOP_CALLS; i++) {
        wait_for(w, 5 * MS, 1);
        w->now_ns += MS;
    }
}

static const struct histogram *histogram(const struct world *w, const char *name)
{
    return profile_histogram(w->profile, name, w->row);
}

Test(turns, a_turn_lasts_from_the_end_of_a_wait_to_the_next_and_has_parts)
{
    struct world w;
    setup(&w);
    become_loop(&w);
    wait_for(&w, 5 * MS, 3);
    const uint64_t from_ns = w.now_ns;
    w.now_ns += 20 * MS;
    off(&w, true, 7 * MS);
    off(&w, false, 4 * MS);
    enter(&w, EPOLL, false);
    turns_flush(&w.turns, w.now_ns);
    uint32_t count;
    const struct span *spans = profile_spans(w.profile, &count);
    const struct span *found = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (spans[i].duration_ns >= TURN_LONG_NS)
            found = &spans[i];
    cr_assert_not_null(found);
    cr_expect_eq(found->start_ns, from_ns);
    cr_expect_eq(found->duration_ns, 31 * MS);
    cr_expect_eq(found->on_cpu_ns, 20 * MS);
    cr_expect_eq(found->queued_ns, 7 * MS);
    cr_expect_eq(found->blocked_ns, 4 * MS);
    cr_expect_eq(found->events, 3);
    cr_expect_eq(histogram(&w, "turn")->count, LOOP_CALLS + 1);
    cr_expect_eq(histogram(&w, "turn")->max_ns, 31 * MS);
    cr_expect_eq(histogram(&w, "turn_on_cpu")->max_ns, 20 * MS);
    teardown(&w);
}

Test(turns, a_thread_that_is_mostly_blocked_elsewhere_is_no_loop)
{
    struct world w;
    setup(&w);
    for (int i = 0; i < 3 * LOOP_CALLS; i++) {
        wait_for(&w, MS, 1);
        off(&w, false, 9 * MS); /* a lock, a file */
    }
    cr_expect_eq(turns_loops(&w.turns), 0);
    turns_flush(&w.turns, w.now_ns);
    cr_expect_eq(profile_histogram_count(w.profile), 0);
    teardown(&w);
}

/* There is always an event: its wait never sleeps, and what little it blocks is elsewhere. */
Test(turns, a_loop_that_has_more_to_do_than_it_can_is_one)
{
    struct world w;
    setup(&w);
    for (int i = 0; i < 3 * LOOP_CALLS; i++) {
        enter(&w, EPOLL, false);
        leave(&w, EPOLL, 8);
        w.now_ns += 20 * MS;
        off(&w, false, MS / 2); /* a lock, a file */
    }
    cr_expect_eq(turns_loops(&w.turns), 1);
    turns_flush(&w.turns, w.now_ns);
    cr_expect_eq(histogram(&w, "turn")->max_ns, 20 * MS + MS / 2);
    teardown(&w);
}

Test(turns, another_wait_within_a_turn_does_not_end_it)
{
    struct world w;
    setup(&w);
    become_loop(&w);
    wait_for(&w, 5 * MS, 1);
    w.now_ns += 6 * MS;
    off(&w, false, 6 * MS);
    leave(&w, POLL, 1); /* of one descriptor: its entry was not told */
    w.now_ns += 6 * MS;
    enter(&w, EPOLL, false);
    cr_expect_eq(histogram(&w, "turn")->max_ns, 18 * MS);
    teardown(&w);
}

static void enter_of(struct world *w, int object)
{
    const struct loop_call call = { .number = EPOLL, .object = object };
    turns_enter(&w->turns, PID, TID, state(w), w->now_ns, &call);
}

/* A loop within a turn has an epoll descriptor of its own, which was made later. */
Test(turns, a_loop_within_a_turn_does_not_end_it)
{
    struct world w;
    setup(&w);
    for (int i = 0; i < LOOP_CALLS + 5; i++) {
        enter_of(&w, 4);
        off(&w, false, 20 * MS);
        leave(&w, EPOLL, 1);
        for (int k = 0; k < 3; k++) {
            enter_of(&w, 9);
            off(&w, false, 15 * MS);
            leave(&w, EPOLL, 1);
        }
    }
    enter_of(&w, 4);
    turns_flush(&w.turns, w.now_ns);
    uint32_t count;
    const struct span *spans = profile_spans(w.profile, &count);
    cr_assert_eq(count, LOOP_CALLS + 5);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(spans[i].duration_ns, 45 * MS);
        cr_expect_eq(spans[i].blocked_ns, 45 * MS);
    }
    teardown(&w);
}

/* One loop has ended, and the next one's descriptor has a larger number. */
Test(turns, the_next_loop_of_a_thread_is_no_endless_turn_of_the_first)
{
    struct world w;
    setup(&w);
    for (int i = 0; i < 4 * LOOP_CALLS; i++) {
        enter_of(&w, i < 2 * LOOP_CALLS ? 4 : 9);
        off(&w, false, 20 * MS);
        leave(&w, EPOLL, 1);
        w.now_ns += 2 * MS;
    }
    turns_flush(&w.turns, w.now_ns);
    cr_expect_geq(histogram(&w, "turn")->count, 3 * LOOP_CALLS - 2);
    cr_expect_eq(histogram(&w, "turn")->max_ns, 2 * MS);
    teardown(&w);
}

Test(turns, entries_alone_tell_the_same_when_the_wait_sleeps_or_does_not)
{
    struct world w;
    setup(&w);
    for (int i = 0; i < LOOP_CALLS; i++) {
        enter(&w, EPOLL, true);
        off(&w, false, 5 * MS);
        w.now_ns += MS;
    }
    enter(&w, EPOLL, true);
    w.now_ns += 12 * MS; /* did not sleep: this is the turn */
    enter(&w, EPOLL, true);
    off(&w, false, 50 * MS);
    w.now_ns += 15 * MS;
    off(&w, false, 2 * MS); /* within the turn */
    enter(&w, EPOLL, true);
    const struct histogram *h = histogram(&w, "turn");
    cr_expect_eq(
        h->max_ns, 17 * MS, "a sleep is not part of the turn: %llu", (unsigned long long)h->max_ns);
    cr_expect_eq(h->count, LOOP_CALLS + 2);
    cr_expect_eq(h->sum_ns, (LOOP_CALLS + 12 + 17) * MS);
    teardown(&w);
}

Test(turns, a_look_that_ends_within_a_long_turn_says_at_least_so_long)
{
    struct world w;
    setup(&w);
    become_loop(&w);
    wait_for(&w, 5 * MS, 1);
    const uint64_t before = histogram(&w, "turn")->count;
    w.now_ns += 40 * MS;
    turns_look_away(&w.turns, &w.states, 0, w.now_ns);
    w.now_ns += 100 * MS;
    turns_look(&w.turns, &w.states, 0, w.now_ns);
    w.now_ns += 15 * MS;
    enter(&w, EPOLL, false);
    uint32_t count, longer = 0;
    const struct span *spans = profile_spans(w.profile, &count);
    for (uint32_t i = 0; i < count; i++)
        longer += spans[i].duration_ns == 40 * MS || spans[i].duration_ns == 15 * MS;
    cr_expect_eq(longer, 2);
    cr_expect_eq(histogram(&w, "turn")->count, before, "their length is not known");
    teardown(&w);
}

Test(turns, looking_away_from_one_process_leaves_the_others)
{
    struct world w;
    setup(&w);
    become_loop(&w);
    wait_for(&w, 5 * MS, 1);
    const uint64_t before = histogram(&w, "turn")->count;
    const pid_t pid = w.turns.list.ptr[0].pid;
    w.now_ns += 12 * MS;
    turns_look_away(&w.turns, &w.states, pid + 1, w.now_ns);
    enter(&w, EPOLL, false);
    cr_expect_eq(histogram(&w, "turn")->count, before + 1, "another one's");
    wait_for(&w, 5 * MS, 1);
    w.now_ns += 12 * MS;
    turns_look_away(&w.turns, &w.states, pid, w.now_ns);
    enter(&w, EPOLL, false);
    cr_expect_eq(histogram(&w, "turn")->count, before + 1, "cut");
    teardown(&w);
}

Test(turns, lost_records_make_no_turn)
{
    struct world w;
    setup(&w);
    become_loop(&w);
    wait_for(&w, 5 * MS, 1);
    turns_lost(&w.turns);
    w.now_ns += 500 * MS;
    enter(&w, EPOLL, false);
    cr_expect_lt(histogram(&w, "turn")->max_ns, 10 * MS);
    teardown(&w);
}

Test(turns, short_ones_are_a_sample_of_bounded_size)
{
    struct world w;
    setup(&w);
    become_loop(&w);
    for (int i = 0; i < 3 * TURNS_SHORT_MAX; i++) {
        wait_for(&w, MS, 1);
        w.now_ns += 1000;
    }
    turns_flush(&w.turns, w.now_ns);
    uint32_t count;
    profile_spans(w.profile, &count);
    cr_expect_eq(count, TURNS_SHORT_MAX);
    cr_expect_gt(histogram(&w, "turn")->count, 3 * TURNS_SHORT_MAX - 2);
    teardown(&w);
}

/* ---- duty ---- */

Test(duty, an_event_within_the_budget_stays_open)
{
    struct duty d;
    duty_start(&d, 0);
    for (uint64_t i = 1; i < 20; i++)
        cr_expect(duty_wants_open(&d, i * 250 * MS, i * 2 * MS, i * 100 * MS, true), "2 %%");
    cr_expect_not(d.costly);
}

Test(duty, one_over_the_budget_is_looked_at_so_rarely_that_it_keeps_it_and_returns)
{
    struct duty d;
    duty_start(&d, 0);
    uint64_t cost_ns = 0;
    for (uint64_t ms = 10; ms <= 30000; ms += 10) {
        cost_ns += d.open ? MS : 0; /* 10 % of the CPU it uses */
        duty_wants_open(&d, ms * MS, cost_ns, ms * MS, true);
    }
    cr_expect(d.costly);
    cr_expect_gt(cost_ns, 600 * MS);
    cr_expect_lt(cost_ns, 1000 * MS, "about 3 %% of 30 s: %llu", (unsigned long long)cost_ns);
    for (uint64_t ms = 30010; ms <= 40000; ms += 10)
        duty_wants_open(&d, ms * MS, cost_ns, ms * MS, true);
    cr_expect(d.open && !d.in_bursts, "it costs nothing any more");
}

Test(duty, without_anything_to_see_it_looks_now_and_then)
{
    struct duty d;
    duty_start(&d, 0);
    uint64_t open_ms = 0;
    for (uint64_t ms = 10; ms <= 30000; ms += 10)
        open_ms += duty_wants_open(&d, ms * MS, 0, ms * MS, false) ? 10 : 0;
    cr_expect_lt(open_ms, 4000);
    cr_expect_not(d.costly);
}
