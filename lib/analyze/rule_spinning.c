// SPDX-License-Identifier: MIT
/* CPU time spent waiting: docs/rules/spinning.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/talk.h"
#include "analyze/waits.h"
#include "analyze/words.h"

enum { SURE_SAMPLES = 200, LEAST_SAMPLES = 10 };
#define LEAST_SHARE 0.10
#define LEAST_CORES 0.05
#define CRITICAL_SHARE 0.5
#define YIELDS_PER_S 1000.0

/* Programs that spin for a moment before they sleep, by design. */
static const char *const spinners[] = { "postgres", "mysqld", "mariadbd", "java" };

struct spin {
    struct process_id process;
    struct share share;
    double yields_per_s; /* NAN: not counted */
};

static bool is_by_design(const struct observed *o, struct process_id process)
{
    struct slice name = profile_string(o->profile, profile_process(o->profile, process)->name);
    for (size_t i = 0; i < PROF_ARRAY_LEN(spinners); i++)
        if (slice_is(name, spinners[i]))
            return true;
    return false;
}

static double yields_per_s(const struct observed *o, struct process_id process)
{
    struct talks talks;
    double seconds = burst_seconds(o), count = 0;
    talks_of(o, "syscall", 0, true, &talks);
    for (size_t i = 0; i < talks.rows.len; i++) {
        struct wait w = wait_parse(profile_string(o->profile, talks.rows.ptr[i].what));
        if (talks.rows.ptr[i].process.i == process.i && slice_is(w.operation, "sched_yield"))
            count += (double)talks.rows.ptr[i].count;
    }
    talks_done(&talks);
    return seconds > 0 ? count / seconds : (double)NAN;
}

static struct spin measure(const struct observed *o, struct process_id process)
{
    struct selection all = { .process = process, .steady = true };
    struct selection part = { .process = process, .any_frame = TRAIT(SPIN), .steady = true };
    return (struct spin){ .process = process,
        .share = observed_share(o, &part, &all),
        .yields_per_s = yields_per_s(o, process) };
}

/* Of a core that it would have had for itself: less is no reason to act. */
static bool matters(const struct observed *o, struct process_id process)
{
    const struct observed_process *p = observed_process(o, process);
    double cores = p && o->seconds > 0 ? (double)p->on_cpu_ns / 1e9 / o->seconds : 0;
    return cores >= LEAST_CORES * (1 - o->starved_share);
}

static bool spins(const struct observed *o, const struct spin *s)
{
    if (s->share.part.count < LEAST_SAMPLES || !matters(o, s->process))
        return false;
    return s->share.low >= LEAST_SHARE ||
           (s->yields_per_s >= YIELDS_PER_S && s->share.value >= LEAST_SHARE);
}

static enum answer found(const struct observed *o, const struct spin *s, struct finding *f)
{
    struct selection part = { .process = s->process, .any_frame = TRAIT(SPIN), .steady = true };
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_process(o, s->process, &name);
    bool by_design = is_by_design(o, s->process) && s->share.low < CRITICAL_SHARE;
    f->severity = by_design                        ? SEVERITY_INFO
                  : s->share.low >= CRITICAL_SHARE ? SEVERITY_CRITICAL
                                                   : SEVERITY_WARNING;
    f->confidence = confidence_by(o, s->share.n >= SURE_SAMPLES);
    f->weight = s->share.value;
    f->process = s->process;
    finding_say(&f->summary, "%s spends %s of its CPU time spinning: running while it waits.",
        name.ptr, words_share(s->share.value).text);
    if (s->yields_per_s >= YIELDS_PER_S)
        finding_say(&f->detail,
            "It gives up the CPU %s times a second (sched_yield) and gets it back at once.",
            words_count(s->yields_per_s).text);
    finding_say(&f->advice,
        "Wait in the kernel: a mutex, a condition variable or a futex. If waits are known to "
        "be very short, spin for a bounded time first and never while the lock's holder can be "
        "off the CPU.");
    finding_say(&f->alternative,
        "Programs that own their CPUs (DPDK, low-latency trading) spin on purpose. A lock that is "
        "free at once, but whose memory must be fetched, takes its time in the same place.");
    finding_say(&f->command, "prof flame -p %d  # and look below the functions named here",
        profile_process(o->profile, s->process)->pid);
    finding_prove(f, s->share.value, LEAST_SHARE, "share", s->share.n, "CPU time spent spinning");
    if (!isnan(s->yields_per_s))
        finding_prove(
            f, s->yields_per_s, YIELDS_PER_S, "1/s", 0, "calls of sched_yield, in bursts");
    finding_chart_series(
        f, o->profile, "cpu", s->process, (struct thread_id){ 0 }, true, (double)NAN, "CPU");
    finding_blame(f, o, &part, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct spin worst = { .share.value = -1 };
    if (o->cpu.count == 0)
        return ANSWER_SILENT;
    for (uint32_t i = 0; i < o->process_count; i++) {
        if (!o->processes[i].lasts)
            continue;
        struct spin s = measure(o, o->processes[i].id);
        if (spins(o, &s) && s.share.part.weight > worst.share.part.weight)
            worst = s;
    }
    if (worst.share.value >= 0)
        return found(o, &worst, f);
    return answer_healthy(f, "hardly any CPU time is spent spinning");
}

const struct rule rule_spinning = {
    .id = "spinning",
    .title = "Threads spin while they wait",
    .role = RULE_VERDICT,
    .look = look,
};
