// SPDX-License-Identifier: MIT
/* Processes or threads that are made for a moment's work: docs/rules/process-churn.md. */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/words.h"
#include "base/alloc.h"

enum { LEAST_STARTS = 50, SHORT_LIFE_NS = 50000000, LEAST_EVIDENCE = 5, GUILTY_MOST = 6 };
#define PER_S 20.0
#define SHELL_PER_S 200.0
#define SHORT_SHARE 0.5
#define LEAST_SECONDS 3.0

/* Starting programs is what these are for. Of shells, hundreds a second are a loop that starts some
 * for each line. */
static const char *const shells[] = { "sh", "bash", "dash", "zsh", "fish" };
static const char *const builders[] = { "make", "gmake", "ninja", "cmake", "ctest", "cargo",
    "rustc", "go", "gcc", "g++", "cc", "c++", "clang", "configure", "git", "npm", "yarn", "pnpm",
    "bazel", "xargs", "parallel", "find", "meson", "perl", "tox", "dpkg", "apt", "cron", "init",
    "systemd" };

struct churn {
    bool threads; /* else processes */
    double per_s, short_share, starts;
    struct process_id maker; /* of most of them; 0: not known */
};

static bool is_called_one(
    const struct observed *o, struct process_id process, const char *const *names, size_t count)
{
    struct slice name = profile_string(o->profile, profile_process(o->profile, process)->name);
    for (size_t i = 0; i < count; i++)
        if (slice_is(name, names[i]))
            return true;
    return false;
}

static bool is_shell(const struct observed *o, const struct churn *c)
{
    return c->maker.i && is_called_one(o, c->maker, shells, PROF_ARRAY_LEN(shells));
}

static bool is_by_design(const struct observed *o, const struct churn *c)
{
    return (is_shell(o, c) && c->per_s < SHELL_PER_S) ||
           (c->maker.i && is_called_one(o, c->maker, builders, PROF_ARRAY_LEN(builders)));
}

static const char *advice_for(const struct observed *o, const struct churn *c)
{
    if (c->threads)
        return "Keep threads and give them work through a queue (a thread pool).";
    if (is_shell(o, c))
        return "Do for all lines at once what is done for each (one awk, sed or grep over the "
               "whole "
               "input), or use what the shell has itself: read, case, ${name%...}.";
    return "Do the work in the process (a library instead of a program), or keep helpers running "
           "and send them work.";
}

static const char *alternative_for(const struct observed *o, const struct churn *c)
{
    if (is_by_design(o, c))
        return "Build tools and shells start programs by design.";
    if (is_shell(o, c))
        return "A configure script does the same by design.";
    return "A short test run that starts everything once looks the same; record for longer.";
}

/* The process with the most children, or with the most threads that came and went. */
static struct process_id busiest_maker(const struct observed *o, bool threads)
{
    uint32_t *made = xcalloc(profile_process_count(o->profile) + 1, sizeof *made);
    struct process_id most = { 0 };
    if (threads)
        for (uint32_t i = 0; i < o->thread_count; i++)
            made[o->threads[i].process.i]++;
    else
        for (uint32_t i = 0; i < o->process_count; i++)
            made[profile_process(o->profile, o->processes[i].id)->parent.i]++;
    for (uint32_t i = 0; i < o->process_count; i++)
        if (made[o->processes[i].id.i] > made[most.i] ||
            (most.i == 0 && made[o->processes[i].id.i]))
            most = o->processes[i].id;
    free(made);
    return most;
}

/* Of the threads that are in the profile, how many lived for a moment only. */
static double short_threads(const struct observed *o)
{
    uint32_t ended = 0, brief = 0;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct thread *t = profile_thread(o->profile, o->threads[i].id);
        if (o->threads[i].is_main || !t->end_ns || !t->start_ns)
            continue;
        ended++;
        brief += t->end_ns - t->start_ns < SHORT_LIFE_NS;
    }
    return ended ? (double)brief / ended : 0;
}

/* By Little's law (J. D. C. Little, 1961): those that are alive on average are as many as begin in
 * a second times the seconds they live. All that are alive are counted, which makes it too much
 * rather than too little. At least this share lives for a moment only (Markov's inequality). */
static double short_by_count(const struct observed *o, double starts_per_s)
{
    double alive = 0;
    for (uint32_t i = 0; i < o->process_count; i++) {
        uint32_t count;
        double sum = 0;
        const struct series_point *points =
            observed_series(o, "threads", o->processes[i].id, (struct thread_id){ 0 }, &count);
        for (uint32_t k = 0; k < count; k++)
            sum += points[k].value;
        alive += count ? sum / count : 0;
    }
    double mean_ns = alive / starts_per_s * 1e9;
    return alive > 0 ? fmax(0, 1 - mean_ns / SHORT_LIFE_NS) : 0;
}

