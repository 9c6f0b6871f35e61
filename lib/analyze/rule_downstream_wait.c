// SPDX-License-Identifier: MIT
/*
 * Requests wait for somebody else's answer: docs/rules/downstream-wait.md. Threads that block in a
 * call show it by themselves. An event loop does not, it waits for everybody at once: there it
 * takes exchanges, seen in bursts or counted by the kernel, or a load tool that says how long
 * requests took.
 */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/askers.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_WAITS = 50, LEAST_WAITS = 10, LEAST_EXCHANGES = 20, LEAST_REQUESTS = 100 };
#define PEER_SHARE 0.6 /* of the time of the threads that talk to it */
#define CRITICAL_SHARE 0.9
#define LEAST_OF_LIFE 0.05 /* of their life */
#define LOOP_IDLE_SHARE 0.5
#define OPEN_EXCHANGES 0.6 /* at any time, on average */
#define SLOW_FACTOR 10.0   /* latency to CPU time of a request */
#define SLOW_NS 5e6

struct downstream {
    struct process_id process;
    struct slice peer; /* empty: not known */
    struct string_id on;
    double share;
    uint64_t samples;
    double mean_ns;    /* of an exchange; NAN unknown */
    double latency_ns; /* of a request, by the load tool; NAN unknown */
    double cpu_ns;     /* of a request */
    bool sure;
    bool by_loop;
};

/* ---- threads that block ---- */

static bool is_dns(struct slice peer)
{
    return slice_ends(peer, ":53");
}

static bool blocked_threads(
    const struct observed *o, const uint64_t *active, struct downstream *ret)
{
    struct wait_filter filter = { .kinds = WAITS_PEER, .no_frame = TRAIT(DNS), .active = active };
    struct object_waits peers;
    bool found = false;
    object_waits_of(o, &filter, &peers);
    for (size_t i = 0; i < peers.rows.len && !found; i++) {
        const struct object_wait *w = &peers.rows.ptr[i];
        double share = w->active_ns ? (double)w->ns_of_those / (double)w->active_ns : 0;
        if (w->threads == 0 || w->object.len == 0 || is_dns(w->object) || share < PEER_SHARE ||
            w->count < LEAST_WAITS || (double)w->ns_of_those < LEAST_OF_LIFE * (double)w->thread_ns)
            continue;
        *ret = (struct downstream){ .process = w->process,
            .peer = w->object,
            .on = w->on,
            .share = fmin(1, share),
            .samples = w->count,
            .mean_ns = (double)NAN,
            .latency_ns = (double)NAN,
            .sure = w->count >= SURE_WAITS };
        found = true;
    }
    object_waits_done(&peers);
    return found;
}

/* ---- event loops ---- */

/* Go's runtime is an event loop that runs on all threads: what they leave of the CPUs is its idle
 * time. */
static const struct observed_process *go_process(const struct observed *o)
{
    const struct observed_process *p = o->busiest ? observed_process(o, o->busiest->process) : NULL;
    return p && p->runtime == RUNTIME_GO ? p : NULL;
}

static struct process_id looping_process(const struct observed *o)
{
    const struct observed_process *go = go_process(o);
    if (o->loop)
        return o->loop->process;
    return go ? go->id : (struct process_id){ 0 };
}

static double loop_idle(const struct observed *o, const uint64_t *active)
{
    uint64_t lived = o->loop ? thread_steady_ns(o, o->loop) : 0;
    if (o->loop)
        return lived ? 1 - (double)active[o->loop->id.i] / (double)lived : 0;
    const struct observed_process *go = go_process(o);
    double allowed_ns = o->cpus_allowed * o->seconds * 1e9 * (1 - o->starved_share);
    return go && allowed_ns > 0 ? 1 - (double)go->on_cpu_ns / allowed_ns : 0;
}

