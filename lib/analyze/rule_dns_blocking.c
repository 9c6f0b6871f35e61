// SPDX-License-Identifier: MIT
/* Threads that wait for names to be looked up: docs/rules/dns-blocking.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_WAITS = 50, LEAST_WAITS = 5 };
#define LEAST_SHARE 0.05 /* of a thread's active time */
#define LEAST_NS 100e6

struct lookups {
    const struct observed_thread *thread; /* that waits for the largest share */
    uint64_t ns, count;                   /* of its process */
    double share;
    struct slice server;
};

static uint64_t *waited_for_names(const struct observed *o)
{
    struct wait_filter by_name = { .kinds = WAITS_PEER | WAITS(FILE) | WAITS(UNKNOWN) | WAITS(LOOP),
        .any_frame = TRAIT(DNS) };
    uint64_t *ns = waited_by_thread(o, &by_name);
    struct wait_filter by_port = { .kinds = WAITS(UDP) | WAITS(TCP), .no_frame = TRAIT(DNS) };
    struct object_waits waits;
    object_waits_of(o, &by_port, &waits);
    for (size_t i = 0; i < waits.rows.len; i++)
        if (slice_ends(waits.rows.ptr[i].object, ":53"))
            ns[waits.rows.ptr[i].thread.i] += waits.rows.ptr[i].ns;
    object_waits_done(&waits);
    return ns;
}

static void add_server(const struct observed *o, struct lookups *l)
{
    struct wait_filter filter = { .kinds = WAITS_PEER, .process = l->thread->process };
    struct object_waits waits;
    object_waits_of(o, &filter, &waits);
    for (size_t i = 0; i < waits.rows.len; i++) {
        if (!slice_ends(waits.rows.ptr[i].object, ":53"))
            continue;
        l->count += waits.rows.ptr[i].count;
        if (!l->server.len)
            l->server = waits.rows.ptr[i].object;
    }
    object_waits_done(&waits);
    struct wait_filter by_name = { .any_frame = TRAIT(DNS), .process = l->thread->process };
    struct amount amount = waited(o, &by_name);
    l->count = amount.count > l->count ? amount.count : l->count;
}

static struct lookups measure(const struct observed *o)
{
    struct lookups l = { 0 };
    uint64_t *active = active_by_thread(o), *names = waited_for_names(o);
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        uint64_t ns = names[t->id.i];
        /* What idle threads of a resolver library wait for is its peer's answer, so active. */
        double share = active[t->id.i] ? fmin(1, (double)ns / (double)active[t->id.i]) : 0;
        l.ns += ns;
        if (share > l.share && (double)ns >= LEAST_NS) {
            l.share = share;
            l.thread = t;
        }
    }
    free(active);
    free(names);
    if (l.thread)
        add_server(o, &l);
    return l;
}

static const char *advice_for(enum runtime runtime)
{
    if (runtime == RUNTIME_NODE)
        return "dns.lookup() occupies a worker of the thread pool: cache addresses "
               "(cacheable-lookup), keep "
               "connections open, or use dns.resolve().";
    return "Keep connections open so that names are looked up seldom, cache addresses, run a "
           "caching resolver on "
           "the machine (systemd-resolved, nscd, dnsmasq), or use an asynchronous one (c-ares).";
}

static enum answer found(const struct observed *o, const struct lookups *l, struct finding *f)
{
    const struct observed_process *process = observed_process(o, l->thread->process);
    struct selection waits = { .channel = CHANNEL_WAIT,
        .process = l->thread->process,
        .any_frame = TRAIT(DNS),
        .steady = true };
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_thread(o, l->thread, &name);
    f->severity = SEVERITY_WARNING;
    f->confidence = confidence_by(o, l->count >= SURE_WAITS);
    f->weight = l->share;
    f->explains = "downstream-wait";
    f->thread = l->thread->id;
    f->process = l->thread->process;
    f->channel = CHANNEL_WAIT;
    finding_say(&f->summary,
        "%s waits for host names to be looked up for %s of its busy time (%s in all)%s%.*s.",
        name.ptr, words_share(l->share).text, words_ns((double)l->ns).text,
        l->server.len ? ", by " : "", SLICE_ARG(l->server));
    finding_say(&f->advice, "%s", advice_for(process ? process->runtime : RUNTIME_NATIVE));
    finding_say(&f->alternative,
        "A resolver that is slow once, for its first question, is no pattern: look at "
        "how the waits are spread over time.");
    finding_say(&f->command, "grep nameserver /etc/resolv.conf; time getent ahosts NAME");
    finding_prove(f, l->share, LEAST_SHARE, "share", l->count,
        "busy time of the thread that it waits for names");
    finding_prove(f, (double)l->ns, LEAST_NS, "ns", l->count, "waited for names, all threads");
    /* By port alone there are no frames that say so. */
    if (observed_sum(o, &waits).count == 0) {
        waits.any_frame = 0;
        waits.wait_kinds = WAITS(UDP);
    }
    finding_blame(f, o, &waits, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    if (!o->has_waits)
        return answer_no_waits(f, "waiting for host names");
    struct lookups l = measure(o);
    if (l.thread && l.share >= LEAST_SHARE && l.count >= LEAST_WAITS)
        return found(o, &l, f);
    return answer_healthy(f, "hardly any time is spent waiting for host names");
}

const struct rule rule_dns_blocking = {
    .id = "dns-blocking",
    .title = "Waiting for host names",
    .role = RULE_VERDICT,
    .look = look,
};
