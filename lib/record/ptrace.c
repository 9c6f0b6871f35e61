// SPDX-License-Identifier: MIT
/*
 * The sampler for machines that refuse perf events: copy and go. Some 99 times a second it looks at
 * the CPU time of each thread (schedstat). One that has used some and runs at this moment is
 * stopped, its registers and the top of its stack are copied, and it goes on, some tens of
 * microseconds later; the stack is unwound after that. Its sample stands for all the CPU time that
 * the thread has used since its last one, so that sums are right however seldom it is met.
 *
 * Threads that sleep are not touched: to stop one may end its system call with EINTR. Only between
 * the look and the stop one can fall asleep.
 */
#include "record/source.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "record/family_watch.h"
#include "record/procfs_read.h"
#include "record/ptrace_trial.h"
#include "record/trace_copy.h"
#include "record/tracer.h"
#include "record/wall_read.h"

#define NAME_AFTER_NS (20 * NS_PER_MS) /* threads name themselves soon after their birth */
#define REMAP_MIN_NS (10 * NS_PER_MS)  /* between two reads of maps, which take up to 1 ms */
#define REMAP_MAX_NS (1280 * NS_PER_MS)
#define ADJUST_INTERVAL_NS (500 * NS_PER_MS)
#define PERIOD_MAX_NS (160 * NS_PER_MS)
#define SERVE_NS (500 * NS_PER_US) /* for threads to stop; those without a CPU do so later */

enum {
    RATE_DEFAULT_HZ = 99, /* beside 100, the pace of many timers */
    RATE_MAX_HZ = 999,
    BUDGET_SHARE = 50, /* 2 % of a CPU for looking at threads */
    SAMPLES_TO_JUDGE = 20,
    RESTS_MAX = 3,    /* 2^3 beats between two looks at a thread that does nothing */
    FILES_MAX = 1024, /* kept open, two for each thread */
};

struct ptrace_source {
    struct recorder *recorder;
    struct tracer tracer;
    struct trace_copy copy;
    bool copied; /* the last copy is whole */
    bool attached;
    bool blind; /* it may not be traced: looked at as the sampler "none" does */
    struct family_watch family;
    int timer;
    uint64_t beats;
    uint64_t remapped_ns, remap_interval_ns;
    uint64_t python_cut;
    uint64_t adjusted_ns, cost_ns; /* since then: prof's own */
    uint64_t adjusted_samples, adjusted_cpu_ns;
};

/* ---- one thread ---- */

static void keep_files(struct ptrace_source *s, struct tracee *t)
{
    if (t->cpu_fd >= 0 || s->tracer.files + 2 > FILES_MAX)
        return;
    t->cpu_fd = procfs_open_thread(t->pid, t->tid, "schedstat");
    t->call_fd = procfs_open_thread(t->pid, t->tid, "syscall");
    s->tracer.files += (uint32_t)(t->cpu_fd >= 0) + (uint32_t)(t->call_fd >= 0);
}

/* 0: not known. */
static uint64_t cpu_ns(struct ptrace_source *s, struct tracee *t)
{
    uint64_t on_cpu_ns, queued_ns;
    struct procfs_stat stat;
    keep_files(s, t);
    PROF_CLEANUP(close_fd)
    int opened = t->cpu_fd >= 0 ? -1 : procfs_open_thread(t->pid, t->tid, "schedstat");
    if (procfs_schedstat(t->cpu_fd >= 0 ? t->cpu_fd : opened, &on_cpu_ns, &queued_ns))
        return on_cpu_ns;
    return procfs_stat(t->pid, t->tid, &stat) ? stat.user_ns + stat.kernel_ns : 0;
}

static bool runs_now(const struct tracee *t)
{
    struct wall_place place;
    struct procfs_stat stat;
    const enum wall_state state = wall_read(t->pid, t->tid, t->call_fd, &place);
    if (state != WALL_GONE)
        return state == WALL_RUNNING;
    return procfs_stat(t->pid, t->tid, &stat) && stat.state == 'R';
}

