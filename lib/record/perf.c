// SPDX-License-Identifier: MIT
/*
 * The sampler on perf_event_open. Rings are drained in order of time across CPUs, up to a moment
 * that lies a little in the past, so that a sample meets the maps that were there when it was
 * taken:
 *
 *     cpu 0  --m----s--s---|--s      m: mmap, fork, exec, exit    s: sample
 *     cpu 1  -----s--m---s-|-----    |: everything older has been written by now
 */
#include "record/source.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "record/perf_extra.h"
#include "record/perf_open.h"
#include "record/perf_trial.h"
#include "record/pid_table.h"
#include "record/procfs_read.h"

enum {
    MARGIN_NS = 2000000, /* a record is written this long after its time stamp at most */
    SETTLE_US = 2000,    /* a new thread's birth is recorded within this time */
    ATTACH_PASSES = 3,
    REMAP_INTERVAL_NS = 1000000000,
    HASTE_NS = 500000000, /* to drain often for, after a stack that was read too late */
    ADJUST_INTERVAL_NS = 250000000,
    DITHER_INTERVAL_NS = 500000000, /* half a period is lost each time */
    RATE_MIN_HZ = 49,
};

struct perf_source {
    struct recorder *recorder;
    struct cpu_list cpus;
    struct perf_rings rings;
    struct perf_settings settings;
    struct pid_table covered;               /* thread -> 1: has events, opened or inherited */
    uint64_t remap_after_ns;                /* not 0: records were lost, maps must be read again */
    uint64_t haste_until_ns;                /* 0: never was */
    uint64_t adjusted_ns, adjusted_samples; /* when the settings were last looked at */
    uint32_t skipped_threads;               /* could not be opened when attaching */
    int skipped_errno;
    uint64_t weight_ns;   /* on-CPU time that a sample stands for now: about the period */
    uint64_t dithered_ns; /* when that was changed last */
    uint32_t dither;      /* which of the steps is next */
    uint64_t malformed;
    bool dead; /* sampling could not be opened again */
};

/* ---- records ---- */

/* A CPU's events see every program. A thread that executes another program takes the number of the
 * main thread, whose end was told before. */
static bool is_of_target(struct perf_source *p, const struct perf_record *r)
{
    if (!p->settings.per_cpu || r->kind == PERF_LOST)
        return true;
    if (r->kind == PERF_FORK)
        return pid_table_get(&p->covered, (pid_t)r->fork.parent_tid) &&
               (!p->settings.threads_only || r->pid == r->fork.parent_pid);
    if (r->kind == PERF_NAME && r->name.exec &&
        processes_find(&p->recorder->processes, (pid_t)r->pid))
        return true;
    return pid_table_get(&p->covered, (pid_t)r->tid) != 0;
}

