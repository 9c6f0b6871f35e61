// SPDX-License-Identifier: MIT
#include "record/timed_process.h"

#include <time.h>

#include "base/clock.h"
#include "record/libc_functions.h"
#include "record/thread_state.h"

#define CHOOSE_NS (2 * NS_PER_S)
#define CHOOSE_FIRST_NS (100 * NS_PER_MS) /* who works shows soon */

const struct timed_function timed_functions[TIMED_FUNCTIONS] = {
    { "read", WORK_FD },
    { "write", WORK_FD },
    { "open", WORK_FILE },
    { "connect", WORK_FD },
    { "accept4", WORK_FD },
    { "socket", WORK_NONE },
    { "fopen", WORK_FILE },
    { "openat", WORK_FILE },
    { "writev", WORK_FD },
    { "pthread_create", WORK_NONE },
    { "posix_spawn", WORK_NONE },
    { "fork", WORK_NONE },
    { "select", WORK_NONE },
    { "poll", WORK_NONE },
    { "sched_yield", WORK_NONE },
    { "close", WORK_FD },
    { "send", WORK_FD },
    { "recv", WORK_FD },
    { "accept", WORK_FD },
    { "sendto", WORK_FD },
    { "recvfrom", WORK_FD },
    { "sendmsg", WORK_FD },
    { "recvmsg", WORK_FD },
    { "pread", WORK_FD },
    { "pwrite", WORK_FD },
    { "mmap", WORK_NONE },
    { "munmap", WORK_NONE },
    { "madvise", WORK_NONE },
    { "fsync", WORK_FD },
    { "fdatasync", WORK_FD },
    { "sendfile", WORK_FD },
    { "stat", WORK_FILE },
    { "opendir", WORK_FILE },
    { "readv", WORK_FD },
    { "fstat", WORK_FD },
    { "unlink", WORK_FILE },
    { "rename", WORK_FILE },
    { "posix_spawnp", WORK_NONE },
    { "mprotect", WORK_NONE },
};

/* ---- CPU time ---- */

uint64_t timed_process_cpu_ns(struct timed_process *w)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(w->pid, &clock) == 0 && clock_gettime(clock, &t) == 0)
        w->cpu_ns = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
    return ns_more_than(w->cpu_ns, w->stops_ns);
}

/* What no sample of the clock accounts for is the most that all calls can have taken. */
struct call_account timed_process_account(
    struct timed_process *w, struct profile *profile, size_t function)
{
    const uint64_t own_ns = timed_process_cpu_ns(w);
    const uint64_t used_ns = ns_more_than(own_ns, w->begun_ns);
    const uint64_t unseen_ns = ns_more_than(used_ns, w->sampled_ns);
    const double unseen = used_ns ? (double)unseen_ns / (double)used_ns : 0;
    double rate = 0;
    for (size_t i = 0; i < TIMED_FUNCTIONS; i++)
        rate += call_sites_rate(&w->list[i].sites);
    return (struct call_account){
        .profile = profile,
        .cpu_ns = own_ns,
        .part = rate > unseen ? unseen / rate : 1,
        .what = profile_add_string(profile, slice_of(timed_functions[function].name)),
    };
}

void timed_process_flush(struct timed_process *w, struct profile *profile)
{
    for (size_t i = 0; i < TIMED_FUNCTIONS; i++) {
        const struct call_account account = timed_process_account(w, profile, i);
        call_sites_flush(&w->list[i].sites, &account);
    }
}

void timed_processes_sampled(struct timed_processes *ps, pid_t pid, uint64_t period_ns)
{
    for (size_t i = 0; i < TIMED_PROCESSES; i++)
        if (ps->list[i].pid == pid)
            ps->list[i].sampled_ns += period_ns;
}

/* ---- which processes ---- */

static void free_process(struct timed_process *w)
{
    for (size_t i = 0; i < TIMED_FUNCTIONS; i++)
        call_sites_done(&w->list[i].sites);
    *w = (struct timed_process){ 0 };
}

void timed_processes_done(struct timed_processes *ps)
{
    for (size_t i = 0; i < TIMED_PROCESSES; i++)
        free_process(&ps->list[i]);
    pid_table_done(&ps->known);
}

