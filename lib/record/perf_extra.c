// SPDX-License-Identifier: MIT
#include "record/perf_extra.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/arch.h"
#include "record/late_close.h"
#include "record/source.h"
#include "record/thread_filter.h"

enum {
    CROWD_THREADS = 256,
    CROWD_PAIRS = 4096, /* of a thread and a CPU */
    SWITCHES_MANY_HZ = 40000,
    BIRTHS_MANY_HZ = 200, /* times CPUs: each has its own event */
    AIM_THREADS_MAX = 48, /* that tracepoints are filtered for */
    AIMS_MAX = 100,
};

#define RATE_WINDOW_NS (100 * NS_PER_MS)
#define DIRECT_NS (10 * NS_PER_US) /* from one thread's end on a CPU to the next one's begin */
#define BIRTHS_WINDOW_NS NS_PER_S  /* not what a pool of threads takes to start */
#define AIM_INTERVAL_NS (500 * NS_PER_MS)

struct open_event {
    struct extra_event what; /* its filter is owned */
    VEC(int) fds;
    uint64_t opened_ns; /* threads that are born from now on inherit it */
    pid_t only;         /* with one_process */
    bool open;
    bool rests;     /* every thread has it, whatever comes: it is only disabled when it is closed */
    bool unsettled; /* threads that were born meanwhile may lack it */
    uint64_t count;
};

struct extra_events {
    struct recorder *recorder;
    const struct cpu_list *cpus;
    const struct perf_rings *rings; /* NULL: between two openings */
    uint32_t stack_bytes;
    struct perf_event_ids ids;
    struct pid_table covered; /* thread -> bits of the events that it has, opened or inherited */
    struct open_event list[PERF_EVENTS_MAX]; /* [0]: the clock, not ours */
    uint32_t count;                          /* of list */
    bool crowded;
    uint64_t switch_records;                      /* while an event that brings them was open */
    uint64_t switches_in, direct_in, last_out_ns; /* last_out_ns 0: the last record was no "out" */
    uint64_t births;
    uint64_t rate_from_ns, rate_from_records, births_from_ns, births_from;
    bool switches_counted;
    bool switches_many; /* when they were counted last */
    bool births_many;   /* at some time */
    bool per_cpu;
    struct pid_list aim; /* threads that tracepoints of CPUs are filtered for; none: of all */
    uint64_t aimed_ns, births_at_aim;
    uint32_t aims;
    bool filters_work;
    bool calls_rest;
    struct late_closer closer;
};

struct extra_events *extra_events_new(struct recorder *r, const struct cpu_list *cpus)
{
    struct extra_events *x = xcalloc(1, sizeof *x);
    x->recorder = r;
    x->cpus = cpus;
    x->count = 1;
    x->filters_work = thread_filter_works();
    x->ids.sample_types[0] = perf_record_sample_type();
    return x;
}

void extra_events_set_per_cpu(struct extra_events *x, bool per_cpu)
{
    if (x)
        x->per_cpu = per_cpu;
}

bool extra_events_per_cpu(const struct extra_events *x)
{
    return x && x->per_cpu;
}

static bool is_per_cpu(const struct extra_events *x, const struct open_event *o)
{
    return x->per_cpu && !o->what.one_process && !o->what.of_threads;
}

static void close_fds(struct extra_events *x, uint32_t event)
{
    struct open_event *o = &x->list[event];
    for (size_t i = 0; i < o->fds.len; i++)
        close(o->fds.ptr[i]);
    vec_done(&o->fds);
    o->rests = false;
    perf_event_ids_remove(&x->ids, event);
    pid_table_clear_bits(&x->covered, 1u << event);
}

static bool has_tracepoints(const struct extra_events *x)
{
    for (uint32_t i = 1; i < x->count; i++)
        if (x->list[i].what.type == PERF_TYPE_TRACEPOINT && x->list[i].fds.len > 0)
            return true;
    return false;
}

