// SPDX-License-Identifier: MIT
/*
 * The source of event-loop turns: the beginning and end of every call that loops wait in, by the
 * tracepoints of these calls alone. Others of the target's then take no longer than while any
 * tracepoint of calls is there, open or not: 270 to 290 ns for a getppid() of 170 to 220, where
 * those of all calls with a filter for some took 420 to 680 (measured). That is eight events for
 * each CPU twice, which would be too many for each thread: where events are of threads
 * (perf_extra.h) it is the filter, and a third event counts what passes it. Above the budget, and
 * while no loop is found, looks are bursts. Where tracepoints may not be opened, breakpoints tell
 * of the beginnings (loop_entries.h).
 */
#include "record/source.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "record/duty.h"
#include "record/loop_entries.h"
#include "record/perf_extra.h"
#include "record/syscall_trace.h"
#include "record/turns.h"

enum {
    RECORD_COST_NS = 800,  /* of a call's begin or end, measured with getppid() */
    SYSCALL_COST_NS = 350, /* of every other call: slow path and filter, measured likewise */
    /* Of a switch while breakpoints are set: its record, and the registers that hold the addresses
     * and are written anew, measured with two processes and a pipe. */
    SWITCH_COST_NS = 1500,
    COUNT_PERIOD = 1000, /* every so many calls of a thread on a CPU are a record */
};

#define SEARCH_NS UINT64_C(1000000000) /* for loops, before looking in bursts only */
#define LONG_BURST_NS UINT64_C(2000000000)

/* Of a target that calls so often that looking is costly: looks and rests. All other calls take
 * longer as well while any tracepoint of calls is there, so that a rest is one (perf_extra.h). */
#define DEAR_FROM_NS (1100 * NS_PER_MS) /* after the first burst of syscalls.c */
#define DEAR_LOOK_NS NS_PER_S
#define DEAR_REST_NS (4 * NS_PER_S)

/* Which argument tells that one descriptor is waited for: then the thread talks to one peer. */
struct wait_call {
    const char *name; /* in tracefs */
    uint32_t number;
    int many_argument; /* -1: always a loop's call */
};

static const struct wait_call wait_calls[] = {
    { "epoll_wait", SYS_epoll_wait, 2 },
    { "poll", SYS_poll, 1 },
    { "select", SYS_select, -1 },
    { "epoll_pwait", SYS_epoll_pwait, 2 },
    { "epoll_pwait2", SYS_epoll_pwait2, 2 },
    { "ppoll", SYS_ppoll, 1 },
    { "pselect6", SYS_pselect6, -1 },
    { "io_uring_enter", SYS_io_uring_enter, 2 },
};

enum { CALLS = PROF_ARRAY_LEN(wait_calls), EVENTS_MAX = 2 * CALLS };

struct loops {
    struct recorder *recorder;
    struct turns turns;
    struct tracepoint enter, exit; /* of all calls; records of a single one's are laid out alike */
    uint32_t enters[CALLS], exits[CALLS]; /* events; only [0] where they are filtered */
    uint32_t events[EVENTS_MAX];          /* all of them */
    size_t call_count, event_count;
    bool apart; /* calls that are no loop's cost nothing: there is no need to look away from them */
    struct loop_entries *entries; /* instead of tracepoints; NULL: those are used */
    struct duty duty;
    bool said_costly;
    bool dear;            /* looks and rests */
    uint64_t dear_ns;     /* since when it does what it does */
    uint32_t used;        /* bits of the calls that loops wait in */
    uint64_t searched_ns; /* until when loops are searched without a pause */
};

/* ---- records ---- */

static const struct wait_call *find_call(uint32_t number)
{
    for (size_t i = 0; i < CALLS; i++)
        if (wait_calls[i].number == number)
            return &wait_calls[i];
    return NULL;
}

static const struct thread_state *state_of(const struct loops *l, pid_t tid)
{
    return l->recorder->threads ? thread_states_find(l->recorder->threads, tid) : NULL;
}

/* count: none of them. */
static size_t index_of(const uint32_t *events, size_t count, uint32_t event)
{
    size_t i = 0;
    while (i < count && events[i] != event)
        i++;
    return i;
}

static void take_enter(struct loops *l, const struct perf_record *r)
{
    const struct slice raw = r->sample.raw;
    const struct wait_call *call = find_call((uint32_t)tracepoint_number(&l->enter, "id", 0, raw));
    if (!call)
        return;
    const int many = call->many_argument;
    const uint64_t at_most = many < 0 ? 2 : tracepoint_number(&l->enter, "args", (size_t)many, raw);
    const uint64_t needed = call->number == SYS_io_uring_enter ? 1 : 2;
    if ((int32_t)at_most < (int32_t)needed)
        return;
    const bool epoll = strncmp(call->name, "epoll", strlen("epoll")) == 0;
    const struct loop_call c = {
        .number = call->number,
        .object = epoll ? (int)tracepoint_number(&l->enter, "args", 0, raw) + 1 : 0,
    };
    l->used |= 1u << index_of(l->enters, l->call_count, r->event);
    turns_enter(
        &l->turns, (pid_t)r->pid, (pid_t)r->tid, state_of(l, (pid_t)r->tid), r->time_ns, &c);
}

