// SPDX-License-Identifier: MIT
/*
 * The counter that reads /proc: once a second for a flame graph (memory and CPU time), four times a
 * second for the doctor (everything that process_watch.h, run_watch.h, socket_watch.h and facts.h
 * have). Each beat looks at so many processes and threads at most, in turn, and the next one waits
 * in proportion to what this one cost: thousands of processes make it slower, not dearer.
 */
#include "record/source.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/facts.h"
#include "record/process_watch.h"
#include "record/procfs_read.h"
#include "record/run_watch.h"
#include "record/socket_watch.h"

#define BEAT_NS NS_PER_S
#define DOCTOR_BEAT_NS (NS_PER_S / 4)
#define FIRST_BEAT_NS (NS_PER_S / 10)

enum {
    COST_PARTS = 250,      /* of the time: 0.4 % of one CPU at most */
    KEPT_OPEN = 64,        /* processes whose files stay open, 3 each */
    WATCHES_MAX = 8192,    /* processes at one time; what is beyond is not looked at */
    BASICS_PER_BEAT = 256, /* 5 us each */
    DETAILS_PER_BEAT = 32, /* 30 us each, and descriptors at their own pace */
    FACTS_PER_BEAT = 8,
    THREADS_PER_BEAT = 48,    /* for the doctor: 10 us each */
    THREADS_PER_SECOND = 512, /* for a flame graph: 5 us each */
    STATUS_BYTES_MAX = 8192,
};

/* When facts are looked up again, in looks at the process: libraries are mapped one by one. */
static const uint32_t facts_at[] = { 0, 4, 16 };

struct cpu_total {
    uint64_t user_ns, kernel_ns;
};

struct procfs_source {
    struct recorder *recorder;
    bool doctor;
    uint64_t next_ns;
    size_t next_thread, next_process; /* where the rounds go on */
    VEC(struct process_watch *) watches;
    struct pid_table by_pid; /* -> index + 1 */
    size_t kept_open;
    uint64_t ended_own_ns; /* CPU time of watched processes that have ended */
    uint64_t target_ns;    /* of all, only grows */
    struct run_watch run;
    struct socket_watch sockets;
    struct cpu_total base; /* of what was attached to, at the start */
};

/* ---- which processes ---- */

static struct process_watch *find_watch(const struct procfs_source *s, pid_t pid)
{
    const uint32_t found = pid_table_get(&s->by_pid, pid);
    return found ? s->watches.ptr[found - 1] : NULL;
}

static void end_watch(struct procfs_source *s, size_t index)
{
    struct process_watch *w = s->watches.ptr[index];
    s->ended_own_ns += process_watch_own_ns(w);
    s->kept_open -= w->stat_fd >= 0;
    pid_table_set(&s->by_pid, w->pid, 0);
    process_watch_done(w);
    free(w);
    s->watches.ptr[index] = s->watches.ptr[--s->watches.len];
    if (index < s->watches.len)
        pid_table_set(&s->by_pid, s->watches.ptr[index]->pid, (uint32_t)index + 1);
}

static void begin_watch(struct procfs_source *s, const struct tracked_process *t)
{
    struct process_watch *w = xmalloc(sizeof *w);
    process_watch_init(w, s->recorder->profile, t->row, t->pid, s->kept_open < KEPT_OPEN);
    w->ran_before = t->start_ns == 0;
    s->kept_open += w->stat_fd >= 0;
    vec_push(&s->watches, w);
    pid_table_set(&s->by_pid, t->pid, (uint32_t)s->watches.len);
}

/* The doctor looks at whatever lives for some time, samples or none: a server that waits has
 * sockets and memory too. */
static bool is_of_interest(
    const struct procfs_source *s, const struct tracked_process *t, uint64_t now_ns)
{
    if (!t->alive || t->row.i)
        return t->alive;
    return s->doctor && now_ns >= t->start_ns && now_ns - t->start_ns >= DOCTOR_BEAT_NS;
}