/* On all threads at once: the kernel passes it on to those that inherited the event. */
static void switch_on(const struct open_event *o, bool on)
{
    for (size_t i = 0; i < o->fds.len; i++)
        ioctl(o->fds.ptr[i], on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

static void close_all(struct extra_events *x)
{
    struct late_close late = { -1 };
    for (uint32_t i = 1; i < x->count; i++)
        if (x->list[i].open)
            switch_on(&x->list[i], false);
    if (x->closer.runs || has_tracepoints(x))
        late_close_begin(&late);
    for (uint32_t i = 1; i < x->count; i++)
        close_fds(x, i);
    late_closer_wait(&x->closer);
    late_close_end(&late);
}

void extra_events_free(struct extra_events *x)
{
    if (!x)
        return;
    close_all(x);
    for (uint32_t i = 1; i < x->count; i++)
        free((void *)(uintptr_t)x->list[i].what.filter);
    perf_event_ids_done(&x->ids);
    pid_table_done(&x->covered);
    vec_done(&x->aim);
    free(x);
}

/* ---- one event on one thread ---- */

static uint64_t sample_type(const struct extra_event *e)
{
    uint64_t type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
    if (e->with_stack)
        type |= perf_record_sample_type();
    if (e->with_registers)
        type |= PERF_SAMPLE_REGS_USER;
    if (e->with_address)
        type |= PERF_SAMPLE_ADDR;
    if (e->with_raw)
        type |= PERF_SAMPLE_RAW;
    return type;
}

static bool before_exec(const struct extra_events *x)
{
    return x->recorder->options->argv && x->recorder->from_ns == UINT64_MAX;
}

static struct perf_event_attr make_attr(const struct extra_events *x, const struct open_event *o)
{
    const struct extra_event *e = &o->what;
    const bool per_cpu = is_per_cpu(x, o);
    const bool waits = before_exec(x) && !per_cpu;
    struct perf_event_attr attr = {
        .type = e->type,
        .size = sizeof(struct perf_event_attr),
        .config = e->config,
        .sample_period = e->period,
        .sample_type = sample_type(e),
        .disabled = waits || !o->open,
        .enable_on_exec = waits && o->open,
        .inherit = !per_cpu,
        .inherit_thread = !per_cpu && x->recorder->options->no_children,
        .exclude_kernel = e->exclude_kernel,
        .exclude_callchain_kernel = e->exclude_kernel,
        .exclude_hv = 1,
        .sample_id_all = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
        .context_switch = e->switches,
        .sample_regs_user = e->with_stack || e->with_registers ? arch_regs_mask() : 0,
        .sample_stack_user = e->with_stack ? x->stack_bytes & ~7u : 0,
    };
    if (e->one_process) {
        attr.inherit_thread = 1;
        attr.remove_on_exec = !waits; /* kernel 5.13; not beside enable_on_exec */
    }
    if (e->type == PERF_TYPE_BREAKPOINT) {
        attr.bp_type = HW_BREAKPOINT_X;
        attr.bp_addr = e->code_address;
        attr.bp_len = sizeof(long); /* what the kernel asks for with HW_BREAKPOINT_X */
    }
    return attr;
}

/* The event's own filter and that of the threads. False with errno. */
static bool set_filter(const struct extra_events *x, const struct open_event *o, int fd)
{
    const bool aimed = is_per_cpu(x, o) && o->what.type == PERF_TYPE_TRACEPOINT && x->aim.len > 0;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (aimed)
        thread_filter_text(&x->aim, o->what.filter, &text);
    else if (o->what.filter)
        strbuf_adds(&text, o->what.filter);
    return text.len == 0 || ioctl(fd, PERF_EVENT_IOC_SET_FILTER, text.ptr) == 0;
}

static int open_on(struct extra_events *x, uint32_t event, pid_t tid, size_t cpu)
{
    const struct extra_event *what = &x->list[event].what;
    struct perf_event_attr attr = make_attr(x, &x->list[event]);
    int fd = perf_open_attr(&attr, tid, x->cpus->ptr[cpu]);
    if (fd < 0 && (errno == EINVAL || errno == E2BIG) && attr.inherit_thread) {
        attr.inherit_thread = attr.remove_on_exec = 0;
        attr.inherit = !what->one_process; /* children would stop at another program's address */
        fd = perf_open_attr(&attr, tid, x->cpus->ptr[cpu]);
    }
    if (fd < 0)
        return -1;
    if (set_filter(x, &x->list[event], fd) && perf_rings_redirect(x->rings, cpu, fd) &&
        perf_open_identify(fd, event, &x->ids))
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* False with errno: the thread has it on no CPU. */
static bool open_thread(struct extra_events *x, uint32_t event, pid_t tid)
{
    struct open_event *o = &x->list[event];
    const size_t before = o->fds.len;
    for (size_t cpu = 0; cpu < x->cpus->len; cpu++) {
        const int fd = open_on(x, event, tid, cpu);
        if (fd >= 0) {
            vec_push(&o->fds, fd);
            continue;
        }
        const int error = errno;
        while (o->fds.len > before)
            close(o->fds.ptr[--o->fds.len]);
        errno = error;
        return false;
    }
    if (tid > 0)
        pid_table_set(&x->covered, tid, pid_table_get(&x->covered, tid) | 1u << event);
    return true;
}

/* ---- on all threads ---- */

void extra_events_family(const struct recorder *r, struct pid_list *ret_pids)
{
    if (r->options->no_children)
        vec_push(ret_pids, r->target);
    else
        procfs_family(r->target, getpid(), ret_pids);
    for (size_t i = 0; i < r->processes.list.len; i++) { /* orphans */
        const struct tracked_process *t = &r->processes.list.ptr[i];
        if (t->alive && t->pid != r->target)
            vec_push(ret_pids, t->pid);
    }
}

/* Those that have none yet. Returns 0, or what refused the first one. */
static int open_missing(struct extra_events *x, uint32_t event)
{
    struct pid_list pids = { 0 };
    int error = 0;
    if (is_per_cpu(x, &x->list[event]))
        return x->list[event].fds.len > 0 || open_thread(x, event, -1) ? 0 : errno;
    if (x->list[event].what.one_process)
        vec_push(&pids, x->list[event].only);
    else
        extra_events_family(x->recorder, &pids);
    for (size_t i = 0; i < pids.len; i++) {
        struct pid_list tids = { 0 };
        procfs_threads(pids.ptr[i], &tids);
        for (size_t k = 0; k < tids.len; k++) {
            if (pid_table_get(&x->covered, tids.ptr[k]) >> event & 1)
                continue;
            if (!open_thread(x, event, tids.ptr[k]) && errno != ESRCH && !error)
                error = errno;
        }
        vec_done(&tids);
    }
    vec_done(&pids);
    return error;
}

static void note_refusal(struct extra_events *x, const struct extra_event *what, int error)
{
    PROF_CLEANUP(err_done) struct err e = { 0 };
    err_sys(&e, error, "cannot open the event '%s'", what->name);
    const char *how = error == EMFILE ? "raise the limit of open files: ulimit -n 65536"
                                      : "run prof as root, or give it CAP_PERFMON";
    if (what->without)
        profile_add_note(x->recorder->profile, what->without, e.message, how);
}

/* ---- crowds ---- */

static bool is_crowd(const struct extra_events *x, size_t threads)
{
    return threads > CROWD_THREADS || threads * x->cpus->len > CROWD_PAIRS;
}

/* Half as many again before it is over, so as not to go back and forth. */
static void count_heads(struct extra_events *x)
{
    const struct processes *ps = &x->recorder->processes;
    const size_t threads = ps->threads.len - ps->free_threads.len;
    x->crowded = is_crowd(x, x->crowded ? 2 * threads : threads);
}

static void note_crowd(struct extra_events *x, const struct extra_event *what)
{
    if (what->without)
        profile_add_note(x->recorder->profile, what->without,
            "for some of the time the target had so many threads that following each of them "
            "would have held them up",
            NULL);
}

static void shed(struct extra_events *x)
{
    for (uint32_t i = 1; i < x->count; i++) {
        if (!x->list[i].open || x->list[i].what.stays || is_per_cpu(x, &x->list[i]))
            continue;
        extra_events_close(x, i);
        note_crowd(x, &x->list[i].what);
    }
}

bool extra_events_crowded(const struct extra_events *x, uint32_t event)
{
    return x && x->crowded && event < x->count && !is_per_cpu(x, &x->list[event]);
}

/* ---- for sources ---- */

/* Closed ones are there too, at rest: see perf_extra.h. */
static void open_before_exec(struct extra_events *x, uint32_t event)
{
    struct open_event *o = &x->list[event];
    if (!before_exec(x) || !x->rings || o->what.one_process)
        return;
    o->opened_ns = clock_monotonic_ns();
    open_missing(x, event);
    o->rests = o->fds.len > 0;
}

uint32_t extra_events_add(struct extra_events *x, const struct extra_event *event)
{
    if (x->count == PERF_EVENTS_MAX)
        return 0;
    const uint32_t at = x->count++;
    x->list[at].what = *event;
    x->list[at].what.filter = event->filter ? xstrdup(event->filter) : NULL;
    x->ids.sample_types[at] = sample_type(event);
    open_before_exec(x, at);
    return at;
}

/* o->open tells how. False, with a note: refused on every thread. */
static bool open_all(struct extra_events *x, uint32_t event)
{
    struct open_event *o = &x->list[event];
    close_fds(x, event); /* what rests before the exec must wait for it instead */
    o->opened_ns = clock_monotonic_ns();
    const int error = x->rings ? open_missing(x, event) : 0;
    if (o->fds.len == 0 && error) {
        note_refusal(x, &o->what, error);
        return false;
    }
    o->rests = o->fds.len > 0 && (is_per_cpu(x, o) || (before_exec(x) && !o->what.one_process));
    o->unsettled = !o->rests;
    return true;
}

bool extra_events_open(struct extra_events *x, uint32_t event)
{
    struct open_event *o = &x->list[event];
    if (event == 0 || event >= x->count)
        return false;
    if (o->open)
        return true;
    if (o->what.one_process && !o->what.code_address)
        return false;
    count_heads(x);
    if (extra_events_crowded(x, event)) {
        note_crowd(x, &o->what);
        return false;
    }
    o->open = true;
    if (o->rests && (is_per_cpu(x, o) || !before_exec(x)))
        switch_on(o, true);
    else
        o->open = open_all(x, event);
    return o->open;
}

void extra_events_close(struct extra_events *x, uint32_t event)
{
    if (event == 0 || event >= x->count)
        return;
    x->list[event].open = false;
    if (x->list[event].rests && (!x->births_many || is_per_cpu(x, &x->list[event])))
        switch_on(&x->list[event], false);
    else
        close_fds(x, event);
}

void extra_events_hold(struct extra_events *x, uint32_t event)
{
    if (extra_events_is_open(x, event))
        switch_on(&x->list[event], false);
}

void extra_events_drop(struct extra_events *x, uint32_t event)
{
    extra_events_close(x, event);
    if (event > 0 && event < x->count)
        close_fds(x, event);
}

/* ---- calls that rest ---- */

void extra_events_rest_calls(struct extra_events *x, bool rest)
{
    x->calls_rest = rest && x->per_cpu;
}

bool extra_events_calls_rest(const struct extra_events *x)
{
    return x && x->calls_rest;
}

static bool is_at_rest(const struct open_event *o)
{
    return o->what.of_calls && !o->open && o->fds.len > 0;
}

/* The last one that is closed lets the machine's calls be fast again. */
static void release_calls(struct extra_events *x)
{
    VEC(int) fds = { 0 };
    for (uint32_t i = 1; i < x->count; i++)
        if (x->list[i].what.of_calls && x->list[i].open)
            return;
    for (uint32_t i = 1; i < x->count; i++) {
        struct open_event *o = &x->list[i];
        for (size_t k = 0; is_at_rest(o) && k < o->fds.len; k++)
            vec_push(&fds, o->fds.ptr[k]);
        if (!is_at_rest(o))
            continue;
        vec_clear(&o->fds); /* closed by another thread */
        close_fds(x, i);
    }
    if (fds.len > 0)
        late_closer_start(&x->closer, fds.ptr, fds.len);
}

static bool sees_switches(const struct extra_events *x)
{
    for (uint32_t i = 1; i < x->count; i++)
        if (x->list[i].open && x->list[i].what.switches)
            return true;
    return false;
}

bool extra_events_too_early(const struct extra_events *x)
{
    return x && x->recorder->options->argv && !x->per_cpu && !x->switches_counted &&
           sees_switches(x);
}

bool extra_events_disturb(const struct extra_events *x)
{
    return x && x->switches_many && !x->per_cpu && x->recorder->options->argv;
}

void extra_events_aim(struct extra_events *x, uint32_t event, pid_t pid, uint64_t address)
{
    if (event == 0 || event >= x->count || x->list[event].open)
        return;
    x->list[event].only = pid;
    x->list[event].what.code_address = address;
}

bool extra_events_is_open(const struct extra_events *x, uint32_t event)
{
    return event > 0 && event < x->count && x->list[event].open;
}

uint64_t extra_events_count(const struct extra_events *x, uint32_t event)
{
    return event > 0 && event < x->count ? x->list[event].count : 0;
}

uint64_t extra_events_switches(const struct extra_events *x, uint32_t *ret_direct_per_mille)
{
    const uint64_t in = x ? x->switches_in : 0;
    *ret_direct_per_mille = in ? (uint32_t)(x->direct_in * 1000 / in) : 0;
    return in;
}

uint64_t extra_events_cost_of(const struct extra_events *x, uint32_t event)
{
    return extra_events_count(x, event) * (event < x->count ? x->list[event].what.cost_ns : 0);
}

uint64_t extra_events_cost_ns(const struct extra_events *x)
{
    uint64_t sum = 0;
    for (uint32_t i = 1; i < x->count; i++)
        sum += x->list[i].count * x->list[i].what.cost_ns;
    return sum;
}

/* ---- for the sampler ---- */

struct perf_event_ids *extra_events_ids(struct extra_events *x)
{
    return x ? &x->ids : NULL;
}

void extra_events_set_rings(
    struct extra_events *x, const struct perf_rings *rings, uint32_t stack_bytes)
{
    if (!rings)
        close_all(x);
    x->rings = rings;
    x->stack_bytes = stack_bytes;
}

void extra_events_open_thread(struct extra_events *x, pid_t tid)
{
    for (uint32_t i = 1; i < x->count; i++)
        if (x->list[i].what.one_process)
            x->list[i].unsettled = x->list[i].open;
        else if (x->list[i].open && is_per_cpu(x, &x->list[i]))
            open_missing(x, i);
        else if (x->list[i].open && !(pid_table_get(&x->covered, tid) >> i & 1))
            open_thread(x, i, tid);
}

static void follow_fork(struct extra_events *x, const struct perf_record *r)
{
    const uint32_t parent = pid_table_get(&x->covered, (pid_t)r->fork.parent_tid);
    uint32_t own = pid_table_get(&x->covered, (pid_t)r->tid);
    for (uint32_t i = 1; i < x->count; i++)
        if (x->list[i].fds.len > 0 && x->list[i].opened_ns <= r->time_ns &&
            (r->pid == r->fork.parent_pid || !x->list[i].what.one_process))
            own |= parent & 1u << i;
    pid_table_set(&x->covered, (pid_t)r->tid, own);
}

/* By the order of records alone: with many CPUs some directly follow unseen. */
static void follow_switch(struct extra_events *x, const struct perf_record *r)
{
    for (uint32_t i = 1; i < x->count; i++)
        x->list[i].count += x->list[i].what.switches && x->list[i].open;
    x->switch_records++;
    if (!r->switched.out) {
        x->switches_in++;
        x->direct_in += x->last_out_ns && r->time_ns - x->last_out_ns < DIRECT_NS;
    }
    x->last_out_ns = r->switched.out ? r->time_ns : 0;
}

void extra_events_follow(struct extra_events *x, const struct perf_record *r)
{
    if (r->kind == PERF_EVENT) {
        x->list[r->event].count++;
    } else if (r->kind == PERF_FORK) {
        x->births++;
        follow_fork(x, r);
    } else if (r->kind == PERF_EXIT) {
        pid_table_set(&x->covered, (pid_t)r->tid, 0);
    } else if (r->kind == PERF_SWITCH) {
        follow_switch(x, r);
    }
}

/* A switch has two records. What was found last holds while none are recorded. */
static void rate_switches(struct extra_events *x, uint64_t now_ns)
{
    const uint64_t passed_ns = now_ns - x->rate_from_ns;
    const uint64_t count = (x->switch_records - x->rate_from_records) / 2;
    const bool seen = sees_switches(x);
    if (seen && x->rate_from_ns && passed_ns < RATE_WINDOW_NS)
        return;
    x->switches_counted |= seen && x->rate_from_ns;
    if (seen && x->rate_from_ns)
        x->switches_many = count * NS_PER_S > SWITCHES_MANY_HZ * passed_ns;
    x->rate_from_ns = seen ? now_ns : 0;
    x->rate_from_records = x->switch_records;
}

/* Every thread that is born makes its own of all these events, 3 to 14 us each (measured): a target
 * that makes many has no use for resting ones. */
static void rate_births(struct extra_events *x, uint64_t now_ns)
{
    const uint64_t passed_ns = now_ns - x->births_from_ns;
    const uint64_t events = (x->births - x->births_from) * x->cpus->len;
    if (x->births_many || (x->births_from_ns && passed_ns < BIRTHS_WINDOW_NS))
        return;
    x->births_many = x->births_from_ns && events * NS_PER_S > BIRTHS_MANY_HZ * passed_ns;
    x->births_from_ns = now_ns;
    x->births_from = x->births;
    for (uint32_t i = 1; i < x->count && x->births_many; i++)
        if (!x->list[i].open && !is_per_cpu(x, &x->list[i]))
            close_fds(x, i);
}

/* ---- aiming at the target's threads ---- */

/* None: while threads are being born, whoever comes must be seen; and of too many no filter is
 * made.
 */
static void find_aim(const struct extra_events *x, struct pid_list *ret_tids)
{
    const struct processes *ps = &x->recorder->processes;
    if (x->births != x->births_at_aim || !x->filters_work)
        return;
    for (size_t i = 0; i < ps->threads.len; i++)
        if (pid_table_get(&ps->by_tid, ps->threads.ptr[i].tid) == i + 1)
            vec_push(ret_tids, ps->threads.ptr[i].tid);
    if (ret_tids->len > AIM_THREADS_MAX)
        vec_clear(ret_tids);
}

/* The kernel takes one filter in an event's life (EEXIST). The new one is there before the old one
 * goes: some calls are seen twice, none is missed, and the tracepoint stays registered, which would
 * take the kernel long. What the old one has written is still to be read, so its number stays. */
static void aim_anew(struct extra_events *x, uint32_t event)
{
    struct open_event *o = &x->list[event];
    const size_t before = o->fds.len;
    if (!open_thread(x, event, -1)) {
        extra_events_drop(x, event); /* rather than look at the wrong threads */
        return;
    }
    for (size_t i = 0; i < before; i++)
        close(o->fds.ptr[i]);
    memmove(o->fds.ptr, o->fds.ptr + before, (o->fds.len - before) * sizeof *o->fds.ptr);
    o->fds.len -= before;
}

static void aim(struct extra_events *x, uint64_t now_ns)
{
    struct pid_list tids = { 0 };
    if (!x->per_cpu || !x->rings || x->aims == AIMS_MAX || now_ns - x->aimed_ns < AIM_INTERVAL_NS)
        return;
    find_aim(x, &tids);
    x->aimed_ns = now_ns;
    x->births_at_aim = x->births;
    const bool same =
        tids.len == x->aim.len &&
        (tids.len == 0 || memcmp(tids.ptr, x->aim.ptr, tids.len * sizeof *tids.ptr) == 0);
    if (same) {
        vec_done(&tids);
        return;
    }
    if (++x->aims == AIMS_MAX)
        vec_clear(&tids); /* it never comes to rest */
    vec_done(&x->aim);
    x->aim = tids;
    for (uint32_t i = 1; i < x->count; i++)
        if (x->list[i].what.type == PERF_TYPE_TRACEPOINT && x->list[i].fds.len > 0)
            aim_anew(x, i);
}

void extra_events_settle(struct extra_events *x)
{
    if (x->calls_rest)
        release_calls(x);
    aim(x, clock_monotonic_ns());
    rate_switches(x, clock_monotonic_ns());
    rate_births(x, clock_monotonic_ns());
    count_heads(x);
    if (x->crowded)
        shed(x);
    for (uint32_t i = 1; i < x->count && x->rings; i++) {
        if (x->list[i].open && x->list[i].unsettled)
            open_missing(x, i);
        x->list[i].unsettled = false;
    }
}