static void take_sample(struct perf_source *p, const struct perf_record *r)
{
    struct recorder *rec = p->recorder;
    if (r->time_ns < rec->from_ns || r->time_ns > rec->to_ns || (int32_t)r->tid <= 0)
        return;
    const struct tracked_thread *thread =
        processes_thread(&rec->processes, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    if (!thread)
        return;
    struct tracked_process *process = &rec->processes.list.ptr[thread->process];
    const struct sample sample = {
        .time_ns = r->time_ns,
        .thread = thread->row,
        .stack = stacks_intern(&rec->stacks, process, &r->sample),
        .count = 1,
        .weight = p->weight_ns,
    };
    profile_add_sample(rec->profile, &sample);
    rec->samples++;
}

/* What the sampler itself makes of a record. */
static void apply_record(struct perf_source *p, const struct perf_record *r)
{
    switch (r->kind) {
    case PERF_SAMPLE:
        take_sample(p, r);
        break;
    case PERF_LOST:
        p->recorder->lost += r->lost;
        if (p->remap_after_ns == 0)
            p->remap_after_ns = r->time_ns;
        break;
    case PERF_FORK:
        pid_table_set(&p->covered, (pid_t)r->tid, 1);
        processes_apply(&p->recorder->processes, r);
        break;
    case PERF_EXIT:
        pid_table_set(&p->covered, (pid_t)r->tid, 0);
        processes_apply(&p->recorder->processes, r);
        break;
    case PERF_NAME:
        if (r->name.exec)
            pid_table_set(&p->covered, (pid_t)r->tid, 1);
        processes_apply(&p->recorder->processes, r);
        break;
    case PERF_MAP:
        processes_apply(&p->recorder->processes, r);
        break;
    case PERF_EVENT:
    case PERF_SWITCH:
    case PERF_OTHER:
        break;
    }
}

static void take_record(struct perf_source *p, const struct perf_record *r)
{
    struct recorder *rec = p->recorder;
    if (rec->extras)
        extra_events_follow(rec->extras, r);
    if (r->kind == PERF_EXIT)
        recorder_tell(rec, r);
    apply_record(p, r);
    if (r->kind != PERF_EXIT)
        recorder_tell(rec, r);
}

/* The ring whose oldest record is the oldest of all. */
static struct perf_ring *oldest_ring(struct perf_rings *rings, uint64_t until_ns)
{
    struct perf_ring *best = NULL;
    uint64_t best_ns = until_ns;
    for (size_t i = 0; i < rings->len; i++) {
        const struct perf_record *r = perf_ring_peek(&rings->ptr[i]);
        if (r && r->time_ns <= best_ns) {
            best_ns = r->time_ns;
            best = &rings->ptr[i];
        }
    }
    return best;
}

static void drain_until(struct perf_source *p, uint64_t until_ns)
{
    const uint64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < p->rings.len; i++)
        perf_ring_refresh(&p->rings.ptr[i]);
    struct perf_ring *ring;
    while ((ring = oldest_ring(&p->rings, until_ns))) {
        const struct perf_record *r = perf_ring_peek(ring);
        if (is_of_target(p, r))
            take_record(p, r);
        perf_ring_skip(ring);
    }
    p->recorder->drained_ns = until_ns < now_ns ? until_ns : now_ns;
}

/* ---- attaching ---- */

static void open_extras(struct perf_source *p, pid_t tid)
{
    struct extra_events *extras = p->recorder->extras;
    if (!extras)
        return;
    extra_events_set_rings(extras, &p->rings, p->settings.stack_bytes);
    extra_events_open_thread(extras, tid);
}

/* Extra events first: their records go to rings that must be there. */
static void close_rings(struct perf_source *p)
{
    struct extra_events *extras = p->recorder->extras;
    perf_rings_close(&p->rings); /* first: who closes tracepoints late must not keep clocks going */
    if (extras) {
        extra_events_set_rings(extras, NULL, 0);
        perf_event_ids_remove(extra_events_ids(extras), 0);
    }
    pid_table_done(&p->covered);
}

static bool open_thread(struct perf_source *p, pid_t tid, struct err *e)
{
    bool ok;
    if (p->rings.len == 0)
        ok = perf_rings_open(&p->rings, &p->settings, tid, &p->cpus, e);
    else
        ok = perf_rings_add(&p->rings, &p->settings, tid, &p->cpus);
    if (ok) {
        pid_table_set(&p->covered, tid, 1);
        open_extras(p, tid);
    } else if (errno != ESRCH) {
        p->skipped_threads++;
        p->skipped_errno = errno;
    }
    return ok;
}

/* Opens the threads of a process that have no events yet. */
static void open_process(struct perf_source *p, pid_t pid, struct err *e)
{
    struct pid_list tids = { 0 };
    procfs_threads(pid, &tids);
    for (size_t i = 0; i < tids.len; i++) {
        if (pid_table_get(&p->covered, tids.ptr[i]))
            continue;
        if (e)
            err_done(e);
        open_thread(p, tids.ptr[i], e);
    }
    vec_done(&tids);
}

/* Nothing was opened: what refused it has said so, unless there was nothing to open. */
static bool no_threads(const struct perf_source *p, struct err *e)
{
    if (!e || e->code != ERR_NONE)
        return false;
    err_set(e, ERR_NOT_FOUND, "process %d has no running threads", (int)p->recorder->target);
    return err_hint(e, "it has ended, or /proc could not be read: see ulimit -n");
}

