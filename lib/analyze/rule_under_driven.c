// SPDX-License-Identifier: MIT
/*
 * Gate: the program had nothing to do. Little CPU alone does not mean that: a server whose every
 * request waits for one slow peer, one lock or one pool uses little CPU too. So it takes threads
 * that wait for somebody to ask for something, and no sign of requests in flight.
 */
#include <math.h>

#include "analyze/rules.h"
#include "analyze/tasks.h"
#include "analyze/words.h"
#include "base/clock.h"

#define BUSY_CORES 0.10
#define BUSY_WAIT_SHARE 0.30    /* of a thread's life, waiting for something that was asked for */
#define IN_FLIGHT 0.50          /* requests at any time, on average */
#define SLOW_REQUEST_NS 2000000 /* shorter ones wait for nothing but the machine */

#define IDLE_KINDS                                                                                 \
    (1u << WAIT_LOOP | 1u << WAIT_ACCEPT | 1u << WAIT_CLIENT | 1u << WAIT_EVENT | 1u << WAIT_TTY | \
        1u << WAIT_SLEEP | 1u << WAIT_CHILD | 1u << WAIT_UNKNOWN | 1u << WAIT_QUEUE)

/* Time that a thread waited for what it had asked for. Of futexes, those that are no waiting for
 * work by the names above them. */
static uint64_t busy_wait_ns(const struct observed *o, const struct observed_thread *t)
{
    uint64_t sum = 0;
    for (int k = 0; k < WAIT_KINDS; k++)
        if (!(IDLE_KINDS >> k & 1) && k != WAIT_FUTEX)
            sum += t->wait_ns[k];
    struct selection locks = {
        .channel = CHANNEL_WAIT,
        .thread = t->id,
        .any_frame = TRAIT(LOCK),
        .no_frame = TRAIT(CONDITION),
        .wait_kinds = 1u << WAIT_FUTEX,
    };
    return sum + observed_sum(o, &locks).weight;
}

/* Requests that were being answered at any time: rate x latency (Little). */
static double requests_in_flight(const struct observed *o)
{
    double latency = observed_latency_ns(o);
    if (isnan(latency) || latency < SLOW_REQUEST_NS)
        return 0;
    return o->requests_per_s * latency / NS_PER_S;
}

/* Exchanges with peers that were open at any time; they are looked at in bursts only. */
static double peers_in_flight(const struct observed *o)
{
    double burst_ns = observed_fact_number(o, (struct process_id){ 0 }, "burst_ns");
    if (isnan(burst_ns) || burst_ns <= 0)
        return 0;
    return (double)observed_tally(o, "roundtrip", 0).ns / burst_ns;
}

static bool waits_for_its_own_work(const struct observed *o)
{
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        if (t->role == ROLE_HELPER || t->lived_ns == 0)
            continue;
        if ((double)busy_wait_ns(o, t) > (double)t->lived_ns * BUSY_WAIT_SHARE)
            return true;
    }
    return requests_in_flight(o) > IN_FLIGHT || peers_in_flight(o) > IN_FLIGHT ||
           tasks_waiting_for_locks(o) > IN_FLIGHT;
}

/* By the steady time where it is known; start-up is work, but not what was asked about. */
static double steady_cores(const struct observed *o)
{
    double rate = observed_rate(o, "cpu", (struct process_id){ 0 }) / NS_PER_S;
    return isnan(rate) ? o->cores : rate;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    double cores = steady_cores(o);
    if (cores >= BUSY_CORES * (1 - o->starved_share)) { /* what it got, of what it wanted */
        finding_say(&ret_finding->summary, "it had something to do: %s on average",
            words_cores(cores).text);
        return ANSWER_HEALTHY;
    }
    if (waits_for_its_own_work(o)) {
        finding_say(&ret_finding->summary,
            "it used %s only, but because it waited for what it had asked for",
            words_cores(cores).text);
        return ANSWER_HEALTHY;
    }
    struct finding *f = ret_finding;
    f->severity = SEVERITY_INFO;
    f->confidence = o->has_waits ? CONFIDENCE_LIKELY : CONFIDENCE_POSSIBLE;
    f->weight = 1 - cores / BUSY_CORES;
    finding_say(&f->summary, "There was too little to do for a verdict: the program used %s%s.",
        words_cores(cores).text, o->has_waits ? " and otherwise waited for something to do" : "");
    finding_say(&f->alternative,
        "A program that waits for a timer or for messages of another looks the same when nothing "
        "shows what was asked of it.");
    finding_say(&f->advice,
        "Run it under the load that makes it slow, for example with --on-port and a load "
        "generator; then ask again.");
    finding_say(
        &f->command, "prof doctor --on-port 'wrk -d 20 http://localhost:$PORT/' -- PROGRAM");
    finding_prove(f, cores, BUSY_CORES, "cores", o->cpu.count, "CPU used");
    finding_chart_series(f, o->profile, "cpu", (struct process_id){ 0 }, (struct thread_id){ 0 },
        true, BUSY_CORES * NS_PER_S, "CPU");
    return ANSWER_FOUND;
}

const struct rule rule_under_driven = {
    .id = "under-driven",
    .title = "Too little load for a verdict",
    .role = RULE_GATE,
    .look = look,
};
