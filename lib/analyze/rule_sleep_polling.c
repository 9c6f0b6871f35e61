// SPDX-License-Identifier: MIT
/* Threads, or goroutines, that sleep and look again instead of being woken:
 * docs/rules/sleep-polling.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/tasks.h"
#include "analyze/timer_polls.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_SLEEPS = 100, LEAST_SLEEPS = 30, LEAST_SAMPLES = 10 };
#define LEAST_SHARE 0.3  /* of a thread's active time: what it does besides being idle */
#define LONGEST_NS 1e9   /* a thread that sleeps longer is a clock, not a poll */
#define WORKS_SHARE 0.02 /* of its life, on the CPU or waiting for others: it has work to delay */
#define LEAST_PER_S 2.0
#define HASTE_PER_S 500.0 /* of a thread that only sleeps: no pace is so quick */
#define HASTE_CALLS 0.9   /* share of them that are sleeps */
#define HASTE_BUSY 0.1    /* of its life on a CPU; more is work that is being paced */
#define HASTE_ASLEEP 0.95 /* of its CPU time, falling asleep and waking; less is work as well */
#define SLEEPS_WEIGH 0.5  /* a handler may sleep for a reason: what else is wrong comes first */

struct polling {
    bool found;
    const struct observed_thread *thread; /* NULL: goroutines */
    struct process_id process;
    struct func_id entry; /* where those goroutines begin */
    double share, mean_ns, per_s;
    uint64_t ns, sleeps;
    uint32_t threads;
    bool serves; /* it also answers clients or talks to peers: somebody waits for it */
    double busy; /* share of its life that it is on a CPU */
    bool in_haste;
};

/* Counted sleeps where there are some, else samples of waiting. */
static uint64_t sleeps_of(const struct observed *o, const struct observed_thread *t)
{
    uint32_t count;
    uint64_t sleeps = 0;
    const struct tally *tallies = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++)
        if (tallies[i].thread.i == t->id.i &&
            slice_is(profile_string(o->profile, tallies[i].name), "wait") &&
            wait_parse(profile_string(o->profile, tallies[i].what)).kind == WAIT_SLEEP)
            sleeps += tallies[i].count;
    struct wait_filter filter = { .kinds = WAITS(SLEEP), .thread = t->id };
    uint64_t samples = waited(o, &filter).count;
    return sleeps > samples ? sleeps : samples;
}

/* Hardly any sample is of anything but falling asleep and waking. */
static bool does_nothing_else(const struct observed *o, struct thread_id thread)
{
    struct selection all = { .thread = thread, .steady = true };
    struct selection asleep = { .thread = thread, .any_frame = TRAIT(SLEEP), .steady = true };
    struct amount whole = observed_sum(o, &all), part = observed_sum(o, &asleep);
    return whole.count >= LEAST_SAMPLES && (double)part.count >= HASTE_ASLEEP * (double)whole.count;
}

/* Nothing comes of most of its looks: it sleeps, looks at memory and sleeps again, at once. */
static bool in_haste(const struct observed *o, const struct polling *p)
{
    uint32_t count;
    uint64_t sleeps = 0, all = 0;
    const struct tally *tallies = profile_tallies(o->profile, &count);
    if (p->per_s < HASTE_PER_S || p->busy > HASTE_BUSY || !does_nothing_else(o, p->thread->id))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        if (t->thread.i != p->thread->id.i ||
            !slice_is(profile_string(o->profile, t->name), "syscall"))
            continue;
        struct wait w = wait_parse(profile_string(o->profile, t->what));
        all += t->count;
        sleeps += w.kind == WAIT_SLEEP ? t->count : 0;
    }
    return sleeps >= SURE_SLEEPS && (double)sleeps >= HASTE_CALLS * (double)all;
}

/* Somebody waits for it. A peer that it asks itself does not: a client may pace its questions. */
static bool serves(const struct observed_thread *t)
{
    return t->wait_ns[WAIT_CLIENT] || t->wait_ns[WAIT_ACCEPT];
}

static bool is_polling(const struct polling *p)
{
    return p->share >= LEAST_SHARE && p->sleeps >= LEAST_SLEEPS && p->mean_ns < LONGEST_NS &&
           p->per_s >= LEAST_PER_S;
}

