// SPDX-License-Identifier: MIT
/*
 * Most of the CPU time is the kernel's, for packets. Quick servers of small answers are like that
 * by nature, so it is a warning only when the program itself cuts its data into small pieces:
 * several small sends for each message that it receives.
 */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"
#include "analyze/words.h"

#define PIECES 4.0
#define SMALL_SHARE 0.8

enum { LEAST_SENDS = 200 };

static const struct share_rule packets = {
    .part = { .any_frame = TRAIT(NETWORK) },
    .notice = 0.40,
    .warn = 0.40,
    .work = "the kernel's network code",
    .alternative = "A quick server of small answers spends most of its time here when it is well "
                   "made: then only fewer or larger messages help.",
    .advice = {
        .any = "Send an answer by one call (writev, a buffer, TCP_CORK), let clients pipeline or "
               "batch, keep connections open.",
        .node = "Write an answer by one call (end(body), cork and uncork), and keep connections "
                "open (keepAliveTimeout).",
    },
    .commands = { .any = "strace -c -f -e trace=network -p PID" },
};

struct sends {
    uint64_t sends, small, receives;
};

static bool has_word(struct slice operation, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(operation, words[i]))
            return true;
    return false;
}

static struct sends sends_of(const struct observed *o)
{
    static const char *const sending[] = { "write", "writev", "send", "sendto", "sendmsg" };
    static const char *const receiving[] = { "read", "readv", "recv", "recvfrom", "recvmsg" };
    const uint32_t sockets = 1u << WAIT_TCP | 1u << WAIT_CLIENT | 1u << WAIT_UNIX;
    struct sends sum = { 0 };
    uint32_t count;
    const struct tally *rows = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!slice_is(profile_string(o->profile, rows[i].name), "syscall"))
            continue;
        struct wait w = wait_parse(profile_string(o->profile, rows[i].what));
        if (!(sockets >> w.kind & 1))
            continue;
        if (has_word(w.operation, sending, PROF_ARRAY_LEN(sending))) {
            sum.sends += rows[i].count;
            sum.small += rows[i].small;
        } else if (has_word(w.operation, receiving, PROF_ARRAY_LEN(receiving)))
            sum.receives += rows[i].count;
    }
    return sum;
}

static bool cuts_into_pieces(const struct sends *s)
{
    return s->sends >= LEAST_SENDS && (double)s->sends >= PIECES * (double)s->receives &&
           (double)s->small >= SMALL_SHARE * (double)s->sends;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    const char *level = profile_meta_get(o->profile)->level;
    if (!level || !slice_is(slice_of(level), "full"))
        return answer_unseen(ret_finding, "how much time the kernel's network code takes",
            "the kernel's part of stacks was not recorded at this level",
            level && slice_is(slice_of(level), "none")
                ? "prof check says what perf events need here"
                : "run prof as root, or with kernel.perf_event_paranoid of 1 or less");
    enum answer answer = share_answer(o, &packets, ret_finding);
    if (answer != ANSWER_FOUND)
        return answer;
    struct sends sends = sends_of(o);
    if (!cuts_into_pieces(&sends)) {
        ret_finding->severity = SEVERITY_INFO;
        return answer;
    }
    finding_prove(ret_finding, (double)sends.sends / fmax((double)sends.receives, 1), PIECES,
        "count", sends.sends, "sends for each receive, while system calls were counted");
    return answer;
}

const struct rule rule_network_kernel_heavy = {
    .id = "network-kernel-heavy",
    .title = "Most CPU time goes into the kernel's network code",
    .role = RULE_VERDICT,
    .breadth = BREADTH_KIND,
    .look = look,
};