static void follow_processes(struct procfs_source *s, uint64_t now_ns)
{
    struct processes *ps = &s->recorder->processes;
    for (size_t i = s->watches.len; i-- > 0;) {
        const struct tracked_process *t = processes_find(ps, s->watches.ptr[i]->pid);
        if (!t || t->row.i != s->watches.ptr[i]->row.i)
            end_watch(s, i);
    }
    for (size_t i = 0; i < ps->list.len && s->watches.len < WATCHES_MAX; i++) {
        struct tracked_process *t = &ps->list.ptr[i];
        if (!is_of_interest(s, t, now_ns) || find_watch(s, t->pid))
            continue;
        processes_row(ps, t);
        begin_watch(s, t);
    }
}

/* ---- looks ---- */

static void look_up_facts(struct procfs_source *s, struct process_watch *w, int *left)
{
    const struct tracked_process *t = processes_find(&s->recorder->processes, w->pid);
    const bool fresh = t && (w->facts_looks == 0 || t->exe.i != w->facts_exe.i);
    if (!t || *left <= 0)
        return;
    if (fresh) {
        w->facts_exe = t->exe;
        w->facts_looks = 0;
    }
    bool due = false;
    for (size_t i = 0; i < PROF_ARRAY_LEN(facts_at); i++)
        due |= facts_at[i] == w->facts_looks;
    w->facts_looks++;
    if (!due)
        return;
    facts_of_process(s->recorder->profile, w->row, w->pid, fresh);
    (*left)--;
}

static void look_at_processes(struct procfs_source *s, uint64_t now_ns)
{
    const size_t count = s->watches.len;
    int facts_left = FACTS_PER_BEAT;
    for (size_t i = 0; i < count && i < BASICS_PER_BEAT; i++) {
        struct process_watch *w = s->watches.ptr[(s->next_process + i) % count];
        if (!process_watch_basics(w, now_ns) || !s->doctor || i >= DETAILS_PER_BEAT)
            continue;
        process_watch_details(w, now_ns);
        look_up_facts(s, w, &facts_left);
    }
    const size_t step = s->doctor ? DETAILS_PER_BEAT : BASICS_PER_BEAT;
    s->next_process = count > step ? (s->next_process + step) % count : 0;
}

static void look_at_switches(struct procfs_source *s, pid_t pid, pid_t tid)
{
    struct process_watch *w = find_watch(s, pid);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&name, "task/%d/status", (int)tid);
    if (w && procfs_read(pid, name.ptr, STATUS_BYTES_MAX, &text))
        process_watch_thread(w, tid, strbuf_slice(&text));
}

static void look_at_threads(struct procfs_source *s, size_t limit)
{
    struct processes *ps = &s->recorder->processes;
    for (size_t i = 0; i < limit && i < ps->threads.len; i++) {
        const struct tracked_thread *t = &ps->threads.ptr[s->next_thread++ % ps->threads.len];
        const struct tracked_process *process = &ps->list.ptr[t->process];
        struct procfs_stat stat;
        if (!process->alive || pid_table_get(&ps->by_tid, t->tid) == 0)
            continue;
        if (t->row.i && procfs_stat(process->pid, t->tid, &stat)) {
            struct thread *row = profile_thread_edit(s->recorder->profile, t->row);
            row->cpu_user_ns = stat.user_ns;
            row->cpu_kernel_ns = stat.kernel_ns;
        }
        if (s->doctor)
            look_at_switches(s, process->pid, t->tid);
    }
}

static void procfs_take(void *state, const struct perf_record *record)
{
    struct process_watch *w = find_watch(state, (pid_t)record->pid);
    if (w)
        process_watch_thread_ended(w, (pid_t)record->tid);
}

/* ---- CPU time of the target ---- */

static uint64_t timeval_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * NS_PER_US;
}

/*
 * What runs, and what has ended: processes that were watched are known, short ones show in the time
 * of those who waited for them, which is the larger number unless somebody else waits.
 */