/*
 * Opens all threads of the target and its descendants. Threads that are born meanwhile inherit
 * their events when their parent has some; the others are found by looking again, after a pause in
 * which the births that are covered have been recorded.
 */
static bool attach_all(struct perf_source *p, struct err *e)
{
    for (int pass = 0; pass < ATTACH_PASSES; pass++) {
        struct pid_list pids = { 0 };
        extra_events_family(p->recorder, &pids);
        for (size_t i = 0; i < pids.len; i++)
            open_process(p, pids.ptr[i], p->rings.len == 0 ? e : NULL);
        if (p->rings.len == 0) {
            vec_done(&pids);
            return no_threads(p, e);
        }
        perf_rings_enable(&p->rings, true);
        if (pass == 0) {
            for (size_t i = 0; i < pids.len; i++)
                processes_add_running(&p->recorder->processes, pids.ptr[i], clock_monotonic_ns());
        }
        vec_done(&pids);
        usleep(SETTLE_US);
        drain_until(p, UINT64_MAX);
    }
    return true;
}

/* ---- the period ---- */

/* That of the settings, with which clocks are opened. */
static void set_period(struct perf_source *p)
{
    p->recorder->period_ns = p->weight_ns = NS_PER_S / p->settings.rate_hz;
}

/* A program that does something forty times a second does it, by chance, between two samples each
 * time, or at one each time. So the period changes a little now and then, where that is one call
 * for each CPU; the mean stays. */
static void dither(struct perf_source *p, uint64_t now_ns)
{
    static const int per_mille[] = { 37, -41, 61, -23, 17, -59, 29, -21 };
    if (!p->settings.per_cpu || now_ns - p->dithered_ns < DITHER_INTERVAL_NS)
        return;
    const int step = per_mille[p->dither++ % PROF_ARRAY_LEN(per_mille)];
    const int64_t period_ns = (int64_t)p->recorder->period_ns;
    const uint64_t next_ns = (uint64_t)(period_ns + period_ns * step / 1000);
    p->dithered_ns = now_ns;
    if (perf_rings_set_period(&p->rings, next_ns))
        p->weight_ns = next_ns;
}

/* ---- starting ---- */

/* Descriptors are threads x CPUs; the target's own limit is restored before it is executed. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool open_target(struct perf_source *p, struct err *e)
{
    if (p->recorder->options->argv) {
        p->settings.enable_on_exec = true;
        if (!open_thread(p, p->recorder->target, e))
            return false;
        if (p->settings.per_cpu)
            perf_rings_enable(&p->rings, true);
        if (processes_add_running(
                &p->recorder->processes, p->recorder->target, clock_monotonic_ns()))
            return true;
        err_sys(e, errno, "cannot read /proc/%d", (int)p->recorder->target);
        return err_hint(e, "/proc must be mounted, and ulimit -n allow some more open files");
    }
    return attach_all(p, e);
}

/* Little memory holds few large records: smaller ones are lost less often. */
static bool fit_rings(struct perf_source *p, struct err *e)
{
    if (p->recorder->options->stack_bytes || p->rings.ring_bytes >= RING_BYTES_SMALL)
        return true;
    close_rings(p);
    p->settings.stack_bytes = STACK_BYTES_SMALL;
    return open_target(p, e);
}

static bool probe_level(struct perf_source *p, struct err *e)
{
    static const enum record_level ladder[] = { LEVEL_FULL, LEVEL_USER };
    for (size_t i = 0; i < PROF_ARRAY_LEN(ladder); i++) {
        struct perf_trial trial;
        err_done(e);
        if (!perf_trial_run(ladder[i], &trial, e))
            continue;
        p->settings.level = p->recorder->level = ladder[i];
        p->settings.per_cpu = perf_per_cpu_works(&p->settings, &p->cpus);
        extra_events_set_per_cpu(p->recorder->extras, p->settings.per_cpu);
        err_done(e);
        p->recorder->sample_cost_ns = trial.cost_ns;
        if (!p->settings.per_cpu)
            p->recorder->switch_cost = switch_trial_run(&p->settings);
        return true;
    }
    return err_wrap(e, "the kernel's sampling is refused here (level none)");
}

