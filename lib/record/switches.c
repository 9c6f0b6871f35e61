// SPDX-License-Identifier: MIT
/*
 * The source of thread states: context switches of all threads, births and deaths. Switches become
 * sums at once (thread_state.h), and four times a second the sums of threads that did something
 * become points of series. When switches come so fast that their records cost too much, they are
 * looked at in bursts, and the kernel's own account (schedstat) fills in the time between. Where
 * the sampler has no switches to give, that account is all there is: how a thread's time was spent
 * is right in sum, and what it does at a moment is not known.
 */
#include "record/source.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/duty.h"
#include "record/perf_extra.h"
#include "record/procfs_read.h"
#include "record/thread_state.h"

#define BEAT_NS (250 * NS_PER_MS)
#define SHORT_LIFE_NS (50 * NS_PER_MS)

enum {
    /* Of one record, measured with two threads and a pipe; of a thread's event, with the event. */
    SWITCH_COST_NS = 550,
    SWITCH_COST_THREAD_NS = 800,
    LOOKS_PER_BEAT = 64,  /* reads of schedstat: 6-40 us each */
    OPEN_FILES_MAX = 128, /* kept open, which makes the read six times cheaper */
    THREADS_WITH_SERIES = 4096,
};

enum { TIME_ON_CPU, TIME_BLOCKED, TIME_QUEUED, TIMES };

/* What has been said of the thread in the same slot of thread_states. */
struct said {
    uint32_t serial; /* of the thread; another one: the slot has been used again */
    uint64_t switches, looked_ns;
    struct series_id series[TIMES];
    bool has_series;
    int schedstat_fd; /* -1: not open */
};

enum {
    COUNT_PROCESS_STARTS,
    COUNT_PROCESS_ENDS,
    COUNT_THREAD_STARTS,
    COUNT_THREAD_ENDS,
    COUNT_SHORT,
    COUNTS
};

static const char *const count_names[COUNTS] = {
    [COUNT_PROCESS_STARTS] = "process_starts",
    [COUNT_PROCESS_ENDS] = "process_ends",
    [COUNT_THREAD_STARTS] = "thread_starts",
    [COUNT_THREAD_ENDS] = "thread_ends",
    [COUNT_SHORT] = "short_processes",
};

struct switches {
    struct recorder *recorder;
    struct thread_states states;
    VEC(struct said) said;
    uint32_t event;
    struct duty duty;
    uint64_t next_beat_ns;
    size_t next_look; /* where the round over all threads goes on */
    uint32_t open_files, with_series;
    struct pid_table live; /* process -> threads */
    uint64_t counts[COUNTS], counts_said[COUNTS];
    bool began;
    uint64_t closed_ns; /* not 0: records up to here are still to come, then none */
};

static bool is_open(const struct switches *s)
{
    return s->event && extra_events_is_open(s->recorder->extras, s->event);
}

/* ---- what is known of a slot ---- */

static void forget(struct switches *s, struct said *said)
{
    if (said->schedstat_fd >= 0) {
        close(said->schedstat_fd);
        s->open_files--;
    }
    *said = (struct said){ .schedstat_fd = -1 };
}

static struct said *said_of(struct switches *s, const struct thread_state *t)
{
    const size_t slot = (size_t)(t - s->states.list.ptr);
    while (s->said.len <= slot)
        vec_push(&s->said, ((struct said){ .schedstat_fd = -1 }));
    struct said *said = &s->said.ptr[slot];
    if (said->serial != t->serial) {
        forget(s, said);
        said->serial = t->serial;
    }
    return said;
}

/* ---- the kernel's account ---- */

static void look(struct switches *s, struct thread_state *t, uint64_t now_ns)
{
    struct said *said = said_of(s, t);
    const int fd = said->schedstat_fd >= 0 ? said->schedstat_fd
                                           : procfs_open_thread(t->pid, t->tid, "schedstat");
    uint64_t on_cpu_ns, queued_ns;
    if (fd < 0)
        return;
    if (procfs_schedstat(fd, &on_cpu_ns, &queued_ns))
        thread_states_reconcile(&s->states, t, on_cpu_ns, queued_ns, now_ns);
    if (said->schedstat_fd >= 0)
        return;
    if (s->open_files < OPEN_FILES_MAX) {
        said->schedstat_fd = fd;
        s->open_files++;
    } else {
        close(fd);
    }
}

