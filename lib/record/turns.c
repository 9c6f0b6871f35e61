// SPDX-License-Identifier: MIT
#include "record/turns.h"

#include <string.h>

#include "base/map.h"
#include "base/strbuf.h"

#define LONGER_STILL_NS (10 * TURN_LONG_NS)

/* On-CPU time between the entry and the sleep of a wait: some microseconds, more when caches are
 * cold. A handler whose own wait comes sooner after a call that did not sleep is taken for it. */
#define SLEEP_SOON_NS UINT64_C(500000)

void turns_init(struct turns *ts, struct profile *p)
{
    *ts = (struct turns){ .profile = p, .to_ns = UINT64_MAX, .random = 1 };
}

void turns_done(struct turns *ts)
{
    vec_done(&ts->list);
    vec_done(&ts->free_slots);
    vec_done(&ts->reservoir);
    pid_table_done(&ts->by_tid);
}

/* ---- threads ---- */

static struct loop_thread *find(struct turns *ts, pid_t tid)
{
    const uint32_t found = pid_table_get(&ts->by_tid, tid);
    return found ? &ts->list.ptr[found - 1] : NULL;
}

static struct loop_thread *find_or_add(struct turns *ts, pid_t pid, pid_t tid, uint64_t time_ns)
{
    struct loop_thread *l = find(ts, tid);
    if (l)
        return l;
    const struct loop_thread row = { .pid = pid, .tid = tid, .look_from_ns = time_ns };
    uint32_t slot = (uint32_t)ts->list.len;
    if (ts->free_slots.len > 0) {
        slot = ts->free_slots.ptr[--ts->free_slots.len];
        ts->list.ptr[slot] = row;
    } else if (slot < LOOPS_MAX) {
        vec_push(&ts->list, row);
    } else {
        return NULL;
    }
    pid_table_set(&ts->by_tid, tid, slot + 1);
    return &ts->list.ptr[slot];
}

static struct thread_times times_at(const struct thread_state *t, uint64_t time_ns)
{
    return t ? thread_state_plain(t, time_ns) : (struct thread_times){ 0 };
}

/* ---- turns that have ended ---- */

static struct span span_of(const struct loop_thread *l, const struct turn *turn)
{
    return (struct span){
        .start_ns = turn->start_ns,
        .duration_ns = turn->end_ns - turn->start_ns,
        .on_cpu_ns = turn->parts.on_cpu_ns,
        .blocked_ns = turn->parts.blocked_ns,
        .queued_ns = turn->parts.queued_ns,
        .thread = l->row,
        .kind = SPAN_TURN,
        .events = turn->events,
    };
}

static void say_long(struct turns *ts, const struct span *span)
{
    if (ts->long_turns >= TURNS_LONG_MAX &&
        (span->duration_ns < LONGER_STILL_NS || ts->long_turns >= 2 * TURNS_LONG_MAX))
        return;
    ts->long_turns++;
    profile_add_span(ts->profile, span);
}

/* Every short turn has the same chance to be in the sample (Vitter's algorithm R). */
static void sample_short(struct turns *ts, const struct span *span)
{
    ts->short_turns++;
    if (ts->reservoir.len < TURNS_SHORT_MAX) {
        vec_push(&ts->reservoir, *span);
        return;
    }
    ts->random = hash_u64(ts->random + ts->short_turns);
    const uint64_t at = ts->random % ts->short_turns;
    if (at < TURNS_SHORT_MAX)
        ts->reservoir.ptr[at] = *span;
}

static void say_turn(struct turns *ts, struct loop_thread *l, const struct turn *turn)
{
    const struct span span = span_of(l, turn);
    if (!turn->cut) {
        histogram_add(l->turn, span.duration_ns);
        if (span.on_cpu_ns > 0)
            histogram_add(l->turn_on_cpu, span.on_cpu_ns);
    }
    if (span.duration_ns >= TURN_LONG_NS) {
        l->long_turns++;
        say_long(ts, &span);
    } else if (!turn->cut) {
        sample_short(ts, &span);
    }
}

static void keep_early(struct loop_thread *l, const struct turn *turn)
{
    uint32_t at = l->early_count;
    if (at == LOOP_CALLS) { /* the shortest makes way */
        at = 0;
        for (uint32_t i = 1; i < LOOP_CALLS; i++)
            if (l->early[i].end_ns - l->early[i].start_ns <
                l->early[at].end_ns - l->early[at].start_ns)
                at = i;
    } else {
        l->early_count++;
    }
    l->early[at] = *turn;
}

/* Nothing is known when records were lost in between: totals then miss a piece. */
static struct thread_times since(const struct thread_times *from, const struct thread_times *to)
{
    if (to->on_cpu_ns < from->on_cpu_ns || to->blocked_ns < from->blocked_ns ||
        to->queued_ns < from->queued_ns)
        return (struct thread_times){ 0 };
    return (struct thread_times){
        .on_cpu_ns = to->on_cpu_ns - from->on_cpu_ns,
        .blocked_ns = to->blocked_ns - from->blocked_ns,
        .queued_ns = to->queued_ns - from->queued_ns,
    };
}