static bool churns(const struct observed *o, bool threads, struct churn *ret)
{
    struct process_id run = { 0 };
    *ret = (struct churn){ .threads = threads };
    ret->starts = observed_increase(o, threads ? "thread_starts" : "process_starts", run);
    if (!(ret->starts >= LEAST_STARTS) || o->steady_seconds < LEAST_SECONDS)
        return false;
    ret->per_s = ret->starts / o->steady_seconds;
    ret->short_share = threads ? fmax(short_threads(o), short_by_count(o, ret->per_s))
                               : observed_increase(o, "short_processes", run) / ret->starts;
    if (!(ret->per_s >= PER_S) || !(ret->short_share >= SHORT_SHARE))
        return false;
    ret->maker = busiest_maker(o, threads);
    return true;
}

/* Who makes them, by samples or by waiting for their ends, else who does most of the work: what a
 * new thread begins with in the kernel is nobody's doing. */
static void blame_maker(const struct observed *o, const struct churn *c, struct finding *f)
{
    struct selection all = { .process = c->maker, .steady = true };
    struct selection making = { .any_frame = TRAIT(EXEC), .process = c->maker, .steady = true };
    struct selection ends = {
        .channel = CHANNEL_WAIT, .process = c->maker, .wait_kinds = 1u << WAIT_CHILD, .steady = true
    };
    bool sampled = observed_sum(o, &making).count >= LEAST_EVIDENCE;
    bool waits = !c->threads && observed_sum(o, &ends).count >= LEAST_EVIDENCE;
    finding_blame(f, o, waits && !sampled ? &ends : &making, GUILTY_MOST);
    blame_without_kernel(o, f);
    if (f->guilty.len && profile_func(o->profile, f->guilty.ptr[0].func)->kind != FUNC_KERNEL)
        return;
    f->guilty.len = 0;
    finding_blame(f, o, &all, GUILTY_MOST);
    blame_without_kernel(o, f);
}

static enum answer found(const struct observed *o, const struct churn *c, struct finding *f)
{
    struct selection everything = { .steady = true };
    struct selection exec = { .any_frame = TRAIT(EXEC) | TRAIT(STARTUP), .steady = true };
    const char *what = c->threads ? "threads" : "processes";
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    if (c->maker.i)
        words_process(o, c->maker, &name);
    else
        strbuf_adds(&name, "The program");
    bool by_design = is_by_design(o, c);
    f->severity = by_design ? SEVERITY_INFO : SEVERITY_WARNING;
    f->confidence = by_design ? CONFIDENCE_POSSIBLE : CONFIDENCE_CERTAIN;
    f->weight = fmax(0.1, observed_share(o, &exec, &everything).value);
    f->process = c->maker;
    finding_say(&f->summary, "%s starts %s %s a second, and %s of them live for less than 50 ms.",
        name.ptr, words_count(c->per_s).text, what, words_share(c->short_share).text);
    if (o->requests_per_s > 0)
        finding_say(&f->detail, "That is %s for each request.",
            words_of(c->per_s / o->requests_per_s, "").text);
    finding_say(&f->advice, "%s", advice_for(o, c));
    finding_say(&f->alternative, "%s", alternative_for(o, c));
    finding_say(&f->command, "strace -f -c -e trace=process -p %d",
        c->maker.i ? profile_process(o->profile, c->maker)->pid : 0);
    finding_prove(f, c->per_s, PER_S, "1/s", (uint64_t)c->starts, "%s started", what);
    finding_prove(f, c->short_share, SHORT_SHARE, "share", (uint64_t)c->starts,
        "that lived for less than 50 ms");
    finding_chart_series(f, o->profile, c->threads ? "thread_starts" : "process_starts",
        (struct process_id){ 0 }, (struct thread_id){ 0 }, true, PER_S,
        c->threads ? "Threads started" : "Processes started");
    blame_maker(o, c, f);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct churn c;
    if (churns(o, false, &c) || churns(o, true, &c))
        return found(o, &c, f);
    if (isnan(observed_increase(o, "process_starts", (struct process_id){ 0 })))
        return answer_unseen(f, "processes and threads that live for a moment",
            "births were not recorded", "record with prof doctor");
    return answer_healthy(f, "processes and threads are not made for a moment's work");
}

const struct rule rule_process_churn = {
    .id = "process-churn",
    .title = "Processes or threads for a moment's work",
    .role = RULE_VERDICT,
    .look = look,
};
