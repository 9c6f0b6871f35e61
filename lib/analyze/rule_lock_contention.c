// SPDX-License-Identifier: MIT
/* Threads that wait for each other's locks: docs/rules/lock-contention.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_SAMPLES = 200, LEAST_SAMPLES = 20 };
#define LEAST_SHARE 0.10
#define CRITICAL_SHARE 0.5 /* and enough on any machine */

struct contention {
    struct object_wait lock; /* the most waited for; ns 0: waiting was too short to be seen */
    struct process_id process;
    uint64_t cpu_ns; /* in locking code on the CPU, by threads of the process */
    uint64_t samples;
    uint32_t threads;
    double share; /* of the time of the threads that take it */
};

/* A holder that waits for a CPU holds its lock as many times longer. */
static double least_share(const struct observed *o)
{
    return fmin(CRITICAL_SHARE, LEAST_SHARE / fmax(1 - o->starved_share, LEAST_SHARE));
}

/* Threads in a lock's code on the CPU: short waits end before anybody can look at them, and show as
 * the cost of sleeping and waking. */
static void add_spinning(const struct observed *o, struct contention *c)
{
    uint64_t busy_ns = 0;
    uint32_t threads = 0;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        if (t->process.i != c->process.i || t->cpu.weight == 0)
            continue;
        struct selection locking = {
            .thread = t->id, .any_frame = TRAIT(LOCK), .no_frame = TRAIT(CONDITION), .steady = true
        };
        struct amount part = observed_sum(o, &locking);
        if ((double)part.weight < LEAST_SHARE * (double)t->cpu.weight)
            continue;
        threads++;
        c->cpu_ns += part.weight;
        c->samples += part.count;
        busy_ns += t->cpu.weight;
    }
    /* Without waits seen, the share is that of the CPU time, and it takes clearly more. */
    if (c->lock.ns == 0 && threads >= 2 && busy_ns) {
        c->threads = threads;
        c->share = 0.5 * (double)c->cpu_ns / (double)busy_ns;
    }
}

/* The heaviest lock of a process that two threads at least wait for. */
static struct contention measure(const struct observed *o, struct process_id process)
{
    struct wait_filter filter = { .kinds = WAITS(FUTEX),
        .any_frame = TRAIT(LOCK),
        .no_frame = TRAIT(AWAIT),
        .process = process };
    struct contention c = { .process = process };
    struct object_waits locks;
    object_waits_of(o, &filter, &locks);
    for (size_t i = 0; i < locks.rows.len; i++) {
        const struct object_wait *lock = &locks.rows.ptr[i];
        if (lock->threads < 2 || lock->thread_ns == 0)
            continue;
        c.lock = *lock;
        c.threads = lock->threads;
        c.samples = lock->count;
        c.share = fmin(1, (double)lock->ns_of_those / (double)lock->thread_ns);
        break;
    }
    object_waits_done(&locks);
    add_spinning(o, &c);
    return c;
}

static bool is_interpreter_lock(const struct observed *o, const struct contention *c)
{
    const struct observed_process *p = observed_process(o, c->process);
    struct wait_filter python = {
        .kinds = WAITS(FUTEX), .any_frame = TRAIT(INTERPRETER_LOCK), .process = c->process
    };
    return p && p->runtime == RUNTIME_PYTHON && waited(o, &python).weight > c->lock.ns / 2;
}

static bool is_allocator_lock(const struct observed *o, const struct contention *c)
{
    struct wait_filter lock = { .kinds = WAITS(FUTEX),
        .any_frame = TRAIT(LOCK),
        .no_frame = TRAIT(MALLOC),
        .process = c->process };
    return c->lock.ns > 0 && waited(o, &lock).weight < c->lock.ns / 2;
}

static const char *advice_for(const struct observed *o, const struct contention *c)
{
    if (is_interpreter_lock(o, c))
        return "Python runs one thread at a time. Use processes (multiprocessing, a pre-forking "
               "server) for work on the CPU, or move the work into code that releases the lock.";
    if (is_allocator_lock(o, c))
        return "The lock is the allocator's: allocate less in the threads, keep buffers, or use an "
               "allocator with caches for each thread (jemalloc, mimalloc, tcmalloc).";
    return "Hold the lock for a shorter time (no I/O, no allocation, no computation under it), "
           "split "
           "it (one for each shard or bucket), or let each thread count for itself and add up "
           "later.";
}