/* Nearly all that it was blocked, or hardly ever elsewhere beside what it computes: a loop with
 * more to do than it can seldom sleeps in its wait. */
static bool waits_as_a_loop(const struct loop_thread *l, const struct thread_times *now)
{
    const struct thread_times t = since(&l->first, now);
    if (l->calls < LOOP_CALLS)
        return false;
    if (l->wait_blocked_ns * 100 >= t.blocked_ns * LOOP_SHARE_PERCENT)
        return true;
    return (t.blocked_ns - l->wait_blocked_ns) * 100 < t.on_cpu_ns * BUSY_LOOP_PERCENT;
}

static void become_loop(
    struct turns *ts, struct loop_thread *l, const struct thread_times *now, uint64_t time_ns)
{
    if (!waits_as_a_loop(l, now))
        return;
    l->row = ts->row_of(ts->row_ctx, l->pid, l->tid, time_ns);
    if (l->row.i == 0)
        return;
    l->is_loop = true;
    l->turn = profile_histogram(ts->profile, "turn", l->row);
    l->turn_on_cpu = profile_histogram(ts->profile, "turn_on_cpu", l->row);
    l->delay = profile_histogram(ts->profile, "loop_delay", l->row);
    for (uint32_t i = 0; i < l->early_count; i++)
        say_turn(ts, l, &l->early[i]);
    l->early_count = 0;
}

static void end_turn(struct turns *ts, struct loop_thread *l, const struct thread_times *now,
    uint64_t time_ns, bool cut)
{
    const struct turn turn = {
        .start_ns = l->turn_from_ns,
        .end_ns = time_ns,
        .parts = since(&l->at_exit, now),
        .events = l->events,
        .cut = cut || l->turn_cut,
    };
    l->turn_from_ns = 0;
    l->turn_cut = false;
    if (turn.start_ns == 0 || turn.end_ns <= turn.start_ns || turn.start_ns < ts->from_ns ||
        turn.end_ns > ts->to_ns)
        return;
    if (!l->is_loop) {
        keep_early(l, &turn);
        return;
    }
    say_turn(ts, l, &turn);
    if (!cut)
        loop_probe_turned(&l->probe, time_ns, l->delay);
}

/* ---- calls ---- */

static void begin_turn(
    struct loop_thread *l, const struct thread_times *now, uint64_t time_ns, uint32_t events)
{
    l->in_wait = false;
    l->turn_from_ns = time_ns;
    l->turn_cut = false;
    l->at_exit = *now;
    l->events = events;
}

/* A program may run one loop after the other: what looked like a loop within a turn goes on then,
 * and of the turn nothing is known. */
static bool is_nested(struct loop_thread *l, const struct loop_call *call)
{
    const bool later = call->object && l->object && call->object > l->object;
    if (later && ++l->nested_calls < LOOP_CALLS)
        return true;
    if (later)
        l->turn_from_ns = 0;
    if (call->object)
        l->object = call->object;
    l->nested_calls = 0;
    return false;
}

void turns_enter(struct turns *ts, pid_t pid, pid_t tid, const struct thread_state *t,
    uint64_t time_ns, const struct loop_call *call)
{
    struct loop_thread *l = find_or_add(ts, pid, tid, time_ns);
    const struct thread_times now = times_at(t, time_ns);
    if (!l)
        return;
    l->nested = is_nested(l, call);
    if (l->nested) {
        l->at_nested = now;
        return;
    }
    if (call->entries_only && l->in_wait && !l->slept) /* that call returned at once */
        begin_turn(l, &l->at_enter, l->entered_ns, 0);
    if (l->calls == 0)
        l->first = now;
    end_turn(ts, l, &now, time_ns, false);
    l->calls++;
    l->in_wait = true;
    l->slept = false;
    l->by_entries = call->entries_only;
    l->number = call->number;
    l->entered_ns = time_ns;
    l->at_enter = now;
    if (!l->is_loop)
        become_loop(ts, l, &now, time_ns);
}

static void end_wait(
    struct loop_thread *l, const struct thread_times *now, uint64_t time_ns, uint32_t events)
{
    if (l->in_wait)
        l->wait_blocked_ns += since(&l->at_enter, now).blocked_ns;
    if (l->in_wait && l->is_loop)
        loop_probe_waited(&l->probe, l->entered_ns, time_ns, l->delay);
    begin_turn(l, now, time_ns, events);
}

void turns_exit(struct turns *ts, pid_t tid, const struct thread_state *t, uint64_t time_ns,
    const struct loop_call *call)
{
    struct loop_thread *l = find(ts, tid);
    if (!l)
        return;
    const struct thread_times now = times_at(t, time_ns);
    if (l->nested) { /* a wait for events all the same: it makes the thread a loop */
        l->wait_blocked_ns += since(&l->at_nested, &now).blocked_ns;
        l->nested = false;
        return;
    }
    if (l->number != call->number || !(l->in_wait || l->turn_cut))
        return; /* another wait, within a turn */
    end_wait(l, &now, time_ns, call->events);
}