/* The peer whose answers took the loop's process longest, and for how long that was seen. */
static bool slowest_peer(const struct observed *o, struct talk *ret, double *ret_seconds)
{
    struct talks talks;
    bool found = false;
    *ret_seconds = long_exchanges_of(o, WAITS_PEER, &talks);
    for (size_t i = 0; i < talks.rows.len && !found; i++) {
        *ret = talks.rows.ptr[i];
        found = ret->process.i == looping_process(o).i && ret->count >= LEAST_EXCHANGES &&
                !is_dns(ret->object);
    }
    talks_done(&talks);
    return found;
}

/* The one peer that the process connects to; empty: none, or several. */
static struct slice only_peer(const struct observed *o)
{
    struct talks talks;
    struct slice peer = { 0 };
    size_t count = 0;
    talks_of(o, "connect", WAITS(TCP) | WAITS(UNIX), false, &talks);
    for (size_t i = 0; i < talks.rows.len; i++) {
        if (talks.rows.ptr[i].process.i != looping_process(o).i || is_dns(talks.rows.ptr[i].object))
            continue;
        peer = talks.rows.ptr[i].object;
        count++;
    }
    talks_done(&talks);
    return count == 1 ? peer : (struct slice){ 0 };
}

/* How long a request took and what of that was CPU; false: not known, or not slow. */
static bool slow_requests(const struct observed *o, struct downstream *d)
{
    struct process_id run = { 0 };
    double requests = observed_fact_number(o, run, "load_requests");
    d->latency_ns = observed_latency_ns(o);
    if (!(o->requests_per_s > 0) || !(d->latency_ns >= SLOW_NS) || !(requests >= LEAST_REQUESTS))
        return false;
    d->cpu_ns = o->cores * 1e9 / o->requests_per_s;
    return d->latency_ns >= SLOW_FACTOR * d->cpu_ns;
}

static bool pool_is_busy(const struct observed *o, const uint64_t *active)
{
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        bool worker = o->loop && t->process.i == o->loop->process.i && t->role == ROLE_POOL;
        if (worker && (double)active[t->id.i] > 0.5 * (double)thread_steady_ns(o, t))
            return true;
    }
    return false;
}

static bool idle_loop(const struct observed *o, const uint64_t *active, struct downstream *ret)
{
    double seconds;
    struct talk talk = { 0 };
    *ret =
        (struct downstream){ .mean_ns = (double)NAN, .latency_ns = (double)NAN, .by_loop = true };
    if (looping_process(o).i == 0 || loop_idle(o, active) < LOOP_IDLE_SHARE ||
        pool_is_busy(o, active))
        return false;
    ret->process = looping_process(o);
    bool slow = slow_requests(o, ret);
    if (slowest_peer(o, &talk, &seconds)) {
        ret->peer = talk.object;
        ret->on = talk.what;
        ret->samples = talk.count;
        ret->mean_ns = (double)talk.ns / (double)talk.count;
        double open = seconds > 0 ? (double)talk.ns / 1e9 / seconds : 0;
        ret->share = fmin(1, slow ? fmax(ret->mean_ns / ret->latency_ns, open) : open);
        ret->sure = open >= OPEN_EXCHANGES;
        return (open >= OPEN_EXCHANGES && ret->mean_ns >= 1e6) ||
               (slow && ret->mean_ns >= 0.3 * ret->latency_ns);
    }
    if (!slow || o->starved || o->throttled)
        return false;
    ret->peer = only_peer(o);
    ret->share = 1 - ret->cpu_ns / ret->latency_ns;
    return true;
}

/* ---- the finding ---- */