static uint64_t target_cpu_ns(struct procfs_source *s)
{
    uint64_t own_ns = 0, waited_ns = 0;
    for (size_t i = 0; i < s->watches.len; i++) {
        own_ns += process_watch_own_ns(s->watches.ptr[i]);
        waited_ns += process_watch_children_ns(s->watches.ptr[i]);
    }
    struct rusage ended;
    if (s->recorder->options->argv && getrusage(RUSAGE_CHILDREN, &ended) == 0)
        waited_ns += timeval_ns(ended.ru_utime) + timeval_ns(ended.ru_stime);
    if (s->recorder->options->no_children)
        waited_ns = 0;
    const uint64_t now_ns = own_ns + (waited_ns > s->ended_own_ns ? waited_ns : s->ended_own_ns);
    if (now_ns > s->target_ns)
        s->target_ns = now_ns;
    return s->target_ns;
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

/* A launched target's total comes from wait(2) when it ends; an attached one's from here. */
static void set_attached_total(struct procfs_source *s)
{
    struct profile_meta *meta = profile_meta(s->recorder->profile);
    if (s->recorder->options->argv)
        return;
    const struct cpu_total now = sum_processes(s->recorder);
    const uint64_t total_ns = meta->target_user_ns + meta->target_kernel_ns;
    if (now.user_ns < s->base.user_ns || now.kernel_ns < s->base.kernel_ns ||
        now.user_ns + now.kernel_ns - s->base.user_ns - s->base.kernel_ns < total_ns)
        return; /* some have ended and took their share along */
    meta->target_user_ns = now.user_ns - s->base.user_ns;
    meta->target_kernel_ns = now.kernel_ns - s->base.kernel_ns;
}

/* ---- the source ---- */

static void *procfs_start(struct recorder *r, struct err *e)
{
    struct procfs_stat stat;
    if (!procfs_stat(r->target, 0, &stat)) {
        err_set(e, ERR_NOT_FOUND, "cannot read /proc/%d/stat", (int)r->target);
        return NULL;
    }
    struct procfs_source *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    s->doctor = r->options->doctor;
    s->next_ns = clock_monotonic_ns() + FIRST_BEAT_NS;
    s->base = sum_processes(r);
    if (!s->doctor)
        return s;
    follow_processes(s, clock_monotonic_ns());
    run_watch_init(&s->run, r->profile, r->target, target_cpu_ns(s));
    socket_watch_init(&s->sockets, r->options->argv != NULL);
    return s;
}

/* The main process, or another when it has gone. */
static pid_t living_process(const struct procfs_source *s)
{
    if (find_watch(s, s->recorder->target))
        return s->recorder->target;
    return s->watches.len > 0 ? s->watches.ptr[0]->pid : 0;
}

static void beat(struct procfs_source *s, uint64_t now_ns)
{
    follow_processes(s, now_ns);
    look_at_processes(s, now_ns);
    look_at_threads(s, s->doctor ? THREADS_PER_BEAT : THREADS_PER_SECOND);
    set_attached_total(s);
    if (!s->doctor)
        return;
    socket_watch_beat(&s->sockets, s->watches.ptr, s->watches.len, now_ns);
    run_watch_beat(&s->run, now_ns, living_process(s), target_cpu_ns(s));
}

static void procfs_drain(void *state, uint64_t now_ns, bool last)
{
    struct procfs_source *s = state;
    if (s->doctor)
        socket_watch_probe(&s->sockets, s->watches.ptr, s->watches.len, now_ns);
    if (!last && now_ns < s->next_ns)
        return;
    const uint64_t from_ns = clock_thread_cpu_ns();
    beat(s, now_ns);
    if (last)
        look_at_threads(s, THREADS_PER_SECOND);
    if (last && s->doctor)
        socket_watch_end(&s->sockets, s->recorder->profile, now_ns);
    const uint64_t pause_ns = (clock_thread_cpu_ns() - from_ns) * COST_PARTS;
    const uint64_t beat_ns = s->doctor ? DOCTOR_BEAT_NS : BEAT_NS;
    s->next_ns = now_ns + (pause_ns > beat_ns ? pause_ns : beat_ns);
}

static void procfs_stop(void *state)
{
    struct procfs_source *s = state;
    if (!s)
        return;
    while (s->watches.len > 0)
        end_watch(s, s->watches.len - 1);
    vec_done(&s->watches);
    pid_table_done(&s->by_pid);
    if (s->doctor) {
        run_watch_done(&s->run);
        socket_watch_done(&s->sockets);
    }
    free(s);
}

const struct source source_procfs = {
    .name = "procfs",
    .role = SOURCE_COUNTER,
    .without = "memory and CPU time by the kernel's accounting",
    .start = procfs_start,
    .take = procfs_take,
    .takes = 1u << PERF_EXIT,
    .drain = procfs_drain,
    .stop = procfs_stop,
};