static void perf_stop(void *state)
{
    struct perf_source *p = state;
    if (!p)
        return;
    close_rings(p);
    extra_events_free(p->recorder->extras);
    p->recorder->extras = NULL;
    vec_done(&p->cpus);
    free(p);
}

/* Longer chains are cut by the kernel without a word. */
static uint32_t chain_limit(void)
{
    int64_t limit;
    if (!procfs_setting("kernel/perf_event_max_stack", &limit) || limit <= 0)
        return PERF_MAX_STACK_DEPTH;
    return limit < FRAMES_MAX ? (uint32_t)limit : FRAMES_MAX;
}

static void *perf_start(struct recorder *r, struct err *e)
{
    struct perf_source *p = xcalloc(1, sizeof *p);
    const struct record_options *o = r->options;
    p->recorder = r;
    p->settings = (struct perf_settings){
        .rate_hz = record_rate_hz(o),
        .stack_bytes = o->stack_bytes ? o->stack_bytes : RECORD_STACK_BYTES_DEFAULT,
        .inherit = true,
        .threads_only = o->no_children,
    };
    cpu_list_read(&p->cpus);
    if (o->doctor) {
        r->extras = extra_events_new(r, &p->cpus);
        p->settings.ids = extra_events_ids(r->extras);
    }
    raise_file_limit();
    if (!probe_level(p, e) || !open_target(p, e) || !fit_rings(p, e)) {
        perf_stop(p);
        return NULL;
    }
    r->event = "cpu-clock";
    set_period(p);
    r->stacks.chain_max = chain_limit();
    return p;
}

/* ---- while it runs ---- */

static bool is_running(pid_t pid)
{
    struct procfs_stat stat;
    return procfs_stat(pid, 0, &stat) && stat.state != 'Z' && stat.state != 'X';
}

/* Other settings need other events; the target goes on meanwhile. */
static void reopen(struct perf_source *p, const struct perf_settings *settings)
{
    const struct perf_settings before = p->settings;
    drain_until(p, UINT64_MAX);
    perf_rings_enable(&p->rings, false);
    drain_until(p, UINT64_MAX);
    close_rings(p);
    p->settings = *settings;
    p->settings.enable_on_exec = false;
    if (!attach_all(p, NULL)) {
        p->settings = before;
        p->settings.enable_on_exec = false;
        p->dead = !attach_all(p, NULL) && is_running(p->recorder->target);
    }
    set_period(p);
}

/* The same with the clocks of CPUs alone, of which the target notices nothing. */
static void reset_clocks(struct perf_source *p, const struct perf_settings *settings)
{
    const struct perf_settings before = p->settings;
    drain_until(p, UINT64_MAX);
    p->settings = *settings;
    if (!perf_rings_set_clocks(&p->rings, &p->settings, &p->cpus)) {
        p->settings = before;
        p->dead = !perf_rings_set_clocks(&p->rings, &p->settings, &p->cpus);
    }
    set_period(p);
}

/* The share of the target's CPU that sampling takes, from its measured cost per sample. */
static bool over_budget(struct perf_source *p)
{
    const struct recorder *r = p->recorder;
    const uint64_t samples = r->samples + r->lost - p->adjusted_samples;
    const uint64_t cpu_ns = samples * r->period_ns;
    return samples >= 100 && samples * r->sample_cost_ns * 100 > cpu_ns * SAMPLING_BUDGET_PERCENT;
}

static void adjust(struct perf_source *p, uint64_t now_ns)
{
    const struct recorder *r = p->recorder;
    struct perf_settings next = p->settings;
    const bool keep = extra_events_crowded(r->extras, 0) || extra_events_disturb(r->extras);
    if (now_ns - p->adjusted_ns < ADJUST_INTERVAL_NS || (keep && !p->settings.per_cpu))
        return; /* a crowd's events cannot be opened again */
    next.stack_bytes = stacks_next_bytes(&p->recorder->stacks, next.stack_bytes);
    if (r->options->rate_hz == 0 && over_budget(p) && next.rate_hz / 2 >= RATE_MIN_HZ)
        next.rate_hz /= 2;
    const bool other_stack = next.stack_bytes != p->settings.stack_bytes;
    const bool other_rate = next.rate_hz != p->settings.rate_hz;
    const bool clocks_do = p->settings.per_cpu && (keep || !other_stack || !r->extras);
    if ((other_stack || other_rate) && clocks_do)
        reset_clocks(p, &next);
    else if (other_stack || other_rate)
        reopen(p, &next); /* extra events copy stacks as well */
    p->adjusted_ns = now_ns;
    p->adjusted_samples = r->samples + r->lost;
}

