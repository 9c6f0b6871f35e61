// SPDX-License-Identifier: MIT
/* Connections wait to be accepted while all workers wait: docs/rules/worker-starvation.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/growth.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { LEAST_WORKERS = 2, SURE_POINTS = 40 };
#define BACKLOG_SHARE 0.5
#define WAITING_SHARE 0.6
#define LEAST_SECONDS 3.0

/* What a worker waits for on somebody's behalf. */
#define ON_BEHALF                                                                                  \
    (WAITS_PEER | WAITS(FILE) | WAITS(SYNC) | WAITS(PIPE) | WAITS(CHILD) | WAITS(SLEEP) |          \
        WAITS(FUTEX))

struct starvation {
    struct process_id process;
    double backlog_share; /* of the points, connections waited to be accepted */
    struct growth backlog;
    uint32_t workers;
    double waiting; /* share of the workers' time */
    struct object_wait most;
};

/* Workers: threads that are no loop and no helper, and worked for or waited on somebody. */
static void add_workers(const struct observed *o, struct starvation *s)
{
    struct wait_filter filter = {
        .kinds = ON_BEHALF, .no_frame = TRAIT(CONDITION), .process = s->process
    };
    uint64_t *behalf = waited_by_thread(o, &filter);
    uint64_t lived = 0, waiting = 0;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        uint64_t steady = thread_steady_ns(o, t);
        bool works = (double)(behalf[t->id.i] + t->on_cpu_ns) >= 0.05 * (double)steady;
        if (t->process.i != s->process.i || t->role == ROLE_LOOP || t->role == ROLE_HELPER ||
            !works)
            continue;
        s->workers++;
        lived += steady;
        waiting += behalf[t->id.i];
    }
    s->waiting = lived ? (double)waiting / (double)lived : 0;
    free(behalf);
    struct object_waits objects;
    object_waits_of(o, &filter, &objects);
    if (objects.rows.len)
        s->most = objects.rows.ptr[0];
    object_waits_done(&objects);
}

static bool starves(const struct observed *o, struct process_id process, struct starvation *ret)
{
    *ret = (struct starvation){ .process = process };
    ret->backlog_share = share_at_least(o, "listen_backlog", process, 1);
    if (!(ret->backlog_share >= BACKLOG_SHARE) || o->steady_seconds < LEAST_SECONDS)
        return false;
    growth_of(o, "listen_backlog", process, LEAST_SECONDS, &ret->backlog);
    add_workers(o, ret);
    return ret->workers >= LEAST_WORKERS && ret->waiting >= WAITING_SHARE && ret->most.ns > 0;
}

static enum answer found(const struct observed *o, const struct starvation *s, struct finding *f)
{
    struct selection waits = { .channel = CHANNEL_WAIT,
        .process = s->process,
        .wait_kinds = ON_BEHALF,
        .no_frame = TRAIT(CONDITION),
        .steady = true };
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_process(o, s->process, &name);
    f->severity = SEVERITY_WARNING;
    f->confidence = confidence_by(o, s->backlog.trend.n >= SURE_POINTS);
    f->weight = s->waiting;
    f->process = s->process;
    f->channel = CHANNEL_WAIT;
    finding_say(&f->summary,
        "Connections wait to be accepted by %s %s of the time (up to %.0f), because its "
        "%u workers wait %s of theirs, mostly in '%s'.",
        name.ptr, words_share(s->backlog_share).text, s->backlog.largest, s->workers,
        words_share(s->waiting).text, profile_string(o->profile, s->most.on).ptr);
    finding_say(&f->advice,
        "Make what they wait for faster first; then have more workers, or wait without "
        "occupying one (asynchronous calls), and set time-outs.");
    finding_say(&f->alternative,
        "A burst of connections larger than the workers ever could take does the "
        "same for a moment.");
    finding_say(&f->command, "ss -ltn  # Recv-Q of the listening socket");
    finding_prove(f, s->backlog_share, BACKLOG_SHARE, "share", s->backlog.trend.n,
        "time with connections that wait to be accepted");
    finding_prove(
        f, s->waiting, WAITING_SHARE, "share", s->workers, "time of the workers that they wait");
    finding_chart_series(f, o->profile, "listen_backlog", s->process, (struct thread_id){ 0 },
        false, 1, "Connections waiting to be accepted");
    finding_blame(f, o, &waits, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    bool seen = false;
    for (uint32_t i = 0; i < o->process_count; i++) {
        if (!o->processes[i].lasts)
            continue;
        struct starvation s;
        if (starves(o, o->processes[i].id, &s))
            return found(o, &s, f);
        seen |= !isnan(s.backlog_share);
    }
    if (!seen)
        return ANSWER_SILENT; /* nothing listens, or sockets could not be read */
    return answer_healthy(f, "connections do not wait to be accepted while workers wait");
}

const struct rule rule_worker_starvation = {
    .id = "worker-starvation",
    .title = "All workers wait while connections queue",
    .role = RULE_VERDICT,
    .breadth = BREADTH_SYMPTOM,
    .look = look,
};
