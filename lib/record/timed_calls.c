// SPDX-License-Identifier: MIT
/*
 * Where the time of the kernel goes, for who may not see it: a clock without rights says nothing
 * while the kernel works on a thread's behalf. Breakpoints need no rights (breakpoints.h), and the
 * functions of libc that enter the kernel are few. They are looked at in turn, in bursts, in one
 * process at a time:
 *
 *     survey   some functions' first instructions, with stacks: who calls them, and from where
 *     timing   one function's first instruction, and some of the places that it returns to: how
 *              long it took, less what a stop costs here and what was not spent on a CPU
 *
 * What comes out are samples of CPU time below the caller, whose leaf says what the kernel did:
 * "read file", "write tcp". Each call stands for those that were not looked at (call_sites.h). In
 * a virtual machine a stop takes 12 us and its duration varies by one (measured), so that calls
 * shorter than that are known in sum only roughly.
 */
#include "record/source.h"

#include <linux/perf_event.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/arch.h"
#include "record/call_sites.h"
#include "record/objects.h"
#include "record/perf_extra.h"
#include "record/thread_state.h"
#include "record/timed_process.h"

enum {
    SLOTS = 3, /* one is for loops */
    RETURNS = SLOTS - 1,
    STOPS_MAX = 150,    /* in one burst */
    STOPS_MANY = 100,   /* its length is known by switches */
    STOPS_FEW = 10,     /* it may take longer */
    STOPS_HASTE = 4,    /* there will be more */
    BETWEEN_LEAST = 20, /* times, to tell what a stop takes */
    STOP_VARIES = 3,    /* times what was tried, at most: measured */
    BUDGET_PARTS = 100, /* of the time, one for stops, and one for opening and closing */
    RARE_ROUNDS = 4,    /* what nobody calls is looked at in every fourth round */
};

#define SURVEY_NS (100 * NS_PER_MS)
#define TIMING_NS (200 * NS_PER_MS)
#define TIMING_MAX_NS (500 * NS_PER_MS) /* of calls that are few and may be long */
#define RUSH_NS (8 * NS_PER_MS)         /* how many there are is not known yet */
#define PAUSE_MIN_NS (20 * NS_PER_MS)

/* A thread's last stop: at the beginning of a call, or at its end. */
struct last_stop {
    pid_t tid;
    bool begins;
    uint64_t on_cpu_ns; /* when it was */
};

enum burst_kind { BURST_NONE, BURST_SURVEY, BURST_TIMING };

struct burst {
    enum burst_kind kind;
    bool ended;    /* its last records are to come */
    bool by_ticks; /* its length is known by the kernel's clock only */
    struct timed_process *process;
    size_t surveyed[SLOTS]; /* functions */
    uint32_t survey_count;
    size_t timed; /* function */
    struct call_site *sites[RETURNS];
    uint32_t site_count;
    uint64_t began_ns, ended_ns;
    uint64_t began_cpu_ns, ended_cpu_ns; /* of the process, by the kernel: to a tick */
    uint64_t first_cpu_ns;               /* by switches, at the first stop; 0: none yet */
    uint64_t stops;                      /* within it */
    uint64_t stops_before;               /* of all bursts, when it began to be opened */
    uint64_t own_ns;                     /* our CPU time for it */
};

struct timed_calls {
    struct recorder *recorder;
    struct objects *objects;
    uint64_t stop_ns;                                 /* that a stop takes, as tried */
    uint32_t callers[SLOTS], entry, returns[RETURNS]; /* events */
    struct timed_processes processes;
    struct burst burst;
    VEC(struct last_stop) last;
    struct pid_table by_tid; /* -> index + 1 */
    VEC(uint64_t) between;   /* the times from one stop to the next, of this burst */
    uint64_t next_ns;
};

/* ---- records: who calls ---- */

static struct frame_id leaf_of(struct timed_calls *c, const struct timed_function *f,
    const struct unwind_regs *regs, const struct perf_record *r)
{
    struct profile *p = c->recorder->profile;
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    enum wait_kind kind = f->work == WORK_FILE ? WAIT_FILE : WAIT_UNKNOWN;
    if (f->work == WORK_FD)
        kind =
            objects_of_fd(c->objects, (pid_t)r->pid, (int)arch_argument(regs, 0), false, r->time_ns)
                .kind;
    strbuf_adds(&name, f->name);
    if (kind != WAIT_UNKNOWN)
        strbuf_addf(&name, " %s", wait_kind_id(kind));
    const struct func func = {
        .name = profile_add_string(p, strbuf_slice(&name)),
        .module = stacks_kernel_module(&c->recorder->stacks),
        .kind = FUNC_KERNEL,
    };
    const struct line line = { .func = profile_add_func(p, &func) };
    return profile_add_frame_lines(p, &line, 1);
}

