// SPDX-License-Identifier: MIT
/* The loop's thread waits for something other than its events: docs/rules/loop-blocked-io.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { LONG_TURNS = 5, SURE_WAITS = 50 };
#define LONG_NS 10e6
#define LEAST_SHARE 0.05  /* of the loop's active time */
#define BRIEFLY_SHARE 0.2 /* of waits none of which made a turn long: less is a remark */
#define CRITICAL_SHARE 0.3

/* Files are sync-file-io's; of locks only those that a collector's helpers do not hold. */
#define BLOCKING                                                                                   \
    (WAITS(SYNC) | WAITS(PIPE) | WAITS_PEER | WAITS(CHILD) | WAITS(FUTEX) | WAITS(SLEEP) |         \
        WAITS(TTY))

struct blocked {
    const struct observed_thread *loop;
    struct wait_filter filter;
    double share; /* of the loop's active time */
    uint64_t ns, count;
    uint32_t long_turns; /* blocked for LONG_NS or more */
    uint64_t longest_ns;
};

static void count_turns(const struct observed *o, struct blocked *b)
{
    uint32_t count;
    const struct span *spans = profile_spans(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct span *s = &spans[i];
        if (s->kind != SPAN_TURN || s->thread.i != b->loop->id.i || s->start_ns < o->steady_from_ns)
            continue;
        b->long_turns += (double)s->blocked_ns >= LONG_NS;
        b->longest_ns = s->blocked_ns > b->longest_ns ? s->blocked_ns : b->longest_ns;
    }
}

static void measure(const struct observed *o, const struct observed_thread *t,
    const uint64_t *active, struct blocked *ret)
{
    *ret = (struct blocked){ .loop = t };
    ret->filter = (struct wait_filter){
        .kinds = BLOCKING, .no_frame = TRAIT(GC) | TRAIT(COMPILER) | TRAIT(STARTUP), .thread = t->id
    };
    /* Whoever holds a lock may only be waiting for a CPU; and a script of node takes none, its
     * runtime does. */
    const struct observed_process *process = observed_process(o, t->process);
    if (o->starved || (process && process->runtime == RUNTIME_NODE))
        ret->filter.kinds &= ~WAITS(FUTEX);
    struct amount amount = waited(o, &ret->filter);
    ret->ns = amount.weight;
    ret->count = amount.count;
    ret->share = active[t->id.i] ? fmin(1, (double)ret->ns / (double)active[t->id.i]) : 0;
    count_turns(o, ret);
}

/* Long turns alone do not say why they were blocked, so there must be waits of these kinds too. */
static bool is_blocked(const struct blocked *b)
{
    bool often = b->count >= LONG_TURNS && b->long_turns >= LONG_TURNS && b->share >= 0.01;
    return often || (b->count >= 3 && b->ns >= 100000000 && b->share >= LEAST_SHARE);
}

/* What waits for a child's output waits for the child. */
static enum wait_kind kind_of(
    const struct observed *o, const struct blocked *b, const struct object_wait *most)
{
    struct wait_filter starting = b->filter;
    starting.any_frame = TRAIT(EXEC);
    return waited(o, &starting).weight > b->ns / 2 ? WAIT_CHILD : most->kind;
}

static const char *advice_for(enum wait_kind kind, enum runtime runtime)
{
    bool node = runtime == RUNTIME_NODE;
    switch (kind) {
    case WAIT_CHILD:
        return node ? "Start the program with spawn() or execFile() instead of their Sync forms."
                    : "Start the program without waiting for it on the loop's thread (a SIGCHLD "
                      "handler, pidfd_open() in the loop, or another thread).";
    case WAIT_SLEEP:
        return "Use a timer of the loop instead of sleeping.";
    case WAIT_FUTEX:
        return "Do not take locks on the loop's thread that others hold for long: hand the work "
               "over by a queue.";
    case WAIT_SYNC:
        return "Let another thread wait for storage (a thread pool, io_uring), and group commits.";
    case WAIT_PIPE:
    case WAIT_TTY:
        return "Whoever reads that output is too slow: write it without blocking and from a queue, "
               "and write less.";
    case WAIT_TCP:
    case WAIT_UDP:
    case WAIT_UNIX:
        return "Use the client's asynchronous interface, or make the call in another thread: "
               "nothing "
               "else is served meanwhile.";
    case WAIT_UNKNOWN:
    case WAIT_QUEUE:
    case WAIT_LOOP:
    case WAIT_ACCEPT:
    case WAIT_FILE:
    case WAIT_CLIENT:
    case WAIT_EVENT:
    case WAIT_FAULT:
    case WAIT_KINDS:
        break;
    }
    return "Wait for it by an event of the loop, or in another thread.";
}