static void take_exit(struct loops *l, const struct perf_record *r)
{
    const struct slice raw = r->sample.raw;
    const int64_t result = (int64_t)tracepoint_number(&l->exit, "ret", 0, raw);
    const struct loop_call c = {
        .number = (uint32_t)tracepoint_number(&l->exit, "id", 0, raw),
        .events = result > 0 && result < INT32_MAX ? (uint32_t)result : 0,
    };
    turns_exit(&l->turns, (pid_t)r->tid, state_of(l, (pid_t)r->tid), r->time_ns, &c);
}

/* Without tracepoints. */
static void take_entry(struct loops *l, const struct perf_record *r)
{
    struct loop_call call;
    if (!l->recorder->threads || !loop_entries_match(l->entries, r, &call))
        return;
    thread_states_runs(l->recorder->threads, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    turns_enter(
        &l->turns, (pid_t)r->pid, (pid_t)r->tid, state_of(l, (pid_t)r->tid), r->time_ns, &call);
}

static void loops_take(void *state, const struct perf_record *r)
{
    struct loops *l = state;
    l->turns.from_ns = l->recorder->from_ns;
    l->turns.to_ns = l->recorder->to_ns;
    if (r->kind == PERF_LOST)
        turns_lost(&l->turns);
    else if (r->kind == PERF_EXIT)
        turns_thread_end(&l->turns, (pid_t)r->tid, r->time_ns);
    else if (r->kind == PERF_SWITCH)
        turns_switch(&l->turns, (pid_t)r->tid, state_of(l, (pid_t)r->tid), r->switched.out,
            r->switched.preempted, r->time_ns);
    else if (l->entries)
        take_entry(l, r);
    else if (r->kind == PERF_EVENT && index_of(l->enters, l->call_count, r->event) < l->call_count)
        take_enter(l, r);
    else if (r->kind == PERF_EVENT && index_of(l->exits, l->call_count, r->event) < l->call_count)
        take_exit(l, r);
}

static struct thread_id row_of(void *ctx, pid_t pid, pid_t tid, uint64_t time_ns)
{
    struct recorder *r = ctx;
    const struct tracked_thread *t = processes_thread(&r->processes, pid, tid, time_ns);
    return t ? t->row : (struct thread_id){ 0 };
}

/* ---- events ---- */

static const struct extra_event event_of_calls = {
    .name = "sys_enter, sys_exit",
    .without = "turns of event loops are not known exactly",
    .type = PERF_TYPE_TRACEPOINT,
    .period = 1,
    .with_raw = true,
    .of_calls = true,
    .cost_ns = RECORD_COST_NS,
};

static uint32_t add_event(struct loops *l, const struct extra_event *event)
{
    const uint32_t number = extra_events_add(l->recorder->extras, event);
    l->events[l->event_count++] = number;
    return number;
}

static void add_calls(struct loops *l, uint64_t enter, uint64_t exit, const char *filter)
{
    struct extra_event event = event_of_calls;
    event.filter = filter;
    event.config = enter;
    l->enters[l->call_count] = add_event(l, &event);
    event.config = exit;
    l->exits[l->call_count++] = add_event(l, &event);
}

static void make_filter(struct strbuf *out)
{
    for (size_t i = 0; i < CALLS; i++)
        strbuf_addf(out, "%sid == %u", i > 0 ? " || " : "", wait_calls[i].number);
}

/* Every call passes, so it is those that cost. */
static void add_filtered(struct loops *l)
{
    PROF_CLEANUP(strbuf_done) struct strbuf filter = STRBUF_INIT;
    make_filter(&filter);
    add_calls(l, l->enter.id, l->exit.id, filter.ptr);
    struct extra_event count = event_of_calls;
    count.config = l->enter.id;
    count.period = COUNT_PERIOD;
    count.with_raw = false;
    count.cost_ns = (uint64_t)COUNT_PERIOD * SYSCALL_COST_NS;
    add_event(l, &count);
}

static uint16_t offset_of(const struct tracepoint *tp, const char *field)
{
    for (size_t i = 0; i < tp->field_count; i++)
        if (strcmp(tp->fields[i].name, field) == 0)
            return tp->fields[i].offset;
    return 0;
}

/* One of "syscalls/sys_enter_epoll_wait", laid out as what is known for all calls. */
static bool find_single(
    int tracefs, const char *which, const char *call, const struct tracepoint *all, uint64_t *ret)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(err_done) struct err ignored = { 0 };
    struct tracepoint tp;
    strbuf_addf(&name, "syscalls/%s_%s", which, call);
    if (!tracepoint_find(tracefs, name.ptr, &tp, &ignored) ||
        offset_of(&tp, "__syscall_nr") != offset_of(all, "id") ||
        offset_of(&tp, "ret") != offset_of(all, "ret"))
        return false;
    *ret = tp.id;
    return true;
}

