// SPDX-License-Identifier: MIT
/*
 * The counter that reads /proc once a second: memory and CPU time of processes, CPU time of threads
 * by the kernel's own accounting.
 */
#include "record/source.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/procfs_read.h"

enum {
    BEAT_NS = 1000000000,
    FIRST_BEAT_NS = 100000000,
    THREADS_PER_BEAT = 512, /* 3-10 us each */
};

struct cpu_total {
    uint64_t user_ns, kernel_ns;
};

struct procfs_source {
    struct recorder *recorder;
    uint64_t next_ns;
    size_t next_thread;    /* where the round over all threads goes on */
    struct cpu_total base; /* of what was attached to, at the start */
};

static struct series_id series(
    struct profile *p, struct process_id process, const char *name, const char *unit)
{
    const struct series row = {
        .name = profile_add_string(p, slice_of(name)),
        .unit = profile_add_string(p, slice_of(unit)),
        .process = process,
    };
    return profile_add_series(p, &row);
}

static void read_processes(struct procfs_source *s, uint64_t now_ns)
{
    struct profile *p = s->recorder->profile;
    struct processes *ps = &s->recorder->processes;
    for (size_t i = 0; i < ps->list.len; i++) {
        const struct tracked_process *t = &ps->list.ptr[i];
        struct procfs_stat stat;
        if (!t->alive || t->row.i == 0 || !procfs_stat(t->pid, 0, &stat))
            continue;
        profile_add_point(p, series(p, t->row, "rss", "bytes"), now_ns, (double)stat.rss_bytes);
        profile_add_point(
            p, series(p, t->row, "cpu", "ns"), now_ns, (double)(stat.user_ns + stat.kernel_ns));
    }
}

static void read_threads(struct procfs_source *s, size_t limit)
{
    struct processes *ps = &s->recorder->processes;
    for (size_t i = 0; i < limit && i < ps->threads.len; i++) {
        const struct tracked_thread *t = &ps->threads.ptr[s->next_thread++ % ps->threads.len];
        const struct tracked_process *process = &ps->list.ptr[t->process];
        struct procfs_stat stat;
        if (t->row.i == 0 || !process->alive || !procfs_stat(process->pid, t->tid, &stat))
            continue;
        struct thread *row = profile_thread_edit(s->recorder->profile, t->row);
        row->cpu_user_ns = stat.user_ns;
        row->cpu_kernel_ns = stat.kernel_ns;
    }
}

/* Of all processes that live, and of those that they have waited for. */
static struct cpu_total sum_processes(const struct recorder *r)
{
    struct cpu_total sum = { 0 };
    for (size_t i = 0; i < r->processes.list.len; i++) {
        const struct tracked_process *t = &r->processes.list.ptr[i];
        struct procfs_stat stat;
        if (!t->alive || !procfs_stat(t->pid, 0, &stat))
            continue;
        sum.user_ns += stat.user_ns;
        sum.kernel_ns += stat.kernel_ns;
        if (r->options->no_children)
            continue;
        sum.user_ns += stat.children_user_ns;
        sum.kernel_ns += stat.children_kernel_ns;
    }
    return sum;
}

static void *procfs_start(struct recorder *r, struct err *e)
{
    struct procfs_source *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    s->next_ns = clock_monotonic_ns() + FIRST_BEAT_NS;
    struct procfs_stat stat;
    s->base = sum_processes(r);
    if (!procfs_stat(r->target, 0, &stat)) {
        err_set(e, ERR_NOT_FOUND, "cannot read /proc/%d/stat", (int)r->target);
        free(s);
        return NULL;
    }
    return s;
}

/* A launched target's total comes from wait(2) when it ends; an attached one's from here. */
static void set_attached_total(struct procfs_source *s)
{
    struct profile_meta *meta = profile_meta(s->recorder->profile);
    const struct cpu_total now = sum_processes(s->recorder);
    const uint64_t total_ns = meta->target_user_ns + meta->target_kernel_ns;
    if (s->recorder->options->argv || now.user_ns < s->base.user_ns ||
        now.kernel_ns < s->base.kernel_ns ||
        now.user_ns + now.kernel_ns - s->base.user_ns - s->base.kernel_ns < total_ns)
        return; /* some have ended and took their share along */
    meta->target_user_ns = now.user_ns - s->base.user_ns;
    meta->target_kernel_ns = now.kernel_ns - s->base.kernel_ns;
}

static void procfs_drain(void *state, uint64_t now_ns, bool last)
{
    struct procfs_source *s = state;
    if (!last && now_ns < s->next_ns)
        return;
    s->next_ns = now_ns + BEAT_NS;
    read_processes(s, now_ns);
    read_threads(s, THREADS_PER_BEAT);
    set_attached_total(s);
}

const struct source source_procfs = {
    .name = "procfs",
    .role = SOURCE_COUNTER,
    .without = "memory and CPU time by the kernel's accounting",
    .start = procfs_start,
    .drain = procfs_drain,
    .stop = free,
};
