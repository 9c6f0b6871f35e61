// SPDX-License-Identifier: MIT
/*
 * Who wakes whom among the target's threads: the holder that lets go of a lock, the producer that
 * fills a queue. Wake-ups by interrupts and by other programs are not seen: a thread's event counts
 * what that thread does. Needs level full; above a rate it is looked at a tenth of the time.
 */
#include "record/source.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profile/evidence.h"
#include "record/perf_extra.h"
#include "record/thread_state.h"
#include "record/tracepoint.h"

#define LOOK_INTERVAL_NS (500 * NS_PER_MS)
#define PAUSE_NS (4500 * NS_PER_MS)

enum {
    RATE_MAX_HZ = 2000,
    EVENT_COST_NS = 1800,
    EDGES_MAX = 8192, /* distinct pairs of threads */
    RAW_BYTES = 28,   /* events/sched/sched_waking/format: the thread's number at 24 */
};

struct wake {
    struct recorder *recorder;
    uint32_t event;
    uint32_t edges;
    bool refused, said;
    uint64_t looked_ns, counted, paused_ns; /* paused_ns 0: open */
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
    if (r->event != s->event || r->sample.raw.len < RAW_BYTES || (int32_t)r->tid <= 0 ||
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

/* Above the rate, or in a crowd: closed for a while, and looked at again. */
static void wake_drain(void *state, uint64_t now_ns, bool last)
{
    struct wake *s = state;
    struct extra_events *extras = s->recorder->extras;
    if (last || s->refused || now_ns - s->looked_ns < LOOK_INTERVAL_NS)
        return;
    const uint64_t count = extra_events_count(extras, s->event);
    if (extra_events_crowded(extras))
        s->paused_ns = now_ns;
    else if (s->paused_ns && now_ns - s->paused_ns >= PAUSE_NS) {
        s->paused_ns = 0;
        s->refused = !extra_events_open(extras, s->event);
    } else if (!s->paused_ns &&
               (count - s->counted) * NS_PER_S > RATE_MAX_HZ * (now_ns - s->looked_ns)) {
        extra_events_close(extras, s->event);
        s->paused_ns = now_ns;
        if (!s->said)
            recorder_step_down(s->recorder, "wake-ups", now_ns);
        s->said = true;
    }
    s->looked_ns = now_ns;
    s->counted = count;
}

static void *wake_start(struct recorder *r, struct err *e)
{
    uint64_t id;
    if (!r->extras || r->level != LEVEL_FULL) {
        err_set(e, ERR_PERMISSION, "the kernel shows it to root and CAP_PERFMON only");
        err_hint(e, "run prof as root");
        return NULL;
    }
    if (!tracepoint_id("sched/sched_waking", &id, e))
        return NULL;
    struct wake *s = xcalloc(1, sizeof *s);
    const struct extra_event event = {
        .name = "sched/sched_waking",
        .without = "which thread wakes which was not seen",
        .type = PERF_TYPE_TRACEPOINT,
        .config = id,
        .period = 1,
        .with_raw = true,
        .cost_ns = EVENT_COST_NS,
    };
    s->recorder = r;
    s->event = extra_events_add(r->extras, &event);
    s->refused = !extra_events_open(r->extras, s->event);
    s->looked_ns = clock_monotonic_ns();
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