/* Births that were lost. */
static void cover_family(struct perf_source *p)
{
    struct pid_list pids = { 0 };
    extra_events_family(p->recorder, &pids);
    for (size_t i = 0; i < pids.len; i++)
        open_process(p, pids.ptr[i], NULL);
    vec_done(&pids);
}

static void remap(struct perf_source *p, uint64_t now_ns)
{
    struct processes *ps = &p->recorder->processes;
    if (p->settings.per_cpu)
        cover_family(p);
    for (size_t i = 0; i < ps->list.len; i++)
        if (ps->list.ptr[i].alive)
            processes_read_maps(ps, &ps->list.ptr[i]);
    p->remap_after_ns = now_ns;
}

static void finish(struct perf_source *p)
{
    struct recorder *r = p->recorder;
    struct profile_meta *meta = profile_meta(r->profile);
    meta->stack_copy_bytes = p->settings.stack_bytes;
    for (size_t i = 0; i < p->rings.len; i++)
        p->malformed += p->rings.ptr[i].malformed;
    if (p->skipped_threads > 0)
        profile_add_note(r->profile, "some threads were not sampled",
            p->skipped_errno == EMFILE ? "the limit of open files was reached"
                                       : "the kernel refused to open events for them",
            p->skipped_errno == EMFILE ? "ulimit -n 65536" : "run prof as root");
    if (p->rings.ring_bytes > 0 && p->rings.ring_bytes < RING_BYTES_SMALL)
        profile_add_note(r->profile, "the kernel's buffers were small, so samples may be lost",
            "the memory that this user may lock is used up",
            "sudo sysctl kernel.perf_event_mlock_kb=4096");
    if (p->malformed > 0)
        profile_add_note(r->profile, "some records made no sense and were skipped",
            "a kernel newer than prof", NULL);
    if (p->dead)
        profile_add_note(r->profile, "sampling stopped before the end",
            "events could not be opened again with other settings", "give --stack-size or -F");
}

/* Stacks whose outer part was, or could no longer be, read from the live process. */
static uint64_t late_reads(const struct recorder *r)
{
    return r->stacks.lengthened + r->stacks.truncated + r->stacks.python_cut;
}

static void perf_drain(void *state, uint64_t now_ns, bool last)
{
    struct perf_source *p = state;
    const uint64_t late_before = late_reads(p->recorder);
    drain_until(p, last ? UINT64_MAX : now_ns - MARGIN_NS);
    if (late_reads(p->recorder) != late_before)
        p->haste_until_ns = now_ns + HASTE_NS;
    p->recorder->in_haste = now_ns < p->haste_until_ns;
    p->recorder->in_rush = false;
    if (p->recorder->in_haste)
        processes_learn_python(&p->recorder->processes);
    if (last) {
        finish(p);
        return;
    }
    if (p->recorder->extras)
        extra_events_settle(p->recorder->extras);
    if (p->remap_after_ns && now_ns - p->remap_after_ns > REMAP_INTERVAL_NS)
        remap(p, now_ns);
    if (!p->dead) {
        adjust(p, now_ns);
        dither(p, now_ns);
    }
}

static void perf_add_polls(void *state, struct poll_list *polls)
{
    const struct perf_source *p = state;
    for (size_t i = 0; i < p->rings.len; i++) {
        const struct pollfd poll = { .fd = p->rings.fds.ptr[i], .events = POLLIN };
        vec_push(polls, poll);
    }
}

const struct source source_perf = {
    .name = "perf",
    .role = SOURCE_SAMPLER,
    .without = "samples by perf events",
    .start = perf_start,
    .add_polls = perf_add_polls,
    .drain = perf_drain,
    .stop = perf_stop,
};