static bool measure(const struct observed *o, const struct observed_thread *t, uint64_t slept,
    uint64_t active, struct polling *ret)
{
    uint64_t lived = thread_steady_ns(o, t);
    *ret = (struct polling){ .thread = t,
        .process = t->process,
        .ns = slept,
        .threads = 1,
        .serves = serves(t),
        .busy = (double)t->on_cpu_ns / fmax((double)t->lived_ns, 1) };
    if (slept == 0 || lived == 0 || t->role == ROLE_HELPER)
        return false;
    ret->share = active ? fmin(1, (double)slept / (double)active) : 0;
    if (ret->share < LEAST_SHARE)
        return false;
    ret->sleeps = sleeps_of(o, t);
    ret->mean_ns = ret->sleeps ? (double)slept / (double)ret->sleeps : (double)INFINITY;
    ret->per_s = (double)ret->sleeps * 1e9 / (double)lived;
    ret->in_haste = in_haste(o, ret);
    return is_polling(ret);
}

/* Sleeping costs somebody something when the thread has work. A ticker that only looks at a clock
 * does not, and is by design. */
static bool has_work(const struct polling *p)
{
    return p->found && (p->serves || p->in_haste || p->busy >= WORKS_SHARE);
}

/* Without anybody who waits for it, it may be pacing itself on purpose, unless it is in haste. */
static bool costs(const struct polling *p)
{
    return p->in_haste || (p->serves && has_work(p));
}

/* One with work is worse than any without. */
static void keep_worse(const struct polling *p, struct polling *worst)
{
    const bool heavier = has_work(p) == has_work(worst) ? p->ns > worst->ns : has_work(p);
    if (!worst->found || heavier)
        *worst = *p;
}

static struct polling worst_of_threads(const struct observed *o)
{
    struct wait_filter filter = { .kinds = WAITS(SLEEP) };
    uint64_t *slept = waited_by_thread(o, &filter), *active = active_by_thread(o);
    struct polling worst = { 0 };
    uint32_t threads = 0;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct polling p;
        const struct observed_thread *t = &o->threads[i];
        if (!measure(o, t, slept[t->id.i], active[t->id.i], &p))
            continue;
        p.found = true;
        threads += has_work(&p);
        keep_worse(&p, &worst);
    }
    worst.threads = threads;
    free(slept);
    free(active);
    return worst;
}

/* Of goroutines that begin with the same function. Sleeps are those that looks told apart, so there
 * may be more, which are shorter then. */
static struct polling of_tasks(const struct observed *o, const struct task_kind *kind)
{
    const double active = fmax((double)task_kind_active_ns(kind), 1);
    const double slept = (double)kind->sleep_ns;
    return (struct polling){ .process = kind->process,
        .entry = kind->entry,
        .share = slept / active,
        .mean_ns = kind->sleeps ? slept / (double)kind->sleeps : (double)INFINITY,
        .per_s = o->steady_seconds > 0 ? (double)kind->sleeps / o->steady_seconds : 0,
        .ns = kind->sleep_ns,
        .sleeps = kind->sleeps,
        .serves = kind->listens,
        .busy = (double)kind->running_ns / fmax((double)kind->lived_ns, 1) };
}

static struct polling find_worst(const struct observed *o)
{
    struct polling worst = worst_of_threads(o);
    struct task_kinds kinds;
    task_kinds_of(o, &kinds);
    for (size_t i = 0; i < kinds.rows.len; i++) {
        struct polling p = of_tasks(o, &kinds.rows.ptr[i]);
        p.found = is_polling(&p);
        if (p.found)
            keep_worse(&p, &worst);
    }
    task_kinds_done(&kinds);
    return worst;
}

static void name_sleepers(const struct observed *o, const struct polling *p, struct strbuf *out)
{
    if (p->thread) {
        words_thread(o, p->thread, out);
        strbuf_adds(out, " spends");
        return;
    }
    strbuf_addf(out, "Goroutines that begin in %s, of ",
        profile_string(o->profile, profile_func(o->profile, p->entry)->name).ptr);
    words_process(o, p->process, out);
    strbuf_adds(out, ", spend");
}

