// SPDX-License-Identifier: MIT
/* Descriptors that are opened and not closed: docs/rules/fd-leak.md. */
#include <math.h>
#include <string.h>

#include "analyze/answers.h"
#include "analyze/growth.h"
#include "analyze/rules.h"
#include "analyze/words.h"
#include "base/compiler.h"

enum { SURE_SECONDS = 30, LEAST_NEW = 20 };

static const struct kind {
    const char *series, *words;
} kinds[] = {
    { "fds_file", "files" },
    { "fds_socket", "sockets" },
    { "fds_pipe", "pipes" },
    { "fds_other", "event, timer and other descriptors" },
};

struct leak {
    struct process_id process;
    struct growth growth;
    const struct kind *kind; /* that grew most; NULL: not known */
    double close_wait;       /* how many more sockets that only the peer has closed; NAN unknown */
};

static bool leaks(const struct growth *g)
{
    return g->trend.verdict == TREND_GROWING && g->last - g->first >= LEAST_NEW;
}

static void add_kind(const struct observed *o, struct leak *l)
{
    double most = 0;
    for (size_t i = 0; i < PROF_ARRAY_LEN(kinds); i++) {
        struct growth g;
        if (!growth_of(o, kinds[i].series, l->process, SURE_SECONDS, &g))
            continue;
        if (g.last - g.first > most) {
            most = g.last - g.first;
            l->kind = &kinds[i];
        }
    }
    struct growth closing;
    bool seen = growth_of(o, "sockets_close_wait", l->process, SURE_SECONDS, &closing);
    l->close_wait = seen ? closing.last - closing.first : (double)NAN;
}

static bool find_leak(const struct observed *o, struct leak *ret)
{
    bool found = false;
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct leak l = { .process = o->processes[i].id };
        if (!growth_of(o, "fds", l.process, SURE_SECONDS, &l.growth) || !leaks(&l.growth))
            continue;
        if (found && l.growth.trend.slope <= ret->growth.trend.slope)
            continue;
        add_kind(o, &l);
        *ret = l;
        found = true;
    }
    return found;
}

static bool are_sockets(const struct leak *l)
{
    return l->kind && strcmp(l->kind->series, "fds_socket") == 0;
}

static bool peer_has_closed(const struct leak *l)
{
    return l->close_wait >= LEAST_NEW;
}

/* The functions that were on the CPU opening things. Few, because opening is fast; of sockets those
 * that connect rather than those that answer clients. */
static void blame_openers(const struct observed *o, const struct leak *l, struct finding *f)
{
    const trait_set connecting = TRAIT(CONNECT) | TRAIT(DNS), network = TRAIT(NETWORK);
    const trait_set files = TRAIT(FILE_IO);
    const trait_set sets[] = { are_sockets(l) || !l->kind ? connecting : files,
        are_sockets(l) ? network : files, connecting | network | files };
    struct selection opening = { .process = l->process, .steady = true };
    f->process = l->process;
    for (size_t i = 0; i < PROF_ARRAY_LEN(sets) && f->guilty.len == 0; i++) {
        opening.any_frame = sets[i];
        finding_blame(f, o, &opening, 3);
    }
}

static void say_words(const struct observed *o, const struct leak *l, struct finding *f)
{
    const struct process *process = profile_process(o->profile, l->process);
    const struct trend *t = &l->growth.trend;
    finding_say(&f->summary,
        "%s (pid %d) opened %.0f more descriptors than it closed in %s (%s)%s%s.",
        profile_string(o->profile, process->name).ptr, process->pid,
        l->growth.last - l->growth.first, words_ns(t->seconds * 1e9).text,
        words_of(t->slope, "1/s").text, l->kind ? ", mostly " : "", l->kind ? l->kind->words : "");
    if (o->requests_per_s > 0)
        finding_say(&f->detail, "That is %s for each request.",
            words_of(t->slope / o->requests_per_s, "").text);
    if (peer_has_closed(l)) {
        finding_say(&f->advice,
            "%.0f connections were closed by the other side and not by this "
            "process: close the socket when reading from it returns 0, and on "
            "errors.",
            l->close_wait);
        return;
    }
    finding_say(&f->advice,
        "Close what is opened on every path, also on errors and time-outs (a "
        "scope guard, with, defer, finally), beginning with the %s.",
        l->kind ? l->kind->words : "descriptors");
    finding_say(&f->alternative, "%s",
        are_sockets(l)
            ? "Clients that keep connecting and stay connected look the same: compare with the "
              "number of connections that the load should have."
            : "A program that opens a large set of files on purpose does the same until it has "
              "them "
              "all: record longer.");
}

static enum answer found(const struct observed *o, const struct leak *l, struct finding *f)
{
    const struct trend *t = &l->growth.trend;
    f->severity = SEVERITY_WARNING;
    f->confidence = peer_has_closed(l)           ? CONFIDENCE_CERTAIN
                    : t->seconds >= SURE_SECONDS ? CONFIDENCE_LIKELY
                                                 : CONFIDENCE_POSSIBLE;
    f->weight = fmin(1, (l->growth.last - l->growth.first) / fmax(l->growth.last, 1));
    say_words(o, l, f);
    finding_say(&f->command,
        "ls -l /proc/%d/fd | awk '{print $NF}' | sort | uniq -c | sort -n | tail",
        profile_process(o->profile, l->process)->pid);
    finding_prove(
        f, l->growth.last - l->growth.first, LEAST_NEW, "count", t->n, "descriptors more");
    finding_prove(f, t->slope, (double)NAN, "1/s", t->n, "growth of their number");
    if (!isnan(l->close_wait))
        finding_prove(
            f, l->close_wait, LEAST_NEW, "count", 0, "more sockets closed by the peer only");
    finding_chart_series(f, o->profile, "fds", l->process, (struct thread_id){ 0 }, false,
        (double)NAN, "Open descriptors");
    finding_interval(f, l->growth.from_ns, l->growth.to_ns);
    blame_openers(o, l, f);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    struct leak leak = { 0 };
    if (find_leak(o, &leak))
        return found(o, &leak, f);
    double most = -1;
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct growth g;
        if (!growth_of(o, "fds", o->processes[i].id, SURE_SECONDS, &g))
            continue;
        most = fmax(most, g.largest);
        if (g.trend.verdict == TREND_UNKNOWN && g.last - g.first >= LEAST_NEW)
            return answer_unseen(f, "whether descriptors are closed in the end",
                "there were more and more of them, for too short a time to tell a leak from load",
                "record for 65 s or longer, under load");
    }
    if (most < 0)
        return answer_unseen(f, "descriptors that are not closed", "they were not counted",
            "record with prof doctor, as the user of the target or as root");
    return answer_healthy(
        f, "the number of open descriptors does not go on growing (%.0f at most)", most);
}

const struct rule rule_fd_leak = {
    .id = "fd-leak",
    .title = "Descriptors are not closed",
    .role = RULE_VERDICT,
    .look = look,
};
