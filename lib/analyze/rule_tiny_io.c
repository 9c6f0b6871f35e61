// SPDX-License-Identifier: MIT
/* Very many system calls that move a few bytes each: docs/rules/tiny-io.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/growth.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { LEAST_CALLS = 1000 };
#define STORM_PER_S 20000.0
#define SMALL_SHARE 0.8
#define SMALL_BYTES 512.0
#define LEAST_SECONDS 3.0
#define SLEEPS_SHARE 0.1 /* of the calls */

/* What a read or write takes in the kernel at least, for the share of CPU time when the kernel is
 * not sampled: 0.2 to 0.5 us on machines of the last ten years. */
#define CALL_NS 250.0

/* Sockets to clients and peers carry messages as large as the others make them. */
#define OWN_CHOICE (WAITS(FILE) | WAITS(PIPE) | WAITS(TTY) | WAITS(UNKNOWN))

struct tiny {
    struct process_id process;
    struct string_id what; /* 0: by /proc, not known */
    double per_s, bytes;   /* calls, bytes for each */
    double share;          /* of the process's CPU time */
    uint64_t calls;
    bool counted; /* in bursts, not by /proc alone */
};

static double share_of_cpu(const struct observed *o, struct process_id process, double per_s)
{
    const struct observed_process *p = observed_process(o, process);
    double cores = p ? (double)p->on_cpu_ns / 1e9 / fmax(o->seconds, 1e-3) : o->cores;
    struct selection all = { .process = process, .steady = true };
    struct selection kernel = { .process = process, .any_frame = TRAIT(SYSCALL), .steady = true };
    struct share measured = observed_share(o, &kernel, &all);
    if (measured.part.count > 0)
        return measured.low;
    return fmin(1, per_s * CALL_NS / 1e9 / fmax(cores, 1e-3));
}

/* Threads that go to sleep in every few calls hand each other messages: what costs them is
 * switching, and there is nothing to put together. */
static bool hands_over(const struct observed *o, struct process_id process, double calls_per_s)
{
    return observed_rate(o, "switches_voluntary", process) > SLEEPS_SHARE * calls_per_s;
}

/* By bursts: one object, one operation. */
static bool by_bursts(const struct observed *o, struct tiny *ret)
{
    struct talks talks;
    double seconds = burst_seconds(o);
    *ret = (struct tiny){ .counted = true };
    talks_of(o, "syscall", OWN_CHOICE, true, &talks);
    for (size_t i = 0; i < talks.rows.len && seconds > 0; i++) {
        const struct talk *t = &talks.rows.ptr[i];
        double per_s = (double)t->count / seconds, small = (double)t->small / (double)t->count;
        double bytes = (double)t->bytes / (double)t->count;
        if (t->count < LEAST_CALLS || per_s < STORM_PER_S || per_s <= ret->per_s)
            continue;
        if (small < SMALL_SHARE || bytes >= SMALL_BYTES || t->bytes == 0)
            continue;
        if (hands_over(o, t->process, per_s))
            continue;
        ret->process = t->process;
        ret->what = t->what;
        ret->per_s = per_s;
        ret->bytes = bytes;
        ret->calls = t->count;
    }
    talks_done(&talks);
    if (ret->per_s > 0)
        ret->share = share_of_cpu(o, ret->process, ret->per_s);
    return ret->per_s > 0;
}

/* By /proc/PID/io, for processes without sockets: it counts reads and writes of all descriptors. */
static bool by_proc(const struct observed *o, struct tiny *ret)
{
    for (uint32_t i = 0; i < o->process_count; i++) {
        if (!o->processes[i].lasts)
            continue;
        struct process_id id = o->processes[i].id;
        double calls =
            observed_rate(o, "io_read_calls", id) + observed_rate(o, "io_write_calls", id);
        double chars =
            observed_rate(o, "io_read_chars", id) + observed_rate(o, "io_write_chars", id);
        double sockets = share_at_least(o, "fds_socket", id, 1);
        if (!(calls >= STORM_PER_S) || !(chars / calls < SMALL_BYTES) || !(sockets < 0.1) ||
            hands_over(o, id, calls))
            continue;
        *ret = (struct tiny){ .process = id, .per_s = calls, .bytes = chars / calls };
        ret->calls = (uint64_t)(calls * o->steady_seconds);
        ret->share = share_of_cpu(o, id, calls);
        return true;
    }
    return false;
}

static enum answer found(const struct observed *o, const struct tiny *t, struct finding *f)
{
    struct selection calls = {
        .process = t->process, .any_frame = TRAIT(SYSCALL) | TRAIT(FILE_IO), .steady = true
    };
    struct selection all = { .process = t->process, .steady = true };
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_process(o, t->process, &name);
    f->severity = SEVERITY_WARNING;
    f->confidence = t->counted ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
    f->weight = t->share;
    f->process = t->process;
    finding_say(&f->summary, "%s makes %s calls a second that move %s bytes each on average%s%s%s.",
        name.ptr, words_count(t->per_s).text, words_of(t->bytes, "").text,
        t->what.i ? ", mostly '" : "", profile_string(o->profile, t->what).ptr,
        t->what.i ? "'" : "");
    finding_say(&f->advice,
        "Move more at once: a buffer of 64 KiB (stdio, BufReader and BufWriter, "
        "bufio), readv() and writev(), copy_file_range() or splice() for copies.");
    finding_say(&f->alternative,
        "Each message may really be that small and urgent, as keys of a terminal are.");
    finding_say(&f->command, "strace -f -c -p %d", profile_process(o->profile, t->process)->pid);
    finding_prove(
        f, t->per_s, STORM_PER_S, "1/s", t->calls, "calls%s", t->counted ? ", in bursts" : "");
    finding_prove(f, t->bytes, SMALL_BYTES, "bytes", t->calls, "moved by each");
    const bool writes = observed_rate(o, "io_write_calls", t->process) >
                        observed_rate(o, "io_read_calls", t->process);
    finding_chart_series(f, o->profile, writes ? "io_write_calls" : "io_read_calls", t->process,
        (struct thread_id){ 0 }, true, STORM_PER_S,
        writes ? "calls that write" : "calls that read");
    finding_blame(f, o, observed_sum(o, &calls).count ? &calls : &all, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct tiny t;
    bool counted = !isnan(observed_rate(o, "io_read_calls", (struct process_id){ 0 }));
    if (o->steady_seconds >= LEAST_SECONDS && (by_bursts(o, &t) || by_proc(o, &t)) &&
        t.share >= 0.05)
        return found(o, &t, f);
    if (!counted && !o->has_bursts)
        return answer_unseen(f, "the size of reads and writes", "they were not counted",
            "run prof doctor as the user of the target, or as root");
    return answer_healthy(f, "reads and writes are few or not small");
}

const struct rule rule_tiny_io = {
    .id = "tiny-io",
    .title = "Many calls that move a few bytes",
    .role = RULE_VERDICT,
    .breadth = BREADTH_KIND, /* of logging, for instance */
    .repeats = true,
    .look = look,
};
