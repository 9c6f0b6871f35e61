// SPDX-License-Identifier: MIT
#include "record/wall_account.h"

#include "profile/evidence.h"

/* Waits that nothing is wrong with, however long they are. */
static bool is_idle(enum wait_kind kind)
{
    return kind == WAIT_LOOP || kind == WAIT_ACCEPT || kind == WAIT_CLIENT;
}

static void add_span(struct profile *p, struct wall_thread *w, uint64_t to_ns)
{
    if (to_ns < w->since_ns + WALL_SPAN_MIN_NS || is_idle(w->wait.kind) ||
        w->spans >= WALL_SPANS_PER_THREAD || w->row.i == 0)
        return;
    const struct span span = {
        .start_ns = w->since_ns,
        .duration_ns = to_ns - w->since_ns,
        .blocked_ns = to_ns - w->since_ns,
        .thread = w->row,
        .kind = SPAN_WAIT,
        .label = w->wait.what,
    };
    profile_add_span(p, &span);
    w->spans++;
}

static void keep_max(struct wall_thread *w, uint64_t ns)
{
    w->max_ns = ns > w->max_ns ? ns : w->max_ns;
}

/* The wait that was looked at is over. Returns how much of the time since the last visit it took,
 * at most `passed`. */
static uint64_t end_wait(
    struct profile *p, struct wall_thread *w, const struct thread_state *state, uint64_t passed_ns)
{
    uint64_t own = 0;
    if (state->block_from_ns == w->since_ns) {
        keep_max(w, state->block_to_ns - w->since_ns);
        add_span(p, w, state->block_to_ns);
        own = state->block_to_ns > w->visited_ns ? state->block_to_ns - w->visited_ns : 0;
    }
    w->since_ns = 0;
    return own < passed_ns ? own : passed_ns;
}

void wall_account_switches(struct profile *p, struct wall_thread *w, const struct thread_states *ts,
    const struct thread_state *state, uint64_t now_ns)
{
    const uint64_t total = thread_state_times(ts, state, now_ns).blocked_ns;
    const uint64_t passed = total > w->blocked_ns ? total - w->blocked_ns : 0;
    const bool goes_on = state->run == THREAD_BLOCKED && state->since_ns == w->since_ns;
    uint64_t own = goes_on ? passed : 0;
    if (w->since_ns && !goes_on)
        own = end_wait(p, w, state, passed);
    w->open_ns += own;
    w->loose_ns += passed - own;
    w->blocked_ns += passed;
    w->loose_count += state->blocks > w->blocks ? state->blocks - w->blocks : 0;
    w->blocks = state->blocks;
    w->visited_ns = now_ns;
}

static void say_open(struct profile *p, struct wall_thread *w, uint64_t now_ns)
{
    if (w->open_ns == 0 || w->row.i == 0)
        return;
    const struct sample sample = {
        .time_ns = now_ns,
        .thread = w->row,
        .stack = w->wait.stack,
        .count = 1,
        .weight = w->open_ns,
    };
    profile_add_channel_sample(p, CHANNEL_WAIT, &sample);
    const struct tally tally = {
        .thread = w->row,
        .name = profile_add_string(p, slice_of("wait")),
        .what = w->wait.what,
        .count = w->open_count,
        .ns = w->open_ns,
        .max_ns = w->max_ns,
    };
    profile_add_tally(p, &tally);
    w->open_ns = w->open_count = w->max_ns = 0;
}

static void take_loose(struct wall_thread *w)
{
    w->open_ns += w->loose_ns;
    w->open_count += w->loose_count;
    w->loose_ns = w->loose_count = 0;
}

void wall_account_found(struct profile *p, struct wall_thread *w, const struct wall_wait *found,
    uint64_t since_ns, uint64_t now_ns)
{
    if (found->stack.i != w->wait.stack.i)
        say_open(p, w, now_ns - (w->loose_ns < now_ns ? w->loose_ns : now_ns));
    w->wait = *found;
    w->since_ns = since_ns;
    w->looked_ns = now_ns;
    take_loose(w);
    if (since_ns)
        keep_max(w, now_ns - since_ns);
}

void wall_account_passed(struct wall_thread *w, uint64_t ns, bool is_new)
{
    w->open_ns += ns;
    w->open_count += is_new;
    w->blocked_ns += ns;
}

void wall_account_say(struct profile *p, struct wall_thread *w, uint64_t now_ns, bool at_end)
{
    w->said_ns = now_ns;
    if (w->wait.what.i == 0 && !at_end)
        return; /* there will be a look */
    if (w->wait.what.i == 0 && w->loose_ns > 0)
        w->wait = wall_wait_unknown(p);
    take_loose(w);
    say_open(p, w, now_ns);
}

struct wall_wait wall_wait_unknown(struct profile *p)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    const struct wait w = { .kind = WAIT_UNKNOWN, .operation = slice_of("wait") };
    wait_text(&w, &text);
    return (struct wall_wait){
        .kind = WAIT_UNKNOWN,
        .what = profile_add_string(p, strbuf_slice(&text)),
        .stack = profile_add_stack(p, (struct stack_id){ 0 }, wait_frame(p, &w)),
    };
}