/* Calls that this kernel does not have are not waited in. False: it has none of them apart. */
static bool add_singles(struct loops *l, int tracefs)
{
    for (size_t i = 0; i < CALLS; i++) {
        uint64_t enter, exit;
        if (find_single(tracefs, "sys_enter", wait_calls[i].name, &l->enter, &enter) &&
            find_single(tracefs, "sys_exit", wait_calls[i].name, &l->exit, &exit))
            add_calls(l, enter, exit, NULL);
    }
    l->apart = l->call_count > 0;
    return l->apart;
}

static void need_switches(struct recorder *r, bool need)
{
    r->switches_needed &= ~(uint32_t)SWITCHES_FOR_LOOPS;
    r->switches_needed |= need ? SWITCHES_FOR_LOOPS : 0;
}

/* Entries alone say nothing of sleeps: switches do. */
static bool open_entries(struct loops *l)
{
    struct recorder *r = l->recorder;
    if (!r->switch_event || !extra_events_open(r->extras, r->switch_event))
        return false;
    const bool open = loop_entries_open(l->entries, clock_monotonic_ns());
    need_switches(r, open);
    return open;
}

static bool has_hope(const struct loops *l, uint64_t now_ns)
{
    return turns_loops(&l->turns) > 0 || now_ns < l->searched_ns || l->searched_ns == 0;
}

/* Without switches nobody could tell a turn that computes from one that waits. */
static void see_switches(struct loops *l, uint64_t now_ns)
{
    struct recorder *r = l->recorder;
    need_switches(
        r, r->switch_event && has_hope(l, now_ns) && extra_events_open(r->extras, r->switch_event));
}

static bool open_events(struct loops *l)
{
    if (l->entries)
        return open_entries(l);
    for (size_t i = 0; i < l->event_count; i++) {
        const bool unused = l->dear && l->used && !(l->used >> i / 2 & 1);
        if (!unused && !extra_events_open(l->recorder->extras, l->events[i]))
            return false;
    }
    return true;
}

static void close_events(struct loops *l)
{
    need_switches(l->recorder, false);
    if (l->entries) {
        loop_entries_close(l->entries);
        return;
    }
    for (size_t i = 0; i < l->event_count; i++)
        extra_events_close(l->recorder->extras, l->events[i]);
}

static uint64_t cost_ns(const struct loops *l)
{
    const struct recorder *r = l->recorder;
    if (l->entries)
        return loop_entries_cost_ns(l->entries) +
               extra_events_count(r->extras, r->switch_event) * SWITCH_COST_NS;
    uint64_t sum = 0;
    for (size_t i = 0; i < l->event_count; i++)
        sum += extra_events_cost_of(r->extras, l->events[i]);
    return sum;
}

/* ---- beginning and end ---- */

static bool add_events(struct loops *l, struct err *e)
{
    PROF_CLEANUP(close_fd) int tracefs = tracefs_open(e);
    if (tracefs < 0 || !tracepoint_find(tracefs, "raw_syscalls/sys_enter", &l->enter, e) ||
        !tracepoint_find(tracefs, "raw_syscalls/sys_exit", &l->exit, e))
        return false;
    if (!extra_events_per_cpu(l->recorder->extras) || !add_singles(l, tracefs))
        add_filtered(l);
    return true;
}

static void loops_stop(void *state)
{
    struct loops *l = state;
    if (!l)
        return;
    turns_done(&l->turns);
    loop_entries_free(l->entries);
    free(l);
}

/* Tracepoints are exact and cost little; breakpoints need no rights. */
static bool choose_events(struct loops *l, struct err *e)
{
    if (l->recorder->level == LEVEL_FULL && l->recorder->extras && add_events(l, e)) {
        if (open_events(l))
            return true;
        close_events(l);
    }
    err_done(e);
    l->entries = loop_entries_new(l->recorder, e);
    return l->entries != NULL;
}

static void *loops_start(struct recorder *r, struct err *e)
{
    struct loops *l = xcalloc(1, sizeof *l);
    l->recorder = r;
    turns_init(&l->turns, r->profile);
    l->turns.row_of = row_of;
    l->turns.row_ctx = r;
    if (!choose_events(l, e)) {
        loops_stop(l);
        return NULL;
    }
    if (!l->entries) { /* else: addresses are known only while the target runs */
        duty_start(&l->duty, clock_monotonic_ns());
        see_switches(l, clock_monotonic_ns());
    }
    return l;
}

