// SPDX-License-Identifier: MIT
/*
 * One thread wants a CPU all the time and the others allowed to the program stay idle. What it
 * would use on a machine of its own counts, so that a busy one neither hides it nor feigns it.
 *
 * It is a defect only of work that could be divided, which nobody can see from outside. So a loop
 * that passes requests on at full speed and programs that came with the system are only told so;
 * a loop that mostly computes for itself is a program like any other.
 */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"
#include "analyze/words.h"
#include "base/alloc.h"

#define PINNED 0.85     /* of a window: the thread is bound by its CPU */
#define MOST_CORES 1.15 /* that the whole target wants in that window */
#define MOST_WINDOWS 0.60
#define SPARE_CPUS 1.9 /* allowed: below it there is no second one */
#define COMPUTES 0.50  /* of a loop's samples are in functions of the program themselves */
#define OWN_CODE 0.30  /* of the samples have a function with a source file of the program */

enum { LEAST_WINDOWS = 20, SURE_WINDOWS = 120, GUILTY_MOST = 5 };

struct pinned {
    const struct observed_thread *thread; /* that has most of it */
    uint32_t windows, pinned;             /* after start-up */
    uint32_t threads;                     /* that share the one core by turns */
    double demand;                        /* cores, on average */
};

/* What it would use if nobody else wanted a CPU: its part of the time in which it did not stand in
 * the queue for one. A thread that waits for storage between short steps is queued nearly always on
 * a full machine, and is not bound by its CPU. */
static float wants(const struct observed_thread *t, uint32_t window)
{
    if (window >= t->window_count)
        return 0;
    float on_cpu = t->on_cpu_share[window], free = 1 - t->queued_share[window];
    return free > on_cpu ? on_cpu / free : on_cpu > 0 ? 1 : 0;
}

/* In the queue all the time: what it would have done is not known. */
static bool is_unknown(const struct observed_thread *t, uint32_t window)
{
    return t->on_cpu_share[window] + 0.02F > 1 - t->queued_share[window] &&
           t->on_cpu_share[window] < 0.01F;
}

/* Python's threads take turns on one core: together they are pinned. */
static bool takes_turns(const struct observed *o)
{
    const struct observed_process *p = observed_process(o, o->busiest->process);
    return p && p->runtime == RUNTIME_PYTHON;
}

static uint32_t sharing_threads(const struct observed *o)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < o->thread_count; i++)
        count += o->threads[i].process.i == o->busiest->process.i &&
                 (double)o->threads[i].on_cpu_ns > 0.15 * (double)o->on_cpu_ns;
    return count;
}

static void look_at_windows(const struct observed *o, struct pinned *p)
{
    bool together = p->threads > 1;
    uint32_t from = (uint32_t)((o->steady_from_ns - o->start_ns + WINDOW_NS - 1) / WINDOW_NS);
    for (uint32_t w = from; w < p->thread->window_count; w++) {
        double all = 0, on_cpu = 0;
        if (is_unknown(p->thread, w))
            continue;
        for (uint32_t i = 0; i < o->thread_count; i++) {
            bool helper = o->threads[i].role == ROLE_HELPER;
            all += helper ? 0 : (double)wants(&o->threads[i], w);
            on_cpu +=
                o->threads[i].window_count && !helper ? (double)o->threads[i].on_cpu_share[w] : 0;
        }
        double one = together ? on_cpu : (double)wants(p->thread, w);
        double whole = together ? on_cpu : all;
        p->windows++;
        p->pinned += one >= PINNED && whole <= MOST_CORES;
        p->demand += whole;
    }
    if (p->windows)
        p->demand /= p->windows;
}

/* Samples of the thread that are blamed on functions of the application with a source file. */
static double own_part(const struct observed *o, const struct observed_thread *t, enum blame how)
{
    struct selection all = { .thread = t->id, .steady = true };
    struct func_amounts functions;
    observed_functions(o, &all, how, &functions);
    uint64_t own = 0, whole = 0;
    for (size_t i = 0; i < functions.len; i++) {
        const struct func *f = profile_func(o->profile, functions.ptr[i].func);
        whole += functions.ptr[i].amount.weight;
        own += f->kind == FUNC_APP && f->file.i ? functions.ptr[i].amount.weight : 0;
    }
    func_amounts_done(&functions);
    return whole ? (double)own / (double)whole : 0;
}

static bool is_own_code(const struct observed *o, const struct observed_thread *t)
{
    const struct process *row = profile_process(o->profile, t->process);
    struct slice exe = profile_string(o->profile, row->exe);
    bool installed = slice_starts(exe, "/usr/") || slice_starts(exe, "/bin/") ||
                     slice_starts(exe, "/opt/") || slice_starts(exe, "/snap/");
    if (!installed)
        return true;
    return own_part(o, t, BLAME_OWN) >= OWN_CODE;
}