static void say_words(const struct observed *o, const struct polling *p, struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf who = STRBUF_INIT;
    const int pid = profile_process(o->profile, p->process)->pid;
    name_sleepers(o, p, &who);
    finding_say(&f->summary,
        "%s %s of the time in which %s something to do asleep: %s%s a second, for "
        "%s each%s.",
        who.ptr, words_share(p->share).text, p->thread ? "it has" : "they have",
        p->thread ? "" : "at least ", words_of(p->per_s, "").text, words_ns(p->mean_ns).text,
        p->thread ? "" : " at most");
    if (p->threads > 1)
        finding_say(&f->detail, "%u threads do so.", p->threads);
    if (p->thread)
        finding_say(&f->advice,
            "Wait for the event itself: a condition variable or semaphore between threads, "
            "poll() or epoll on descriptors, inotify for files, LISTEN or a blocking pop at a "
            "database.");
    else
        finding_say(&f->advice,
            "Wait for the event itself: a channel or sync.Cond between goroutines, a context's "
            "Done, LISTEN or a blocking pop at a database.");
    finding_say(&f->alternative,
        "Pacing on purpose (a rate limit, a simulation, a job for each second) looks the "
        "same and is no defect.");
    if (p->thread)
        finding_say(&f->command, "strace -f -r -e trace=nanosleep,clock_nanosleep -p %d", pid);
    else
        finding_say(&f->command,
            "curl -s 'http://localhost:PORT/debug/pprof/goroutine?debug=1'  # needs "
            "net/http/pprof");
}

static enum answer found(const struct observed *o, const struct polling *p, struct finding *f)
{
    struct selection sleeps = { .channel = p->thread ? CHANNEL_WAIT : CHANNEL_TASKS,
        .process = p->process,
        .entry = p->entry,
        .wait_kinds = WAITS(SLEEP),
        .steady = true };
    if (p->thread && p->threads <= 1)
        sleeps.thread = p->thread->id;
    f->severity = costs(p) ? SEVERITY_WARNING : SEVERITY_INFO;
    f->confidence = p->serves ? confidence_by(o, p->sleeps >= SURE_SLEEPS) : CONFIDENCE_POSSIBLE;
    f->weight = SLEEPS_WEIGH * p->share;
    if (p->thread && p->threads <= 1)
        f->thread = p->thread->id;
    f->process = p->process;
    say_words(o, p, f);
    finding_prove(f, p->share, LEAST_SHARE, "share", p->sleeps, "of what is not idle time, asleep");
    finding_prove(f, p->mean_ns, LONGEST_NS, "ns", p->sleeps, "length of a sleep, mean");
    finding_blame(f, o, &sleeps, 5);
    return ANSWER_FOUND;
}

/* ---- by timers of a loop ---- */

static enum answer found_timers(
    const struct observed *o, const struct timer_polls *p, struct finding *f)
{
    struct selection own = { .thread = p->loop->id, .steady = true };
    const int pid = profile_process(o->profile, p->loop->process)->pid;
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_thread(o, p->loop, &name);
    f->severity = SEVERITY_WARNING;
    f->confidence = CONFIDENCE_POSSIBLE;
    f->weight = SLEEPS_WEIGH * p->share;
    f->thread = p->loop->id;
    f->process = p->loop->process;
    finding_say(&f->summary,
        "The event loop of %s wakes %s times a second for timers of its own, %s times for each "
        "answer to a client: something looks again and again whether it may go on.",
        name.ptr, words_count(p->per_s).text, words_count(p->per_request).text);
    finding_say(&f->advice,
        "Let whoever finishes the work say so (resolve a promise, emit an event, set a future) "
        "instead of looking every few milliseconds.");
    finding_say(&f->alternative,
        "Timers that pace the program on purpose (a simulation, a rate limit) look the same.");
    finding_say(&f->command, "strace -f -r -e trace=epoll_wait,epoll_pwait -p %d", pid);
    finding_prove(f, p->per_s, (double)NAN, "1/s", p->turns, "turns of the loop without an event");
    finding_prove(f, p->share, (double)NAN, "share", p->turns, "of its turns");
    finding_blame(f, o, &own, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct timer_polls timers;
    if (!o->has_waits)
        return answer_no_waits(f, "sleeping instead of waiting");
    struct polling worst = find_worst(o);
    if (!(worst.found && costs(&worst)) && timer_polls_of(o, &timers))
        return found_timers(o, &timers, f);
    if (worst.found)
        return found(o, &worst, f);
    return answer_healthy(f, "no thread sleeps again and again while it has something to do");
}

const struct rule rule_sleep_polling = {
    .id = "sleep-polling",
    .title = "Sleeping and looking again",
    .role = RULE_VERDICT,
    .look = look,
};
