// SPDX-License-Identifier: MIT
/* Threads that wait for the lock of their address space: docs/rules/mmap-contention.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_SAMPLES = 200 };
#define LEAST_SHARE 0.10

/* Calls that take the lock for writing; a thread that is off the CPU in one waits for it. */
static bool is_mapping_call(struct slice operation)
{
    static const char *const calls[] = { "mmap", "munmap", "madvise", "mprotect", "mremap", "brk" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(calls); i++)
        if (slice_is(operation, calls[i]))
            return true;
    return false;
}

struct contention {
    struct process_id process;
    uint64_t waited_ns, cpu_ns, thread_ns;
    uint64_t samples;
    uint32_t threads;
    double share;
};

static uint64_t waited_ns(
    const struct observed *o, struct process_id process, uint64_t *ret_samples)
{
    struct wait_filter filter = { .kinds = WAITS(UNKNOWN) | WAITS(FAULT), .process = process };
    struct object_waits waits;
    uint64_t ns = 0;
    object_waits_of(o, &filter, &waits);
    for (size_t i = 0; i < waits.rows.len; i++) {
        struct wait w = wait_parse(profile_string(o->profile, waits.rows.ptr[i].on));
        if (!is_mapping_call(w.operation))
            continue;
        ns += waits.rows.ptr[i].ns;
        *ret_samples += waits.rows.ptr[i].count;
    }
    object_waits_done(&waits);
    return ns;
}

/* Threads of the process that worked, and for how long they were there. */
static void add_threads(const struct observed *o, struct contention *c)
{
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        uint64_t steady = thread_steady_ns(o, t);
        if (t->process.i != c->process.i || (double)t->on_cpu_ns < 0.02 * (double)t->lived_ns)
            continue;
        c->threads++;
        c->thread_ns += steady;
    }
}

static struct contention measure(const struct observed *o, struct process_id process)
{
    struct contention c = { .process = process };
    struct selection spinning = {
        .process = process, .any_frame = TRAIT(MMAP_LOCK), .steady = true
    };
    struct amount cpu = observed_sum(o, &spinning);
    c.cpu_ns = cpu.weight;
    c.samples = cpu.count;
    c.waited_ns = waited_ns(o, process, &c.samples);
    add_threads(o, &c);
    c.share = c.thread_ns ? (double)(c.waited_ns + c.cpu_ns) / (double)c.thread_ns : 0;
    return c;
}

static enum answer found(const struct observed *o, const struct contention *c, struct finding *f)
{
    const struct process *process = profile_process(o->profile, c->process);
    struct selection mapping = { .process = c->process, .any_frame = TRAIT(MMAP), .steady = true };
    f->severity = SEVERITY_WARNING;
    f->confidence = confidence_by(o, c->samples >= SURE_SAMPLES);
    f->weight = c->share;
    f->explains = "page-fault-storm"; /* each new area is touched for the first time */
    f->process = c->process;
    finding_say(&f->summary,
        "The %u busy threads of %s (pid %d) spend %s of their time waiting for the "
        "lock of their address space: they map and unmap memory all the time.",
        c->threads, profile_string(o->profile, process->name).ptr, process->pid,
        words_share(c->share).text);
    finding_say(&f->advice,
        "Map less often: keep areas and use them again, allocate large buffers from "
        "a pool, raise malloc's thresholds (MALLOC_MMAP_THRESHOLD_, "
        "MALLOC_TRIM_THRESHOLD_), or use processes instead of threads.");
    finding_say(
        &f->alternative, "A kernel short of memory makes the same calls slow: see swapping.");
    finding_say(&f->command, "strace -f -c -e trace=%%memory -p %d", process->pid);
    finding_prove(f, c->share, LEAST_SHARE, "share", c->samples, "thread time in it");
    finding_prove(f, (double)c->waited_ns, (double)NAN, "ns", 0, "waited");
    finding_prove(f, (double)c->cpu_ns, (double)NAN, "ns", 0, "spun on the CPU");
    finding_blame(f, o, &mapping, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    bool threads = false;
    for (uint32_t i = 0; i < o->process_count; i++) {
        if (!o->processes[i].lasts)
            continue;
        struct contention c = measure(o, o->processes[i].id);
        threads |= c.threads > 1;
        if (c.threads > 1 && c.share >= LEAST_SHARE)
            return found(o, &c, f);
    }
    if (!threads)
        return ANSWER_SILENT;
    if (!o->has_waits)
        return answer_no_waits(f, "waiting for the lock of the address space");
    return answer_healthy(f, "threads do not wait for the lock of their address space");
}

const struct rule rule_mmap_contention = {
    .id = "mmap-contention",
    .title = "Threads wait for the lock of their address space",
    .role = RULE_VERDICT,
    .repeats = true,
    .look = look,
};