/* Two names may be one function. False: it has none of them. */
static bool find_addresses(struct timed_process *w)
{
    const char *names[TIMED_FUNCTIONS];
    bool any = false;
    for (size_t i = 0; i < TIMED_FUNCTIONS; i++)
        names[i] = timed_functions[i].name;
    libc_functions_find(w->pid, names, TIMED_FUNCTIONS, w->addresses);
    for (size_t i = 0; i < TIMED_FUNCTIONS; i++) {
        any |= w->addresses[i] != 0;
        for (size_t k = 0; k < i; k++)
            if (w->addresses[k] == w->addresses[i])
                w->addresses[i] = 0;
    }
    return any;
}

static bool is_watched(
    const struct timed_processes *ps, const struct tracked_process *p, uint64_t now_ns)
{
    for (size_t i = 0; i < TIMED_PROCESSES; i++)
        if (ps->list[i].pid == p->pid && ps->list[i].generation == libc_functions_generation(p))
            return !ps->list[i].without || !libc_functions_may_come(p, now_ns);
    return false;
}

/* Its own or a free place, or that of the process that uses least; NULL: none uses clearly less. */
static struct timed_process *place_for(
    struct timed_processes *ps, const struct recorder *r, pid_t pid, uint64_t cpu_ns)
{
    struct timed_process *least = NULL;
    uint64_t least_ns = UINT64_MAX;
    for (size_t i = 0; i < TIMED_PROCESSES; i++) {
        if (ps->list[i].pid == 0 || ps->list[i].pid == pid)
            return &ps->list[i];
        const uint64_t ns = thread_states_process_cpu_ns(r->threads, ps->list[i].pid);
        if (ns >= least_ns)
            continue;
        least = &ps->list[i];
        least_ns = ns;
    }
    return least_ns + least_ns / 2 < cpu_ns ? least : NULL;
}

static void watch(
    struct timed_processes *ps, const struct recorder *r, const struct tracked_process *p)
{
    const uint64_t cpu_ns = thread_states_process_cpu_ns(r->threads, p->pid);
    struct timed_process *w = place_for(ps, r, p->pid, cpu_ns);
    if (!w)
        return;
    if (w->pid)
        timed_process_flush(w, r->profile);
    free_process(w);
    w->pid = p->pid;
    w->generation = libc_functions_generation(p);
    w->survey_next = true;
    w->without = !find_addresses(w);
    /* What it had used before the recording is none of it, nor what was told of it before. What it
     * has used since then was not counted sample by sample. */
    const uint64_t before_ns = timed_process_cpu_ns(w);
    const bool again = pid_table_get(&ps->known, p->pid) != 0;
    pid_table_set(&ps->known, p->pid, 1);
    w->begun_ns = before_ns;
    for (size_t i = 0; i < TIMED_FUNCTIONS; i++)
        w->list[i].sites.from_cpu_ns = ns_more_than(before_ns, again ? 0 : cpu_ns);
}

void timed_processes_choose(struct timed_processes *ps, const struct recorder *r, uint64_t now_ns)
{
    if (now_ns < r->from_ns + CHOOSE_FIRST_NS ||
        (ps->chosen_ns && now_ns - ps->chosen_ns < CHOOSE_NS))
        return;
    ps->chosen_ns = now_ns;
    for (size_t i = 0; i < r->processes.list.len; i++)
        if (r->processes.list.ptr[i].alive && !is_watched(ps, &r->processes.list.ptr[i], now_ns))
            watch(ps, r, &r->processes.list.ptr[i]);
}

static bool lives(const struct timed_process *w, struct recorder *r)
{
    const struct tracked_process *p = w->pid ? processes_find(&r->processes, w->pid) : NULL;
    return p && p->alive && libc_functions_generation(p) == w->generation;
}

struct timed_process *timed_processes_next(struct timed_processes *ps, struct recorder *r)
{
    for (size_t i = 0; i < TIMED_PROCESSES; i++) {
        struct timed_process *w = &ps->list[ps->next++ % TIMED_PROCESSES];
        if (!w->without && lives(w, r))
            return w;
    }
    return NULL;
}
