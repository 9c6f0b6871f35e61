// SPDX-License-Identifier: MIT
/*
 * Gate: threads of the target were ready to run, and others had the CPUs. Time in the queue that
 * the target's own threads cause does not count: that is too few CPUs for what it wants to do, and
 * not a fault of the measurement. In a virtual machine the others may be other machines: then no
 * thread stands in a queue, and what a thread does just takes longer.
 */
#include <math.h>

#include "analyze/rules.h"
#include "analyze/words.h"

#define STARVED_SHARE 0.20

/* Of the time that the machine's CPUs were wanted, by whomever; 0: nothing is known of it. */
static double stolen_share(const struct observed *o)
{
    const struct process_id run = { 0 };
    double stolen = observed_increase(o, "host_stolen", run);
    double busy = observed_increase(o, "host_busy", run);
    return stolen > 0 && busy > 0 ? stolen / busy : 0;
}

static void tell(const struct observed *o, double stolen, struct finding *f)
{
    const struct process_id run = { 0 };
    double others = observed_rate(o, "host_others", run) / 1e9;
    finding_say(&f->summary,
        "Other programs took the CPU from this one: its threads stood ready without one for %s of "
        "the time that they wanted to run.",
        words_share(o->starved_share).text);
    if (!isnan(others))
        finding_say(&f->detail, "Meanwhile others used %s%s.",
            words_cores_of(others, o->cpus_online).text,
            stolen > STARVED_SHARE ? ", much of it in other virtual machines" : "");
    finding_say(&f->alternative,
        "When the load generator runs on the same machine, it is one of the others.");
    finding_say(&f->advice,
        "Times of day, latencies and pauses measured here are longer than the program makes them. "
        "Repeat on a quiet machine, or give it CPUs of its own (taskset, cpusets). Findings rest "
        "on CPU time and on what threads waited for, which this does not change.");
    finding_say(&f->command, "pidstat -u 1 5");
    finding_prove(f, o->starved_share, STARVED_SHARE, "share", 0,
        "share of the time that threads wanted to run in which others had the CPUs");
    finding_chart_series(f, o->profile, "thread_queued", run, (struct thread_id){ 0 }, true,
        (double)NAN, "ready to run, without a CPU");
    finding_chart_series(f, o->profile, "host_others", run, (struct thread_id){ 0 }, true,
        (double)NAN, "CPU used by other programs");
}

static void tell_stolen(const struct observed *o, double share, struct finding *f)
{
    const struct process_id run = { 0 };
    finding_say(&f->summary,
        "The host of this virtual machine took its CPUs away for %s of the time that they were "
        "wanted.",
        words_share(share).text);
    finding_say(&f->detail,
        "The machine does not see it happen: work takes longer, and what was measured as "
        "computing was partly standing still.");
    finding_say(&f->alternative,
        "A limit on the CPU time of the virtual machine looks the same as busy neighbours.");
    finding_say(&f->advice,
        "Times of day, latencies and pauses measured here are longer than the program makes them. "
        "Repeat where the CPUs are not shared, or in a quieter hour.");
    finding_say(&f->command, "vmstat 1 5  # the column st");
    finding_prove(f, share, STARVED_SHARE, "share", 0,
        "share of the machine's busy time that its host gave to others");
    finding_chart_series(f, o->profile, "host_stolen", run, (struct thread_id){ 0 }, true,
        (double)NAN, "CPU taken by the host");
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    if (!o->has_switches && o->queued_ns == 0) {
        finding_say(&ret_finding->summary, "whether other programs kept this one from running");
        finding_say(&ret_finding->detail, "the recording has no context switches");
        finding_say(&ret_finding->advice, "record with prof doctor");
        return ANSWER_UNSEEN;
    }
    double stolen = stolen_share(o);
    if (o->starved_share <= STARVED_SHARE && stolen > STARVED_SHARE) {
        tell_stolen(o, stolen, ret_finding);
    } else if (o->starved_share > STARVED_SHARE) {
        tell(o, stolen, ret_finding);
    } else {
        finding_say(&ret_finding->summary,
            "other programs kept it from a CPU for %s of the time that it wanted one",
            words_share(o->starved_share).text);
        return ANSWER_HEALTHY;
    }
    ret_finding->severity = SEVERITY_INFO;
    ret_finding->confidence = CONFIDENCE_CERTAIN;
    ret_finding->weight = fmax(o->starved_share, stolen);
    return ANSWER_FOUND;
}

const struct rule rule_starved_by_others = {
    .id = "starved-by-others",
    .title = "Other programs had the CPU",
    .role = RULE_GATE,
    .look = look,
};
