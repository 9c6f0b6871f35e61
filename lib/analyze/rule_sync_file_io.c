// SPDX-License-Identifier: MIT
/* Files read or written on the loop's own thread: docs/rules/sync-file-io.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_SAMPLES = 200, LONG_TURNS = 5 };
#define LONG_NS 10e6
#define LEAST_SHARE 0.05 /* of the loop's active time */
#define CRITICAL_SHARE 0.3
#define LEAST_OF_RUN 0.01 /* of the run, that nobody else was served: less is felt by nobody */

/* Synchronous by name, but not about files; and what is read to load code. */
#define NOT_FILES (TRAIT(CRYPTO) | TRAIT(COMPRESS) | TRAIT(EXEC) | TRAIT(STARTUP) | TRAIT(LOGGING))

typedef VEC(struct interval) interval_vec;

struct file_io {
    const struct observed_thread *loop;
    struct share cpu;    /* by name: samples in calls that are synchronous by their names */
    struct amount turns; /* samples on files in turns longer than LONG_NS */
    uint64_t blocked_ns, active_ns;
    uint32_t long_turns; /* that were mostly spent so */
    interval_vec in;
    double share;
    bool matters;
};

/* The loop's turns of LONG_NS and more, in order. */
static void collect_turns(const struct observed *o, struct file_io *io)
{
    uint32_t count;
    uint64_t last = 0;
    const struct span *spans = profile_spans(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct span *s = &spans[i];
        if (s->kind != SPAN_TURN || s->thread.i != io->loop->id.i ||
            (double)s->duration_ns < LONG_NS)
            continue;
        if (s->start_ns < o->steady_from_ns || s->start_ns < last)
            continue;
        struct interval turn = { s->start_ns, s->start_ns + s->duration_ns };
        last = turn.to_ns;
        vec_push(&io->in, turn);
    }
}

/* A server that opens and sends small files in short turns does its job: file work counts when its
 * call is synchronous by name, or when it makes turns long, or when the thread sleeps in it. */
static void measure(const struct observed *o, uint64_t active_ns, struct file_io *io)
{
    struct selection all = { .thread = io->loop->id, .steady = true };
    struct selection named = {
        .thread = io->loop->id, .any_frame = TRAIT(SYNC_API), .no_frame = NOT_FILES, .steady = true
    };
    struct wait_filter waits = {
        .kinds = WAITS(FILE), .no_frame = NOT_FILES, .thread = io->loop->id
    };
    io->cpu = observed_share(o, &named, &all);
    collect_turns(o, io);
    if (io->in.len) {
        struct selection in_turns = { .thread = io->loop->id,
            .any_frame = TRAIT(FILE_IO),
            .no_frame = NOT_FILES | TRAIT(SYNC_API),
            .in = io->in.ptr,
            .in_count = io->in.len };
        io->turns = observed_sum(o, &in_turns);
    }
    io->blocked_ns = waited(o, &waits).weight;
    io->active_ns = active_ns;
    double cpu = io->cpu.low * (double)io->loop->on_cpu_ns + (double)io->turns.weight;
    double ns = cpu + (double)io->blocked_ns;
    io->share = active_ns ? fmin(1, ns / (double)active_ns) : 0;
    /* On a machine of its own, the same work would have filled more of the run. */
    double alone_ns = ns / fmax(1 - o->starved_share, 0.05);
    io->matters = alone_ns >= LEAST_OF_RUN * o->steady_seconds * 1e9;
}

static void say_words(const struct observed *o, const struct file_io *io, struct finding *f)
{
    const struct process *process = profile_process(o->profile, io->loop->process);
    const struct observed_process *observed = observed_process(o, io->loop->process);
    const char *name = profile_string(o->profile, process->name).ptr;
    finding_say(&f->summary,
        "The event loop of %s (pid %d) spends %s of its busy time reading and writing "
        "files itself (%s on the CPU, %s waiting); nothing else is served meanwhile.",
        name, process->pid, words_share(io->share).text,
        words_ns((double)io->cpu.part.weight + (double)io->turns.weight).text,
        words_ns((double)io->blocked_ns).text);
    if (observed && observed->runtime == RUNTIME_NODE)
        finding_say(&f->advice,
            "Use fs.promises or streams instead of the Sync calls, and keep in memory "
            "what is read again and again.");
    else
        finding_say(&f->advice,
            "Read files in another thread or with io_uring, send them with sendfile(), "
            "and keep in memory what is read again and again.");
    finding_say(&f->alternative,
        "Reading configuration once, at start-up, is no harm; what is counted "
        "here happened later.");
    finding_say(
        &f->command, "strace -f -T -e trace=openat,read,pread64,write,stat -p %d", process->pid);
}

static enum answer found(const struct observed *o, const struct file_io *io, struct finding *f)
{
    bool by_name = io->cpu.part.weight >= io->turns.weight;
    struct selection cpu = { .thread = io->loop->id, .no_frame = NOT_FILES, .steady = true };
    cpu.any_frame = by_name ? TRAIT(SYNC_API) : TRAIT(FILE_IO);
    struct selection waits = {
        .channel = CHANNEL_WAIT, .thread = io->loop->id, .wait_kinds = WAITS(FILE), .steady = true
    };
    bool waiting = io->blocked_ns > io->cpu.part.weight + io->turns.weight;
    f->severity = io->share >= CRITICAL_SHARE ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    f->confidence = confidence_by(o, io->cpu.n >= SURE_SAMPLES);
    f->weight = io->share;
    f->thread = io->loop->id;
    f->process = io->loop->process;
    f->channel = waiting ? CHANNEL_WAIT : CHANNEL_CPU;
    say_words(o, io, f);
    finding_prove(
        f, io->share, LEAST_SHARE, "share", io->cpu.n, "busy time of the loop spent on files");
    finding_prove(f, (double)io->blocked_ns, (double)NAN, "ns", 0, "waited for files");
    finding_prove(
        f, (double)io->in.len, (double)NAN, "count", io->loop->turns, "turns longer than 10 ms");
    finding_chart_spans(f, SPAN_TURN, io->loop->id, LONG_NS, "Turns of the event loop");
    finding_blame(f, o, waiting ? &waits : &cpu, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    enum answer answer = ANSWER_SILENT;
    uint64_t *active = active_by_thread(o);
    for (uint32_t i = 0; i < o->thread_count && answer != ANSWER_FOUND; i++) {
        const struct observed_thread *t = &o->threads[i];
        struct file_io io = { .loop = t };
        if (t->role != ROLE_LOOP)
            continue;
        measure(o, active[t->id.i], &io);
        answer = io.matters && io.share >= LEAST_SHARE ? found(o, &io, f) : ANSWER_HEALTHY;
        vec_done(&io.in);
    }
    free(active);
    if (answer == ANSWER_HEALTHY)
        return answer_healthy(f, "the event loop reads no files itself that would hold it up");
    return answer;
}

const struct rule rule_sync_file_io = {
    .id = "sync-file-io",
    .title = "The event loop reads or writes files itself",
    .role = RULE_VERDICT,
    .look = look,
};
