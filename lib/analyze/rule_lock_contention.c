// SPDX-License-Identifier: MIT
/* Threads, or goroutines, that wait for each other's locks: docs/rules/lock-contention.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/tasks.h"
#include "analyze/waits.h"
#include "analyze/words.h"
#include "base/clock.h"

enum { SURE_SAMPLES = 200, LEAST_SAMPLES = 20 };
#define LEAST_SHARE 0.10
#define LEAST_OF_LIFE 0.05 /* of the threads' whole time, sleep included */
#define STARVED_SHARE 0.12 /* where others have the CPUs: see least_share() */
#define CRITICAL_SHARE 0.5
#define TAKES_PART 0.02   /* of what a kind of goroutine does besides being idle */
#define LEAST_WAITING 0.1 /* goroutines at any time, on average: fewer hold up nobody */

struct contention {
    struct object_wait lock; /* the most waited for; ns 0: waiting was too short to be seen */
    struct process_id process;
    uint64_t cpu_ns; /* in locking code on the CPU, by threads of the process */
    uint64_t samples;
    uint32_t threads;
    double share;         /* of the time of the threads that take it */
    bool of_tasks;        /* it is goroutines that wait, for whatever locks; threads is 0 */
    double waiting;       /* of them, on average */
    struct func_id entry; /* where most of them begin */
};

/* Whoever waits for a CPU with the lock in hand holds it as many times longer as all else takes, so
 * that the share of waiting stays what it is on a quiet machine. Not its spread: few long waits
 * instead of many short ones. */
static double least_share(const struct observed *o)
{
    return o->starved ? STARVED_SHARE : LEAST_SHARE;
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

/* By thread: its time without that in which it slept by its own wish, when no lock holds it up.
 * Free it. */
static uint64_t *awake_by_thread(const struct observed *o)
{
    uint64_t *ns = waited_by_thread(o, &(struct wait_filter){ .kinds = WAITS(SLEEP) });
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        const uint64_t lived = thread_steady_ns(o, t), slept = ns[t->id.i];
        ns[t->id.i] = lived > slept ? lived - slept : 0;
    }
    return ns;
}

/* The heaviest lock of a process that two threads at least wait for. */
static struct contention measure(const struct observed *o, struct process_id process)
{
    uint64_t *awake = awake_by_thread(o);
    struct wait_filter filter = { .kinds = WAITS(FUTEX),
        .any_frame = TRAIT(LOCK),
        .no_frame = TRAIT(AWAIT),
        .process = process,
        .active = awake };
    struct contention c = { .process = process };
    struct object_waits locks;
    object_waits_of(o, &filter, &locks);
    for (size_t i = 0; i < locks.rows.len; i++) {
        const struct object_wait *lock = &locks.rows.ptr[i];
        if (lock->threads < 2 || lock->active_ns == 0 ||
            (double)lock->ns_of_those < LEAST_OF_LIFE * (double)lock->thread_ns)
            continue;
        c.lock = *lock;
        c.threads = lock->threads;
        c.samples = lock->count;
        c.share = fmin(1, (double)lock->ns_of_those / (double)lock->active_ns);
        break;
    }
    object_waits_done(&locks);
    free(awake);
    add_spinning(o, &c);
    return c;
}

/* Goroutines wait within the runtime, where the lock's address is not to be had: all locks are
 * taken together. Of their time counts what they have something to do in, for most of those of a
 * server are idle connections. */
