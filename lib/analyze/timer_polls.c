// SPDX-License-Identifier: MIT
#include "analyze/timer_polls.h"

#include <math.h>

#include "profile/wait.h"

enum { LEAST_TURNS = 300, LEAST_SPANS = 100 };
#define LEAST_SHARE 0.8
#define LEAST_PER_S 100.0
#define LEAST_PER_REQUEST 8.0
#define BUSY_SHARE 0.5        /* of its life on a CPU: a loop that works more is not waiting */
#define NODE_TIMER_PER_S 100. /* of monitorEventLoopDelay() in node_preload.js, 10 ms */

/* By the turns that were kept, the short ones of which are a fair sample. All of them without one
 * means that events are not known (breakpoints tell of none). */
static double share_without_event(const struct observed *o, const struct observed_thread *t)
{
    uint32_t count, turns = 0, without = 0;
    const struct span *spans = profile_spans(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (spans[i].kind != SPAN_TURN || spans[i].thread.i != t->id.i)
            continue;
        turns++;
        without += spans[i].events == 0;
    }
    return turns >= LEAST_SPANS && without < turns ? (double)without / turns : 0;
}

static double tallied(const struct observed *o, const char *name, struct process_id process,
    struct thread_id thread, enum wait_kind kind)
{
    uint32_t count;
    uint64_t sum = 0;
    const struct tally *tallies = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        if (t->thread.i == 0 || !slice_is(profile_string(o->profile, t->name), name) ||
            profile_thread(o->profile, t->thread)->process.i != process.i ||
            (thread.i && t->thread.i != thread.i) ||
            wait_parse(profile_string(o->profile, t->what)).kind != kind)
            continue;
        sum += t->count;
    }
    return (double)sum;
}

static double turns_per_s(const struct observed *o, const struct observed_thread *t)
{
    PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
    strbuf_addf(&key, "turns_seen_ns.%d", profile_thread(o->profile, t->id)->tid);
    double seen_ns = observed_fact_number(o, t->process, key.ptr);
    return seen_ns > 0 ? (double)t->turns / seen_ns * 1e9 : 0;
}

static bool measure(
    const struct observed *o, const struct observed_thread *t, struct timer_polls *ret)
{
    const struct observed_process *process = observed_process(o, t->process);
    *ret = (struct timer_polls){ .loop = t, .turns = t->turns };
    if (t->role != ROLE_LOOP || !t->turns_exact || t->turns < LEAST_TURNS || o->seconds <= 0 ||
        (double)t->on_cpu_ns > BUSY_SHARE * (double)t->lived_ns)
        return false;
    double sleeps = tallied(o, "wait", t->process, t->id, WAIT_LOOP) / o->seconds;
    double served =
        tallied(o, "served", t->process, (struct thread_id){ 0 }, WAIT_CLIENT) / o->seconds;
    ret->share = share_without_event(o, t);
    ret->per_s = fmin(ret->share * turns_per_s(o, t), sleeps);
    if (process && process->runtime == RUNTIME_NODE)
        ret->per_s -= NODE_TIMER_PER_S;
    ret->per_request = served > 0 ? ret->per_s / served : 0;
    return ret->share >= LEAST_SHARE && ret->per_s >= LEAST_PER_S &&
           ret->per_request >= LEAST_PER_REQUEST;
}

bool timer_polls_of(const struct observed *o, struct timer_polls *ret)
{
    bool found = false;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct timer_polls p;
        if (!measure(o, &o->threads[i], &p) || (found && p.per_s <= ret->per_s))
            continue;
        *ret = p;
        found = true;
    }
    return found;
}