/* Threads that share one core by turns are work that has been divided, in vain. */
static bool may_be_divided(const struct observed *o, const struct pinned *p)
{
    const struct observed_thread *t = p->thread;
    if (p->threads > 1)
        return true;
    if (t->role == ROLE_LOOP && own_part(o, t, BLAME_SELF) < COMPUTES)
        return false;
    return is_own_code(o, t);
}

static void advise(const struct observed *o, const struct pinned *p, struct finding *f)
{
    static const struct advice loop = {
        .any = "Run one loop for each CPU (workers that share the port with SO_REUSEPORT).",
        .node = "Run one process for each CPU: node:cluster, PM2, or more containers.",
        .python = "Run more worker processes (gunicorn -w, uvicorn --workers).",
    };
    static const struct advice batch = {
        .any = "If the work can be divided, divide it: threads over parts of the input, or several "
               "processes (xargs -P). If not, the flame graph tells what to make faster.",
        .node = "If the work can be divided, give parts to worker threads (worker_threads).",
        .python = "Threads run Python code one at a time: use processes (multiprocessing, "
                  "ProcessPoolExecutor), or libraries that release the GIL (numpy).",
        .go = "If the work can be divided, give parts to goroutines; check GOMAXPROCS.",
    };
    bool is_loop = p->thread->role == ROLE_LOOP;
    finding_say(&f->advice, "%s", advice_for(o, is_loop ? &loop : &batch));
    finding_say(&f->alternative, "%s",
        is_loop ? "A loop that is full and answers quickly is well used; this matters only when "
                  "more requests come than it can answer."
                : "Work whose every step needs the one before cannot be divided.");
}

static enum answer found(const struct observed *o, const struct pinned *p, struct finding *f)
{
    struct selection all = { .thread = p->thread->id, .steady = true };
    if (p->threads > 1)
        all = (struct selection){ .process = p->thread->process, .steady = true };
    finding_blame(f, o, &all, GUILTY_MOST);
    f->severity = may_be_divided(o, p) ? SEVERITY_WARNING : SEVERITY_INFO;
    f->confidence =
        p->threads > 1 ? confidence_by(o, p->windows >= SURE_WINDOWS) : CONFIDENCE_POSSIBLE;
    double share = (double)p->pinned / p->windows;
    f->weight = share * (1 - 1 / o->cpus_allowed);
    f->thread = p->threads > 1 ? (struct thread_id){ 0 } : p->thread->id;
    f->process = p->thread->process;
    PROF_CLEANUP(free_ptr) char *culprit = finding_culprit(f, o);
    PROF_CLEANUP(strbuf_done) struct strbuf who = STRBUF_INIT;
    if (p->threads > 1)
        words_process(o, p->thread->process, &who);
    else
        words_thread(o, p->thread, &who);
    if (p->threads > 1)
        finding_say(&f->summary,
            "%u threads of %s share one core: together they used %s, most of it in %s.", p->threads,
            who.ptr, words_cores_of(p->demand, o->cpus_allowed).text, culprit);
    else
        finding_say(&f->summary,
            "One thread does all the work: %s was busy in %s of the time, though it may use %s; "
            "most of it in %s.",
            who.ptr, words_share(share).text, words_cores(o->cpus_allowed).text, culprit);
    advise(o, p, f);
    finding_prove(f, share, MOST_WINDOWS, "share", p->windows,
        "quarter seconds in which one core's worth was wanted and no more");
    finding_prove(f, o->cpus_allowed, 2, "cores", 0, "CPUs that it may use");
    finding_chart_series(
        f, o->profile, "thread_on_cpu", f->process, f->thread, true, (double)NAN, "CPU by thread");
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    if (!o->busiest || o->cpus_allowed < SPARE_CPUS || o->busiest->window_count == 0)
        return ANSWER_SILENT;
    struct pinned p = { .thread = o->busiest, .threads = 1 };
    if (takes_turns(o))
        p.threads = sharing_threads(o);
    if (p.threads == 0)
        p.threads = 1;
    look_at_windows(o, &p);
    if (p.windows < LEAST_WINDOWS)
        return ANSWER_SILENT;
    double share = (double)p.pinned / p.windows;
    if (share >= MOST_WINDOWS)
        return found(o, &p, ret_finding);
    return answer_healthy(ret_finding, "it was bound by one core in %s of the time, of %s allowed",
        words_share(share).text, words_cores(o->cpus_allowed).text);
}

const struct rule rule_single_core = {
    .id = "single-core",
    .title = "One thread does all the work",
    .role = RULE_VERDICT,
    .breadth = BREADTH_USE,
    .look = look,
};
