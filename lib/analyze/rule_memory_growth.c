// SPDX-License-Identifier: MIT
/* Memory that goes on growing: docs/rules/memory-growth.md. */
#include <math.h>
#include <string.h>

#include "analyze/answers.h"
#include "analyze/growth.h"
#include "analyze/rules.h"
#include "analyze/words.h"

enum { SURE_SECONDS = 60 };

/* Less than this is noise of allocators and page tables. In a short run it takes more to be worth a
 * word, because everything grows at first. */
#define LEAST_BYTES 2e6
#define LEAST_BYTES_SHORT 8e6

/* V8 lets garbage outside of its heap pile up between major collections: about as much as this. */
#define PILE_BYTES 64e6
#define LEVEL_SHARE 0.2 /* of the growth; a heap that grows by less has no part in it */
#define LEVEL_SECONDS 3.0
#define GARBAGE_WEIGHS 0.5 /* growth in a short run that no collection has confirmed */

/* A process that fills the machine within a day is urgent. */
#define URGENT_SECONDS (24 * 3600.0)

/* ---- which series of which process ---- */

/* In the order of what they prove: what survives a collector, what belongs to the process alone,
 * what is resident for whatever reason. */
static const char *const measures[] = { "heap_after_gc", "anon", "rss" };

struct grower {
    struct process_id process;
    const char *series;
    struct growth growth;
    bool heap_is_level; /* the collector's heap was seen not to grow */
};

static bool is_short(const struct growth *g)
{
    return g->trend.seconds < SURE_SECONDS;
}

static bool counts(const struct growth *g)
{
    double least = is_short(g) ? LEAST_BYTES_SHORT : LEAST_BYTES;
    return g->trend.verdict == TREND_GROWING && g->last - g->first > least;
}

/* The first measure that grows. A heap that is level after collections does not acquit: memory
 * outside of it may leak. */
static bool grows(const struct observed *o, struct process_id process, struct grower *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->process = process;
    for (size_t i = 0; i < PROF_ARRAY_LEN(measures); i++) {
        ret->series = measures[i];
        if (!growth_of(o, measures[i], process, SURE_SECONDS, &ret->growth))
            continue;
        if (counts(&ret->growth))
            return true;
        enum trend_verdict v = ret->growth.trend.verdict;
        ret->heap_is_level |= i == 0 && (v == TREND_FLAT || v == TREND_SETTLING);
    }
    return false;
}

/* Between two collections, however few there were in a short run. */
static bool heap_was_level(const struct observed *o, const struct grower *g)
{
    uint32_t count = 0;
    const struct series_point *points =
        observed_series(o, measures[0], g->process, (struct thread_id){ 0 }, &count);
    if (!points || count < 2)
        return false;
    const struct series_point *first = &points[0], *last = &points[count - 1];
    double seconds = (double)(last->time_ns - first->time_ns) / 1e9;
    return seconds >= LEVEL_SECONDS &&
           last->value - first->value < LEVEL_SHARE * g->growth.trend.slope * seconds;
}

/* What a short run cannot tell from garbage that waits for the next collection. */
static bool may_be_garbage(const struct observed *o, const struct grower *g)
{
    return is_short(&g->growth) && g->growth.last - g->growth.first < PILE_BYTES &&
           g->series != measures[0] && heap_was_level(o, g);
}

/* A collector's process that was seen to grow from outside only: surer findings come first. */
static double weight_of(const struct observed *o, const struct grower *g)
{
    const struct observed_process *process = observed_process(o, g->process);
    bool outside = process && process->runtime == RUNTIME_NODE && g->series != measures[0];
    double weight = fmin(1, g->growth.trend.growth / fmax(g->growth.last, 1));
    return is_short(&g->growth) && outside ? GARBAGE_WEIGHS * weight : weight;
}

static bool fastest_grower(const struct observed *o, struct grower *ret)
{
    bool found = false;
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct grower g;
        if (!grows(o, o->processes[i].id, &g))
            continue;
        if (!found || g.growth.trend.slope > ret->growth.trend.slope)
            *ret = g;
        found = true;
    }
    return found;
}

/* ---- the finding ---- */

