// SPDX-License-Identifier: MIT
/* A loop that asks for events without ever sleeping, or tries its descriptors in turn:
 * docs/rules/busy-polling.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/stats.h"
#include "analyze/talk.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { LEAST_POLLS = 500, LEAST_SAMPLES = 40 };
#define POLLS_PER_S 1000.0
#define BUSY_SHARE 0.8      /* of the thread's time, on the CPU */
#define POLL_NS 20e3        /* a poll that does not sleep returns within this */
#define OTHERS_FOR_EACH 0.5 /* other calls for each poll: fewer mean that most found nothing */
#define OTHERS_FOR_TRY 1.0  /* of a thread that only tries; reading all there is takes 2 */
#define Z_95 1.96
#define SAMPLES_SHARE 0.5 /* without counts: CPU samples that are in the poll itself */

struct polling {
    const struct observed_thread *thread;
    double per_s, others; /* others: calls for each poll; NAN: by samples only */
    double limit;         /* of others */
    double share;         /* of its CPU time */
    uint64_t polls;       /* with tries that were refused */
    bool tries;           /* most are tries */
};

static double busy_share(const struct observed_thread *t)
{
    double total = (double)(t->on_cpu_ns + t->queued_ns);
    return t->lived_ns ? total / (double)t->lived_ns : 0;
}

/* A system call that waits for events, a loop's function, and what is below it in libc and the
 * kernel. */
static bool is_poll(struct slice name)
{
    static const char *const names[] = { "epoll_wait", "epoll_pwait", "poll", "__poll", "ppoll",
        "select", "__select", "pselect", "pselect6", "io_uring_enter", "do_epoll_wait", "ep_poll",
        "do_sys_poll", "do_select" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(names); i++)
        if (slice_is(name, names[i]))
            return true;
    return false;
}

struct calls {
    uint64_t polls, refused, all; /* refused: not ready, EAGAIN */
    uint64_t ns;                  /* of polls and refused */
};

/* Calls of the thread in bursts. */
static struct calls calls_of(const struct observed *o, struct thread_id thread)
{
    uint32_t count;
    struct calls c = { 0 };
    const struct tally *tallies = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        struct slice name = profile_string(o->profile, t->name);
        if (t->thread.i != thread.i)
            continue;
        if (slice_is(name, "again")) {
            c.refused += t->count;
            c.ns += t->ns;
        } else if (slice_is(name, "syscall")) {
            /* One that asks about a single descriptor is named after that, not after a loop. */
            struct wait w = wait_parse(profile_string(o->profile, t->what));
            bool poll = w.kind == WAIT_LOOP || is_poll(w.operation);
            c.all += t->count;
            c.polls += poll ? t->count : 0;
            c.ns += poll ? t->ns : 0;
        }
    }
    return c;
}

static bool count_calls(const struct observed *o, struct polling *p)
{
    double seconds = burst_seconds(o);
    struct calls c = calls_of(o, p->thread->id);
    uint64_t polls = c.polls + c.refused;
    if (seconds <= 0 || polls < LEAST_POLLS || (double)c.ns > POLL_NS * (double)polls)
        return false;
    p->polls = polls;
    p->tries = c.refused > c.polls;
    p->per_s = (double)polls / seconds;
    p->others = (double)(c.all - polls) / (double)polls;
    p->limit = c.polls * 100 < c.refused ? OTHERS_FOR_TRY : OTHERS_FOR_EACH;
    return p->per_s >= POLLS_PER_S && p->others < p->limit;
}

/* The share of its samples that end in a poll. */
static void add_samples(const struct observed *o, struct polling *p)
{
    struct func_amounts functions;
    struct selection own = { .thread = p->thread->id, .steady = true };
    uint64_t polls = 0, all = 0;
    observed_functions(o, &own, BLAME_SELF, &functions);
    for (size_t i = 0; i < functions.len; i++) {
        const struct func *f = profile_func(o->profile, functions.ptr[i].func);
        all += functions.ptr[i].amount.weight;
        polls += is_poll(profile_string(o->profile, f->name)) ? functions.ptr[i].amount.weight : 0;
    }
    func_amounts_done(&functions);
    p->share = all ? (double)polls / (double)all : 0;
}