/* What it has used until now is no sample's. */
static void begin_account(struct ptrace_source *s, struct tracee *t)
{
    t->looked_cpu_ns = t->sampled_cpu_ns = cpu_ns(s, t);
}

static void look(struct ptrace_source *s, struct tracee *t, uint64_t now_ns)
{
    if (!t->named && now_ns - t->born_ns >= NAME_AFTER_NS) {
        family_named(s->recorder, t->pid, t->tid);
        t->named = true;
    }
    if (s->beats & ((UINT64_C(1) << t->rests) - 1))
        return;
    const uint64_t used_ns = cpu_ns(s, t);
    const bool same = used_ns == t->looked_cpu_ns;
    t->rests = same && t->rests < RESTS_MAX ? t->rests + 1 : same ? t->rests : 0;
    t->looked_cpu_ns = used_ns;
    if (!same && runs_now(t))
        tracer_ask(&s->tracer, t, now_ns);
}

/* ---- samples ---- */

/* Nobody tells of libraries that were loaded since, and of generated code. True: there was some
 * that was not known. Less and less often where a look brings nothing. */
static bool find_maps(struct ptrace_source *s, struct tracked_process *process)
{
    const uint64_t now_ns = clock_monotonic_ns(), before = process->generation;
    if (now_ns - s->remapped_ns < s->remap_interval_ns)
        return false;
    processes_read_maps(&s->recorder->processes, process);
    const bool found = process->generation != before;
    const uint64_t longer_ns = s->remap_interval_ns * 2;
    s->remapped_ns = clock_monotonic_ns();
    if (found)
        s->remap_interval_ns = REMAP_MIN_NS;
    else
        s->remap_interval_ns = longer_ns < REMAP_MAX_NS ? longer_ns : REMAP_MAX_NS;
    return found;
}

/* A stack that ends early may do so in code whose mapping is not known yet. */
static struct stack_id unwind(struct ptrace_source *s, struct tracked_process *process)
{
    struct stacks *stacks = &s->recorder->stacks;
    const struct perf_sample copy = trace_copy_sample(&s->copy);
    const uint64_t broken = stacks->broken;
    struct stack_id stack = stacks_intern(stacks, process, &copy);
    if (stacks->broken == broken || !find_maps(s, process))
        return stack;
    stacks->broken = broken;
    return stacks_intern(stacks, process, &copy);
}

static uint64_t take_weight(struct tracee *t)
{
    const uint64_t before_ns = t->sampled_cpu_ns;
    t->sampled_cpu_ns = t->looked_cpu_ns;
    return t->looked_cpu_ns > before_ns ? t->looked_cpu_ns - before_ns : 0;
}

static void hook_copy(void *ctx, struct tracee *t)
{
    struct ptrace_source *s = ctx;
    s->copied = trace_copy_take(&s->copy, t->tid);
}

static void hook_copied(void *ctx, struct tracee *t)
{
    struct ptrace_source *s = ctx;
    struct recorder *r = s->recorder;
    const uint64_t time_ns = t->asked_ns;
    if (!s->copied || time_ns < r->from_ns || time_ns > r->to_ns)
        return;
    const struct tracked_thread *thread = processes_thread(&r->processes, t->pid, t->tid, time_ns);
    const uint64_t weight = thread ? take_weight(t) : 0;
    if (weight == 0)
        return;
    struct tracked_process *process = &r->processes.list.ptr[thread->process];
    const struct sample sample = {
        .time_ns = time_ns,
        .thread = thread->row,
        .stack = unwind(s, process),
        .count = 1,
        .weight = weight,
    };
    profile_add_sample(r->profile, &sample);
    r->samples++;
    r->sampled_ns += weight;
}

/* ---- births and ends ---- */

static void hook_born(void *ctx, const struct tracee *t, pid_t parent_pid)
{
    struct ptrace_source *s = ctx;
    struct processes *ps = &s->recorder->processes;
    const bool known = processes_find(ps, parent_pid) != NULL;
    family_born(s->recorder, t->pid, t->tid, parent_pid);
    if (!known)
        processes_add_running(ps, t->pid, t->born_ns);
}

