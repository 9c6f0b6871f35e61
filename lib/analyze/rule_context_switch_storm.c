// SPDX-License-Identifier: MIT
/* Threads that hand over to each other all the time: docs/rules/context-switch-storm.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

#define STORM_PER_S 20000.0
#define SHORT_RUN_NS 20e3 /* of work between two */
#define MOST_RUN_NS 50e3  /* with the switch itself, which is dear in virtual machines */
#define LEAST_SECONDS 3.0
#define MOST_STARVED 0.8 /* beyond, hardly anything is known of its own pace */

/* What a switch costs at least, there and back (1 to 2 us with the cold caches behind it). */
#define SWITCH_NS 1500.0

struct storm {
    struct process_id process;
    double per_s, run_ns, share;
    double work_ns;   /* of run_ns, outside of system calls where that is known */
    bool for_clients; /* most of its waiting is for whoever asks something of it */
    bool by_timers;   /* its threads sleep for a time rather than wait for each other */
    uint64_t switches;
};

/* Threads of Go sleep when the runtime has nothing for them, whatever that is due to: its
 * goroutines know. */
static bool goroutines_wait_for_clients(const struct observed *o, struct process_id process)
{
    const struct selection sockets = { .channel = CHANNEL_TASKS,
        .process = process,
        .wait_kinds = WAITS(LOOP) | WAITS(ACCEPT),
        .steady = true };
    const struct selection own = { .channel = CHANNEL_TASKS,
        .process = process,
        .wait_kinds = WAITS(FUTEX) | WAITS(EVENT) | WAITS(SLEEP),
        .steady = true };
    return observed_sum(o, &sockets).weight > observed_sum(o, &own).weight;
}

/* How often a process went to sleep for one of these; NAN: no waits of it were counted. A worker
 * with nothing to do sleeps long, and once: it makes no switches. */
static double sleeps_for(const struct observed *o, struct process_id process, uint32_t kinds)
{
    uint32_t count;
    uint64_t all = 0, of_kinds = 0;
    const struct tally *rows = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!rows[i].thread.i ||
            profile_thread(o->profile, rows[i].thread)->process.i != process.i ||
            !slice_is(profile_string(o->profile, rows[i].name), "wait"))
            continue;
        const enum wait_kind kind = wait_parse(profile_string(o->profile, rows[i].what)).kind;
        all += rows[i].count;
        of_kinds += kinds >> kind & 1 ? rows[i].count : 0;
    }
    return all ? (double)of_kinds : (double)NAN;
}

/* More often for these than for those; where waits were not counted, longer. */
static bool sleeps_more_for(
    const struct observed *o, struct process_id process, uint32_t these, uint32_t those)
{
    const double often = sleeps_for(o, process, these);
    if (!isnan(often))
        return often > sleeps_for(o, process, those);
    struct wait_filter first = { .kinds = these, .process = process };
    struct wait_filter second = { .kinds = those, .process = process };
    return waited(o, &first).weight > waited(o, &second).weight;
}

/* A server that sleeps between the messages of its clients switches at their pace. */
static bool waits_for_clients(const struct observed *o, struct process_id process)
{
    const uint32_t clients = WAITS(CLIENT) | WAITS(LOOP) | WAITS(ACCEPT) | WAITS(UNIX);
    const uint32_t own = WAITS(PIPE) | WAITS(FUTEX) | WAITS(EVENT) | WAITS(SLEEP);
    return sleeps_more_for(o, process, clients, own) || goroutines_wait_for_clients(o, process);
}

static bool sleeps_by_timers(const struct observed *o, struct process_id process)
{
    return sleeps_more_for(
        o, process, WAITS(SLEEP), WAITS(PIPE) | WAITS(FUTEX) | WAITS(EVENT) | WAITS(UNIX));
}

/* Of a process' CPU time, by samples; where the kernel has none, by its account of all processes.
 */
static double share_in_calls(const struct observed *o, struct process_id process)
{
    const struct profile_meta *meta = profile_meta_get(o->profile);
    struct selection all = { .process = process, .steady = true };
    struct selection calls = { .process = process, .any_frame = TRAIT(SYSCALL), .steady = true };
    const double sampled = fmax(0, observed_share(o, &calls, &all).low);
    const double kernel = (double)meta->target_kernel_ns, user = (double)meta->target_user_ns;
    return sampled > 0 || kernel + user <= 0 ? sampled : kernel / (kernel + user);
}

