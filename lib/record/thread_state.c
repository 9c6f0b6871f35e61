// SPDX-License-Identifier: MIT
#include "record/thread_state.h"

#include "base/clock.h"

enum { THREADS_MAX = 1 << 17 }; /* 24 MB; a machine's usual limit is 2^15 to 2^22 */

void thread_states_init(struct thread_states *ts)
{
    *ts = (struct thread_states){ .to_ns = UINT64_MAX };
}

void thread_states_done(struct thread_states *ts)
{
    vec_done(&ts->list);
    vec_done(&ts->free_slots);
    pid_table_done(&ts->by_tid);
}

struct thread_state *thread_states_find(struct thread_states *ts, pid_t tid)
{
    const uint32_t found = pid_table_get(&ts->by_tid, tid);
    return found ? &ts->list.ptr[found - 1] : NULL;
}

/* ---- time ---- */

/* The part of [from, to) that is recorded. */
static uint64_t recorded(const struct thread_states *ts, uint64_t from_ns, uint64_t to_ns)
{
    const uint64_t from = from_ns > ts->from_ns ? from_ns : ts->from_ns;
    const uint64_t to = to_ns < ts->to_ns ? to_ns : ts->to_ns;
    return to > from ? to - from : 0;
}

static void become(
    struct thread_states *ts, struct thread_state *t, enum thread_run run, uint64_t time_ns)
{
    const uint64_t ns = recorded(ts, t->since_ns, time_ns);
    t->plain = thread_state_plain(t, time_ns);
    switch (t->run) {
    case THREAD_UNKNOWN:
        break;
    case THREAD_RUNS:
        t->on_cpu_ns += ns;
        break;
    case THREAD_QUEUED:
        t->queued_ns += ns;
        break;
    case THREAD_BLOCKED:
        t->blocked_ns += ns;
        t->block_from_ns = t->since_ns;
        t->block_to_ns = time_ns;
        break;
    }
    t->run = run;
    t->since_ns = time_ns;
}

struct thread_times thread_state_times(
    const struct thread_states *ts, const struct thread_state *t, uint64_t now_ns)
{
    const uint64_t ns = recorded(ts, t->since_ns, now_ns);
    return (struct thread_times){
        .on_cpu_ns = t->on_cpu_ns + (t->run == THREAD_RUNS ? ns : 0),
        .blocked_ns = t->blocked_ns + (t->run == THREAD_BLOCKED ? ns : 0),
        .queued_ns = t->queued_ns + (t->run == THREAD_QUEUED ? ns : 0),
    };
}

uint64_t thread_states_process_cpu_ns(const struct thread_states *ts, pid_t pid)
{
    uint64_t sum = 0;
    for (size_t i = 0; ts && i < ts->list.len; i++)
        if (ts->list.ptr[i].alive && ts->list.ptr[i].pid == pid)
            sum += ts->list.ptr[i].on_cpu_ns;
    return sum;
}

uint64_t thread_states_cpu_ns(const struct thread_states *ts, uint64_t now_ns)
{
    uint64_t sum = ts->ended_on_cpu_ns;
    for (size_t i = 0; i < ts->list.len; i++)
        if (ts->list.ptr[i].alive)
            sum += thread_state_times(ts, &ts->list.ptr[i], now_ns).on_cpu_ns;
    return sum;
}