static void say_summary(const struct observed *o, const struct downstream *d, struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    const char *idle = o->loop ? "the event loop" : "the program"; /* Go has none */
    words_process(o, d->process, &name);
    if (!d->by_loop)
        finding_say(&f->summary,
            "%s waits for %.*s: its threads that talk to it spend %s of their time "
            "waiting for its answers.",
            name.ptr, SLICE_ARG(d->peer), words_share(d->share).text);
    else if (d->peer.len && !isnan(d->mean_ns))
        finding_say(&f->summary,
            "%s waits for %.*s: it takes %s to answer at the mean, while %s is idle.", name.ptr,
            SLICE_ARG(d->peer), words_ns(d->mean_ns).text, idle);
    else
        finding_say(&f->summary,
            "Requests to %s took %s as a rule and %s of CPU time: the rest is "
            "waiting%s%.*s, while %s is idle.",
            name.ptr, words_ns(d->latency_ns).text, words_ns(d->cpu_ns).text,
            d->peer.len ? ", probably for " : "", SLICE_ARG(d->peer), idle);
    if (!isnan(d->latency_ns) && !isnan(d->mean_ns))
        finding_say(&f->detail, "Requests took %s as a rule and %s of CPU time.",
            words_ns(d->latency_ns).text, words_ns(d->cpu_ns).text);
}

static void say_words(const struct observed *o, const struct downstream *d, struct finding *f)
{
    int32_t pid = profile_process(o->profile, d->process)->pid;
    say_summary(o, d, f);
    if (d->peer.len) {
        finding_say(&f->advice,
            "Look at %.*s: its slow queries or slow requests, a missing index, its own "
            "load. Here: ask it for less, several things at once, or cache its answers; set a "
            "time-out.",
            SLICE_ARG(d->peer));
        finding_say(&f->alternative,
            "A connection on which the other side sends when it has something "
            "(a subscription, a queue) waits by design.");
    } else {
        finding_say(&f->advice,
            "Find out what handlers wait for: calls to other services or databases, or "
            "timers. Measure each call's time in the handler.");
        finding_say(&f->alternative,
            "A timer in the handlers (polling for a result, a delay) looks the same "
            "from outside; so does a load tool on the far end of a slow network.");
    }
    finding_say(
        &f->command, "ss -tnp | grep pid=%d; strace -f -r -e trace=%%network -p %d", pid, pid);
}

static enum answer found(const struct observed *o, const struct downstream *d, struct finding *f)
{
    struct selection waits = { .channel = CHANNEL_WAIT,
        .process = d->process,
        .wait_kinds = WAITS_PEER,
        .no_frame = TRAIT(DNS),
        .steady = true };
    f->severity = d->share >= CRITICAL_SHARE && d->sure ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    f->confidence = confidence_by(o, d->sure);
    f->weight = d->share;
    f->process = d->process;
    f->channel = d->by_loop ? CHANNEL_CPU : CHANNEL_WAIT;
    say_words(o, d, f);
    if (!d->by_loop)
        finding_prove(f, d->share, PEER_SHARE, "share", d->samples,
            "time of its threads that they wait for it");
    if (!isnan(d->mean_ns))
        finding_prove(f, d->mean_ns, (double)NAN, "ns", d->samples, "from request to answer, mean");
    if (!isnan(d->latency_ns))
        finding_prove(
            f, d->latency_ns, SLOW_FACTOR * d->cpu_ns, "ns", 0, "a request's time, median");
    finding_chart_series(f, o->profile, "thread_blocked", d->process, (struct thread_id){ 0 }, true,
        (double)NAN, "Waiting, by thread");
    if (!d->by_loop)
        finding_blame(f, o, &waits, 5);
    else
        blame_askers(f, o, d->process);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    if (!o->has_waits)
        return answer_no_waits(f, "waiting for other services");
    struct downstream d;
    uint64_t *active = active_by_thread(o);
    bool any = blocked_threads(o, active, &d) || idle_loop(o, active, &d);
    free(active);
    if (any)
        return found(o, &d, f);
    return answer_healthy(f, "no peer keeps the program waiting for most of its time");
}

const struct rule rule_downstream_wait = {
    .id = "downstream-wait",
    .title = "Requests wait for another service",
    .role = RULE_VERDICT,
    .look = look,
};
