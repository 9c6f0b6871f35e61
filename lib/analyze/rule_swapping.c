// SPDX-License-Identifier: MIT
/* Memory that comes back from storage: docs/rules/swapping.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/growth.h"
#include "analyze/rules.h"
#include "analyze/waits.h"
#include "analyze/words.h"

#define MAJOR_PER_S 10.0
#define SWAP_GROWN_BYTES 16e6
#define LEAST_SECONDS 5.0

struct swapper {
    struct process_id process;
    double major_per_s, swap_grown, swap_last;
};

static struct swapper measure(const struct observed *o, struct process_id process)
{
    struct swapper s = { .process = process,
        .major_per_s = observed_rate(o, "faults_major", process) };
    struct growth swap;
    if (growth_of(o, "swap", process, LEAST_SECONDS, &swap)) {
        s.swap_grown = swap.last - swap.first;
        s.swap_last = swap.last;
    }
    return s;
}

static bool swaps(const struct observed *o, const struct swapper *s)
{
    if (o->steady_seconds < LEAST_SECONDS)
        return false;
    return s->major_per_s > MAJOR_PER_S || s->swap_grown > SWAP_GROWN_BYTES;
}

static void say_words(const struct observed *o, const struct swapper *s, struct finding *f)
{
    const struct process *process = profile_process(o->profile, s->process);
    const char *name = profile_string(o->profile, process->name).ptr;
    if (s->swap_last > 0)
        finding_say(&f->summary,
            "%s (pid %d) reads %s pages a second back from storage; %s of it "
            "are swapped out, %s more than at first.",
            name, process->pid, words_count(s->major_per_s).text, words_bytes(s->swap_last).text,
            words_bytes(fmax(0, s->swap_grown)).text);
    else
        finding_say(&f->summary,
            "%s (pid %d) reads %s pages a second of its code and mapped files "
            "back from storage; none of it is swapped out.",
            name, process->pid, words_count(s->major_per_s).text);
    finding_say(&f->advice,
        "Give it more memory (or raise memory.max of its control group), or make "
        "it need less; memory that is short makes everything wait for storage.");
    finding_say(&f->alternative,
        "A large mapped file that is read for the first time does the same "
        "until all of it is in memory.");
    finding_say(&f->command, "grep -E 'VmSwap|VmRSS' /proc/%d/status; vmstat 1 5", process->pid);
}

static enum answer found(const struct observed *o, const struct swapper *s, struct finding *f)
{
    struct wait_filter faults = { .kinds = WAITS(FAULT), .process = s->process };
    struct selection waits = {
        .channel = CHANNEL_WAIT, .process = s->process, .wait_kinds = WAITS(FAULT), .steady = true
    };
    double waited_s = (double)waited(o, &faults).weight / 1e9;
    bool out = s->swap_grown > SWAP_GROWN_BYTES;
    f->severity = SEVERITY_WARNING;
    f->confidence = out ? CONFIDENCE_CERTAIN : CONFIDENCE_POSSIBLE;
    f->weight = fmin(1, fmax(0.1, waited_s / fmax(o->steady_seconds, 1e-3)));
    f->process = s->process;
    f->channel = CHANNEL_WAIT;
    say_words(o, s, f);
    finding_prove(f, s->major_per_s, MAJOR_PER_S, "1/s", 0, "major page faults after start-up");
    finding_prove(f, s->swap_grown, SWAP_GROWN_BYTES, "bytes", 0, "more swapped out");
    finding_chart_series(f, o->profile, "faults_major", s->process, (struct thread_id){ 0 }, true,
        MAJOR_PER_S, "Pages read back");
    finding_chart_series(f, o->profile, "swap", s->process, (struct thread_id){ 0 }, false,
        (double)NAN, "Swapped out");
    if (waited_s > 0)
        finding_blame(f, o, &waits, 3);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct swapper worst = { .major_per_s = (double)NAN };
    bool any = false;
    double most = (double)NAN;
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct swapper s = measure(o, o->processes[i].id);
        most = fmax(most, s.major_per_s);
        if (!swaps(o, &s) || (any && !(s.major_per_s > worst.major_per_s)))
            continue;
        worst = s;
        any = true;
    }
    if (any)
        return found(o, &worst, f);
    if (isnan(most))
        return answer_unseen(
            f, "swapping", "page faults were not counted", "record with prof doctor");
    return answer_healthy(
        f, "hardly a page is read back from storage (%s a second)", words_count(most).text);
}

const struct rule rule_swapping = {
    .id = "swapping",
    .title = "Memory is short",
    .role = RULE_VERDICT,
    .look = look,
};
