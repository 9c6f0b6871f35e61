// SPDX-License-Identifier: MIT
/* A new connection for nearly everything it asks for: docs/rules/connect-per-request.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/askers.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/tasks.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { LEAST_CONNECTS = 20, LEAST_SAMPLES = 10 };
#define LEAST_PER_REQUEST 0.8
#define MOST_EXCHANGES 1.5 /* for each connection, where exchanges were seen */
#define SHORT_LIFE_NS 1e9
#define LEAST_SECONDS 5.0
#define LEAST_PER_S 2.0
#define MOST_SEEN 0.9 /* of the run: the count is that of nearly all */

struct connecting {
    struct talk peer;
    double count; /* of connections: those that were seen, or all where they were counted */
    double per_s;
    double per_request; /* NAN: requests are not known */
    double exchanges;   /* for each connection; NAN unknown */
    double life_ns;     /* mean; 0: not known */
    double seconds;     /* that connections were counted for */
    bool short_lived;   /* those that were seen */
};

/* Exchanges with that peer for each connection, both scaled to a second. */
static double exchanges_for_each(const struct observed *o, const struct talk *peer, double per_s)
{
    struct talks talks;
    double exchanges = (double)NAN;
    double seconds = exchanges_of(o, UINT32_C(1) << peer->kind, &talks);
    for (size_t i = 0; i < talks.rows.len && seconds > 0; i++) {
        const struct talk *t = &talks.rows.ptr[i];
        if (t->process.i == peer->process.i && slice_equal(t->object, peer->object))
            exchanges = (double)t->count / seconds / per_s;
    }
    talks_done(&talks);
    return exchanges;
}

/* With requests known, it is one for each of them; without, connections that live for a moment and
 * carry about one exchange. */
static bool is_per_request(const struct connecting *c)
{
    if (c->count < LEAST_CONNECTS || c->per_s < LEAST_PER_S)
        return false;
    if (!isnan(c->per_request))
        return c->per_request >= LEAST_PER_REQUEST;
    return isnan(c->exchanges) ? c->short_lived : c->exchanges <= MOST_EXCHANGES;
}

/* Many connections are looked at for a part of the time only. */
static double seconds_of(const struct observed *o, const char *fact)
{
    double ns = observed_fact_number(o, (struct process_id){ 0 }, fact);
    return fmax(ns > 0 ? ns / 1e9 : o->seconds, 1e-3);
}

static uint64_t all_calls_seen(const struct observed *o)
{
    struct talks talks;
    uint64_t sum = 0;
    talks_of(o, "connect", 0, false, &talks);
    for (size_t i = 0; i < talks.rows.len; i++)
        sum += talks.rows.ptr[i].count;
    talks_done(&talks);
    return sum;
}

/* Calls of connect(), each seen until its descriptor was connected again. Of very many only a part
 * is seen: then all were counted, and a peer has the part of them that it has of those seen. */
static struct connecting of_calls(const struct observed *o, const struct talk *peer)
{
    struct connecting c = { .peer = *peer, .count = (double)peer->count };
    double counted = observed_fact_number(o, (struct process_id){ 0 }, "connects_counted");
    double seen = (double)all_calls_seen(o);
    c.seconds = seconds_of(o, "connects_seen_ns");
    if (counted > seen) {
        c.count *= counted / seen;
        c.seconds = o->seconds;
    }
    /* Until the descriptor was connected again, of which as small a part was seen. */
    c.life_ns = (double)peer->ns / (double)peer->count * fmin(seen / counted, 1);
    c.short_lived = c.life_ns > 0 && c.life_ns < SHORT_LIFE_NS;
    c.exchanges = exchanges_for_each(o, peer, c.count / c.seconds);
    return c;
}

/* Connections that were closed, counted where those that were seen lived for a moment only. What
 * went over them is not known. */
static struct connecting of_closed(const struct observed *o, const struct talk *peer)
{
    return (struct connecting){ .peer = *peer,
        .count = (double)peer->count,
        .seconds = seconds_of(o, "closed_seen_ns"),
        .short_lived = true,
        .exchanges = (double)NAN };
}

static bool find_peer(const struct observed *o, const char *name,
    struct connecting (*of)(const struct observed *, const struct talk *), struct connecting *ret)
{
    struct talks talks;
    bool found = false;
    talks_of(o, name, WAITS(TCP) | WAITS(UNIX), false, &talks);
    for (size_t i = 0; i < talks.rows.len && !found; i++) {
        *ret = of(o, &talks.rows.ptr[i]);
        ret->per_s = ret->count / ret->seconds;
        ret->per_request = o->requests_per_s > 0 ? ret->per_s / o->requests_per_s : (double)NAN;
        found = is_per_request(ret);
    }
    talks_done(&talks);
    return found;
}

