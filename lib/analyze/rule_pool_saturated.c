// SPDX-License-Identifier: MIT
/* All of libuv's workers are busy while the loop has time: docs/rules/pool-saturated.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/askers.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { DEFAULT_WORKERS = 4, SURE_WINDOWS = 40 };
#define BUSY_SHARE 0.8
#define LOOP_IDLE_SHARE 0.3
#define CORES_FULL 0.85
#define LEAST_SECONDS 3.0
#define LEAST_FREE 0.05

/* What node hands over. */
#define POOL_WORK (TRAIT(CRYPTO) | TRAIT(COMPRESS) | TRAIT(FILE_IO) | TRAIT(DNS))

struct pool {
    struct process_id process;
    uint32_t workers;
    double size;  /* as configured */
    double busy;  /* of the least busy worker, 0..1 of its time */
    double cores; /* that the workers used together */
    double loop_idle;
    uint64_t blocked_ns, cpu_ns;          /* of all workers */
    const struct observed_thread *worker; /* the busiest */
};

static bool is_worker(const struct observed *o, const struct observed_thread *t)
{
    if (slice_starts(slice_of(observed_thread_name(o, t)), "libuv-worker"))
        return true;
    return t->role == ROLE_POOL; /* V8's own are ROLE_HELPER */
}

static const struct observed_thread *loop_of(const struct observed *o, struct process_id process)
{
    for (uint32_t i = 0; i < o->thread_count; i++)
        if (o->threads[i].process.i == process.i && o->threads[i].is_main &&
            o->threads[i].role == ROLE_LOOP)
            return &o->threads[i];
    return NULL;
}

/* A worker that others keep from the CPU has its job all the while, and the loop may have none: of
 * either the time counts that it had for itself, of which there has to be some. */
static double share_of_free(
    const struct observed *o, const struct observed_thread *t, const uint64_t *active)
{
    double least = LEAST_FREE * (double)thread_steady_ns(o, t);
    double free_ns = fmax((double)thread_free_ns(o, t), fmax(least, 1));
    return fmin(1, (double)active[t->id.i] / free_ns);
}

static void add_worker(const struct observed *o, const struct observed_thread *t,
    const uint64_t *active, struct pool *p)
{
    uint64_t lived = thread_steady_ns(o, t);
    /* Workers that came late are as busy as they were since then. */
    if (lived < (uint64_t)(LEAST_SECONDS * 1e9))
        return;
    double busy = share_of_free(o, t, active);
    p->busy = p->workers == 0 ? busy : fmin(p->busy, busy);
    p->workers++;
    p->cpu_ns += t->on_cpu_ns;
    uint64_t cpu_and_queue = t->on_cpu_ns + t->queued_ns;
    p->blocked_ns += active[t->id.i] > cpu_and_queue ? active[t->id.i] - cpu_and_queue : 0;
    p->cores += t->lived_ns ? (double)t->on_cpu_ns / (double)t->lived_ns : 0;
    if (!p->worker || active[t->id.i] > active[p->worker->id.i])
        p->worker = t;
}

static bool measure(
    const struct observed *o, struct process_id process, const uint64_t *active, struct pool *ret)
{
    const struct observed_thread *loop = loop_of(o, process);
    *ret = (struct pool){ .process = process };
    if (!loop)
        return false;
    ret->size = observed_fact_number(o, process, "env.UV_THREADPOOL_SIZE");
    if (!(ret->size >= 1))
        ret->size = DEFAULT_WORKERS;
    ret->loop_idle = 1 - share_of_free(o, loop, active);
    for (uint32_t i = 0; i < o->thread_count; i++)
        if (o->threads[i].process.i == process.i && &o->threads[i] != loop &&
            is_worker(o, &o->threads[i]))
            add_worker(o, &o->threads[i], active, ret);
    return ret->workers > 0;
}

static bool is_saturated(const struct pool *p)
{
    return p->workers >= p->size && p->busy >= BUSY_SHARE && p->loop_idle >= LOOP_IDLE_SHARE;
}

static bool fills_cores(const struct observed *o, const struct pool *p)
{
    return p->cores >= CORES_FULL * o->cpus_allowed;
}

