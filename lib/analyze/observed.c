// SPDX-License-Identifier: MIT
#include "analyze/observed.h"

#include <math.h>
#include <stdlib.h>

#include "analyze/observed_inner.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"

/* A server that has begun to listen still loads and compiles code; a program does so at first. */
#define START_UP_NS (1 * NS_PER_S)

static double seconds_between(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? (double)(to_ns - from_ns) / NS_PER_S : 0;
}

/* ---- time ---- */

/* The latest of what ends the start-up, unless the recording would be half over by then. */
static void end_start_up(struct observed *o, uint64_t at_ns)
{
    uint64_t half = o->start_ns + (o->end_ns - o->start_ns) / 2;
    if (at_ns > o->steady_from_ns && at_ns <= half)
        o->steady_from_ns = at_ns;
}

static void observe_listening(struct observed *o)
{
    for (uint32_t i = 0; i < profile_fact_count(o->profile); i++) {
        struct fact f = profile_fact_at(o->profile, i);
        uint64_t at_ns;
        if (slice_is(profile_string(o->profile, f.key), "first_listen_ns") &&
            slice_to_u64(profile_string(o->profile, f.value), 10, &at_ns) && at_ns > o->start_ns)
            end_start_up(o, at_ns + START_UP_NS);
    }
}

/* What a server does before its load comes is not what it is asked about. */
static void observe_load(struct observed *o)
{
    uint32_t count;
    const struct span *spans = profile_spans(o->profile, &count);
    for (uint32_t i = 0; i < count; i++)
        if (spans[i].kind == SPAN_LOAD)
            end_start_up(o, spans[i].start_ns);
}

void observe_times(struct observed *o)
{
    const struct profile_meta *meta = profile_meta_get(o->profile);
    o->start_ns = meta->start_ns;
    o->end_ns = meta->end_ns > meta->start_ns ? meta->end_ns : meta->start_ns;
    o->seconds = seconds_between(o->start_ns, o->end_ns);
    o->steady_from_ns = o->start_ns;
    uint64_t quarter = (o->end_ns - o->start_ns) / 4;
    end_start_up(o, o->start_ns + (quarter < START_UP_NS ? quarter : START_UP_NS));
    observe_listening(o);
    observe_load(o);
    o->steady_seconds = seconds_between(o->steady_from_ns, o->end_ns);
}

/* ---- machine ---- */

static double known_or(double value, double otherwise)
{
    return isnan(value) || value <= 0 ? otherwise : value;
}

void observe_limits(struct observed *o)
{
    const struct profile_meta *meta = profile_meta_get(o->profile);
    const struct process_id run = { 0 };
    double seen = meta->cpus ? (double)meta->cpus : 1;
    o->cpus_online = known_or(observed_fact_number(o, run, "cpus_online"), seen);
    o->cpus_allowed = known_or(observed_fact_number(o, run, "cpus_allowed"), o->cpus_online);
    double quota = known_or(observed_fact_number(o, run, "cgroup_quota_cpus"), o->cpus_allowed);
    if (quota < o->cpus_allowed)
        o->cpus_allowed = quota;
    double rps = observed_fact_number(o, run, "load_rps");
    if (isnan(rps))
        rps = observed_rate(o, "requests", run);
    o->requests_per_s = known_or(rps, 0);
    o->has_requests = o->requests_per_s > 0;
    o->has_timed = profile_tally_sum(o->profile, "timed").count > 0;
    o->has_bursts = known_or(observed_fact_number(o, run, "burst_ns"), 0) > 0;
}

/* ---- processes ---- */

static const struct {
    const char *word;
    enum runtime runtime;
} runtime_words[] = {
    { "node", RUNTIME_NODE },
    { "python", RUNTIME_PYTHON },
    { "jvm", RUNTIME_JVM },
    { "java", RUNTIME_JVM },
    { "go", RUNTIME_GO },
    { "rust", RUNTIME_RUST },
    { "dotnet", RUNTIME_DOTNET },
    { "ruby", RUNTIME_RUBY },
    { "php", RUNTIME_PHP },
};

/* By the fact; without it by the executable's name, which tells interpreters but not languages. */
static enum runtime runtime_of(const struct observed *o, struct process_id process)
{
    struct slice word = observed_fact(o, process, "runtime");
    struct slice exe = profile_string(o->profile, profile_process(o->profile, process)->exe);
    struct slice name = slice_basename(exe);
    for (size_t i = 0; i < PROF_ARRAY_LEN(runtime_words); i++) {
        if (slice_is(word, runtime_words[i].word))
            return runtime_words[i].runtime;
        bool scripted = runtime_words[i].runtime != RUNTIME_GO;
        if (word.len == 0 && scripted && slice_starts(name, runtime_words[i].word))
            return runtime_words[i].runtime;
    }
    return RUNTIME_NATIVE;
}

enum { FEW_PROCESSES = 64 };

static double seconds_lived(const struct observed *o, struct process_id id)
{
    const struct process *row = profile_process(o->profile, id);
    const uint64_t from_ns = row->start_ns > o->start_ns ? row->start_ns : o->start_ns;
    const uint64_t to_ns = row->end_ns && row->end_ns < o->end_ns ? row->end_ns : o->end_ns;
    return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0;
}

