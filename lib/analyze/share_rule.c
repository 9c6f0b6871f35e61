// SPDX-License-Identifier: MIT
#include "analyze/share_rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answers.h"
#include "analyze/words.h"
#include "base/alloc.h"
#include "base/clock.h"

enum {
    SURE_SAMPLES = 200, /* of the whole */
    LEAST_SAMPLES = 40, /* of the whole: below it a share is noise */
    LEAST_PART = 10,    /* of the part */
    GUILTY_MOST = 5,
};

/* Work that keeps less of a core busy is no reason to act. Where it is a large share of what a
 * program with something to do does, more load would make it more. */
#define LEAST_CORES 0.05
#define LEAST_CORES_LARGE 0.02
#define LARGE 2.0 /* times the threshold */

#define MOST_STARVED 0.95
#define MOSTLY_NAMELESS 0.5
#define CLEARLY 1.5 /* times the threshold: enough when samples are few */
#define LONGEST_ASKED_S 120.0
#define NEARLY_ALL 0.995 /* rounds to 100 % */

double seconds_to_be_sure(const struct observed *o, uint64_t n)
{
    double seconds = n ? o->steady_seconds * SURE_SAMPLES / (double)n : LONGEST_ASKED_S;
    seconds = fmax(ceil(seconds / 10) * 10, 10);
    return fmin(seconds, LONGEST_ASKED_S);
}

static void rank(const struct observed *o, const struct share_rule *r, struct share_judged *j)
{
    bool enough = j->share.n >= SURE_SAMPLES;
    if (j->share.low >= r->warn && enough)
        j->severity = SEVERITY_WARNING;
    else if (j->share.value >= r->warn * CLEARLY && j->share.low >= r->notice)
        j->severity = SEVERITY_WARNING;
    else if (j->share.low >= r->notice)
        j->severity = SEVERITY_INFO;
    else
        return;
    j->found = true;
    j->few = !enough;
    j->confidence = confidence_by(o, enough);
}

/* Of a core that the program would have had for itself: others must not make a defect look small.
 */
static double unhindered(const struct observed *o, double cores)
{
    return cores / (1 - fmin(o->starved_share, MOST_STARVED));
}

static double least_cores(
    const struct observed *o, const struct share_rule *r, const struct share *share)
{
    return share->low >= LARGE * r->warn && !o->under_driven ? LEAST_CORES_LARGE : LEAST_CORES;
}

struct share_judged share_judge(const struct observed *o, const struct share_rule *r)
{
    struct selection part = r->part, whole = r->whole;
    part.steady = whole.steady = true;
    struct share_judged j = { .share = observed_share(o, &part, &whole) };
    if (o->steady_seconds > 0)
        j.cores = (double)j.share.part.weight / NS_PER_S / o->steady_seconds;
    if (j.share.n >= LEAST_SAMPLES && j.share.part.count >= LEAST_PART &&
        unhindered(o, j.cores) >= least_cores(o, r, &j.share))
        rank(o, r, &j);
    return j;
}

const char *advice_for(const struct observed *o, const struct advice *advice)
{
    const struct observed_process *p = o->busiest ? observed_process(o, o->busiest->process) : NULL;
    const char *own = NULL;
    switch (p ? p->runtime : RUNTIME_NATIVE) {
    case RUNTIME_NODE:
        own = advice->node;
        break;
    case RUNTIME_PYTHON:
        own = advice->python;
        break;
    case RUNTIME_GO:
        own = advice->go;
        break;
    case RUNTIME_JVM:
        own = advice->jvm;
        break;
    case RUNTIME_NATIVE:
    case RUNTIME_RUST:
    case RUNTIME_DOTNET:
    case RUNTIME_RUBY:
    case RUNTIME_PHP:
        break;
    }
    return own ? own : advice->any;
}

/* ---- sentences ---- */

static void say_summary(const struct observed *o, const struct share_rule *r,
    const struct share_judged *j, struct finding *f)
{
    PROF_CLEANUP(free_ptr) char *culprit = finding_culprit(f, o);
    PROF_CLEANUP(strbuf_done) struct strbuf who = STRBUF_INIT;
    if (r->whole.thread.i)
        words_thread(o, observed_thread(o, r->whole.thread), &who);
    else if (o->busiest)
        words_process(o, o->busiest->process, &who);
    const double first = f->guilty.len && !f->nameless ? f->guilty.ptr[0].share : 1;
    PROF_CLEANUP(strbuf_done) struct strbuf from = STRBUF_INIT;
    if (!f->guilty.len || f->nameless || !is_of_runtime(o, f->guilty.ptr[0].func))
        strbuf_addf(&from, "; %s of that comes from %s",
            first >= NEARLY_ALL ? "all" : words_share(first).text, culprit);
    finding_say(&f->summary, "%s of the CPU time of %s, %s, goes into %s%s.",
        words_share(j->share.value).text, who.len ? who.ptr : "the program",
        words_cores(j->cores).text, r->work, from.ptr ? from.ptr : "");
}