static void say_words(const struct observed *o, const struct contention *c, struct finding *f)
{
    const struct process *process = profile_process(o->profile, c->process);
    const char *name = profile_string(o->profile, process->name).ptr;
    if (c->lock.ns)
        finding_say(&f->summary,
            "%u threads of %s (pid %d) spend %s of their time waiting for one lock%s%.*s.",
            c->threads, name, process->pid, words_share(c->share).text,
            c->lock.object.len ? ", " : "", (int)c->lock.object.len, c->lock.object.ptr);
    else
        finding_say(&f->summary,
            "%u threads of %s (pid %d) spend %s of their CPU time taking and giving "
            "back locks: they get in each other's way.",
            c->threads, name, process->pid, words_share(2 * c->share).text);
    finding_say(&f->advice, "%s", advice_for(o, c));
    if (o->starved)
        finding_say(&f->alternative,
            "The machine is short of CPU time: whoever holds the lock may have "
            "been waiting for a CPU, and others for it.");
    else
        finding_say(&f->alternative, "Threads that wait for work on a mutex instead of a condition "
                                     "variable look the same and do no harm.");
    finding_say(
        &f->command, "gdb -p %d -batch -ex 'thread apply all bt 6'  # who holds it", process->pid);
}

static enum answer found(const struct observed *o, const struct contention *c, struct finding *f)
{
    struct selection waits = { .channel = CHANNEL_WAIT,
        .process = c->process,
        .any_frame = TRAIT(LOCK),
        .no_frame = TRAIT(AWAIT),
        .wait_kinds = WAITS(FUTEX),
        .steady = true };
    struct selection cpu = { .process = c->process, .any_frame = TRAIT(LOCK), .steady = true };
    bool waiting = c->lock.ns > 0;
    f->severity = c->share >= CRITICAL_SHARE ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    f->confidence = confidence_by(o, waiting && c->samples >= SURE_SAMPLES);
    f->weight = c->share;
    f->process = c->process;
    f->channel = waiting ? CHANNEL_WAIT : CHANNEL_CPU;
    say_words(o, c, f);
    finding_prove(f, c->share, least_share(o), "share", c->samples, "%s",
        waiting ? "time of those threads that they wait for it"
                : "half of the CPU time in locking code");
    finding_prove(f, c->threads, 2, "count", 0, "threads that wait for it");
    if (waiting)
        finding_prove(f, (double)c->lock.ns, (double)NAN, "ns", c->lock.count, "waited in all");
    finding_chart_series(f, o->profile, "thread_blocked", c->process, (struct thread_id){ 0 }, true,
        (double)NAN, "Waiting, by thread");
    finding_blame(f, o, waiting ? &waits : &cpu, 5);
    return ANSWER_FOUND;
}

/* A goroutine that waits leaves its thread to another: neither the kernel nor samples see it. */
static bool waits_within_go(const struct observed *o)
{
    for (uint32_t i = 0; i < o->process_count; i++)
        if (o->processes[i].runtime == RUNTIME_GO && o->processes[i].on_cpu_ns)
            return true;
    return false;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    const double least = least_share(o);
    struct contention worst = { 0 };
    bool threads = false;
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct contention c = measure(o, o->processes[i].id);
        if (c.share >= least && c.samples >= LEAST_SAMPLES && c.share > worst.share)
            worst = c;
    }
    if (worst.threads)
        return found(o, &worst, f);
    for (uint32_t i = 0; i < o->thread_count; i++)
        threads |= !o->threads[i].is_main && o->threads[i].role != ROLE_HELPER;
    if (!threads)
        return ANSWER_SILENT;
    if (waits_within_go(o))
        return answer_unseen(f, "waiting for Go's locks",
            "goroutines wait within the Go runtime, which lends their thread to others",
            "call runtime.SetMutexProfileFraction(5) and read /debug/pprof/mutex, or use go test "
            "-mutexprofile");
    if (!o->has_waits)
        return answer_no_waits(f, "waiting for locks");
    return answer_healthy(f, "no two threads wait for the same lock for long");
}

const struct rule rule_lock_contention = {
    .id = "lock-contention",
    .title = "Threads wait for a lock",
    .role = RULE_VERDICT,
    .look = look,
};