static void hook_executed(void *ctx, pid_t pid)
{
    struct ptrace_source *s = ctx;
    family_executed(s->recorder, pid);
}

static void hook_ended(void *ctx, struct tracee *t)
{
    struct ptrace_source *s = ctx;
    family_ended(s->recorder, t->pid, t->tid);
}

static void hook_left(void *ctx, pid_t pid)
{
    struct ptrace_source *s = ctx;
    PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
    strbuf_addf(&why, "process %d traces others itself, which only one can", (int)pid);
    profile_add_note(s->recorder->profile, "what a debugger runs has no samples", why.ptr,
        "run the program without the debugger");
}

/* ---- beginning ---- */

/* Processes that it has already, and what they make meanwhile. */
static bool attach_family(struct ptrace_source *s, struct err *e)
{
    struct recorder *r = s->recorder;
    struct pid_list pids = { 0 };
    bool any = false;
    if (r->options->no_children)
        vec_push(&pids, r->target);
    else
        procfs_family(r->target, getpid(), &pids);
    for (size_t i = 0; i < pids.len; i++)
        if (tracer_attach(&s->tracer, pids.ptr[i], i == 0 ? e : NULL)) {
            processes_add_running(&r->processes, pids.ptr[i], clock_monotonic_ns());
            any = true;
        }
    vec_done(&pids);
    for (size_t i = 0; i < s->tracer.list.len; i++)
        begin_account(s, &s->tracer.list.ptr[i]);
    s->attached = true;
    return any;
}

/* The program that was launched runs by now: where it may not be traced, as with one that is
 * set-uid, it goes on unseen. */
static void attach_launched(struct ptrace_source *s)
{
    struct recorder *r = s->recorder;
    PROF_CLEANUP(err_done) struct err e = { 0 };
    family_executed(r, r->target);
    if (attach_family(s, &e))
        return;
    s->blind = true;
    if (e.code != ERR_NOT_FOUND) /* it has ended */
        profile_add_note(r->profile, source_ptrace.without, e.message, e.hint);
}

static void set_timer(const struct ptrace_source *s)
{
    const struct itimerspec every = {
        .it_interval.tv_nsec = (long)s->recorder->period_ns,
        .it_value.tv_nsec = 1, /* the first one attaches */
    };
    timerfd_settime(s->timer, 0, &every, NULL);
}

static void set_rate(struct recorder *r)
{
    uint32_t rate_hz = r->options->rate_hz ? r->options->rate_hz : RATE_DEFAULT_HZ;
    if (rate_hz > RATE_MAX_HZ) {
        rate_hz = RATE_MAX_HZ;
        profile_add_note(r->profile, "samples are taken less often than asked for",
            "without perf events 999 times a second at most", NULL);
    }
    r->period_ns = NS_PER_S / rate_hz;
    r->level = LEVEL_NONE;
    r->event = "cpu-time";
}

static void ptrace_stop(void *state)
{
    struct ptrace_source *s = state;
    if (!s)
        return;
    s->recorder->tracer = NULL;
    tracer_release(&s->tracer);
    tracer_done(&s->tracer);
    family_watch_done(&s->family);
    trace_copy_done(&s->copy);
    close_fd(&s->timer);
    free(s);
}

static bool begin(struct ptrace_source *s, struct err *e)
{
    struct recorder *r = s->recorder;
    struct ptrace_trial trial;
    if (!ptrace_trial_run(&trial, e))
        return false;
    r->sample_cost_ns = trial.cost_ns;
    if (!r->options->argv)
        return attach_family(s, e);
    if (processes_add_running(&r->processes, r->target, clock_monotonic_ns()))
        return true;
    return err_set(e, ERR_NOT_FOUND, "process %d has ended", (int)r->target);
}

