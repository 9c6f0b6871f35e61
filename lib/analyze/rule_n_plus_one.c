// SPDX-License-Identifier: MIT
/* Many small questions, one after the other, for one request: docs/rules/n-plus-one.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/askers.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { LEAST_FOR_EACH = 10, LEAST_EXCHANGES = 100, SURE_REQUESTS = 20 };
#define TIME_SHARE 0.3     /* of the time, by any one thread or exchange */
#define SMALL_BYTES 4096.0 /* what a question and its answer move on average */

struct chatter {
    struct talk peer;
    double requests; /* that came in while exchanges were counted; 0 unknown */
    double for_each; /* exchanges for each */
    double time_share;
};

/* Reads from clients that moved something, in bursts. */
static bool is_request(const struct observed *o, const struct talk *t)
{
    struct slice operation = wait_parse(profile_string(o->profile, t->what)).operation;
    return slice_starts(operation, "read") || slice_starts(operation, "recv");
}

/* Requests while exchanges were counted: by the load tool's rate, else what clients have sent. */
static double requests_meanwhile(
    const struct observed *o, struct process_id process, double seconds)
{
    if (o->requests_per_s > 0)
        return o->requests_per_s * seconds;
    struct talks talks;
    bool bursts = burst_seconds(o) > 0;
    double count = 0;
    talks_of(o, bursts ? "syscall" : "served", WAITS(CLIENT), true, &talks);
    for (size_t i = 0; i < talks.rows.len; i++) {
        const struct talk *t = &talks.rows.ptr[i];
        if (t->process.i == process.i && (!bursts || is_request(o, t)))
            count += (double)t->count;
    }
    talks_done(&talks);
    return count;
}

static bool is_chatter(
    const struct observed *o, const struct talk *t, double seconds, struct chatter *ret)
{
    *ret = (struct chatter){ .peer = *t };
    if (t->count < LEAST_EXCHANGES || seconds <= 0)
        return false;
    ret->requests = requests_meanwhile(o, t->process, seconds);
    ret->for_each = ret->requests > 0 ? (double)t->count / ret->requests : 0;
    ret->time_share = fmin(1, (double)t->ns / 1e9 / seconds);
    /* Large answers are a cursor that is read in pieces, not questions. */
    if ((double)t->bytes > SMALL_BYTES * (double)t->count || ret->time_share < TIME_SHARE)
        return false;
    return ret->for_each >= LEAST_FOR_EACH;
}

static enum answer found(const struct observed *o, const struct chatter *c, struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    struct selection waits = { .channel = CHANNEL_WAIT,
        .process = c->peer.process,
        .wait_kinds = UINT32_C(1) << c->peer.kind,
        .steady = true };
    words_process(o, c->peer.process, &name);
    double mean_ns = (double)c->peer.ns / (double)c->peer.count;
    f->severity = SEVERITY_WARNING;
    f->confidence = confidence_by(o, c->requests >= SURE_REQUESTS);
    f->weight = c->time_share;
    f->explains = "downstream-wait";
    f->process = c->peer.process;
    f->channel = CHANNEL_WAIT;
    finding_say(&f->summary,
        "%s asks %.*s %s times for each request, one question after the other, %s each: "
        "%s for a request.",
        name.ptr, SLICE_ARG(c->peer.object), words_count(c->for_each).text, words_ns(mean_ns).text,
        words_ns(mean_ns * c->for_each).text);
    finding_say(&f->advice,
        "Ask once for all: a join or WHERE id IN (...) instead of a query in a loop, a "
        "batch call, the eager loading of the object mapper; or send the questions "
        "together (a pipeline).");
    finding_say(&f->alternative,
        "A protocol that needs many small steps (a cursor that is read row by row) "
        "looks the same: fetch more rows at once.");
    finding_say(&f->command,
        "strace -f -e trace=%%network -s 120 -p %d  # the questions themselves",
        profile_process(o->profile, c->peer.process)->pid);
    finding_prove(
        f, c->for_each, LEAST_FOR_EACH, "count", c->peer.count, "exchanges for each request");
    finding_prove(f, c->time_share, TIME_SHARE, "share", c->peer.count,
        "time with such an exchange under way");
    finding_prove(f, mean_ns, (double)NAN, "ns", c->peer.count, "from question to answer, mean");
    if (observed_sum(o, &waits).count > 0 || !blame_askers(f, o, c->peer.process))
        finding_blame(f, o, &waits, 3);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct talks talks;
    struct chatter chatter, most = { 0 };
    double seconds = exchanges_of(o, WAITS_PEER, &talks);
    size_t peers = talks.rows.len;
    for (size_t i = 0; i < peers; i++)
        if (is_chatter(o, &talks.rows.ptr[i], seconds, &chatter) &&
            chatter.time_share > most.time_share)
            most = chatter;
    talks_done(&talks);
    if (seconds <= 0)
        return answer_unseen(f, "how many questions each request asks of others",
            "neither system calls nor sockets were looked at", "run prof as root");
    if (most.peer.count)
        return found(o, &most, f);
    return peers ? answer_healthy(f, "requests do not ask others many times over") : ANSWER_SILENT;
}

const struct rule rule_n_plus_one = {
    .id = "n-plus-one",
    .title = "Many questions for one request",
    .role = RULE_VERDICT,
    .repeats = true,
    .look = look,
};
