// SPDX-License-Identifier: MIT
#include "record/run_watch.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "profile/evidence.h"

/* A move to another group is rare. /proc/stat is long on large machines, so it waits in proportion
 * to what reading it costs. */
#define MOVE_BEAT_NS NS_PER_S
#define HOST_COST_PARTS 2000

enum { CPUS_MAX = 65536 };

static void fact_number(struct profile *p, const char *key, double value)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    const struct process_id run = { 0 };
    strbuf_addf(&text, "%.10g", value);
    profile_set_fact(p, run, key, strbuf_slice(&text));
}

static void add_point(
    struct profile *p, const char *name, const char *unit, uint64_t now_ns, uint64_t value)
{
    const struct series row = {
        .name = profile_add_string(p, slice_of(name)),
        .unit = profile_add_string(p, slice_of(unit)),
    };
    profile_add_point(p, profile_add_series(p, &row), now_ns, (double)value);
}

/* ---- CPUs ---- */

/* By the affinity of the target, which a wrapper like taskset may set at any time. */
static void note_cpus(struct run_watch *w)
{
    cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    const size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
    if (set && w->pid && sched_getaffinity(w->pid, size, set) == 0)
        fact_number(w->profile, "cpus_allowed", CPU_COUNT_S(size, set));
    CPU_FREE(set);
}

/* ---- the control group ---- */

static uint64_t since(uint64_t now, uint64_t base)
{
    return now > base ? now - base : 0;
}

static void note_limits(struct run_watch *w)
{
    if (w->cgroup.quota_cpus > 0)
        fact_number(w->profile, "cgroup_quota_cpus", w->cgroup.quota_cpus);
    if (w->cgroup.memory.limit_bytes > 0)
        fact_number(w->profile, "cgroup_memory_limit", (double)w->cgroup.memory.limit_bytes);
}

static void enter_group(struct run_watch *w)
{
    struct cgroup_usage *before = &w->cgroup_before;
    before->periods += since(w->cgroup_last.periods, w->cgroup_base.periods);
    before->throttled_periods +=
        since(w->cgroup_last.throttled_periods, w->cgroup_base.throttled_periods);
    before->throttled_ns += since(w->cgroup_last.throttled_ns, w->cgroup_base.throttled_ns);
    cgroup_done(&w->cgroup);
    cgroup_open(&w->cgroup, w->pid);
    cgroup_read(&w->cgroup, &w->cgroup_base);
    w->cgroup_last = w->cgroup_base;
    note_limits(w);
}

static void cgroup_beat(struct run_watch *w, uint64_t now_ns)
{
    if (w->pid && now_ns >= w->next_move_ns) {
        w->next_move_ns = now_ns + MOVE_BEAT_NS;
        if (cgroup_has_moved(&w->cgroup, w->pid))
            enter_group(w);
        note_cpus(w);
    }
    struct cgroup_usage now;
    cgroup_read(&w->cgroup, &now);
    if (now.has_memory)
        add_point(w->profile, "cgroup_memory", "bytes", now_ns, now.memory_bytes);
    if (!now.has_throttling)
        return;
    w->cgroup_last = now;
    const struct cgroup_usage *base = &w->cgroup_base, *before = &w->cgroup_before;
    add_point(w->profile, "cgroup_periods", "count", now_ns,
        before->periods + since(now.periods, base->periods));
    add_point(w->profile, "cgroup_throttled_periods", "count", now_ns,
        before->throttled_periods + since(now.throttled_periods, base->throttled_periods));
    add_point(w->profile, "cgroup_throttled", "ns", now_ns,
        before->throttled_ns + since(now.throttled_ns, base->throttled_ns));
}

/* ---- the machine ---- */

static void host_beat(struct run_watch *w, uint64_t now_ns, uint64_t target_cpu_ns)
{
    const uint64_t from_ns = clock_thread_cpu_ns();
    struct host_cpu now;
    if (!w->has_host || now_ns < w->next_host_ns || !host_read_cpu(w->stat_fd, &now))
        return;
    w->next_host_ns = now_ns + (clock_thread_cpu_ns() - from_ns) * HOST_COST_PARTS;
    const uint64_t busy_ns = since(now.busy_ns, w->host_base.busy_ns);
    const uint64_t ours_ns =
        since(target_cpu_ns, w->target_base_ns) + since(clock_process_cpu_ns(), w->self_base_ns);
    /* The kernel counts the target's time to the nanosecond and the machine's by ticks. */
    if (busy_ns > ours_ns && busy_ns - ours_ns > w->others_ns)
        w->others_ns = busy_ns - ours_ns;
    add_point(w->profile, "host_busy", "ns", now_ns, busy_ns);
    add_point(w->profile, "host_others", "ns", now_ns, w->others_ns);
    const uint64_t stolen_ns = since(now.stolen_ns, w->host_base.stolen_ns);
    if (stolen_ns > 0)
        add_point(w->profile, "host_stolen", "ns", now_ns, stolen_ns);
    add_point(w->profile, "host_total", "ns", now_ns, since(now.total_ns, w->host_base.total_ns));
}

void run_watch_init(struct run_watch *w, struct profile *p, pid_t pid, uint64_t target_cpu_ns)
{
    *w = (struct run_watch){
        .profile = p,
        .pid = pid,
        .stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC),
        .target_base_ns = target_cpu_ns,
        .self_base_ns = clock_process_cpu_ns(),
        .cgroup = { .cpu_stat_fd = -1, .memory_fd = -1 },
    };
    w->has_host = host_read_cpu(w->stat_fd, &w->host_base);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (online > 0)
        fact_number(p, "cpus_online", (double)online);
    const uint64_t memory_bytes = host_memory_bytes();
    if (memory_bytes > 0)
        fact_number(p, "memory_total", (double)memory_bytes);
    enter_group(w);
    note_cpus(w);
}

void run_watch_beat(struct run_watch *w, uint64_t now_ns, pid_t pid, uint64_t target_cpu_ns)
{
    w->pid = pid;
    cgroup_beat(w, now_ns);
    host_beat(w, now_ns, target_cpu_ns);
}

void run_watch_done(struct run_watch *w)
{
    close_fd(&w->stat_fd);
    cgroup_done(&w->cgroup);
}
