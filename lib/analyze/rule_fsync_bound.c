// SPDX-License-Identifier: MIT
/* Threads that wait until data is on storage: docs/rules/fsync-bound.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/waits.h"
#include "analyze/words.h"
#include "base/alloc.h"

enum { SURE_SYNCS = 50, LEAST_SYNCS = 10 };
#define LEAST_SHARE 0.2 /* of a thread's active time */
#define OFTEN_PER_S 100 /* syncs one by one: then sleeps in between are no part of the work */
#define LEAST_OF_RUN                                                                               \
    0.05 /* what a program of a moment does, one of many, does not matter to the run */

/* Made to wait for storage; group commit is their business, and usually on. */
static const char *const databases[] = { "postgres", "mysqld", "mariadbd", "mongod", "etcd",
    "redis-server", "valkey-server", "beam.smp", "cockroach" };

struct syncing {
    struct thread_id thread;
    uint64_t ns, count; /* of that thread */
    double share;       /* of that thread's active time */
    struct slice file;
};

static bool is_database(const struct observed *o, struct process_id process)
{
    const struct process *row = profile_process(o->profile, process);
    struct slice exe = slice_basename(profile_string(o->profile, row->exe));
    for (size_t i = 0; i < PROF_ARRAY_LEN(databases); i++)
        if (slice_is(exe, databases[i]) ||
            slice_is(profile_string(o->profile, row->name), databases[i]))
            return true;
    return false;
}

static bool is_timed_sync(const struct observed *o, const struct tally *t)
{
    const struct slice what = profile_string(o->profile, t->what);
    return slice_is(profile_string(o->profile, t->name), "timed") &&
           (slice_is(what, "fsync") || slice_is(what, "fdatasync"));
}

/* By thread, over the steady time: as seen by looks, with what timed calls took on the CPU, or as
 * counted in bursts, whichever is more. A call that takes less than a look is long gone when its
 * thread is looked at, and much of it may be the kernel's work rather than a wait. Free the result.
 */
static uint64_t *synced_by_thread(const struct observed *o)
{
    uint32_t count, threads = profile_thread_count(o->profile);
    const struct tally *tallies = profile_tallies(o->profile, &count);
    const double bursts = burst_seconds(o), scale = bursts > 0 ? o->steady_seconds / bursts : 0;
    uint64_t *ns = waited_by_thread(o, &(struct wait_filter){ .kinds = WAITS(SYNC) });
    uint64_t *counted = xcalloc(threads + 1, sizeof *counted);
    for (uint32_t i = 0; i < count; i++) {
        if (is_timed_sync(o, &tallies[i]))
            ns[tallies[i].thread.i] += tallies[i].ns;
        else if (slice_is(profile_string(o->profile, tallies[i].name), "syscall") &&
                 wait_parse(profile_string(o->profile, tallies[i].what)).kind == WAIT_SYNC)
            counted[tallies[i].thread.i] += tallies[i].ns;
    }
    for (uint32_t i = 0; i <= threads; i++) {
        const double in_all = (double)counted[i] * scale;
        ns[i] = in_all > (double)ns[i] ? (uint64_t)in_all : ns[i];
    }
    free(counted);
    return ns;
}

/* How often each thread waited so, by its switches or by timed calls. Free the result. */
static uint64_t *waits_by_thread(const struct observed *o)
{
    uint32_t count, threads = profile_thread_count(o->profile);
    const struct tally *tallies = profile_tallies(o->profile, &count);
    uint64_t *waits = xcalloc(threads + 1, sizeof *waits);
    uint64_t *timed = xcalloc(threads + 1, sizeof *timed);
    for (uint32_t i = 0; i < count; i++) {
        if (is_timed_sync(o, &tallies[i]))
            timed[tallies[i].thread.i] += tallies[i].count;
        else if (slice_is(profile_string(o->profile, tallies[i].name), "wait") &&
                 wait_parse(profile_string(o->profile, tallies[i].what)).kind == WAIT_SYNC)
            waits[tallies[i].thread.i] += tallies[i].count;
    }
    for (uint32_t i = 0; i <= threads; i++)
        waits[i] = timed[i] > waits[i] ? timed[i] : waits[i];
    free(timed);
    return waits;
}

/* A thread that sleeps between groups of records spends its waking time on them by design. One that
 * makes them durable one by one does not. */