static struct storm measure(const struct observed *o, const struct observed_process *p)
{
    struct storm s = { .process = p->id, .per_s = observed_rate(o, "switches_voluntary", p->id) };
    double cpu_per_s = observed_rate(o, "cpu", p->id);
    s.switches = s.per_s > 0 ? (uint64_t)(s.per_s * o->steady_seconds) : 0;
    s.run_ns = s.per_s > 0 ? cpu_per_s / s.per_s : (double)NAN;
    s.work_ns = s.run_ns * (1 - share_in_calls(o, p->id));
    s.share = cpu_per_s > 0 ? fmin(1, s.per_s * SWITCH_NS / cpu_per_s) : 0;
    s.for_clients = waits_for_clients(o, p->id);
    s.by_timers = sleeps_by_timers(o, p->id);
    return s;
}

static bool is_storm(const struct observed *o, const struct storm *s)
{
    /* Others that have the CPUs make it switch less often, not for better reasons. Timers go on. */
    double unhindered =
        s->by_timers ? s->per_s : s->per_s / (1 - fmin(o->starved_share, MOST_STARVED));
    return unhindered >= STORM_PER_S && s->work_ns < SHORT_RUN_NS && s->run_ns < MOST_RUN_NS &&
           o->steady_seconds >= LEAST_SECONDS;
}

static enum answer found(const struct observed *o, const struct storm *s, struct finding *f)
{
    uint32_t own = WAITS(PIPE) | WAITS(FUTEX) | WAITS(EVENT) | WAITS(UNIX) | WAITS(UNKNOWN);
    struct selection waits = {
        .channel = CHANNEL_WAIT, .process = s->process, .wait_kinds = own, .steady = true
    };
    struct selection cpu = { .process = s->process, .steady = true };
    bool waiting = observed_sum(o, &waits).count > 0;
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    words_process(o, s->process, &name);
    f->severity = s->for_clients ? SEVERITY_INFO : SEVERITY_WARNING;
    f->confidence =
        s->for_clients || s->per_s < STORM_PER_S ? CONFIDENCE_POSSIBLE : CONFIDENCE_CERTAIN;
    f->weight = s->share;
    f->process = s->process;
    f->channel = waiting ? CHANNEL_WAIT : CHANNEL_CPU;
    finding_say(&f->summary,
        "The threads of %s go to sleep %s times a second, after %s of work each time: "
        "switching costs about %s of its CPU time.",
        name.ptr, words_count(s->per_s).text, words_ns(s->run_ns).text, words_share(s->share).text);
    finding_say(&f->advice,
        "Hand over more at once (batches, larger queues), let one thread do consecutive "
        "steps itself, and wake others only when they sleep.");
    finding_say(&f->alternative, s->for_clients
                                     ? "It waits for its clients, and they send one small message "
                                       "after the other: then the pace is theirs."
                                     : "A strict ping-pong may be what the program is for.");
    finding_say(&f->command, "pidstat -wt -p %d 1 5", profile_process(o->profile, s->process)->pid);
    finding_prove(f, s->per_s, STORM_PER_S, "1/s", s->switches, "voluntary context switches");
    finding_prove(
        f, s->run_ns, MOST_RUN_NS, "ns", s->switches, "on the CPU between two of them, mean");
    finding_prove(f, s->work_ns, SHORT_RUN_NS, "ns", s->switches, "of it outside of system calls");
    finding_chart_series(f, o->profile, "switches_voluntary", s->process, (struct thread_id){ 0 },
        true, STORM_PER_S, "Context switches");
    finding_blame(f, o, waiting ? &waits : &cpu, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    double most = (double)NAN;
    for (uint32_t i = 0; i < o->process_count; i++) {
        if (!o->processes[i].lasts)
            continue;
        struct storm s = measure(o, &o->processes[i]);
        if (is_storm(o, &s))
            return found(o, &s, f);
        most = fmax(most, s.per_s);
    }
    if (isnan(most))
        return answer_unseen(
            f, "context switches", "they were not counted", "record with prof doctor");
    return answer_healthy(f,
        "threads switch %s times a second at most, or work for long in between",
        words_count(most).text);
}

const struct rule rule_context_switch_storm = {
    .id = "context-switch-storm",
    .title = "Threads switch all the time",
    .role = RULE_VERDICT,
    .breadth = BREADTH_KIND,
    .look = look,
};