static void say_words(const struct observed *o, const struct pool *p, struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_process(o, p->process, &name);
    finding_say(&f->summary,
        "All %u workers of the thread pool of %s are busy %s of the time, while its "
        "event loop is idle %s of the time: file, DNS, zlib and crypto calls queue up.",
        p->workers, name.ptr, words_share(p->busy).text, words_share(p->loop_idle).text);
    if (fills_cores(o, p))
        finding_say(&f->advice,
            "The workers use all CPUs there are (%s), so a larger pool does not "
            "help: do less of this work, cache its results, or give the program more CPUs.",
            words_cores_of(p->cores, o->cpus_allowed).text);
    else if (p->blocked_ns > p->cpu_ns)
        finding_say(&f->advice,
            "The workers wait most of the time, so more of them help: set "
            "UV_THREADPOOL_SIZE (it was %.0f) before node starts. Keep dns.lookup "
            "out of the pool with a resolver or a cache.",
            p->size);
    else
        finding_say(&f->advice,
            "Set UV_THREADPOOL_SIZE (it was %.0f) to the number of CPUs or a little "
            "more before node starts, or move the work to worker_threads.",
            p->size);
    finding_say(&f->alternative,
        "Jobs that are meant to run in the background, with nobody waiting for "
        "them, may fill the pool without harm.");
    finding_say(
        &f->command, "UV_THREADPOOL_SIZE=16 prof doctor -- node ...  # does it get faster?");
}

/* A busy worker that has to wait for a CPU may hold the pool's lock, and the loop that hands over
 * work waits for both. */
static bool loop_waits_for_locks(const struct observed *o, const struct pool *p)
{
    if (!o->loop || o->loop->process.i != p->process.i)
        return false;
    struct wait_filter all = { .kinds = ~WAITS(LOOP), .thread = o->loop->id };
    struct wait_filter locks = { .kinds = WAITS(FUTEX), .thread = o->loop->id };
    return waited(o, &locks).weight > waited(o, &all).weight / 2;
}

static enum answer found(const struct observed *o, const struct pool *p, struct finding *f)
{
    struct selection cpu = { .thread = p->worker->id, .steady = true };
    struct selection waits = { .channel = CHANNEL_WAIT,
        .thread = p->worker->id,
        .steady = true,
        .no_frame = TRAIT(CONDITION) };
    bool waiting = p->blocked_ns > p->cpu_ns;
    f->severity = SEVERITY_WARNING;
    f->confidence = confidence_by(o, p->worker->window_count >= SURE_WINDOWS);
    f->weight = p->busy;
    f->process = p->process;
    f->channel = waiting ? CHANNEL_WAIT : CHANNEL_CPU;
    f->explains = loop_waits_for_locks(o, p) ? "loop-blocked-io" : NULL;
    say_words(o, p, f);
    finding_prove(
        f, p->busy, BUSY_SHARE, "share", p->workers, "busy time of the least busy worker");
    finding_prove(f, p->loop_idle, LOOP_IDLE_SHARE, "share", 0, "time that the event loop is idle");
    finding_prove(f, p->cores, (double)NAN, "cores", 0, "CPU used by the workers");
    finding_chart_series(f, o->profile, "thread_on_cpu", p->process, (struct thread_id){ 0 }, true,
        (double)NAN, "CPU by thread");
    const struct observed_thread *loop = loop_of(o, p->process);
    if (!loop || !blame_submitters(f, o, loop, POOL_WORK))
        finding_blame(f, o, waiting ? &waits : &cpu, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    uint64_t *active = active_by_thread(o);
    enum answer answer = ANSWER_SILENT;
    for (uint32_t i = 0; i < o->process_count && answer != ANSWER_FOUND; i++) {
        struct pool p;
        if (o->processes[i].runtime != RUNTIME_NODE || !measure(o, o->processes[i].id, active, &p))
            continue;
        answer = ANSWER_HEALTHY;
        if (o->has_waits && is_saturated(&p))
            answer = found(o, &p, f);
        else
            finding_say(&f->summary, "the least busy of %u workers was busy %s of the time",
                p.workers, words_share(p.busy).text);
    }
    free(active);
    if (answer == ANSWER_HEALTHY && !o->has_waits)
        return answer_no_waits(f, "whether the thread pool is full");
    return answer;
}

const struct rule rule_pool_saturated = {
    .id = "pool-saturated",
    .title = "The thread pool is full",
    .role = RULE_VERDICT,
    .look = look,
};