/* Some of the threads that did something since; all in turn while switches are not looked at. */
static void look_at_some(struct switches *s, uint64_t now_ns)
{
    const size_t count = s->states.list.len;
    uint32_t looks = 0;
    for (size_t i = 0; i < count && looks < LOOKS_PER_BEAT; i++) {
        struct thread_state *t = &s->states.list.ptr[s->next_look++ % count];
        if (!t->alive || (is_open(s) && said_of(s, t)->switches == t->switches))
            continue;
        look(s, t, now_ns);
        looks++;
    }
}

/* ---- series ---- */

static struct series_id add_series(
    struct switches *s, const char *name, const char *unit, struct thread_id thread)
{
    struct profile *p = s->recorder->profile;
    const struct series row = {
        .name = profile_add_string(p, slice_of(name)),
        .unit = profile_add_string(p, slice_of(unit)),
        .thread = thread,
        .process = thread.i ? profile_thread(p, thread)->process : (struct process_id){ 0 },
    };
    return profile_add_series(p, &row);
}

/* Totals begin with zero, where the thread's recorded life begins. */
static bool begin_series(
    struct switches *s, const struct thread_state *t, struct said *said, uint64_t now_ns)
{
    static const char *const names[TIMES] = { "thread_on_cpu", "thread_blocked", "thread_queued" };
    struct recorder *r = s->recorder;
    if (said->has_series)
        return true;
    if (s->with_series == THREADS_WITH_SERIES)
        return false;
    const struct tracked_thread *thread = processes_thread(&r->processes, t->pid, t->tid, now_ns);
    if (!thread)
        return false;
    const uint64_t from_ns = t->born_ns > r->from_ns ? t->born_ns : r->from_ns;
    for (int i = 0; i < TIMES; i++) {
        said->series[i] = add_series(s, names[i], "ns", thread->row);
        profile_add_point(r->profile, said->series[i], from_ns, 0);
    }
    said->has_series = true;
    s->with_series++;
    return true;
}

static void say_thread(struct switches *s, const struct thread_state *t, uint64_t now_ns)
{
    struct said *said = said_of(s, t);
    const uint64_t born_ns = t->born_ns;
    if (now_ns <= s->recorder->from_ns || (born_ns && now_ns - born_ns < SHORT_LIFE_NS) ||
        !begin_series(s, t, said, now_ns))
        return;
    const struct thread_times times = thread_state_times(&s->states, t, now_ns);
    const uint64_t values[TIMES] = { times.on_cpu_ns, times.blocked_ns, times.queued_ns };
    for (int i = 0; i < TIMES; i++)
        profile_add_point(s->recorder->profile, said->series[i], now_ns, (double)values[i]);
    said->switches = t->switches;
    said->looked_ns = t->looked_ns;
}

/* A running thread may go on for long without a switch. */
static bool did_something(struct switches *s, const struct thread_state *t)
{
    if (!s->event)
        return t->alive && said_of(s, t)->looked_ns != t->looked_ns;
    return t->alive && (t->run == THREAD_RUNS || t->run == THREAD_QUEUED || !is_open(s) ||
                           said_of(s, t)->switches != t->switches);
}

static void say_counts(struct switches *s, uint64_t now_ns, bool all)
{
    if (now_ns < s->recorder->from_ns)
        return;
    for (int i = 0; i < COUNTS; i++) {
        if (!all && s->counts[i] == s->counts_said[i])
            continue;
        const struct series_id id = add_series(s, count_names[i], "count", (struct thread_id){ 0 });
        profile_add_point(s->recorder->profile, id, now_ns, (double)s->counts[i]);
        s->counts_said[i] = s->counts[i];
    }
}

/* ---- records ---- */

/* What a thread does when it is born or executes a program; without switches it would be said to do
 * that forever. */
static enum thread_run at_first(const struct switches *s, enum thread_run run)
{
    return s->event ? run : THREAD_UNKNOWN;
}

/* A whole process when it was the last thread. */
static void take_end(struct switches *s, const struct perf_record *r)
{
    const struct thread_state *t = thread_states_find(&s->states, (pid_t)r->tid);
    const uint32_t live = pid_table_get(&s->live, (pid_t)r->pid);
    if (!t)
        return;
    const uint64_t born_ns = t->born_ns;
    if (said_of(s, t)->has_series || (born_ns && r->time_ns - born_ns >= (uint64_t)BEAT_NS))
        say_thread(s, t, r->time_ns);
    if (live > 0)
        pid_table_set(&s->live, (pid_t)r->pid, live - 1);
    if (live == 1) {
        s->counts[COUNT_PROCESS_ENDS]++;
        s->counts[COUNT_SHORT] += born_ns && r->time_ns - born_ns < (uint64_t)SHORT_LIFE_NS;
    } else {
        s->counts[COUNT_THREAD_ENDS]++;
    }
    forget(s, said_of(s, t));
    thread_states_end(&s->states, (pid_t)r->tid, r->time_ns);
}

