// SPDX-License-Identifier: MIT
/* Made-up switches and looks: whose waiting goes to which stack. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "profile/evidence.h"
#include "profile/sample_log.h"
#include "record/wall_account.h"

enum { PID = 10, TID = 11 };

struct fixture {
    struct profile *p;
    struct thread_states states;
    struct wall_thread w;
};

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){ .p = profile_new() };
    const struct thread row = { .tid = TID };
    thread_states_init(&f->states);
    f->w = (struct wall_thread){
        .pid = PID, .tid = TID, .fd = -1, .row = profile_add_thread(f->p, &row)
    };
}

static void fixture_done(struct fixture *f)
{
    thread_states_done(&f->states);
    profile_free(f->p);
}

static void switch_at(struct fixture *f, bool out, uint64_t ms)
{
    thread_states_switch(&f->states, PID, TID, out, false, ms * NS_PER_MS);
}

static void account_at(struct fixture *f, uint64_t ms)
{
    wall_account_switches(
        f->p, &f->w, &f->states, thread_states_find(&f->states, TID), ms * NS_PER_MS);
}

static void find_at(
    struct fixture *f, const char *operation, enum wait_kind kind, uint64_t since_ms, uint64_t ms)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    const struct wait w = { .kind = kind, .operation = slice_of(operation) };
    wait_text(&w, &text);
    const struct wall_wait found = {
        .kind = kind,
        .what = profile_add_string(f->p, strbuf_slice(&text)),
        .stack = profile_add_stack(f->p, (struct stack_id){ 0 }, wait_frame(f->p, &w)),
    };
    wall_account_found(f->p, &f->w, &found, since_ms * NS_PER_MS, ms * NS_PER_MS);
}

static const struct tally *tally_of(const struct fixture *f, const char *what)
{
    uint32_t count;
    const struct tally *list = profile_tallies(f->p, &count);
    for (uint32_t i = 0; i < count; i++)
        if (slice_starts(profile_string(f->p, list[i].what), what))
            return &list[i];
    return NULL;
}

static uint64_t all_samples(const struct fixture *f)
{
    struct sample_iter it = sample_iter(profile_channel(f->p, CHANNEL_WAIT));
    struct sample s;
    uint64_t sum = 0;
    while (sample_iter_next(&it, &s))
        sum += s.weight;
    sample_iter_done(&it);
    return sum;
}

Test(wall_account, a_long_wait_is_counted_to_its_end_and_not_beyond)
{
    struct fixture f;
    fixture_init(&f);
    switch_at(&f, false, 100);
    switch_at(&f, true, 200);
    account_at(&f, 210);
    find_at(&f, "read", WAIT_FILE, 200, 210);
    account_at(&f, 250);
    switch_at(&f, false, 280);
    account_at(&f, 300);
    wall_account_say(f.p, &f.w, 300 * NS_PER_MS, false);
    const struct tally *t = tally_of(&f, "read file");
    cr_assert_not_null(t);
    cr_expect_eq(t->ns, 80 * NS_PER_MS, "%lu", (unsigned long)t->ns);
    cr_expect_eq(t->count, 1);
    cr_expect_eq(t->max_ns, 80 * NS_PER_MS);
    cr_expect_eq(all_samples(&f), 80 * NS_PER_MS);
    uint32_t spans;
    const struct span *span = profile_spans(f.p, &spans);
    cr_assert_eq(spans, 1, "a wait of 50 ms and more is a span");
    cr_expect_eq(span->start_ns, 200 * NS_PER_MS);
    cr_expect_eq(span->duration_ns, 80 * NS_PER_MS);
    fixture_done(&f);
}

Test(wall_account, an_idle_loop_makes_no_span)
{
    struct fixture f;
    fixture_init(&f);
    switch_at(&f, false, 100);
    switch_at(&f, true, 200);
    account_at(&f, 210);
    find_at(&f, "epoll_wait", WAIT_LOOP, 200, 210);
    switch_at(&f, false, 900);
    account_at(&f, 910);
    uint32_t spans;
    profile_spans(f.p, &spans);
    cr_expect_eq(spans, 0);
    wall_account_say(f.p, &f.w, 910 * NS_PER_MS, false);
    cr_expect_eq(all_samples(&f), 700 * NS_PER_MS, "but its time is there");
    fixture_done(&f);
}

Test(wall_account, short_waits_go_to_what_the_next_look_finds)
{
    struct fixture f;
    fixture_init(&f);
    switch_at(&f, false, 100);
    for (uint64_t ms = 100; ms < 150; ms += 5) { /* ten of 2 ms, none seen */
        switch_at(&f, true, ms + 1);
        switch_at(&f, false, ms + 3);
    }
    account_at(&f, 150);
    wall_account_say(f.p, &f.w, 150 * NS_PER_MS, false);
    cr_expect_eq(all_samples(&f), 0, "there will be a look");
    switch_at(&f, true, 150);
    account_at(&f, 151);
    find_at(&f, "recvfrom", WAIT_TCP, 150, 151);
    wall_account_say(f.p, &f.w, 151 * NS_PER_MS, false);
    const struct tally *t = tally_of(&f, "recvfrom tcp");
    cr_assert_not_null(t);
    cr_expect_eq(t->ns, 21 * NS_PER_MS, "%lu", (unsigned long)t->ns);
    cr_expect_eq(t->count, 11);
    fixture_done(&f);
}

Test(wall_account, what_was_never_looked_at_is_said_at_the_end)
{
    struct fixture f;
    fixture_init(&f);
    switch_at(&f, false, 100);
    switch_at(&f, true, 101);
    switch_at(&f, false, 104);
    account_at(&f, 105);
    wall_account_say(f.p, &f.w, 105 * NS_PER_MS, true);
    const struct tally *t = tally_of(&f, "wait unknown");
    cr_assert_not_null(t);
    cr_expect_eq(t->ns, 3 * NS_PER_MS);
    fixture_done(&f);
}

Test(wall_account, a_new_wait_does_not_take_the_time_of_the_old_one)
{
    struct fixture f;
    fixture_init(&f);
    switch_at(&f, false, 100);
    switch_at(&f, true, 200);
    account_at(&f, 210);
    find_at(&f, "read", WAIT_PIPE, 200, 210);
    switch_at(&f, false, 240);
    switch_at(&f, true, 241);
    account_at(&f, 250);
    find_at(&f, "futex", WAIT_FUTEX, 241, 250);
    switch_at(&f, false, 261);
    account_at(&f, 262);
    wall_account_say(f.p, &f.w, 262 * NS_PER_MS, true);
    cr_assert_not_null(tally_of(&f, "read pipe"));
    cr_assert_not_null(tally_of(&f, "futex"));
    cr_expect_eq(tally_of(&f, "read pipe")->ns, 40 * NS_PER_MS);
    cr_expect_eq(tally_of(&f, "futex")->ns, 20 * NS_PER_MS);
    fixture_done(&f);
}

Test(wall_account, the_kernels_correction_never_makes_time_negative)
{
    struct fixture f;
    fixture_init(&f);
    switch_at(&f, false, 100);
    switch_at(&f, true, 200);
    account_at(&f, 260);
    find_at(&f, "read", WAIT_PIPE, 200, 260);
    struct thread_state *state = thread_states_find(&f.states, TID);
    switch_at(&f, false, 270);
    state->blocked_ns -= 50 * NS_PER_MS; /* was queueing after all */
    account_at(&f, 280);
    wall_account_say(f.p, &f.w, 280 * NS_PER_MS, true);
    cr_expect_eq(all_samples(&f), 60 * NS_PER_MS);
    fixture_done(&f);
}
