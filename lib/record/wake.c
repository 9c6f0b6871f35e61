// SPDX-License-Identifier: MIT
/*
 * Who wakes whom among the target's threads: the holder that lets go of a lock, the producer that
 * fills a queue. Wake-ups by interrupts and by other programs are not seen: a thread's event counts
 * what that thread does. Needs level full; above a rate it is looked at a tenth of the time.
 */
#include "record/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "profile/evidence.h"
#include "record/rare_event.h"
#include "record/thread_state.h"

enum {
    RATE_MAX_HZ = 2000,
    EVENT_COST_NS = 1800,
    EDGES_MAX = 8192, /* distinct pairs of threads */
    RAW_BYTES = 28,   /* events/sched/sched_waking/format: the thread's number at 24 */
};

struct wake {
    struct recorder *recorder;
    struct rare_event event;
    uint32_t edges;
};

/* "wake 4711-worker" */
static struct string_id name_edge(struct profile *p, pid_t waker, struct string_id name)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "wake %d-", (int)waker);
    strbuf_addslice(&text, profile_string(p, name));
    return profile_add_string(p, strbuf_slice(&text));
}

static void wake_take(void *state, const struct perf_record *r)
{
    struct wake *s = state;
    struct recorder *rec = s->recorder;
    int32_t woken_tid;
    if (r->event != s->event.event || r->sample.raw.len < RAW_BYTES || (int32_t)r->tid <= 0 ||
        r->time_ns < rec->from_ns || r->time_ns > rec->to_ns || !rec->threads)
        return;
    memcpy(&woken_tid, r->sample.raw.ptr + 24, sizeof woken_tid);
    const struct thread_state *woken = thread_states_find(rec->threads, woken_tid);
    if (!woken || woken->run != THREAD_BLOCKED || s->edges >= EDGES_MAX)
        return;
    const struct tracked_thread *waker =
        processes_thread(&rec->processes, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    if (!waker)
        return;
    const struct string_id edge = name_edge(rec->profile, waker->tid, waker->name);
    const struct tracked_thread *thread =
        processes_thread(&rec->processes, woken->pid, woken_tid, r->time_ns);
    const uint64_t ns = r->time_ns > woken->since_ns ? r->time_ns - woken->since_ns : 0;
    if (!thread)
        return;
    uint32_t before, after;
    const struct tally tally = {
        .thread = thread->row,
        .name = profile_add_string(rec->profile, slice_of("wake")),
        .what = edge,
        .count = 1,
        .ns = ns,
        .max_ns = ns,
    };
    profile_tallies(rec->profile, &before);
    profile_add_tally(rec->profile, &tally);
    profile_tallies(rec->profile, &after);
    s->edges += after - before;
}

static void wake_drain(void *state, uint64_t now_ns, bool last)
{
    struct wake *s = state;
    rare_event_look(&s->event, now_ns, last);
}

static void *wake_start(struct recorder *r, struct err *e)
{
    static const struct extra_event event = {
        .name = "sched/sched_waking",
        .without = "which thread wakes which was not seen",
        .with_raw = true,
        .cost_ns = EVENT_COST_NS,
    };
    struct rare_event waking = { .what = "wake-ups", .rate_max_hz = RATE_MAX_HZ };
    if (!rare_event_start(&waking, r, &event, e))
        return NULL;
    struct wake *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    s->event = waking;
    return s;
}

const struct source source_wake = {
    .name = "wake",
    .role = SOURCE_COUNTER,
    .without = "which thread wakes which was not seen",
    .start = wake_start,
    .drain = wake_drain,
    .take = wake_take,
    .takes = 1u << PERF_EVENT,
    .doctor_only = true,
    .stop = free,
};