static void take_birth(struct switches *s, const struct perf_record *r)
{
    const bool process = r->pid != r->fork.parent_pid;
    thread_states_add(&s->states, (pid_t)r->pid, (pid_t)r->tid, at_first(s, THREAD_QUEUED),
        r->time_ns, r->time_ns);
    pid_table_set(
        &s->live, (pid_t)r->pid, process ? 1 : pid_table_get(&s->live, (pid_t)r->pid) + 1);
    s->counts[process ? COUNT_PROCESS_STARTS : COUNT_THREAD_STARTS]++;
}

static bool is_observed(const struct switches *s, const struct perf_record *r)
{
    const struct recorder *rec = s->recorder;
    return (int32_t)r->tid > 0 && (!rec->options->no_children || (pid_t)r->pid == rec->target);
}

/* What was launched runs from its exec on. */
static void take_exec(struct switches *s, const struct perf_record *r)
{
    const struct thread_state *t = thread_states_find(&s->states, (pid_t)r->tid);
    if (r->name.exec && pid_table_get(&s->live, (pid_t)r->pid) == 0)
        pid_table_set(&s->live, (pid_t)r->pid, 1);
    if (r->name.exec && !t && !s->event)
        thread_states_add(&s->states, (pid_t)r->pid, (pid_t)r->tid, THREAD_UNKNOWN, r->time_ns, 0);
    else if (r->name.exec && s->event && (!t || t->run == THREAD_UNKNOWN))
        thread_states_switch(&s->states, (pid_t)r->pid, (pid_t)r->tid, false, false, r->time_ns);
}

static void switches_take(void *state, const struct perf_record *r)
{
    struct switches *s = state;
    s->states.from_ns = s->recorder->from_ns;
    s->states.to_ns = s->recorder->to_ns;
    if (r->kind == PERF_LOST)
        thread_states_lost(&s->states, r->time_ns);
    else if (!is_observed(s, r))
        return;
    else if (r->kind == PERF_SWITCH)
        thread_states_switch(&s->states, (pid_t)r->pid, (pid_t)r->tid, r->switched.out,
            r->switched.preempted, r->time_ns);
    else if (r->kind == PERF_FORK)
        take_birth(s, r);
    else if (r->kind == PERF_EXIT)
        take_end(s, r);
    else if (r->kind == PERF_NAME)
        take_exec(s, r);
}

/* ---- beginning and end ---- */

/* What runs already: whether it waits is in /proc. */
static void add_running(struct switches *s, uint64_t now_ns)
{
    struct pid_list pids = { 0 };
    extra_events_family(s->recorder, &pids);
    for (size_t i = 0; i < pids.len; i++) {
        struct pid_list tids = { 0 };
        procfs_threads(pids.ptr[i], &tids);
        for (size_t k = 0; k < tids.len; k++) {
            struct procfs_stat stat;
            const bool read = procfs_stat(pids.ptr[i], tids.ptr[k], &stat);
            const bool waits = read && (stat.state == 'S' || stat.state == 'D');
            if (!thread_states_find(&s->states, tids.ptr[k]))
                thread_states_add(&s->states, pids.ptr[i], tids.ptr[k],
                    waits ? THREAD_BLOCKED : THREAD_UNKNOWN, now_ns, 0);
        }
        pid_table_set(&s->live, pids.ptr[i], (uint32_t)tids.len);
        vec_done(&tids);
    }
    vec_done(&pids);
}

static void open_event(struct switches *s)
{
    struct recorder *r = s->recorder;
    const struct extra_event event = {
        .name = "context switches",
        .without = "when threads waited is not known exactly",
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_DUMMY,
        .exclude_kernel = true,
        .switches = true,
        .stays = true,
        .cost_ns = extra_events_per_cpu(r->extras) ? SWITCH_COST_NS : SWITCH_COST_THREAD_NS,
    };
    s->event = extra_events_add(r->extras, &event);
    if (extra_events_open(r->extras, s->event)) {
        r->threads = &s->states;
        r->switch_event = s->event;
    }
}