/* The nearest limit that memory will meet; NAN: none known. */
static double memory_limit(const struct observed *o, const char **ret_name)
{
    struct process_id run = { 0 };
    double group = observed_fact_number(o, run, "cgroup_memory_limit");
    double machine = observed_fact_number(o, run, "memory_total");
    *ret_name = group < machine || isnan(machine) ? "the limit of its control group"
                                                  : "the memory of the machine";
    return fmin(group, machine);
}

static double seconds_to_limit(
    const struct observed *o, const struct grower *g, const char **ret_name)
{
    double limit = memory_limit(o, ret_name);
    return limit > g->growth.last ? (limit - g->growth.last) / g->growth.trend.slope : (double)NAN;
}

static const char *measure_words(const struct grower *g)
{
    return g->series == measures[0]   ? "The heap that survives collections"
           : g->series == measures[1] ? "Private memory"
                                      : "Resident memory";
}

/* "; at that pace ... is full in 3.2 h", and how much each request costs. */
static void say_pace(const struct observed *o, const struct grower *g, struct finding *f)
{
    const char *limit;
    double left = seconds_to_limit(o, g, &limit);
    struct strbuf text = STRBUF_INIT;
    if (o->requests_per_s > 0)
        strbuf_addf(&text, "That is %s for each request. ",
            words_bytes(g->growth.trend.slope / o->requests_per_s).text);
    if (!isnan(left))
        strbuf_addf(&text, "At this pace %s is used up in %s. ", limit, words_ns(left * 1e9).text);
    if (g->heap_is_level)
        strbuf_adds(&text, "The JavaScript heap is level after collections: what grows lies outside"
                           " of it (buffers, native code) or is not given back. ");
    if (text.len)
        finding_say(&f->detail, "%.*s", (int)text.len - 1, text.ptr);
    strbuf_done(&text);
}

static const char *advice_for(enum runtime runtime)
{
    switch (runtime) {
    case RUNTIME_NODE:
        return "Look for what keeps the objects made by the functions named here: a module-level "
               "array or Map, listeners that are added for each request, closures in timers. Give "
               "caches a limit (an LRU) and remove listeners.";
    case RUNTIME_PYTHON:
        return "Look for what keeps the objects made by the functions named here: module-level "
               "lists and dicts, functools.lru_cache without a size, exceptions kept with their "
               "frames. Give caches a limit.";
    case RUNTIME_GO:
        return "Look for goroutines that never end, maps that only grow and slices that keep a "
               "large array alive, beginning with the functions named here.";
    case RUNTIME_JVM:
    case RUNTIME_DOTNET:
        return "Look for static collections, listeners and caches without a limit, beginning with "
               "the functions named here.";
    case RUNTIME_NATIVE:
    case RUNTIME_RUST:
    case RUNTIME_RUBY:
    case RUNTIME_PHP:
        break;
    }
    return "Look at who frees what the functions named here allocate, and at containers that only "
           "grow. Give caches a limit.";
}

static void say_command(const struct observed *o, const struct grower *g, struct finding *f)
{
    const struct observed_process *process = observed_process(o, g->process);
    int32_t pid = profile_process(o->profile, g->process)->pid;
    if (process && process->runtime == RUNTIME_NODE)
        finding_say(&f->command, "node --heapsnapshot-signal=SIGUSR2 ...  # two snapshots under "
                                 "load, compared in Chrome's DevTools");
    else
        finding_say(&f->command,
            "prof doctor --duration %d -p %d  # longer: a cache that fills "
            "bends, a leak does not",
            is_short(&g->growth) ? 2 * SURE_SECONDS : (int)(3 * g->growth.trend.seconds), pid);
}

/* Stacks that touched new memory while it grew. */
static void blame_growers(const struct observed *o, const struct grower *g, struct finding *f)
{
    struct interval when = { g->growth.from_ns, g->growth.to_ns };
    struct selection faults = {
        .channel = CHANNEL_FAULTS, .process = g->process, .in = &when, .in_count = 1
    };
    f->channel = CHANNEL_FAULTS;
    f->process = g->process;
    finding_interval(f, when.from_ns, when.to_ns);
    if (o->has_faults)
        finding_blame(f, o, &faults, 5);
}

