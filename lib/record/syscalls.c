// SPDX-License-Identifier: MIT
/*
 * Every system call of the target, in short bursts: two tracepoints cost each call about as much as
 * the call itself, so they are open for a fifth of a second now and then, and closed again when a
 * number of calls has been seen. What was done how often, on what, how long it took and how many
 * bytes it moved becomes tallies. Needs level full.
 */
#include "record/source.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profile/evidence.h"
#include "record/call_tally.h"
#include "record/calls.h"
#include "record/objects.h"
#include "record/perf_extra.h"
#include "record/tracepoint.h"

#define BURST_FIRST_NS NS_PER_S
#define BURST_NS (200 * NS_PER_MS)
#define BURST_EVERY_NS (5 * NS_PER_S)
/* The first ones come closer together, for recordings that are short. */
#define BURST_EVERY_EARLY_NS (2 * NS_PER_S)

enum {
    BURSTS_EARLY = 5,
    EVENTS_MAX = 10000,   /* of one burst: some 20 ms of the target's time */
    EVENT_COST_NS = 2000, /* half of what a call with both takes longer: redis, measured */
    OPEN_CALLS_MAX = 1 << 16,
};

/* A call that has begun. */
struct open_call {
    pid_t tid; /* 0: free */
    uint64_t number, args[CALL_ARGS];
    uint64_t from_ns;
};

struct syscalls {
    struct recorder *recorder;
    struct objects *objects;
    struct call_tally *tally;
    uint32_t enter, leave; /* extra events */
    VEC(struct open_call) calls;
    struct pid_table by_tid; /* -> index of calls + 1 */
    bool in_burst, refused;
    uint64_t began_ns, next_ns;
    uint64_t counted; /* events before this burst */
    uint64_t burst_ns, burst_count;
};

/* ---- one call ---- */

static struct open_call *call_of(struct syscalls *s, pid_t tid)
{
    uint32_t found = pid_table_get(&s->by_tid, tid);
    if (!found && s->calls.len < OPEN_CALLS_MAX) {
        vec_push(&s->calls, (struct open_call){ 0 });
        found = (uint32_t)s->calls.len;
        pid_table_set(&s->by_tid, tid, found);
    }
    return found ? &s->calls.ptr[found - 1] : NULL;
}

/* events/raw_syscalls/sys_enter/format: id at 8, six arguments from 16 on. */
static void take_enter(struct syscalls *s, const struct perf_record *r)
{
    const struct slice raw = r->sample.raw;
    struct open_call *c = raw.len >= 64 ? call_of(s, (pid_t)r->tid) : NULL;
    if (!c)
        return;
    c->tid = (pid_t)r->tid;
    c->from_ns = r->time_ns;
    memcpy(&c->number, raw.ptr + 8, sizeof c->number);
    memcpy(c->args, raw.ptr + 16, sizeof c->args);
}

/* A path is read by then no more than guessed: its memory may hold another one already. */
static struct wait object_of(struct syscalls *s, const struct call_info *info,
    const struct call *call, int fd, uint64_t now_ns)
{
    struct wait w = { .kind = WAIT_FILE };
    if (info->shape == CALL_PATH || info->shape == CALL_PATH_AT)
        w.operation = slice_of(info->name);
    else if (fd >= 0) {
        w = objects_of_fd(s->objects, call->pid, fd, true, now_ns);
        w.operation = slice_of(info->name);
        w.kind = info->shape == CALL_SYNC ? WAIT_SYNC : w.kind;
    } else
        w = objects_of_call(s->objects, call, now_ns);
    return w;
}

static int descriptor_of(const struct call_info *info, const struct call *call)
{
    const bool has =
        info->shape == CALL_FD || info->shape == CALL_SYNC || info->shape == CALL_ACCEPT;
    return has && (int)call->args[0] >= 0 ? (int)call->args[0] : -1;
}

static void forget(struct syscalls *s, pid_t pid, int fd)
{
    objects_forget(s->objects, pid, fd);
    call_tally_forget(s->tally, pid, fd);
}