static void *ptrace_start(struct recorder *r, struct err *e)
{
    struct ptrace_source *s = xcalloc(1, sizeof *s);
    const uint32_t stack_bytes = r->options->stack_bytes;
    const struct tracer_hooks hooks = {
        .ctx = s,
        .born = hook_born,
        .executed = hook_executed,
        .copy = hook_copy,
        .copied = hook_copied,
        .ended = hook_ended,
        .left = hook_left,
    };
    s->recorder = r;
    s->remap_interval_ns = REMAP_MIN_NS;
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    tracer_init(&s->tracer, &hooks, r->options->no_children);
    trace_copy_init(&s->copy, stack_bytes ? stack_bytes : RECORD_STACK_BYTES_DEFAULT);
    if (!begin(s, e)) {
        ptrace_stop(s);
        return NULL;
    }
    set_rate(r);
    set_timer(s);
    r->tracer = &s->tracer;
    return s;
}

/* ---- while it runs ---- */

static void beat(struct ptrace_source *s, uint64_t now_ns)
{
    const bool recording = now_ns >= s->recorder->from_ns && now_ns <= s->recorder->to_ns;
    const uint64_t began = clock_thread_cpu_ns();
    s->beats++;
    for (size_t i = 0; i < s->tracer.list.len; i++) {
        struct tracee *t = &s->tracer.list.ptr[i];
        if (t->tid == 0 || t->state != TRACEE_RUNS)
            continue;
        if (recording)
            look(s, t, now_ns);
        else if (now_ns < s->recorder->from_ns)
            begin_account(s, t);
    }
    s->cost_ns += clock_thread_cpu_ns() - began; /* stacks cost what they cost, at the first most */
    tracer_serve_asked(&s->tracer, SERVE_NS);
}

static bool costs_target(const struct ptrace_source *s)
{
    const struct recorder *r = s->recorder;
    const uint64_t samples = r->samples - s->adjusted_samples;
    return r->options->rate_hz == 0 && samples >= SAMPLES_TO_JUDGE &&
           samples * r->sample_cost_ns * 100 >
               (r->sampled_ns - s->adjusted_cpu_ns) * SAMPLING_BUDGET_PERCENT;
}

/* Less often when it takes too much, from prof's CPU or from the target's. */
static void adjust(struct ptrace_source *s, uint64_t now_ns)
{
    struct recorder *r = s->recorder;
    const uint64_t passed = now_ns - s->adjusted_ns;
    if (passed < ADJUST_INTERVAL_NS)
        return;
    const bool slow = s->cost_ns * BUDGET_SHARE > passed;
    if ((slow || costs_target(s)) && r->period_ns * 2 <= PERIOD_MAX_NS) {
        r->period_ns *= 2;
        set_timer(s);
    }
    s->adjusted_ns = now_ns;
    s->cost_ns = 0;
    s->adjusted_samples = r->samples;
    s->adjusted_cpu_ns = r->sampled_ns;
}

static void learn_python(struct ptrace_source *s)
{
    const struct stacks *stacks = &s->recorder->stacks;
    if (stacks->python_cut == s->python_cut)
        return;
    s->python_cut = stacks->python_cut;
    processes_learn_python(&s->recorder->processes);
}

static void ptrace_drain(void *state, uint64_t now_ns, bool last)
{
    struct ptrace_source *s = state;
    uint64_t ticks;
    s->recorder->drained_ns = now_ns;
    if (!s->attached)
        attach_launched(s);
    tracer_serve(&s->tracer);
    if (last) {
        profile_meta(s->recorder->profile)->stack_copy_bytes = s->copy.stack_wanted;
        return;
    }
    if (s->blind)
        family_watch_look(&s->family, s->recorder, now_ns);
    if (read(s->timer, &ticks, sizeof ticks) < 0)
        return; /* something else woke us */
    beat(s, now_ns);
    learn_python(s);
    adjust(s, now_ns);
}

static void ptrace_add_polls(void *state, struct poll_list *polls)
{
    const struct ptrace_source *s = state;
    const struct pollfd poll = { .fd = s->timer, .events = POLLIN };
    if (s->timer >= 0)
        vec_push(polls, poll);
}

const struct source source_ptrace = {
    .name = "ptrace",
    .role = SOURCE_SAMPLER,
    .without = "stacks of running code",
    .start = ptrace_start,
    .add_polls = ptrace_add_polls,
    .drain = ptrace_drain,
    .stop = ptrace_stop,
};