struct thread_times thread_state_plain(const struct thread_state *t, uint64_t now_ns)
{
    const uint64_t ns = ns_more_than(now_ns, t->since_ns);
    struct thread_times times = t->plain;
    times.on_cpu_ns += t->run == THREAD_RUNS ? ns : 0;
    times.blocked_ns += t->run == THREAD_BLOCKED ? ns : 0;
    times.queued_ns += t->run == THREAD_QUEUED ? ns : 0;
    return times;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Time without known switches is what the kernel says it was; what is left of it, waiting. Known
 * waits that the kernel calls queueing began with a wake-up that no record shows. */
static void settle(struct thread_state *t, const struct thread_times *now, uint64_t elapsed_ns,
    uint64_t on_cpu_ns, uint64_t queued_ns)
{
    const uint64_t ran = now->on_cpu_ns - t->seen.on_cpu_ns;
    const uint64_t stood = now->queued_ns - t->seen.queued_ns;
    const uint64_t waited = ns_more_than(now->blocked_ns, t->seen.blocked_ns);
    uint64_t gap = ns_more_than(elapsed_ns, ran + stood + waited);
    uint64_t more_queued = ns_more_than(queued_ns, stood);
    const uint64_t gap_ran = smaller(gap, ns_more_than(on_cpu_ns, ran));
    gap -= gap_ran;
    const uint64_t gap_queued = smaller(gap, more_queued);
    gap -= gap_queued;
    more_queued = smaller(more_queued - gap_queued, smaller(waited, t->blocked_ns));
    t->on_cpu_ns += gap_ran;
    t->queued_ns += gap_queued + more_queued;
    t->blocked_ns = t->blocked_ns - more_queued + gap;
}

void thread_states_reconcile(const struct thread_states *ts, struct thread_state *t,
    uint64_t kernel_on_cpu_ns, uint64_t kernel_queued_ns, uint64_t now_ns)
{
    const struct thread_times now = thread_state_times(ts, t, now_ns);
    if (t->looked_ns && kernel_on_cpu_ns >= t->kernel_on_cpu_ns &&
        kernel_queued_ns >= t->kernel_queued_ns)
        settle(t, &now, recorded(ts, t->looked_ns, now_ns), kernel_on_cpu_ns - t->kernel_on_cpu_ns,
            kernel_queued_ns - t->kernel_queued_ns);
    t->seen = thread_state_times(ts, t, now_ns);
    t->looked_ns = now_ns;
    t->kernel_on_cpu_ns = kernel_on_cpu_ns;
    t->kernel_queued_ns = kernel_queued_ns;
}

/* ---- threads ---- */

struct thread_state *thread_states_add(struct thread_states *ts, pid_t pid, pid_t tid,
    enum thread_run run, uint64_t since_ns, uint64_t born_ns)
{
    if (thread_states_find(ts, tid))
        thread_states_end(ts, tid, since_ns); /* its end was missed */
    const struct thread_state row = {
        .pid = pid,
        .tid = tid,
        .alive = true,
        .run = run,
        .since_ns = since_ns,
        .born_ns = born_ns,
        .serial = ++ts->last_serial,
    };
    uint32_t slot = (uint32_t)ts->list.len;
    if (ts->free_slots.len > 0) {
        slot = ts->free_slots.ptr[--ts->free_slots.len];
        ts->list.ptr[slot] = row;
    } else if (slot < THREADS_MAX) {
        vec_push(&ts->list, row);
    } else {
        return NULL;
    }
    pid_table_set(&ts->by_tid, tid, slot + 1);
    ts->live++;
    return &ts->list.ptr[slot];
}

struct thread_state *thread_states_switch(
    struct thread_states *ts, pid_t pid, pid_t tid, bool out, bool preempted, uint64_t time_ns)
{
    struct thread_state *t = thread_states_find(ts, tid);
    if (!t || t->pid != pid)
        t = thread_states_add(ts, pid, tid, THREAD_UNKNOWN, time_ns, 0);
    if (!t)
        return NULL;
    /* Out while off, or in while on: the record between them was lost, and with it the time. */
    if (out == (t->run == THREAD_BLOCKED || t->run == THREAD_QUEUED) && t->run != THREAD_UNKNOWN)
        t->run = THREAD_UNKNOWN;
    t->switches++;
    t->blocks += out && !preempted;
    become(ts, t, !out ? THREAD_RUNS : preempted ? THREAD_QUEUED : THREAD_BLOCKED, time_ns);
    return t;
}

void thread_states_runs(struct thread_states *ts, pid_t pid, pid_t tid, uint64_t time_ns)
{
    struct thread_state *t = thread_states_find(ts, tid);
    if (!t || t->pid != pid)
        t = thread_states_add(ts, pid, tid, THREAD_UNKNOWN, time_ns, 0);
    if (t && t->run == THREAD_UNKNOWN)
        become(ts, t, THREAD_RUNS, time_ns);
}

void thread_states_end(struct thread_states *ts, pid_t tid, uint64_t time_ns)
{
    struct thread_state *t = thread_states_find(ts, tid);
    if (!t)
        return;
    become(ts, t, THREAD_UNKNOWN, time_ns);
    t->alive = false;
    ts->ended_on_cpu_ns += t->on_cpu_ns;
    vec_push(&ts->free_slots, (uint32_t)(t - ts->list.ptr));
    pid_table_set(&ts->by_tid, tid, 0);
    ts->live--;
}

void thread_states_lost(struct thread_states *ts, uint64_t time_ns)
{
    for (size_t i = 0; i < ts->list.len; i++)
        if (ts->list.ptr[i].alive)
            become(ts, &ts->list.ptr[i], THREAD_UNKNOWN, time_ns);
}