void observe_processes(struct observed *o)
{
    uint32_t rows = profile_process_count(o->profile);
    o->process_count = rows ? rows - 1 : 0;
    o->processes = xcalloc(rows ? rows : 1, sizeof *o->processes);
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct observed_process *process = &o->processes[i];
        process->id.i = i + 1;
        process->runtime = runtime_of(o, process->id);
        process->serves = observed_fact(o, process->id, "listens").len > 0;
        process->lasts = o->process_count <= FEW_PROCESSES || seconds_lived(o, process->id) >= 1;
    }
}

/* ---- starvation ---- */

#define FREE_SHARE 0.3     /* of the machine's CPU time */
#define STARVED_LEAST 0.01 /* of the run, in the queue: less disturbs nothing */

enum { STARVED_THREAD_PERCENT = 5 }; /* of the target's demand: less says nothing of it */

/* Of the CPUs' work while a thread stood in the queue: the part that was not the target's own
 * other threads'. Without the machine's totals a single busy thread can only wait for others. */
static double part_of_others(const struct observed *o, const struct observed_thread *t)
{
    double own = (double)(o->on_cpu_ns - t->on_cpu_ns);
    double others = observed_increase(o, "host_others", (struct process_id){ 0 });
    if (isnan(others))
        return own < (double)t->on_cpu_ns * 0.1 ? 1 : 0;
    double scale = o->steady_seconds > 0 ? o->seconds / o->steady_seconds : 1;
    others *= scale;
    return others + own > 0 ? others / (others + own) : 0;
}

double observed_queued_by_others(const struct observed *o, const struct observed_thread *t)
{
    return (double)t->queued_ns * part_of_others(o, t);
}

/* Threads that their cgroup's limit has stopped stand in the queue too, and for nobody. */
static double throttled_ns(const struct observed *o)
{
    double ns = observed_increase(o, "cgroup_throttled", (struct process_id){ 0 });
    double scale = o->steady_seconds > 0 ? o->seconds / o->steady_seconds : 1;
    return isnan(ns) ? 0 : ns * scale;
}

/* A thread that its client wakes stands behind it for the microseconds until the client sleeps,
 * also where CPUs are free all the time. Nobody takes anything from it then. */
static bool cpus_are_free(const struct observed *o)
{
    const struct process_id run = { 0 };
    const double busy = observed_increase(o, "host_busy", run);
    const double total = observed_increase(o, "host_total", run);
    const bool all_allowed = o->cpus_allowed >= o->cpus_online;
    return all_allowed && total > 0 && busy < (1 - FREE_SHARE) * total;
}

void observe_starvation(struct observed *o)
{
    if (cpus_are_free(o))
        return;
    double queued = 0, on_cpu = 0;
    uint64_t demand = o->on_cpu_ns + o->queued_ns;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        uint64_t wants = t->on_cpu_ns + t->queued_ns;
        if (t->role == ROLE_HELPER || wants * 100 < demand * STARVED_THREAD_PERCENT)
            continue;
        queued += observed_queued_by_others(o, t);
        on_cpu += (double)t->on_cpu_ns;
    }
    queued = fmax(0, queued - throttled_ns(o));
    bool enough = queued >= STARVED_LEAST * o->seconds * NS_PER_S;
    o->starved_share = enough ? queued / (queued + on_cpu) : 0;
}

/* Threads that never stop have no waits that could be recorded. */
static bool never_waits(const struct observed *o)
{
    return o->has_switches && o->blocked_ns * 100 < o->on_cpu_ns + o->queued_ns;
}

/* ---- the whole ---- */

struct observed *observed_new(const struct profile *p)
{
    struct observed *o = xcalloc(1, sizeof *o);
    o->profile = p;
    o->sums = xcalloc(1, sizeof *o->sums);
    observe_times(o);
    observe_stacks(o);
    observe_samples(o);
    observe_spins(o);
    observe_tasks(o);
    observe_series(o);
    observe_processes(o);
    observe_limits(o);
    observe_threads(o);
    observe_roles(o);
    observe_starvation(o);
    o->has_waits |= never_waits(o);
    const struct profile_meta *meta = profile_meta_get(p);
    o->target_cpu_ns = meta->target_user_ns + meta->target_kernel_ns;
    if (o->target_cpu_ns == 0)
        o->target_cpu_ns = o->on_cpu_ns ? o->on_cpu_ns : o->cpu.weight;
    o->cores = o->seconds > 0 ? (double)o->target_cpu_ns / NS_PER_S / o->seconds : 0;
    return o;
}

void observed_free(struct observed *o)
{
    if (!o)
        return;
    for (int c = 0; c < CHANNELS; c++) {
        vec_done(&o->sums->groups[c].rows);
        map_done(&o->sums->groups[c].index);
    }
    map_done(&o->sums->series);
    free(o->sums->blamed);
    free(o->sums->wait_kinds);
    free(o->sums->task_entries);
    free(o->sums->frame_traits);
    free(o->sums->stack_traits);
    free(o->sums->windows);
    free(o->sums);
    free(o->threads);
    free(o->processes);
    free(o);
}

const struct observed_thread *observed_thread(const struct observed *o, struct thread_id id)
{
    return id.i && id.i <= o->thread_count ? &o->threads[id.i - 1] : NULL;
}

const struct observed_process *observed_process(const struct observed *o, struct process_id id)
{
    return id.i && id.i <= o->process_count ? &o->processes[id.i - 1] : NULL;
}

const char *observed_thread_name(const struct observed *o, const struct observed_thread *t)
{
    struct slice name = profile_string(o->profile, profile_thread(o->profile, t->id)->name);
    return name.len ? name.ptr : "a thread without a name";
}