/* ---- while it runs ---- */

static void look(struct loops *l)
{
    extra_events_rest_calls(l->recorder->extras, false);
    if (open_events(l))
        turns_look(&l->turns, l->recorder->threads, 0, clock_monotonic_ns()); /* it took a while */
}

static void look_away(struct loops *l)
{
    close_events(l);
    extra_events_rest_calls(l->recorder->extras, l->dear);
    turns_look_away(&l->turns, l->recorder->threads, 0, l->recorder->drained_ns);
}

static uint64_t target_cpu_ns(const struct recorder *r, uint64_t now_ns)
{
    return r->threads ? thread_states_cpu_ns(r->threads, now_ns) : r->samples * r->period_ns;
}

static void decide_dear(struct loops *l, uint64_t now_ns)
{
    const uint64_t ns = now_ns - l->dear_ns;
    const bool in_turn = turns_in_long_turn(&l->turns, now_ns) && ns < LONG_BURST_NS;
    const bool open = l->duty.open ? ns < DEAR_LOOK_NS || in_turn : ns >= DEAR_REST_NS;
    if (open != l->duty.open)
        l->dear_ns = now_ns;
    l->duty.open = open;
}

/* Once it is known to be costly it stays so, and begins with a rest. */
static void find_dear(struct loops *l, uint64_t now_ns)
{
    if (!l->apart || !l->duty.costly || turns_loops(&l->turns) == 0 ||
        now_ns < l->recorder->from_ns + DEAR_FROM_NS)
        return;
    l->dear = true;
    l->dear_ns = now_ns;
    l->duty.open = false;
    extra_events_rest_calls(l->recorder->extras, true);
}

/* Whether looking is right now: duty.open. */
static void decide(struct loops *l, uint64_t now_ns)
{
    const struct recorder *r = l->recorder;
    const bool useful = l->apart || has_hope(l, now_ns);
    if (l->entries && extra_events_too_early(r->extras))
        return;
    if (extra_events_crowded(r->extras, l->events[0]) ||
        (l->entries && extra_events_disturb(r->extras))) {
        duty_rest(&l->duty, now_ns);
        return;
    }
    if (l->duty.open && turns_in_long_turn(&l->turns, now_ns) &&
        now_ns - l->duty.since_ns < LONG_BURST_NS)
        return; /* to see its end */
    duty_wants_open(&l->duty, now_ns, cost_ns(l), target_cpu_ns(r, now_ns), useful);
    find_dear(l, now_ns);
}

/* A process that is not looked at any more, or again, while others are. */
static void turn_to(void *ctx, pid_t pid, bool looks)
{
    struct loops *l = ctx;
    const struct recorder *r = l->recorder;
    if (looks)
        turns_look(&l->turns, r->threads, pid, clock_monotonic_ns());
    else
        turns_look_away(&l->turns, r->threads, pid, r->drained_ns);
}

static void refresh_entries(struct loops *l, uint64_t now_ns)
{
    struct recorder *r = l->recorder;
    const bool any = loop_entries_refresh(l->entries, now_ns, turn_to, l);
    need_switches(r, any && r->switch_event && extra_events_open(r->extras, r->switch_event));
}

static void loops_drain(void *state, uint64_t now_ns, bool last)
{
    struct loops *l = state;
    const struct recorder *r = l->recorder;
    if (last) {
        turns_look_away(&l->turns, r->threads, 0, r->drained_ns);
        turns_flush(&l->turns, r->drained_ns);
        return;
    }
    if (r->from_ns == UINT64_MAX)
        return;
    if (l->searched_ns == 0)
        l->searched_ns = now_ns + SEARCH_NS;
    const bool was_open = l->duty.open;
    if (l->dear)
        decide_dear(l, now_ns);
    else
        decide(l, now_ns);
    const bool open = l->duty.open;
    if (open && !was_open)
        look(l);
    else if (!open && was_open)
        look_away(l);
    if (open && !l->entries)
        see_switches(l, now_ns);
    else if (open && was_open)
        refresh_entries(l, now_ns);
    if (l->duty.costly && !l->said_costly && turns_loops(&l->turns) > 0) {
        l->said_costly = true;
        recorder_step_down(l->recorder, "turns of event loops", now_ns);
    }
}

const struct source source_loops = {
    .name = "loops",
    .role = SOURCE_COUNTER,
    .doctor_only = true,
    .without = "turns of event loops are not known exactly",
    .start = loops_start,
    .drain = loops_drain,
    .take = loops_take,
    .takes = 1u << PERF_EVENT | 1u << PERF_SWITCH | 1u << PERF_EXIT | 1u << PERF_LOST,
    .stop = loops_stop,
};
