// SPDX-License-Identifier: MIT
/*
 * A server spends its time on its log: CPU time in logging code, or a thread that waits for the
 * log's file, pipe or terminal. A program whose output is its purpose is left alone.
 */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"
#include "analyze/words.h"
#include "base/alloc.h"

#define BLOCKED_SHARE 0.05
#define BLOCKED_SHARE_WARN 0.10
#define OUTPUTS (1u << WAIT_FILE | 1u << WAIT_PIPE | 1u << WAIT_TTY | 1u << WAIT_SYNC)

static const struct share_rule logging = {
    /* To print into a connection is to answer, or to ask. */
    .part = { .any_frame = TRAIT(LOGGING), .no_frame = TRAIT(ASK) },
    .notice = 0.05,
    .warn = 0.10,
    .work = "logging",
    .alternative = "A slow reader of the log (a pipe to a collector, a terminal) makes each line "
                   "cost more: compare with the output sent to /dev/null.",
    .advice = {
        .any = "Log less on the hot path (level, sampling), build the text only when it is wanted, "
               "and let a buffer or another thread do the writing.",
        .node = "console.log and *Sync calls write synchronously to files and terminals: use an "
                "asynchronous logger (pino with its transport), a level, and no objects to inspect "
                "on the hot path.",
        .python = "Check the level before building the text (logger.debug('%s', x), not f-strings) "
                  "and write through logging.handlers.QueueHandler.",
        .go = "Use a level (log/slog) and a buffered writer; avoid one write for each line.",
    },
    .commands = { .any = "PROGRAM > /dev/null  # how much faster is it?" },
};

static bool is_server(const struct observed *o)
{
    if (o->loop)
        return true;
    for (uint32_t i = 0; i < o->process_count; i++)
        if (o->processes[i].serves)
            return true;
    return false;
}

/* The thread that waits most for its log, by share of its life. */
static const struct observed_thread *blocked_logger(const struct observed *o, double *ret_share)
{
    const struct observed_thread *worst = NULL;
    struct selection all = {
        .channel = CHANNEL_WAIT, .any_frame = TRAIT(LOGGING), .wait_kinds = OUTPUTS
    };
    *ret_share = 0;
    if (observed_sum(o, &all).count == 0)
        return NULL;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        struct selection own = all;
        own.thread = t->id;
        double share = t->lived_ns ? (double)observed_sum(o, &own).weight / (double)t->lived_ns : 0;
        if (share > *ret_share) {
            *ret_share = share;
            worst = t;
        }
    }
    return worst;
}

static enum answer found_blocked(
    const struct observed *o, const struct observed_thread *t, double share, struct finding *f)
{
    struct selection waits = {
        .channel = CHANNEL_WAIT, .thread = t->id, .any_frame = TRAIT(LOGGING), .wait_kinds = OUTPUTS
    };
    finding_blame(f, o, &waits, 5);
    PROF_CLEANUP(free_ptr) char *culprit = finding_culprit(f, o);
    PROF_CLEANUP(strbuf_done) struct strbuf who = STRBUF_INIT;
    words_thread(o, t, &who);
    f->severity = share >= BLOCKED_SHARE_WARN ? SEVERITY_WARNING : SEVERITY_INFO;
    f->confidence = confidence_by(o, observed_sum(o, &waits).count >= 200);
    f->weight = share;
    f->thread = t->id;
    f->process = t->process;
    finding_say(&f->summary, "%s waits for its log for %s of its time; %s writes most of it.",
        who.ptr, words_share(share).text, culprit);
    finding_say(&f->alternative, "%s", logging.alternative);
    finding_say(&f->advice, "%s", advice_for(o, &logging.advice));
    finding_say(&f->command, "%s", logging.commands.any);
    finding_prove(f, share, BLOCKED_SHARE, "share", 0, "share of the thread's time");
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    if (!is_server(o))
        return ANSWER_SILENT;
    double share;
    const struct observed_thread *blocked = blocked_logger(o, &share);
    struct share_judged judged = share_judge(o, &logging);
    if (blocked && share >= BLOCKED_SHARE && (!judged.found || share > judged.share.value))
        return found_blocked(o, blocked, share, ret_finding);
    return share_answer(o, &logging, ret_finding);
}

const struct rule rule_logging_heavy = {
    .id = "logging-heavy",
    .title = "Logging costs much",
    .role = RULE_VERDICT,
    .look = look,
};