void turns_switch(struct turns *ts, pid_t tid, const struct thread_state *t, bool out,
    bool preempted, uint64_t time_ns)
{
    struct loop_thread *l = find(ts, tid);
    if (!l || !l->by_entries || !l->in_wait || !t)
        return;
    const struct thread_times now = times_at(t, time_ns);
    if (out && !preempted && !l->slept)
        l->slept = now.on_cpu_ns - l->at_enter.on_cpu_ns <= SLEEP_SOON_NS;
    else if (!out && l->slept)
        end_wait(l, &now, time_ns, 0);
}

/* ---- looking and not ---- */

static void stop_look(struct loop_thread *l, uint64_t time_ns)
{
    if (l->look_from_ns && time_ns > l->look_from_ns)
        l->looked_ns += time_ns - l->look_from_ns;
    l->look_from_ns = 0;
}

/* Known loops may be in the middle of a turn. If one waits, the end of its wait corrects this. */
void turns_look(struct turns *ts, struct thread_states *states, pid_t pid, uint64_t time_ns)
{
    for (size_t i = 0; i < ts->list.len; i++) {
        struct loop_thread *l = &ts->list.ptr[i];
        if (pid && l->pid != pid)
            continue;
        const struct thread_state *t = states ? thread_states_find(states, l->tid) : NULL;
        l->look_from_ns = time_ns;
        loop_probe_stop(&l->probe); /* calls of the last look may have been read after its end */
        if (!l->is_loop)
            continue;
        const struct thread_times now = times_at(t, time_ns);
        begin_turn(l, &now, time_ns, 0);
        l->turn_cut = true;
    }
}

static void cut(
    struct turns *ts, struct loop_thread *l, const struct thread_state *t, uint64_t time_ns)
{
    const bool waits = t && t->run == THREAD_BLOCKED && l->turn_cut; /* since before the look */
    const struct thread_times now = times_at(t, time_ns);
    if (l->turn_from_ns && !waits && time_ns >= l->turn_from_ns + TURN_LONG_NS)
        end_turn(ts, l, &now, time_ns, true);
    l->turn_from_ns = 0;
    l->in_wait = l->turn_cut = false;
    loop_probe_stop(&l->probe);
}

void turns_look_away(struct turns *ts, struct thread_states *states, pid_t pid, uint64_t time_ns)
{
    for (size_t i = 0; i < ts->list.len; i++) {
        struct loop_thread *l = &ts->list.ptr[i];
        if (pid && l->pid != pid)
            continue;
        cut(ts, l, states ? thread_states_find(states, l->tid) : NULL, time_ns);
        stop_look(l, time_ns);
    }
}

void turns_lost(struct turns *ts)
{
    for (size_t i = 0; i < ts->list.len; i++) {
        ts->list.ptr[i].turn_from_ns = 0;
        ts->list.ptr[i].in_wait = false;
        loop_probe_stop(&ts->list.ptr[i].probe);
    }
}

uint32_t turns_loops(const struct turns *ts)
{
    uint32_t count = 0;
    for (size_t i = 0; i < ts->list.len; i++)
        count += ts->list.ptr[i].is_loop;
    return count;
}

bool turns_in_long_turn(const struct turns *ts, uint64_t now_ns)
{
    for (size_t i = 0; i < ts->list.len; i++) {
        const struct loop_thread *l = &ts->list.ptr[i];
        if (l->is_loop && l->turn_from_ns && !l->turn_cut &&
            now_ns > l->turn_from_ns + TURN_LONG_NS)
            return true;
    }
    return false;
}

/* ---- the end ---- */

static void say_facts(struct turns *ts, const struct loop_thread *l)
{
    PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf value = STRBUF_INIT;
    const struct process_id process = profile_thread(ts->profile, l->row)->process;
    strbuf_addf(&key, "turns.%d", (int)l->tid);
    profile_set_fact(ts->profile, process, key.ptr, slice_of("exact"));
    strbuf_clear(&key);
    strbuf_addf(&key, "turns_seen_ns.%d", (int)l->tid);
    strbuf_addf(&value, "%llu", (unsigned long long)l->looked_ns);
    profile_set_fact(ts->profile, process, key.ptr, strbuf_slice(&value));
}

void turns_thread_end(struct turns *ts, pid_t tid, uint64_t time_ns)
{
    struct loop_thread *l = find(ts, tid);
    if (!l)
        return;
    l->turn_from_ns = 0;
    stop_look(l, time_ns);
    if (l->is_loop)
        say_facts(ts, l);
    l->is_loop = false;
    vec_push(&ts->free_slots, (uint32_t)(l - ts->list.ptr));
    pid_table_set(&ts->by_tid, tid, 0);
}

void turns_flush(struct turns *ts, uint64_t now_ns)
{
    for (size_t i = 0; i < ts->list.len; i++) {
        struct loop_thread *l = &ts->list.ptr[i];
        if (find(ts, l->tid) != l)
            continue;
        stop_look(l, now_ns);
        if (l->is_loop)
            say_facts(ts, l);
    }
    for (size_t i = 0; i < ts->reservoir.len; i++)
        profile_add_span(ts->profile, &ts->reservoir.ptr[i]);
    vec_clear(&ts->reservoir);
}