static void say_words(const struct observed *o, const struct blocked *b, struct finding *f)
{
    struct object_waits objects;
    object_waits_of(o, &b->filter, &objects);
    const struct object_wait *most = objects.rows.ptr; /* there is one: ns > 0 */
    const struct process *process = profile_process(o->profile, b->loop->process);
    const struct observed_process *observed = observed_process(o, b->loop->process);
    const enum wait_kind kind = kind_of(o, b, most);
    PROF_CLEANUP(strbuf_done) struct strbuf whom = STRBUF_INIT;
    if (kind == WAIT_CHILD)
        strbuf_addf(&whom, "for programs that it starts (%s in all)", words_ns((double)b->ns).text);
    else
        strbuf_addf(&whom, "(%s in all), mostly in '%s'", words_ns((double)b->ns).text,
            profile_string(o->profile, most->on).ptr);
    finding_say(&f->summary,
        "The event loop of %s (pid %d) stood still for %s of its busy time, waiting %s.",
        profile_string(o->profile, process->name).ptr, process->pid, words_share(b->share).text,
        whom.ptr);
    if (b->long_turns)
        finding_say(&f->detail, "%u turns waited for more than 10 ms, the longest for %s.",
            b->long_turns, words_ns((double)b->longest_ns).text);
    else if (b->longest_ns)
        finding_say(&f->detail, "No turn waited for as long as 10 ms, the longest for %s.",
            words_ns((double)b->longest_ns).text);
    finding_say(&f->advice, "%s", advice_for(kind, observed ? observed->runtime : RUNTIME_NATIVE));
    finding_say(&f->command, "strace -f -T -e trace=!epoll_wait,epoll_pwait -p %d  # slow calls",
        process->pid);
    finding_prove(
        f, b->share, LEAST_SHARE, "share", b->count, "busy time of the loop that it waited");
    if (b->loop->turns)
        finding_prove(f, b->long_turns, LONG_TURNS, "count", b->loop->turns,
            "turns that waited for more than 10 ms");
    object_waits_done(&objects);
}

static enum answer found(const struct observed *o, const struct blocked *b, struct finding *f)
{
    struct selection waits = { .channel = CHANNEL_WAIT,
        .thread = b->loop->id,
        .wait_kinds = BLOCKING,
        .no_frame = b->filter.no_frame,
        .steady = true };
    const bool briefly = b->loop->turns > 0 && b->long_turns == 0 && b->share < BRIEFLY_SHARE;
    f->severity = briefly                      ? SEVERITY_INFO
                  : b->share >= CRITICAL_SHARE ? SEVERITY_CRITICAL
                                               : SEVERITY_WARNING;
    f->confidence = confidence_by(o, b->count >= SURE_WAITS || b->long_turns >= LONG_TURNS);
    f->weight = b->share;
    f->thread = b->loop->id;
    f->process = b->loop->process;
    f->channel = CHANNEL_WAIT;
    say_words(o, b, f);
    finding_say(&f->alternative,
        "A thread that is called a loop here because it waits for events may "
        "have nobody else to serve: then waiting is no harm.");
    finding_chart_spans(f, SPAN_TURN, b->loop->id, LONG_NS, "Turns of the event loop");
    finding_blame(f, o, &waits, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    if (!o->loop)
        return ANSWER_SILENT;
    if (!o->has_waits)
        return answer_no_waits(f, "waiting on the event loop");
    uint64_t *active = active_by_thread(o);
    struct blocked worst = { 0 };
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct blocked b;
        if (o->threads[i].role != ROLE_LOOP)
            continue;
        measure(o, &o->threads[i], active, &b);
        if (is_blocked(&b) && b.share > worst.share)
            worst = b;
    }
    free(active);
    if (worst.loop)
        return found(o, &worst, f);
    return answer_healthy(f, "the event loop waits for its events and for nothing else");
}

const struct rule rule_loop_blocked_io = {
    .id = "loop-blocked-io",
    .title = "The event loop stands still, waiting",
    .role = RULE_VERDICT,
    .breadth = BREADTH_SYMPTOM,
    .look = look,
};
