// SPDX-License-Identifier: MIT
#include "record/family_watch.h"

#include "base/clock.h"
#include "record/perf_extra.h"
#include "record/procfs_read.h"

#define LOOK_INTERVAL_NS (NS_PER_S / 4)

void family_watch_done(struct family_watch *f)
{
    pid_table_done(&f->seen);
}

/* ---- records ---- */

void family_apply(struct recorder *r, const struct perf_record *record)
{
    if (record->kind == PERF_EXIT)
        recorder_tell(r, record);
    processes_apply(&r->processes, record);
    if (record->kind != PERF_EXIT)
        recorder_tell(r, record);
}

static struct perf_record record_of(enum perf_record_kind kind, pid_t pid, pid_t tid)
{
    return (struct perf_record){
        .kind = kind, .pid = (uint32_t)pid, .tid = (uint32_t)tid, .time_ns = clock_monotonic_ns()
    };
}

void family_born(struct recorder *r, pid_t pid, pid_t tid, pid_t parent_pid)
{
    struct perf_record record = record_of(PERF_FORK, pid, tid);
    record.fork.parent_pid = record.fork.parent_tid = (uint32_t)parent_pid;
    family_apply(r, &record);
}

void family_ended(struct recorder *r, pid_t pid, pid_t tid)
{
    const struct perf_record record = record_of(PERF_EXIT, pid, tid);
    family_apply(r, &record);
}

static void apply_name(struct recorder *r, pid_t pid, pid_t tid, bool exec)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    struct perf_record record = record_of(PERF_NAME, pid, tid);
    procfs_thread_name(pid, tid, &name);
    record.name.text = strbuf_slice(&name);
    record.name.exec = exec;
    family_apply(r, &record);
}

void family_named(struct recorder *r, pid_t pid, pid_t tid)
{
    apply_name(r, pid, tid, false);
}

void family_executed(struct recorder *r, pid_t pid)
{
    apply_name(r, pid, pid, true);
    processes_add_running(&r->processes, pid, clock_monotonic_ns());
}

/* ---- looks ---- */

static bool has_executed(const struct recorder *r, const struct tracked_process *p)
{
    PROF_CLEANUP(strbuf_done) struct strbuf exe = STRBUF_INIT;
    return procfs_link(p->pid, "exe", &exe) &&
           !slice_equal(strbuf_slice(&exe), profile_string(r->profile, p->exe));
}

static void look_at_process(struct family_watch *f, struct recorder *r, pid_t pid)
{
    struct pid_list tids = { 0 };
    if (!procfs_threads(pid, &tids) || tids.len == 0)
        return;
    const struct tracked_process *p = processes_find(&r->processes, pid);
    if (!p)
        family_born(r, pid, pid, procfs_parent(pid));
    if (!p || has_executed(r, p))
        family_executed(r, pid);
    for (size_t i = 0; i < tids.len; i++) {
        pid_table_set(&f->seen, tids.ptr[i], f->look);
        if (pid_table_get(&r->processes.by_tid, tids.ptr[i]) == 0) {
            family_born(r, pid, tids.ptr[i], pid);
            family_named(r, pid, tids.ptr[i]);
        }
    }
    vec_done(&tids);
}

static void end_unseen(struct family_watch *f, struct recorder *r)
{
    const struct processes *ps = &r->processes;
    for (size_t i = 0; i < ps->threads.len; i++) {
        const struct tracked_thread t = ps->threads.ptr[i];
        if (pid_table_get(&ps->by_tid, t.tid) == i + 1 && pid_table_get(&f->seen, t.tid) != f->look)
            family_ended(r, ps->list.ptr[t.process].pid, t.tid);
    }
}

void family_watch_look(struct family_watch *f, struct recorder *r, uint64_t now_ns)
{
    if (now_ns < f->next_ns)
        return;
    struct pid_list pids = { 0 };
    f->next_ns = now_ns + LOOK_INTERVAL_NS;
    f->look++;
    extra_events_family(r, &pids);
    for (size_t i = 0; i < pids.len; i++)
        look_at_process(f, r, pids.ptr[i]);
    end_unseen(f, r);
    vec_done(&pids);
}