static void say_words(const struct observed *o, const struct grower *g, struct finding *f)
{
    const struct trend *t = &g->growth.trend;
    const struct process *process = profile_process(o->profile, g->process);
    finding_say(&f->summary,
        "%s of %s (pid %d) grew from %s to %s in %s, %s/s, and went on to the end.",
        measure_words(g), profile_string(o->profile, process->name).ptr, process->pid,
        words_bytes(g->growth.first).text, words_bytes(g->growth.last).text,
        words_ns(t->seconds * 1e9).text, words_bytes(t->slope).text);
    if (may_be_garbage(o, g))
        finding_say(&f->alternative,
            "The heap was level between two collections, so this may be garbage that waits for the "
            "next one; record %d s or more to be sure.",
            2 * SURE_SECONDS);
    else if (is_short(&g->growth))
        finding_say(&f->alternative,
            "A program that is still building up its data, or a cache that fills, looks the same "
            "for so short a time; record %d s or more to be sure.",
            2 * SURE_SECONDS);
    else
        finding_say(&f->alternative,
            "A cache that is not full yet looks the same from outside. It bends in the end, a leak "
            "does not: record three times as long to tell.");
    const struct observed_process *observed = observed_process(o, g->process);
    finding_say(&f->advice, "%s", advice_for(observed ? observed->runtime : RUNTIME_NATIVE));
}

static enum answer found(const struct observed *o, const struct grower *g, struct finding *f)
{
    const struct trend *t = &g->growth.trend;
    const char *limit;
    double left = seconds_to_limit(o, g, &limit);
    /* A gate does not matter here: memory grows however little CPU there is. */
    f->confidence = is_short(&g->growth) ? CONFIDENCE_POSSIBLE : CONFIDENCE_LIKELY;
    f->severity = may_be_garbage(o, g)                             ? SEVERITY_INFO
                  : !is_short(&g->growth) && left < URGENT_SECONDS ? SEVERITY_CRITICAL
                                                                   : SEVERITY_WARNING;
    f->weight = weight_of(o, g);
    say_words(o, g, f);
    say_pace(o, g, f);
    say_command(o, g, f);
    finding_prove(f, t->slope, (double)NAN, "bytes/s", t->n,
        "growth of %s, 95 %% within %s/s and %s/s", g->series, words_bytes(t->low).text,
        words_bytes(t->high).text);
    finding_prove(f, t->tau, 0.6, "count", t->blocks, "Kendall's tau of its floors");
    finding_prove(f, g->growth.last - g->growth.first,
        is_short(&g->growth) ? LEAST_BYTES_SHORT : LEAST_BYTES, "bytes", t->n, "grown in all");
    finding_chart_series(f, o->profile, g->series, g->process, (struct thread_id){ 0 }, false,
        (double)NAN, "Memory");
    blame_growers(o, g, f);
    return ANSWER_FOUND;
}

/* ---- no finding ---- */

/* The longest series of any process, to say what was looked at. */
static enum answer not_found(const struct observed *o, struct finding *f)
{
    struct growth longest = { 0 };
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct growth g;
        bool seen = growth_of(o, "anon", o->processes[i].id, SURE_SECONDS, &g) ||
                    growth_of(o, "rss", o->processes[i].id, SURE_SECONDS, &g);
        if (seen && g.trend.seconds > longest.trend.seconds)
            longest = g;
    }
    if (longest.trend.seconds <= 0)
        return answer_unseen(f, "growth of memory", "no memory figures were recorded",
            "record with prof doctor, for a minute or longer");
    if (longest.trend.verdict == TREND_UNKNOWN) {
        finding_say(&f->summary, "growth of memory");
        finding_say(&f->detail, "%s after start-up are too short to tell growth from a warm-up",
            words_ns(longest.trend.seconds * 1e9).text);
        finding_say(&f->advice, "record for %d s or longer, under load", SURE_SECONDS + 5);
        return ANSWER_UNSEEN;
    }
    return answer_healthy(f, "memory does not go on growing: %s at first, %s at last, in %s%s",
        words_bytes(longest.first).text, words_bytes(longest.last).text,
        words_ns(longest.trend.seconds * 1e9).text,
        longest.trend.verdict == TREND_SETTLING ? " (it grew and levelled off)" : "");
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct grower grower = { 0 };
    if (fastest_grower(o, &grower))
        return found(o, &grower, f);
    return not_found(o, f);
}

const struct rule rule_memory_growth = {
    .id = "memory-growth",
    .title = "Memory goes on growing",
    .role = RULE_VERDICT,
    .look = look,
};
