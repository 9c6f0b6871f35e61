// SPDX-License-Identifier: MIT
/* Gate: the CPU limit of the target's cgroup stopped it, cpu.stat of cgroups(7). */
#include <math.h>

#include "analyze/rules.h"
#include "analyze/words.h"

#define THROTTLED_PERIODS 0.05

enum { PERIODS_MIN = 10 }; /* a second, with the usual period of 100 ms */

static enum answer found(const struct observed *o, struct finding *f, double share, double periods)
{
    const struct process_id run = { 0 };
    double stopped_ns = observed_increase(o, "cgroup_throttled", run);
    double quota = observed_fact_number(o, run, "cgroup_quota_cpus");
    f->severity = SEVERITY_INFO;
    f->confidence = CONFIDENCE_CERTAIN;
    f->weight = share;
    finding_say(&f->summary,
        "The CPU limit of its cgroup%s%s%s stopped the program in %s of the periods: %s of thread "
        "time were lost in %s.",
        isnan(quota) ? "" : " (", isnan(quota) ? "" : words_cores(quota).text,
        isnan(quota) ? "" : ")", words_share(share).text, words_ns(stopped_ns).text,
        words_seconds(o->steady_seconds).text);
    finding_say(&f->alternative,
        "A limit that is meant may be right, and the program too slow: then the findings below "
        "tell where its CPU time goes.");
    finding_say(&f->advice,
        "Raise the limit (cpu.max, Kubernetes limits.cpu, docker --cpus), or let fewer threads run "
        "at once than the limit has CPUs: threads that run together use a period up together.");
    finding_say(&f->command, "cat /sys/fs/cgroup$(cut -d: -f3 /proc/PID/cgroup)/cpu.stat");
    finding_prove(f, share, THROTTLED_PERIODS, "share", (uint64_t)periods,
        "periods in which the limit stopped it");
    finding_prove(f, stopped_ns, (double)NAN, "ns", 0, "time that threads were stopped");
    finding_chart_series(f, o->profile, "cgroup_throttled", run, (struct thread_id){ 0 }, true,
        (double)NAN, "stopped by the CPU limit");
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    const struct process_id run = { 0 };
    double periods = observed_increase(o, "cgroup_periods", run);
    double stopped = observed_increase(o, "cgroup_throttled_periods", run);
    if (isnan(periods) || isnan(stopped) || periods < PERIODS_MIN)
        return ANSWER_SILENT; /* no limit, or none that was in force */
    double share = stopped / periods;
    if (share > THROTTLED_PERIODS)
        return found(o, ret_finding, share, periods);
    finding_say(&ret_finding->summary, "the CPU limit stopped it in %s of %s periods",
        words_share(share).text, words_count(periods).text);
    return ANSWER_HEALTHY;
}

const struct rule rule_throttled = {
    .id = "throttled",
    .title = "The CPU limit stops the program",
    .role = RULE_GATE,
    .look = look,
};