static struct contention measure_tasks(const struct observed *o, struct process_id process)
{
    struct contention c = { .process = process, .of_tasks = true };
    struct task_kinds kinds;
    uint64_t active_ns = 0, most_ns = 0;
    task_kinds_of(o, &kinds);
    for (size_t i = 0; i < kinds.rows.len; i++) {
        const struct task_kind *kind = &kinds.rows.ptr[i];
        const uint64_t active = task_kind_active_ns(kind);
        if (kind->process.i != process.i || kind->lock_ns == 0 ||
            (double)kind->lock_ns < TAKES_PART * (double)active)
            continue;
        active_ns += active;
        c.lock.ns += kind->lock_ns;
        c.samples += kind->locks;
        if (kind->lock_ns > most_ns)
            c.entry = kind->entry;
        most_ns = kind->lock_ns > most_ns ? kind->lock_ns : most_ns;
    }
    task_kinds_done(&kinds);
    c.waiting = o->steady_seconds > 0 ? (double)c.lock.ns / NS_PER_S / o->steady_seconds : 0;
    if (c.waiting >= LEAST_WAITING)
        c.share = (double)c.lock.ns / (double)active_ns;
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
    return c->lock.ns > 0 && !c->of_tasks && waited(o, &lock).weight < c->lock.ns / 2;
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

static void say_summary(const struct observed *o, const struct contention *c, struct finding *f)
{
    const struct process *process = profile_process(o->profile, c->process);
    const char *name = profile_string(o->profile, process->name).ptr;
    if (c->of_tasks)
        finding_say(&f->summary,
            "Goroutines of %s (pid %d) spend %s of the time in which they have something to do "
            "waiting for locks: %s of them at any time.",
            name, process->pid, words_share(c->share).text, words_of(c->waiting, "").text);
    else if (c->lock.ns)
        finding_say(&f->summary,
            "%u threads of %s (pid %d) spend %s of the time that they are awake waiting for one "
            "lock%s%.*s.",
            c->threads, name, process->pid, words_share(c->share).text,
            c->lock.object.len ? ", " : "", (int)c->lock.object.len, c->lock.object.ptr);
    else
        finding_say(&f->summary,
            "%u threads of %s (pid %d) spend %s of their CPU time taking and giving "
            "back locks: they get in each other's way.",
            c->threads, name, process->pid, words_share(2 * c->share).text);
}

static void say_words(const struct observed *o, const struct contention *c, struct finding *f)
{
    const struct process *process = profile_process(o->profile, c->process);
    say_summary(o, c, f);
    finding_say(&f->advice, "%s", advice_for(o, c));
    if (o->starved)
        finding_say(&f->alternative,
            "The machine is short of CPU time: whoever holds the lock may have "
            "been waiting for a CPU, and others for it.");
    else
        finding_say(&f->alternative,
            "%s that wait for work on a mutex instead of a condition variable look the same and "
            "do no harm.",
            c->of_tasks ? "Goroutines" : "Threads");
    if (c->of_tasks)
        finding_say(&f->command,
            "go tool pprof http://localhost:PORT/debug/pprof/mutex  # needs net/http/pprof and "
            "runtime.SetMutexProfileFraction(5)");
    else
        finding_say(&f->command, "gdb -p %d -batch -ex 'thread apply all bt 6'  # who holds it",
            process->pid);
}

/* What the finding rests on. */
static void prove(const struct observed *o, const struct contention *c, struct finding *f)
{
    const bool waiting = c->lock.ns > 0;
    const char *what = c->of_tasks ? "of what is not idle time, waiting for locks"
                       : waiting   ? "time of those threads, but for sleep, that they wait for it"
                                   : "half of the CPU time in locking code";
    finding_prove(f, c->share, least_share(o), "share", c->samples, "%s", what);
    if (c->of_tasks)
        finding_prove(f, c->waiting, LEAST_WAITING, "count", 0,
            "goroutines that wait for a lock, on average; most begin in %s",
            profile_string(o->profile, profile_func(o->profile, c->entry)->name).ptr);
    else
        finding_prove(f, c->threads, 2, "count", 0, "threads that wait for it");
    if (waiting)
        finding_prove(f, (double)c->lock.ns, (double)NAN, "ns", c->lock.count, "waited in all");
}

static struct selection guilty_samples(const struct contention *c)
{
    struct selection s = { .process = c->process, .any_frame = TRAIT(LOCK), .steady = true };
    if (c->of_tasks)
        return tasks_at_locks(c->process);
    if (c->lock.ns == 0)
        return s;
    s.channel = CHANNEL_WAIT;
    s.no_frame = TRAIT(AWAIT);
    s.wait_kinds = WAITS(FUTEX);
    return s;
}

static enum answer found(const struct observed *o, const struct contention *c, struct finding *f)
{
    const struct selection guilty = guilty_samples(c);
    const bool waiting = c->lock.ns > 0;
    f->severity = c->share >= CRITICAL_SHARE ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    f->confidence = confidence_by(o, waiting && c->samples >= SURE_SAMPLES);
    f->weight = c->share;
    f->process = c->process;
    say_words(o, c, f);
    prove(o, c, f);
    if (!c->of_tasks)
        finding_chart_series(f, o->profile, "thread_blocked", c->process, (struct thread_id){ 0 },
            true, (double)NAN, "Waiting, by thread");
    finding_blame(f, o, &guilty, 5);
    return ANSWER_FOUND;
}

/* Goroutines that wait leave their thread to others: where they were not looked at themselves,
 * neither the kernel nor samples see it. */
static bool waits_within_go(const struct observed *o)
{
    for (uint32_t i = 0; i < o->process_count; i++)
        if (o->processes[i].runtime == RUNTIME_GO && o->processes[i].on_cpu_ns &&
            !has_tasks(o, o->processes[i].id))
            return true;
    return false;
}

static void keep_worse(
    const struct observed *o, const struct contention *c, struct contention *worst)
{
    if (c->share >= least_share(o) && c->samples >= LEAST_SAMPLES && c->share > worst->share)
        *worst = *c;
}

static struct contention find_worst(const struct observed *o)
{
    struct contention worst = { 0 };
    for (uint32_t i = 0; i < o->process_count; i++) {
        if (!o->processes[i].lasts)
            continue;
        const struct contention threads = measure(o, o->processes[i].id);
        const struct contention tasks = measure_tasks(o, o->processes[i].id);
        keep_worse(o, &threads, &worst);
        keep_worse(o, &tasks, &worst);
    }
    return worst;
}

static bool has_other_threads(const struct observed *o)
{
    for (uint32_t i = 0; i < o->thread_count; i++)
        if (!o->threads[i].is_main && o->threads[i].role != ROLE_HELPER)
            return true;
    return false;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    const struct contention worst = find_worst(o);
    if (worst.share > 0)
        return found(o, &worst, f);
    if (!has_other_threads(o))
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
    .title = "A lock is waited for",
    .role = RULE_VERDICT,
    .look = look,
};
