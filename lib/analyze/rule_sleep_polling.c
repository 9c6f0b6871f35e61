// SPDX-License-Identifier: MIT
/* Threads that sleep and look again instead of being woken: docs/rules/sleep-polling.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_SLEEPS = 100, LEAST_SLEEPS = 30 };
#define LEAST_SHARE 0.3  /* of a thread's active time: what it does besides being idle */
#define LONGEST_NS 1e9   /* a thread that sleeps longer is a clock, not a poll */
#define WORKS_SHARE 0.02 /* of its life, on the CPU or waiting for others: it has work to delay */
#define LEAST_PER_S 2.0

struct polling {
    const struct observed_thread *thread;
    double share, mean_ns, per_s;
    uint64_t ns, sleeps;
    uint32_t threads;
    bool serves; /* it also answers clients or talks to peers: somebody waits for it */
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

/* Somebody waits for it. A peer that it asks itself does not: a client may pace its questions. */
static bool serves(const struct observed_thread *t)
{
    return t->wait_ns[WAIT_CLIENT] || t->wait_ns[WAIT_ACCEPT];
}

static bool measure(const struct observed *o, const struct observed_thread *t, uint64_t slept,
    uint64_t active, struct polling *ret)
{
    uint64_t lived = thread_steady_ns(o, t);
    *ret = (struct polling){ .thread = t, .ns = slept, .threads = 1, .serves = serves(t) };
    if (slept == 0 || lived == 0 || t->role == ROLE_HELPER)
        return false;
    ret->share = active ? fmin(1, (double)slept / (double)active) : 0;
    if (ret->share < LEAST_SHARE)
        return false;
    ret->sleeps = sleeps_of(o, t);
    ret->mean_ns = ret->sleeps ? (double)slept / (double)ret->sleeps : (double)INFINITY;
    ret->per_s = (double)ret->sleeps * 1e9 / (double)lived;
    return ret->sleeps >= LEAST_SLEEPS && ret->mean_ns < LONGEST_NS && ret->per_s >= LEAST_PER_S;
}

/* Sleeping costs somebody something when the thread has work. A ticker that only looks at a clock
 * does not, and is by design. */
static bool has_work(const struct polling *p)
{
    if (!p->thread)
        return false;
    double lived = fmax((double)p->thread->lived_ns, 1);
    return p->serves || (double)p->thread->on_cpu_ns >= WORKS_SHARE * lived;
}

static struct polling find_worst(const struct observed *o)
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
        threads += has_work(&p);
        bool heavier = has_work(&p) == has_work(&worst) ? p.ns > worst.ns : has_work(&p);
        if (!worst.thread || heavier)
            worst = p;
    }
    worst.threads = threads;
    free(slept);
    free(active);
    return worst;
}

static enum answer found(const struct observed *o, const struct polling *p, struct finding *f)
{
    struct selection sleeps = { .channel = CHANNEL_WAIT,
        .process = p->thread->process,
        .wait_kinds = WAITS(SLEEP),
        .steady = true };
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_thread(o, p->thread, &name);
    /* Without anybody who waits for it, it may be pacing itself on purpose. */
    f->severity = p->serves && has_work(p) ? SEVERITY_WARNING : SEVERITY_INFO;
    f->confidence = p->serves ? confidence_by(o, p->sleeps >= SURE_SLEEPS) : CONFIDENCE_POSSIBLE;
    f->weight = p->share;
    f->thread = p->threads > 1 ? (struct thread_id){ 0 } : p->thread->id;
    f->process = p->thread->process;
    f->channel = CHANNEL_WAIT;
    finding_say(&f->summary,
        "%s spends %s of the time in which it has something to do asleep: %s a second, for "
        "%s each.",
        name.ptr, words_share(p->share).text, words_of(p->per_s, "").text,
        words_ns(p->mean_ns).text);
    if (p->threads > 1)
        finding_say(&f->detail, "%u threads do so.", p->threads);
    finding_say(&f->advice,
        "Wait for the event itself: a condition variable or semaphore between threads, poll() "
        "or epoll on descriptors, inotify for files, LISTEN or a blocking pop at a database.");
    finding_say(&f->alternative,
        "Pacing on purpose (a rate limit, a simulation, a job for each second) looks the "
        "same and is no defect.");
    finding_say(&f->command, "strace -f -r -e trace=nanosleep,clock_nanosleep -p %d",
        profile_process(o->profile, p->thread->process)->pid);
    finding_prove(f, p->share, LEAST_SHARE, "share", p->sleeps, "of what is not idle time, asleep");
    finding_prove(f, p->mean_ns, LONGEST_NS, "ns", p->sleeps, "length of a sleep, mean");
    finding_blame(f, o, &sleeps, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    if (!o->has_waits)
        return answer_no_waits(f, "sleeping instead of waiting");
    struct polling worst = find_worst(o);
    if (worst.thread)
        return found(o, &worst, f);
    return answer_healthy(f, "no thread sleeps again and again while it has something to do");
}

const struct rule rule_sleep_polling = {
    .id = "sleep-polling",
    .title = "Sleeping and looking again",
    .role = RULE_VERDICT,
    .look = look,
};
