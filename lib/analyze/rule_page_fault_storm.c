// SPDX-License-Identifier: MIT
/* Memory that is given back and fetched again and again: docs/rules/page-fault-storm.md. */
#include <math.h>
#include <unistd.h>

#include "analyze/answers.h"
#include "analyze/growth.h"
#include "analyze/rules.h"
#include "analyze/words.h"

enum { STORM_PER_S = 10000, SURE_SAMPLES = 200 };
#define LEAST_SECONDS 3.0
#define LEAST_SHARE 0.05

/* Of a page of 4 KiB, as the model's bytes of faults count them. */
#define PAGE_BYTES 4096.0

/* What one minor fault takes at least, entry to return, on machines of the last ten years (0.25 us
 * bare metal, 0.5 to 1 in virtual machines): the estimate when kernel code is not sampled. */
#define FAULT_NS 500.0

struct storm {
    struct process_id process;
    double per_s;
    double kept;   /* share of the pages that memory grew by */
    double share;  /* of the process's CPU time */
    bool measured; /* by samples, not by FAULT_NS */
    uint64_t samples;
};

/* Pages fetched for the first time are growth, and another rule's. */
static double kept_share(const struct observed *o, struct process_id process, double faults)
{
    struct growth g;
    if (!growth_of(o, "rss", process, 0, &g) || faults <= 0)
        return 0;
    return fmax(0, (g.largest - g.first) / PAGE_BYTES / faults);
}

static void measure_cost(
    const struct observed *o, const struct observed_process *p, struct storm *s)
{
    struct selection all = { .process = p->id, .steady = true };
    struct selection part = { .process = p->id, .any_frame = TRAIT(FAULT), .steady = true };
    struct share share = observed_share(o, &part, &all);
    s->measured = share.part.count > 0;
    s->samples = share.n;
    double cores = (double)p->on_cpu_ns / 1e9 / fmax(o->seconds, 1e-3);
    s->share = s->measured ? share.low : fmin(1, s->per_s * FAULT_NS / 1e9 / fmax(cores, 1e-3));
}

static bool is_storm(const struct observed *o, const struct observed_process *p, struct storm *ret)
{
    double faults = observed_increase(o, "faults_minor", p->id);
    const struct process *process = profile_process(o->profile, p->id);
    *ret = (struct storm){ .process = p->id, .per_s = observed_rate(o, "faults_minor", p->id) };
    /* Processes that live for a moment fault while they start, and that is all there is to it. */
    if (process->end_ns && (double)(process->end_ns - process->start_ns) < LEAST_SECONDS * 1e9)
        return false;
    if (!(ret->per_s >= STORM_PER_S) || o->steady_seconds < LEAST_SECONDS)
        return false;
    ret->kept = kept_share(o, p->id, faults);
    measure_cost(o, p, ret);
    return ret->kept < 0.5 && ret->share >= LEAST_SHARE;
}

static enum answer found(const struct observed *o, const struct storm *s, struct finding *f)
{
    const struct process *process = profile_process(o->profile, s->process);
    struct selection faults = { .channel = CHANNEL_FAULTS, .process = s->process, .steady = true };
    f->severity = SEVERITY_WARNING;
    f->confidence = confidence_by(o, s->measured && s->samples >= SURE_SAMPLES);
    f->weight = s->share;
    f->process = s->process;
    f->channel = CHANNEL_FAULTS;
    finding_say(&f->summary,
        "%s (pid %d) fetches %s pages a second anew (%s/s) while its memory stays "
        "as it is; that takes %s%s of its CPU time.",
        profile_string(o->profile, process->name).ptr, process->pid, words_count(s->per_s).text,
        words_bytes(s->per_s * PAGE_BYTES).text, s->measured ? "at least " : "about ",
        words_share(s->share).text);
    finding_say(&f->advice, "Keep the memory and use it again: hold buffers across uses instead of "
                            "mapping and freeing them, raise malloc's thresholds "
                            "(MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_), use huge pages "
                            "for large areas.");
    finding_say(&f->alternative, "Starting many processes faults as much: see process-churn.");
    finding_say(&f->command, "perf stat -e minor-faults,major-faults -p %d sleep 5", process->pid);
    finding_prove(f, s->per_s, STORM_PER_S, "1/s", 0, "minor page faults after start-up");
    finding_prove(f, s->share, LEAST_SHARE, "share", s->samples,
        s->measured ? "CPU time in page faults, lower bound"
                    : "CPU time in page faults, estimated");
    finding_prove(f, s->kept, 0.5, "share", 0, "pages that memory grew by");
    finding_chart_series(f, o->profile, "faults_minor", s->process, (struct thread_id){ 0 }, true,
        STORM_PER_S, "Page faults");
    if (o->has_faults)
        finding_blame(f, o, &faults, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct storm worst = { 0 };
    double most = (double)NAN;
    for (uint32_t i = 0; i < o->process_count; i++) {
        if (!o->processes[i].lasts)
            continue;
        struct storm s;
        if (is_storm(o, &o->processes[i], &s) && s.share > worst.share)
            worst = s;
        most = fmax(most, s.per_s);
    }
    if (worst.share > 0)
        return found(o, &worst, f);
    if (isnan(most))
        return answer_unseen(f, "page faults", "they were not counted", "record with prof doctor");
    return answer_healthy(f, "%s page faults a second at most, or they are growth or cost little",
        words_count(most).text);
}

const struct rule rule_page_fault_storm = {
    .id = "page-fault-storm",
    .title = "Memory is given back and fetched again",
    .role = RULE_VERDICT,
    .breadth = BREADTH_KIND,
    .repeats = true,
    .look = look,
};