static void take_caller(struct timed_calls *c, const struct perf_record *r, size_t function)
{
    struct recorder *rec = c->recorder;
    struct unwind_regs regs = { 0 };
    const struct tracked_thread *thread =
        processes_thread(&rec->processes, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    if (!thread || !r->sample.has_regs)
        return;
    arch_regs_decode(r->sample.regs, &regs);
    const uint64_t from = arch_return_address(&regs, r->sample.stack, r->sample.stack_len);
    struct tracked_process *process = &rec->processes.list.ptr[thread->process];
    const struct stack_id callers = stacks_intern(&rec->stacks, process, &r->sample);
    const struct stack_id stack =
        profile_add_stack(rec->profile, callers, leaf_of(c, &timed_functions[function], &regs, r));
    c->burst.process->list[function].called = true;
    call_sites_add(&c->burst.process->list[function].sites, from, stack);
}

/* ---- records: how long ---- */

static uint64_t on_cpu_ns(struct timed_calls *c, const struct perf_record *r)
{
    struct thread_states *ts = c->recorder->threads;
    thread_states_runs(ts, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    const struct thread_state *t = thread_states_find(ts, (pid_t)r->tid);
    return t ? thread_state_plain(t, r->time_ns).on_cpu_ns : 0;
}

static struct last_stop *last_stop_of(struct timed_calls *c, pid_t tid)
{
    const uint32_t found = pid_table_get(&c->by_tid, tid);
    if (found)
        return &c->last.ptr[found - 1];
    vec_push(&c->last, (struct last_stop){ .tid = tid });
    pid_table_set(&c->by_tid, tid, (uint32_t)c->last.len);
    return &c->last.ptr[c->last.len - 1];
}

/* Time on the CPU; 0: it is the first stop. */
static uint64_t since_last_stop(struct timed_calls *c, struct last_stop *last, uint64_t now_ns)
{
    const uint64_t ns = last->on_cpu_ns ? ns_more_than(now_ns, last->on_cpu_ns) : 0;
    if (ns > 0)
        vec_push(&c->between, ns);
    last->on_cpu_ns = now_ns;
    return ns;
}

static void take_begin(struct timed_calls *c, const struct perf_record *r)
{
    struct last_stop *last = last_stop_of(c, (pid_t)r->tid);
    since_last_stop(c, last, on_cpu_ns(c, r));
    last->begins = true;
}

static void take_end(struct timed_calls *c, const struct perf_record *r, struct call_site *site)
{
    struct processes *ps = &c->recorder->processes;
    struct last_stop *last = last_stop_of(c, (pid_t)r->tid);
    const uint64_t ns = since_last_stop(c, last, on_cpu_ns(c, r));
    const struct tracked_thread *thread =
        processes_thread(ps, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    if (thread && last->begins && ns > 0)
        call_site_add(site, thread->row, r->time_ns, ns);
    last->begins = false;
}

static uint64_t cpu_by_switches(const struct timed_calls *c, uint64_t time_ns)
{
    const struct thread_states *ts = c->recorder->threads;
    uint64_t sum = 0;
    for (size_t i = 0; i < ts->list.len; i++)
        if (ts->list.ptr[i].alive && ts->list.ptr[i].pid == c->burst.process->pid)
            sum += thread_state_plain(&ts->list.ptr[i], time_ns).on_cpu_ns;
    return sum;
}

static bool is_ours(const struct timed_calls *c, uint32_t event)
{
    bool ours = event == c->entry;
    for (size_t i = 0; i < SLOTS; i++)
        ours |= event == c->callers[i];
    for (size_t i = 0; i < RETURNS; i++)
        ours |= event == c->returns[i];
    return ours;
}

static void take_stop(struct timed_calls *c, const struct perf_record *r)
{
    struct burst *b = &c->burst;
    if (r->time_ns < b->began_ns || (b->ended && r->time_ns > b->ended_ns) || !is_ours(c, r->event))
        return;
    if (b->stops++ == 0)
        b->first_cpu_ns = cpu_by_switches(c, r->time_ns);
    for (uint32_t i = 0; i < b->survey_count; i++)
        if (r->event == c->callers[i])
            take_caller(c, r, b->surveyed[i]);
    if (r->event == c->entry)
        take_begin(c, r);
    for (uint32_t i = 0; i < b->site_count; i++)
        if (r->event == c->returns[i])
            take_end(c, r, b->sites[i]);
}

static void timed_calls_take(void *state, const struct perf_record *r)
{
    struct timed_calls *c = state;
    const struct recorder *rec = c->recorder;
    if (r->time_ns < rec->from_ns || r->time_ns > rec->to_ns)
        return;
    if (r->kind == PERF_SAMPLE)
        timed_processes_sampled(&c->processes, (pid_t)r->pid, rec->period_ns);
    else if (r->kind !=
             PERF_EVENT) /* threads end, or records were lost: no sum of switches holds */
        c->burst.by_ticks = true;
    else if (c->burst.process && (pid_t)r->pid == c->burst.process->pid && rec->threads)
        take_stop(c, r);
}

/* ---- bursts ---- */

static uint64_t stops(const struct timed_calls *c)
{
    const struct extra_events *extras = c->recorder->extras;
    uint64_t sum = extra_events_count(extras, c->entry);
    for (size_t i = 0; i < SLOTS; i++)
        sum += extra_events_count(extras, c->callers[i]);
    for (size_t i = 0; i < RETURNS; i++)
        sum += extra_events_count(extras, c->returns[i]);
    return sum;
}

/* False: none of its threads can have it now. */
static bool open_at(struct timed_calls *c, uint32_t event, uint64_t address)
{
    struct extra_events *extras = c->recorder->extras;
    struct breakpoint_share *share = &c->recorder->breakpoints;
    extra_events_aim(extras, event, c->burst.process->pid, address);
    if (!address || !extra_events_open(extras, event))
        return false;
    share->lent_pid = c->burst.process->pid;
    share->lent[share->lent_count++] = event;
    return true;
}

static bool is_due(const struct timed_process *w, size_t function)
{
    return w->addresses[function] && (w->list[function].called || w->rounds % RARE_ROUNDS == 0);
}

static bool begin_survey(struct timed_calls *c, uint32_t slots)
{
    struct burst *b = &c->burst;
    struct timed_process *w = b->process;
    for (size_t i = 0; i < TIMED_FUNCTIONS && b->survey_count < slots; i++) {
        const size_t function = w->next_survey++ % TIMED_FUNCTIONS;
        const bool due = is_due(w, function);
        w->rounds += w->next_survey % TIMED_FUNCTIONS == 0;
        if (!due || !open_at(c, c->callers[b->survey_count], w->addresses[function]))
            continue;
        call_sites_age(&w->list[function].sites);
        w->list[function].called = false;
        b->surveyed[b->survey_count++] = function;
    }
    b->kind = b->survey_count > 0 ? BURST_SURVEY : BURST_NONE;
    return b->kind;
}

static bool begin_timing(struct timed_calls *c, uint32_t slots)
{
    struct burst *b = &c->burst;
    struct timed_process *w = b->process;
    struct call_site *sites[RETURNS];
    uint32_t count = 0;
    for (size_t i = 0; i < TIMED_FUNCTIONS && count == 0; i++) {
        b->timed = w->next_timing++ % TIMED_FUNCTIONS;
        count = call_sites_choose(&w->list[b->timed].sites, sites, slots - 1);
    }
    const struct call_account account = timed_process_account(w, c->recorder->profile, b->timed);
    if (count == 0 || !open_at(c, c->entry, w->addresses[b->timed]))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!open_at(c, c->returns[b->site_count], sites[i]->return_address))
            continue;
        call_site_begin(sites[i], &account);
        b->sites[b->site_count++] = sites[i];
    }
    vec_clear(&c->last);
    vec_clear(&c->between);
    pid_table_done(&c->by_tid);
    b->kind = BURST_TIMING;
    return true;
}

/* Exact times on the CPU need every switch. */
static bool see_switches(struct recorder *r)
{
    if (!r->switch_event || !extra_events_open(r->extras, r->switch_event))
        return false;
    r->switches_needed |= SWITCHES_FOR_CALLS;
    return true;
}

static void close_all(struct timed_calls *c)
{
    struct recorder *r = c->recorder;
    for (uint32_t i = 0; i < r->breakpoints.lent_count; i++)
        extra_events_close(r->extras, r->breakpoints.lent[i]);
    r->breakpoints.lent_count = 0;
    r->breakpoints.lent_pid = 0;
    r->switches_needed &= ~(uint32_t)SWITCHES_FOR_CALLS;
}

/* Surveys and timings take turns; without anything to time the next survey follows at once. */
static void begin_burst(struct timed_calls *c, uint64_t now_ns)
{
    struct recorder *r = c->recorder;
    const uint64_t own_ns = clock_thread_cpu_ns();
    timed_processes_choose(&c->processes, r, now_ns);
    struct timed_process *w = timed_processes_next(&c->processes, r);
    const uint32_t left = w ? breakpoints_left(&r->breakpoints, w->pid) : 0;
    const uint32_t slots = left < SLOTS ? left : SLOTS;
    c->burst = (struct burst){ .process = w, .stops_before = stops(c) };
    c->next_ns = now_ns + PAUSE_MIN_NS;
    if (slots < 2 || !see_switches(r))
        return;
    if ((w->survey_next || !begin_timing(c, slots)) && !begin_survey(c, slots))
        close_all(c);
    w->survey_next = !w->survey_next;
    c->burst.began_cpu_ns = timed_process_cpu_ns(w);
    c->burst.began_ns = clock_monotonic_ns();
    c->burst.own_ns = clock_thread_cpu_ns() - own_ns;
}

static uint64_t at_least(uint64_t ns, uint64_t least_ns)
{
    return ns > least_ns ? ns : least_ns;
}

static void end_burst(struct timed_calls *c)
{
    struct burst *b = &c->burst;
    const uint64_t own_ns = clock_thread_cpu_ns();
    b->ended_cpu_ns = timed_process_cpu_ns(b->process);
    b->ended_ns = clock_monotonic_ns();
    b->ended = true;
    for (uint32_t i = 0; i < c->recorder->breakpoints.lent_count; i++)
        extra_events_hold(c->recorder->extras, c->recorder->breakpoints.lent[i]);
    b->own_ns += clock_thread_cpu_ns() - own_ns;
}

static int by_length(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Between two stops of a thread is the end of the first, its record and the beginning of the
 * second: about one in all. What that takes in a virtual machine changes from one moment to the
 * next, so that the short ones of the burst itself tell; when all are long, the trial does. */
static uint64_t stop_ns_of(struct timed_calls *c)
{
    const struct burst *b = &c->burst;
    if (b->kind == BURST_SURVEY)
        return c->stop_ns + c->recorder->sample_cost_ns;
    if (c->between.len < BETWEEN_LEAST)
        return c->stop_ns;
    qsort(c->between.ptr, c->between.len, sizeof *c->between.ptr, by_length);
    const uint64_t ns = c->between.ptr[c->between.len / 10];
    return ns < STOP_VARIES * c->stop_ns ? ns : c->stop_ns;
}

/* CPU time that the process has used for itself meanwhile. Many stops fill less than a tick of the
 * kernel's clock, few of them are far from the burst's begin and end. */
static uint64_t length_of(const struct timed_calls *c, uint64_t stops_ns)
{
    const struct burst *b = &c->burst;
    const bool many = b->stops >= STOPS_MANY && c->recorder->threads && !b->by_ticks;
    const uint64_t from_ns = many ? b->first_cpu_ns : b->began_cpu_ns;
    const uint64_t to_ns = many ? cpu_by_switches(c, b->ended_ns) : b->ended_cpu_ns;
    return ns_more_than(to_ns, from_ns + stops_ns);
}

/* A call that the burst began within is missing, and one that it ended within too: as time goes,
 * that is one call of each thread at most. */
static void settle_burst(struct timed_calls *c, uint64_t now_ns)
{
    struct burst *b = &c->burst;
    const uint64_t own_ns = clock_thread_cpu_ns();
    const uint64_t stop_ns = stop_ns_of(c);
    const uint64_t cost_ns = (stops(c) - b->stops_before) * stop_ns;
    const uint64_t length_ns = length_of(c, b->stops * stop_ns);
    b->process->stops_ns += cost_ns;
    for (uint32_t i = 0; i < b->site_count; i++)
        call_site_end(b->sites[i], b->began_cpu_ns + length_ns, length_ns, stop_ns);
    for (uint32_t i = 0; i < b->survey_count;
         i++) /* whoever is new at the next one came after this */
        b->process->list[b->surveyed[i]].sites.from_cpu_ns = b->began_cpu_ns;
    close_all(c);
    b->kind = BURST_NONE;
    b->own_ns += clock_thread_cpu_ns() - own_ns;
    c->next_ns = now_ns + at_least(at_least(cost_ns, b->own_ns) * BUDGET_PARTS, PAUSE_MIN_NS);
}

static bool may_look(const struct recorder *r)
{
    return r->from_ns != UINT64_MAX && r->threads && !extra_events_too_early(r->extras) &&
           !extra_events_disturb(r->extras);
}

static uint64_t longest_ns(const struct timed_calls *c)
{
    const uint64_t count = stops(c) - c->burst.stops_before;
    if (c->burst.kind == BURST_SURVEY)
        return SURVEY_NS;
    return count > 0 && count < STOPS_FEW ? TIMING_MAX_NS : TIMING_NS;
}

static bool is_enough(const struct timed_calls *c, uint64_t now_ns)
{
    const struct burst *b = &c->burst;
    return stops(c) - b->stops_before >= STOPS_MAX || now_ns >= b->began_ns + longest_ns(c) ||
           c->recorder->breakpoints.lent_count == 0; /* taken back */
}

/* Many stops pass before the next drain otherwise. */
static bool is_hasty(const struct timed_calls *c)
{
    const struct burst *b = &c->burst;
    return b->kind && stops(c) - b->stops_before >= STOPS_HASTE;
}

static void timed_calls_drain(void *state, uint64_t now_ns, bool last)
{
    struct timed_calls *c = state;
    struct recorder *r = c->recorder;
    const bool over =
        last || now_ns >= r->to_ns || !may_look(r) || extra_events_crowded(r->extras, c->entry);
    if (c->burst.kind && c->burst.ended) {
        if (r->drained_ns >= c->burst.ended_ns)
            settle_burst(c, now_ns);
    } else if (c->burst.kind && (over || is_enough(c, now_ns))) {
        end_burst(c);
    } else if (!c->burst.kind && !over && now_ns >= c->next_ns) {
        begin_burst(c, now_ns);
    }
    r->in_rush |= c->burst.kind && (c->burst.ended || now_ns < c->burst.began_ns + RUSH_NS);
    r->in_haste |= is_hasty(c);
    if (!last)
        return;
    if (c->burst.kind)
        settle_burst(c, now_ns);
    for (size_t i = 0; i < TIMED_PROCESSES; i++)
        if (c->processes.list[i].pid)
            timed_process_flush(&c->processes.list[i], r->profile);
}

/* ---- the source ---- */

static void add_events(struct timed_calls *c)
{
    struct extra_event event = {
        .name = "a breakpoint",
        .type = PERF_TYPE_BREAKPOINT,
        .period = 1,
        .exclude_kernel = true,
        .one_process = true,
        .cost_ns = c->stop_ns,
    };
    for (size_t i = 0; i < RETURNS; i++)
        c->returns[i] = extra_events_add(c->recorder->extras, &event);
    c->entry = extra_events_add(c->recorder->extras, &event);
    event.with_stack = true;
    event.cost_ns += c->recorder->sample_cost_ns;
    for (size_t i = 0; i < SLOTS; i++)
        c->callers[i] = extra_events_add(c->recorder->extras, &event);
}

/* Who sees the kernel has no use for it. */
static void *timed_calls_start(struct recorder *r, struct err *e)
{
    const uint64_t stop_ns = breakpoint_stop_ns();
    if (!recorder_has_events(r, LEVEL_USER, e) || r->level == LEVEL_FULL)
        return NULL;
    if (stop_ns == 0) {
        err_set(e, ERR_UNSUPPORTED, "this machine has no breakpoints for us");
        return NULL;
    }
    struct timed_calls *c = xcalloc(1, sizeof *c);
    c->recorder = r;
    c->objects = objects_new();
    c->stop_ns = stop_ns;
    add_events(c);
    return c;
}

static void timed_calls_stop(void *state)
{
    struct timed_calls *c = state;
    if (!c)
        return;
    timed_processes_done(&c->processes);
    objects_free(c->objects);
    vec_done(&c->last);
    vec_done(&c->between);
    pid_table_done(&c->by_tid);
    free(c);
}

const struct source source_timed_calls = {
    .name = "timed-calls",
    .role = SOURCE_COUNTER,
    .doctor_only = true,
    .without = "time in the kernel by who called it",
    .start = timed_calls_start,
    .drain = timed_calls_drain,
    .take = timed_calls_take,
    .takes = 1u << PERF_EVENT | 1u << PERF_SAMPLE | 1u << PERF_EXIT | 1u << PERF_LOST,
    .stop = timed_calls_stop,
};