/* The share of all threads' non-idle waiting that goes into connecting; at least a little. */
static double weight_of(const struct observed *o, const struct connecting *c)
{
    struct wait_filter all = { .kinds = WAITS_PEER, .process = c->peer.process };
    struct object_waits waits;
    double connecting = 0, sum = (double)waited(o, &all).weight;
    object_waits_of(o, &all, &waits);
    for (size_t i = 0; i < waits.rows.len; i++) {
        struct wait w = wait_parse(profile_string(o->profile, waits.rows.ptr[i].on));
        connecting += slice_is(w.operation, "connect") ? (double)waits.rows.ptr[i].ns : 0;
    }
    object_waits_done(&waits);
    return fmax(0.3, sum > 0 ? connecting / sum : 0);
}

static const char *advice_for(const struct observed_process *p)
{
    if (p && p->runtime == RUNTIME_NODE)
        return "Keep connections: an http.Agent with keepAlive, one pool for the whole process "
               "(new Pool() outside of the handler).";
    if (p && p->runtime == RUNTIME_PYTHON)
        return "Keep connections: one requests.Session or httpx.Client for the process, a pool for "
               "the database.";
    if (p && p->runtime == RUNTIME_GO)
        return "Share one http.Client, read bodies to the end and close them, and raise "
               "MaxIdleConnsPerHost.";
    return "Keep connections open and use them again: a pool for the process, keep-alive for HTTP.";
}

/* Who was seen in connect() itself; where that is too quick to be seen, who waits for the peer. */
static void blame(const struct observed *o, const struct connecting *c, struct finding *f)
{
    struct selection connects = {
        .process = c->peer.process, .any_frame = TRAIT(CONNECT), .steady = true
    };
    struct selection network = {
        .process = c->peer.process, .any_frame = TRAIT(NETWORK), .steady = true
    };
    struct selection waits = { .channel = CHANNEL_WAIT,
        .process = c->peer.process,
        .wait_kinds = WAITS_PEER,
        .steady = true };
    const struct selection *best = &network;
    if (has_tasks(o, c->peer.process) && blame_askers(f, o, c->peer.process))
        return;
    if (observed_sum(o, &connects).count >= LEAST_SAMPLES)
        best = &connects;
    else if (observed_sum(o, &waits).count > 0)
        best = &waits;
    if (best != &network || !blame_askers(f, o, c->peer.process))
        finding_blame(f, o, best, 3);
}

static enum answer found(const struct observed *o, const struct connecting *c, struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT, for_each = STRBUF_INIT;
    if (!isnan(c->per_request))
        strbuf_addf(&for_each, ", %s for each request", words_of(c->per_request, "").text);
    if (c->peer.process.i)
        words_process(o, c->peer.process, &name);
    else
        strbuf_adds(&name, "The program");
    f->severity = SEVERITY_WARNING;
    f->confidence = !isnan(c->per_request) || !isnan(c->exchanges) ? confidence_by(o, true)
                                                                   : CONFIDENCE_POSSIBLE;
    f->weight = weight_of(o, c);
    f->process = c->peer.process;
    finding_say(&f->summary,
        "%s connected to %.*s %s%s times, %s%s: connections are hardly ever kept and used again.",
        name.ptr, SLICE_ARG(c->peer.object), c->seconds < MOST_SEEN * o->seconds ? "at least " : "",
        words_count(c->count).text, words_of(c->per_s, "1/s").text,
        for_each.ptr ? for_each.ptr : "");
    if (c->life_ns > 0)
        finding_say(&f->detail, "A connection lived for %s on average.", words_ns(c->life_ns).text);
    finding_say(&f->advice, "%s", advice_for(observed_process(o, c->peer.process)));
    finding_say(&f->alternative,
        "A tool that asks one question and ends, or a peer that closes after each "
        "answer, has no choice: then the peer is to change.");
    finding_say(&f->command, "ss -tan state time-wait | grep -c '%.*s'", SLICE_ARG(c->peer.object));
    finding_prove(f, c->count, LEAST_CONNECTS, "count", c->peer.count, "connections to it");
    if (!isnan(c->per_request))
        finding_prove(f, c->per_request, LEAST_PER_REQUEST, "count", c->peer.count,
            "of them for each request");
    if (!isnan(c->exchanges))
        finding_prove(
            f, c->exchanges, MOST_EXCHANGES, "count", 0, "exchanges on each of them, in bursts");
    blame(o, c, f);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct talks talks;
    struct connecting c;
    if (o->seconds >= LEAST_SECONDS &&
        (find_peer(o, "connect", of_calls, &c) || find_peer(o, "closed", of_closed, &c)))
        return found(o, &c, f);
    talks_of(o, "connect", 0, false, &talks);
    bool seen = talks.rows.len > 0;
    talks_done(&talks);
    seen |= !isnan(observed_fact_number(o, (struct process_id){ 0 }, "exchanges_seen_ns"));
    if (!seen && !o->has_bursts)
        return answer_unseen(f, "connections that are made again and again",
            "neither calls of connect() nor sockets were counted", "run prof as root");
    return answer_healthy(f, "connections to others are kept and used again");
}

const struct rule rule_connect_per_request = {
    .id = "connect-per-request",
    .title = "A new connection for each request",
    .role = RULE_VERDICT,
    .repeats = true,
    .look = look,
};