static uint64_t *busy_by_thread(const struct observed *o, const uint64_t *waits)
{
    uint64_t *busy = active_by_thread(o);
    uint64_t *slept = waited_by_thread(o, &(struct wait_filter){ .kinds = WAITS(SLEEP) });
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const uint32_t id = o->threads[i].id.i;
        if ((double)waits[id] > OFTEN_PER_S * o->seconds && busy[id] > slept[id])
            busy[id] -= slept[id];
    }
    free(slept);
    return busy;
}

/* The thread that waits for storage for the largest share of what it does. */
static bool find_thread(const struct observed *o, struct syncing *ret)
{
    uint64_t *waits = waits_by_thread(o), *syncs = synced_by_thread(o);
    uint64_t *active = busy_by_thread(o, waits);
    double least_ns = LEAST_OF_RUN * (1 - o->starved_share) * o->steady_seconds * 1e9;
    *ret = (struct syncing){ 0 };
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        uint64_t ns = syncs[t->id.i];
        double share = active[t->id.i] ? (double)ns / (double)active[t->id.i] : 0;
        if (share <= ret->share || (double)ns < least_ns)
            continue;
        ret->share = fmin(1, share);
        ret->thread = t->id;
        ret->ns = ns;
        ret->count = waits[t->id.i];
    }
    free(waits);
    free(active);
    free(syncs);
    return ret->share >= LEAST_SHARE;
}

/* How often and on what: by counted calls where there are some, else by samples of waiting. */
static void add_files(const struct observed *o, struct syncing *s)
{
    struct wait_filter filter = { .kinds = WAITS(SYNC), .thread = s->thread };
    struct object_waits waits;
    object_waits_of(o, &filter, &waits);
    uint64_t sampled = 0;
    for (size_t i = 0; i < waits.rows.len; i++)
        sampled += waits.rows.ptr[i].count;
    if (waits.rows.len)
        s->file = waits.rows.ptr[0].object;
    object_waits_done(&waits);
    s->count = sampled > s->count ? sampled : s->count;
}

static enum answer found(const struct observed *o, const struct syncing *s, struct finding *f)
{
    const struct observed_thread *t = observed_thread(o, s->thread);
    struct selection waits = {
        .channel = CHANNEL_WAIT, .thread = s->thread, .wait_kinds = WAITS(SYNC), .steady = true
    };
    bool by_design = is_database(o, t->process);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_thread(o, t, &name);
    f->severity = by_design ? SEVERITY_INFO : SEVERITY_WARNING;
    f->confidence = confidence_by(o, s->count >= SURE_SYNCS);
    f->weight = s->share;
    f->thread = s->thread;
    f->process = t->process;
    f->channel = CHANNEL_WAIT;
    finding_say(&f->summary,
        "%s spends %s of its busy time waiting until data is on storage (%s, at least %s calls of "
        "fsync and its kin)%s%.*s.",
        name.ptr, words_share(s->share).text, words_ns((double)s->ns).text,
        words_count((double)s->count).text, s->file.len ? ", mostly of " : "", SLICE_ARG(s->file));
    finding_say(&f->advice, "%s",
        by_design ? "Commit more in one transaction, or put the log on faster storage. Switching "
                    "durability "
                    "off (synchronous_commit, appendfsync) loses the last writes when power fails."
                  : "Make several records durable by one call (group commit), let another thread "
                    "do it, or leave "
                    "it out where a record may be lost.");
    finding_say(&f->alternative, "Storage that others keep busy makes each call slow: compare with "
                                 "the machine's I/O (iostat).");
    finding_say(&f->command, "strace -f -T -e trace=fsync,fdatasync,msync,sync_file_range -p %d",
        profile_process(o->profile, t->process)->pid);
    finding_prove(f, s->share, LEAST_SHARE, "share", s->count,
        "busy time of the thread that it waits for storage");
    finding_blame(f, o, &waits, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct syncing s;
    if (!o->has_waits)
        return answer_no_waits(f, "waiting for storage");
    if (find_thread(o, &s)) {
        add_files(o, &s);
        if (s.count >= LEAST_SYNCS)
            return found(o, &s, f);
    }
    return answer_healthy(f, "no thread waits long until data is on storage");
}

const struct rule rule_fsync_bound = {
    .id = "fsync-bound",
    .title = "Waiting until data is on storage",
    .role = RULE_VERDICT,
    .look = look,
};