static void end_call(
    struct syscalls *s, const struct perf_record *r, const struct open_call *c, int64_t result)
{
    struct processes *ps = &s->recorder->processes;
    const struct tracked_thread *thread =
        processes_thread(ps, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    const struct call_info *info = call_info(c->number);
    struct call call = { .pid = (pid_t)r->pid, .number = c->number };
    if (!thread)
        return;
    memcpy(call.args, c->args, sizeof call.args);
    const int fd = info ? descriptor_of(info, &call) : -1;
    const struct ended_call ended = {
        .thread = thread->row,
        .pid = call.pid,
        .fd = fd,
        .what = info ? object_of(s, info, &call, fd, r->time_ns)
                     : objects_of_call(s->objects, &call, r->time_ns),
        .from_ns = c->from_ns,
        .to_ns = r->time_ns > c->from_ns ? r->time_ns : c->from_ns,
        .result = result,
        .reads = info && info->traits & CALL_READS,
        .writes = info && info->traits & CALL_WRITES,
    };
    call_tally_add(s->tally, &ended);
    if (info && info->traits & CALL_CLOSES && fd >= 0)
        forget(s, call.pid, fd);
    if (info && info->traits & CALL_OPENS && result >= 0)
        forget(s, call.pid, (int)result);
}

/* events/raw_syscalls/sys_exit/format: id at 8, result at 16. */
static void take_leave(struct syscalls *s, const struct perf_record *r)
{
    const struct slice raw = r->sample.raw;
    const uint32_t found = pid_table_get(&s->by_tid, (pid_t)r->tid);
    struct open_call *c = found ? &s->calls.ptr[found - 1] : NULL;
    uint64_t number;
    int64_t result;
    if (!c || c->tid != (pid_t)r->tid || raw.len < 24)
        return;
    memcpy(&number, raw.ptr + 8, sizeof number);
    memcpy(&result, raw.ptr + 16, sizeof result);
    if (number == c->number)
        end_call(s, r, c, result);
    c->tid = 0;
}

static void syscalls_take(void *state, const struct perf_record *r)
{
    struct syscalls *s = state;
    if (!s->in_burst || (int32_t)r->tid <= 0)
        return;
    if (r->event == s->enter)
        take_enter(s, r);
    else if (r->event == s->leave)
        take_leave(s, r);
}

/* ---- bursts ---- */

static uint64_t events_so_far(const struct syscalls *s)
{
    const struct extra_events *extras = s->recorder->extras;
    return extra_events_count(extras, s->enter) + extra_events_count(extras, s->leave);
}

static void begin_burst(struct syscalls *s, uint64_t now_ns)
{
    struct extra_events *extras = s->recorder->extras;
    s->next_ns = now_ns + BURST_EVERY_NS;
    if (extra_events_crowded(extras, s->enter))
        return;
    objects_doubt(s->objects);
    s->counted = events_so_far(s);
    s->in_burst = s->refused = true;
    /* A call that has begun is of no use without its end: the end is watched first. */
    if (extra_events_open(extras, s->leave) && extra_events_open(extras, s->enter)) {
        s->began_ns = now_ns;
        s->refused = false;
    } else {
        extra_events_close(extras, s->leave);
        s->in_burst = false;
    }
}

static void set_facts(struct syscalls *s)
{
    struct profile *p = s->recorder->profile;
    const struct process_id run = { 0 };
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "%llu", (unsigned long long)s->burst_ns);
    profile_set_fact(p, run, "burst_ns", strbuf_slice(&text));
    strbuf_clear(&text);
    strbuf_addf(&text, "%llu", (unsigned long long)s->burst_count);
    profile_set_fact(p, run, "burst_count", strbuf_slice(&text));
}

static void end_burst(struct syscalls *s, uint64_t now_ns)
{
    const uint64_t every = s->burst_count < BURSTS_EARLY ? BURST_EVERY_EARLY_NS : BURST_EVERY_NS;
    extra_events_close(s->recorder->extras, s->enter);
    extra_events_close(s->recorder->extras, s->leave);
    s->in_burst = false;
    const struct span span = {
        .start_ns = s->began_ns,
        .duration_ns = now_ns - s->began_ns,
        .kind = SPAN_BURST,
    };
    profile_add_span(s->recorder->profile, &span);
    call_tally_flush(s->tally);
    vec_clear(&s->calls);
    pid_table_done(&s->by_tid);
    s->burst_ns += span.duration_ns;
    s->burst_count++;
    s->next_ns = now_ns + every;
    set_facts(s);
}

static void syscalls_drain(void *state, uint64_t now_ns, bool last)
{
    struct syscalls *s = state;
    struct recorder *r = s->recorder;
    if (r->from_ns == UINT64_MAX || s->refused)
        return;
    if (s->next_ns == 0)
        s->next_ns = r->from_ns + BURST_FIRST_NS;
    const bool over = last || now_ns >= r->to_ns || extra_events_crowded(r->extras, s->enter);
    const bool enough =
        now_ns - s->began_ns >= BURST_NS || events_so_far(s) - s->counted >= EVENTS_MAX;
    if (s->in_burst && (over || enough))
        end_burst(s, now_ns < r->to_ns ? now_ns : r->to_ns);
    else if (!s->in_burst && !over && now_ns >= s->next_ns && !extra_events_calls_rest(r->extras))
        begin_burst(s, now_ns);
    r->in_haste |= s->in_burst; /* or many more than EVENTS_MAX pass before the next drain */
}

/* ---- the source ---- */

static bool add_event(struct recorder *r, const char *name, uint32_t *ret_event, struct err *e)
{
    uint64_t id;
    if (!tracepoint_id(name, &id, e))
        return false;
    const struct extra_event event = {
        .name = name,
        .without = "system calls were not counted",
        .type = PERF_TYPE_TRACEPOINT,
        .config = id,
        .period = 1,
        .with_raw = true,
        .of_calls = true,
        .cost_ns = EVENT_COST_NS,
    };
    *ret_event = extra_events_add(r->extras, &event);
    return true;
}

static void *syscalls_start(struct recorder *r, struct err *e)
{
    uint32_t enter, leave;
    if (!recorder_has_events(r, LEVEL_FULL, e))
        return NULL;
    if (!add_event(r, "raw_syscalls/sys_enter", &enter, e) ||
        !add_event(r, "raw_syscalls/sys_exit", &leave, e))
        return NULL;
    struct syscalls *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    s->enter = enter;
    s->leave = leave;
    s->objects = objects_new();
    s->tally = call_tally_new(r->profile);
    return s;
}

static void syscalls_stop(void *state)
{
    struct syscalls *s = state;
    if (!s)
        return;
    objects_free(s->objects);
    call_tally_free(s->tally);
    vec_done(&s->calls);
    pid_table_done(&s->by_tid);
    free(s);
}

const struct source source_syscalls = {
    .name = "syscalls",
    .role = SOURCE_COUNTER,
    .without =
        "small reads and writes, exchanges but those over TCP, and other system calls were not "
        "counted",
    .start = syscalls_start,
    .drain = syscalls_drain,
    .take = syscalls_take,
    .takes = 1u << PERF_EVENT,
    .doctor_only = true,
    .stop = syscalls_stop,
};