static void *switches_start(struct recorder *r, struct err *e)
{
    struct switches *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    thread_states_init(&s->states);
    if (recorder_has_events(r, LEVEL_USER, e)) {
        open_event(s);
    } else {
        r->threads = &s->states;
        profile_add_note(
            r->profile, "when threads waited is not known exactly", e->message, e->hint);
        err_done(e);
    }
    duty_start(&s->duty, clock_monotonic_ns());
    if (!r->options->argv)
        add_running(s, clock_monotonic_ns());
    return s;
}

/* ---- while it runs ---- */

/* Threads of which nothing is known since records were lost or not looked at. */
static void find_waiting(struct switches *s, uint64_t now_ns)
{
    uint32_t looks = 0;
    for (size_t i = 0; i < s->states.list.len && looks < LOOKS_PER_BEAT; i++) {
        struct thread_state *t = &s->states.list.ptr[i];
        struct procfs_stat stat;
        if (!t->alive || t->run != THREAD_UNKNOWN)
            continue;
        looks++;
        if (procfs_stat(t->pid, t->tid, &stat) && (stat.state == 'S' || stat.state == 'D')) {
            t->run = THREAD_BLOCKED;
            t->since_ns = now_ns;
        }
    }
}

static void keep_budget(struct switches *s, uint64_t now_ns)
{
    struct extra_events *extras = s->recorder->extras;
    const bool was_costly = s->duty.costly;
    const uint64_t cost_ns = extra_events_cost_of(extras, s->event);
    duty_wants_open(&s->duty, now_ns, cost_ns, thread_states_cpu_ns(&s->states, now_ns), true);
    const bool open = s->duty.open || s->recorder->switches_needed;
    if (open && !extra_events_is_open(extras, s->event)) {
        extra_events_open(extras, s->event);
    } else if (!open && extra_events_is_open(extras, s->event)) {
        extra_events_close(extras, s->event);
        s->closed_ns = now_ns;
    }
    if (s->duty.costly && !was_costly)
        recorder_step_down(s->recorder, "context switches", now_ns);
}

static void say_all(struct switches *s, uint64_t now_ns, bool last)
{
    for (size_t i = 0; i < s->states.list.len; i++) {
        const struct thread_state *t = &s->states.list.ptr[i];
        if (did_something(s, t) || (last && t->alive))
            say_thread(s, t, now_ns);
    }
    say_counts(s, now_ns, last || !s->began);
    s->began = true;
}

static void switches_drain(void *state, uint64_t now_ns, bool last)
{
    struct switches *s = state;
    const struct recorder *r = s->recorder;
    uint64_t seen_ns = r->drained_ns < now_ns ? r->drained_ns : now_ns;
    s->states.from_ns = r->from_ns;
    s->states.to_ns = r->to_ns;
    if (s->closed_ns && r->drained_ns >= s->closed_ns) {
        thread_states_lost(&s->states, s->closed_ns);
        s->closed_ns = 0;
    }
    if (!last && s->event && r->threads && r->from_ns != UINT64_MAX)
        keep_budget(s, now_ns);
    if (!last && now_ns < s->next_beat_ns)
        return;
    s->next_beat_ns = now_ns + BEAT_NS;
    if (r->from_ns == UINT64_MAX || seen_ns <= r->from_ns)
        return;
    if (seen_ns > r->to_ns)
        seen_ns = r->to_ns;
    look_at_some(s, seen_ns);
    say_all(s, seen_ns, last);
    if (last || !r->threads)
        return;
    if (is_open(s))
        find_waiting(s, now_ns);
}

static void switches_stop(void *state)
{
    struct switches *s = state;
    if (!s)
        return;
    s->recorder->threads = NULL;
    s->recorder->switch_event = 0;
    for (size_t i = 0; i < s->said.len; i++)
        forget(s, &s->said.ptr[i]);
    vec_done(&s->said);
    thread_states_done(&s->states);
    pid_table_done(&s->live);
    free(s);
}

const struct source source_switches = {
    .name = "switches",
    .role = SOURCE_COUNTER,
    .doctor_only = true,
    .without = "when threads waited is not known exactly",
    .start = switches_start,
    .drain = switches_drain,
    .take = switches_take,
    .takes =
        1u << PERF_SWITCH | 1u << PERF_FORK | 1u << PERF_EXIT | 1u << PERF_NAME | 1u << PERF_LOST,
    .stop = switches_stop,
};