/* Without bursts: what the timed calls of the whole run stand for. */
static bool count_timed(const struct observed *o, struct polling *p)
{
    uint32_t count;
    uint64_t polls = 0, all = 0;
    const struct tally *tallies = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        if (t->thread.i != p->thread->id.i ||
            !slice_is(profile_string(o->profile, t->name), "timed"))
            continue;
        all += t->count;
        polls += is_poll(profile_string(o->profile, t->what)) ? t->count : 0;
    }
    if (polls < LEAST_POLLS)
        return false;
    p->polls = polls;
    p->per_s = (double)polls * 1e9 / (double)p->thread->lived_ns;
    p->others = (double)(all - polls) / (double)polls;
    p->limit = OTHERS_FOR_EACH;
    return p->per_s >= POLLS_PER_S && p->others < p->limit;
}

static bool polls_busily(
    const struct observed *o, const struct observed_thread *t, struct polling *ret)
{
    *ret = (struct polling){ .thread = t, .others = (double)NAN };
    if (t->role == ROLE_HELPER || busy_share(t) < BUSY_SHARE)
        return false;
    add_samples(o, ret);
    if (count_calls(o, ret) || count_timed(o, ret))
        return true;
    ret->others = (double)NAN;
    /* A saturated loop that works spends most of its time elsewhere. */
    double low, high, samples = (double)t->cpu.count;
    wilson(ret->share * samples, samples, Z_95, &low, &high);
    return !o->has_bursts && low >= SAMPLES_SHARE && t->cpu.count >= LEAST_SAMPLES;
}

static void say_words(const struct observed *o, const struct polling *p, struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_thread(o, p->thread, &name);
    if (!isnan(p->others))
        finding_say(&f->summary,
            "%s %s %s times a second without ever sleeping, and mostly gets none: "
            "it keeps a CPU busy %s of the time.",
            name.ptr, p->tries ? "tries descriptors for data" : "asks for events",
            words_count(p->per_s).text, words_share(busy_share(p->thread)).text);
    else
        finding_say(&f->summary,
            "%s keeps a CPU busy %s of the time, and %s of that is asking for events.", name.ptr,
            words_share(busy_share(p->thread)).text, words_share(p->share).text);
    if (p->tries)
        finding_say(&f->advice,
            "Let one call sleep until any of the descriptors is ready: epoll_wait() or poll() over "
            "all of them, then read from those that it names.");
    else
        finding_say(&f->advice,
            "Let the call sleep until there is an event: a time-out of -1, or until the next "
            "timer. Check that a descriptor that is always ready (closed by the peer, an event "
            "nobody reads) is taken out of the set.");
    finding_say(
        &f->alternative, "Loops that own their CPU poll on purpose (DPDK, io_uring with SQPOLL).");
    finding_say(
        &f->command, "strace -f -c -p %d", profile_process(o->profile, p->thread->process)->pid);
}

static enum answer found(const struct observed *o, const struct polling *p, struct finding *f)
{
    struct selection own = { .thread = p->thread->id, .steady = true };
    bool counted = !isnan(p->others);
    f->severity = SEVERITY_WARNING;
    f->confidence = counted ? confidence_by(o, true) : CONFIDENCE_POSSIBLE;
    f->weight = fmin(1, busy_share(p->thread));
    f->explains = "single-core";
    f->thread = p->thread->id;
    f->process = p->thread->process;
    say_words(o, p, f);
    finding_prove(f, busy_share(p->thread), BUSY_SHARE, "share", p->thread->cpu.count,
        "time that the thread runs");
    if (counted) {
        finding_prove(f, p->per_s, POLLS_PER_S, "1/s", p->polls, "polls, in bursts");
        finding_prove(f, p->others, p->limit, "count", p->polls, "other calls for each poll");
    } else {
        finding_prove(f, p->share, SAMPLES_SHARE, "share", p->thread->cpu.count,
            "CPU time in the poll itself");
    }
    finding_blame(f, o, &own, 3);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    bool any = false;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct polling p;
        if (polls_busily(o, &o->threads[i], &p))
            return found(o, &p, f);
        any |= o->threads[i].role == ROLE_LOOP;
    }
    return any ? answer_healthy(f, "the event loop sleeps when there is nothing to do")
               : ANSWER_SILENT;
}

const struct rule rule_busy_polling = {
    .id = "busy-polling",
    .title = "The loop polls without sleeping",
    .role = RULE_VERDICT,
    .look = look,
};