/* A command is there to be copied: "PID" in it becomes that of the busiest process. */
static void say_command(const struct observed *o, const char *command, struct finding *f)
{
    const char *word = strstr(command, "PID");
    const int pid = f->process.i ? profile_process(o->profile, f->process)->pid : 0;
    if (!word || pid == 0)
        finding_say(&f->command, "%s", command);
    else
        finding_say(
            &f->command, "%.*s%d%s", (int)(word - command), command, pid, word + strlen("PID"));
}

void share_tell(const struct observed *o, const struct share_rule *r,
    const struct share_judged *judged, struct finding *f)
{
    struct selection part = r->part;
    part.steady = true;
    f->severity = judged->severity;
    f->confidence = judged->confidence;
    struct selection everything = { .steady = true };
    uint64_t whole = observed_sum(o, &everything).weight;
    f->weight = whole ? (double)judged->share.part.weight / (double)whole : 0;
    f->thread = r->whole.thread;
    f->process = o->busiest ? o->busiest->process : (struct process_id){ 0 };
    finding_blame(f, o, &part, GUILTY_MOST);
    say_summary(o, r, judged, f);
    if (judged->few)
        finding_say(&f->detail, "That rests on %s samples; run it for %s to be sure.",
            words_count((double)judged->share.n).text,
            words_seconds(seconds_to_be_sure(o, judged->share.n)).text);
    if (r->alternative)
        finding_say(&f->alternative, "%s", r->alternative);
    finding_say(&f->advice, "%s", advice_for(o, &r->advice));
    if (r->commands.any)
        say_command(o, advice_for(o, &r->commands), f);
    finding_prove(f, judged->share.value, r->warn, "share", judged->share.n,
        "share of CPU time in %s (95 %% sure: at least %s)", r->work,
        words_share(judged->share.low).text);
    finding_prove(
        f, judged->cores, (double)NAN, "cores", judged->share.part.count, "CPU that it uses");
    finding_chart_series(f, o->profile, "cpu", f->process, (struct thread_id){ 0 }, true,
        (double)NAN, "CPU of the process");
}

/* Of a selection's CPU time, spent in functions of stripped files: "libfoo.so+0x1234". */
static double nameless_share(const struct observed *o, const struct selection *whole)
{
    struct func_amounts rows;
    uint64_t nameless = 0, all = 0;
    observed_functions(o, whole, BLAME_SELF, &rows);
    for (size_t i = 0; i < rows.len; i++) {
        const struct func *f = profile_func(o->profile, rows.ptr[i].func);
        const struct slice name = profile_string(o->profile, f->name);
        all += rows.ptr[i].amount.weight;
        if (memmem(name.ptr, name.len, "+0x", 3))
            nameless += rows.ptr[i].amount.weight;
    }
    func_amounts_done(&rows);
    return all ? (double)nameless / (double)all : 0;
}

/* What was not found cannot be ruled out where most functions have no names to know it by. */
static enum answer not_found(const struct observed *o, const struct share_rule *r,
    const struct share_judged *judged, struct finding *f)
{
    struct selection whole = r->whole;
    whole.steady = true;
    const double nameless = nameless_share(o, &whole);
    if (nameless < MOSTLY_NAMELESS)
        return answer_healthy(f, "%s of the CPU time goes into %s (%s samples)",
            words_share(judged->share.value).text, r->work,
            words_count((double)judged->share.n).text);
    finding_say(&f->summary, "which kind of work most of the CPU time goes into");
    finding_say(
        &f->detail, "%s of it is spent in functions without names", words_share(nameless).text);
    finding_say(&f->advice, "install the debug symbols of the files named below, or build them "
                            "with -g and without stripping");
    return ANSWER_UNSEEN;
}

enum answer share_answer(
    const struct observed *o, const struct share_rule *r, struct finding *ret_finding)
{
    if (o->cpu.count == 0)
        return ANSWER_SILENT; /* no samples: the recording says so itself */
    struct share_judged judged = share_judge(o, r);
    if (!judged.found)
        return not_found(o, r, &judged, ret_finding);
    share_tell(o, r, &judged, ret_finding);
    return ANSWER_FOUND;
}
