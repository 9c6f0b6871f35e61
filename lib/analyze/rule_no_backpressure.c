// SPDX-License-Identifier: MIT
/* Writes faster than the other side reads: docs/rules/no-backpressure.md. */
#include <math.h>

#include "analyze/answers.h"
#include "analyze/askers.h"
#include "analyze/growth.h"
#include "analyze/rules.h"
#include "analyze/words.h"

/* Unsent bytes that mean a full socket and not a passing one: the default of net.ipv4.tcp_wmem
 * begins at 16 KiB and a send buffer that is never full stays far below that most of the time. */
#define FULL_BYTES 64e3
/* For each open socket: answers on their way to clients that keep up fit into what connections
 * begin with, even when the clients wait for a CPU. */
#define EACH_BYTES (2 * 16384.0)
/* Of the time: bytes that wait in the program fill the socket again as soon as it has room. */
#define FULL_SHARE 0.9
#define GROWN_BYTES 8e6
#define LEAST_SECONDS 5.0

struct flood {
    struct process_id process;
    struct growth memory;
    const char *series;
    double full_share, full_bytes;
    double largest_queue;
};

static double full_bytes(const struct observed *o, struct process_id process)
{
    struct growth sockets;
    if (!growth_of(o, "fds_socket", process, LEAST_SECONDS, &sockets))
        return FULL_BYTES;
    return fmax(FULL_BYTES, EACH_BYTES * sockets.largest);
}

static bool floods(const struct observed *o, struct process_id process, struct flood *ret)
{
    struct growth queue;
    *ret = (struct flood){ .process = process, .series = "anon" };
    ret->full_bytes = full_bytes(o, process);
    ret->full_share = share_at_least(o, "send_queue", process, ret->full_bytes);
    if (!(ret->full_share >= FULL_SHARE) || o->steady_seconds < LEAST_SECONDS)
        return false;
    if (!growth_of(o, "anon", process, LEAST_SECONDS, &ret->memory)) {
        ret->series = "rss";
        if (!growth_of(o, "rss", process, LEAST_SECONDS, &ret->memory))
            return false;
    }
    if (growth_of(o, "send_queue", process, LEAST_SECONDS, &queue))
        ret->largest_queue = queue.largest;
    /* What is written before the sockets fill is part of it, so the peak counts, not the trend. */
    double grown = ret->memory.largest - ret->memory.first;
    return grown > GROWN_BYTES && grown > 0.5 * ret->memory.first;
}

static const char *advice_for(const struct observed_process *p)
{
    if (p && p->runtime == RUNTIME_NODE)
        return "Heed what write() returns: when it is false, wait for 'drain', or let "
               "stream.pipeline() do so. Limit how much is queued for each client and drop or "
               "disconnect the slow ones.";
    if (p && p->runtime == RUNTIME_PYTHON)
        return "await writer.drain() after writing, and limit how much is queued for each client.";
    return "Stop reading or producing while the socket cannot take more (EAGAIN), go on when it is "
           "writable, and limit how much is queued for each client.";
}

static enum answer found(const struct observed *o, const struct flood *flood, struct finding *f)
{
    const struct process *process = profile_process(o->profile, flood->process);
    struct selection faults = {
        .channel = CHANNEL_FAULTS, .process = flood->process, .steady = true
    };
    double grown = flood->memory.largest - flood->memory.first;
    f->severity = SEVERITY_WARNING;
    f->confidence = flood->memory.trend.n >= 20 ? CONFIDENCE_LIKELY : CONFIDENCE_POSSIBLE;
    f->weight = fmin(1, grown / fmax(flood->memory.largest, 1));
    f->explains = "memory-growth";
    f->process = flood->process;
    f->channel = CHANNEL_FAULTS;
    finding_say(&f->summary,
        "%s (pid %d) writes more than its peers read: its sockets were full %s of "
        "the time (up to %s unsent) while its memory grew by %s.",
        profile_string(o->profile, process->name).ptr, process->pid,
        words_share(flood->full_share).text, words_bytes(flood->largest_queue).text,
        words_bytes(grown).text);
    finding_say(&f->advice, "%s", advice_for(observed_process(o, flood->process)));
    finding_say(&f->alternative,
        "Memory may grow for another reason beside slow clients: it would go "
        "on growing when the clients are fast.");
    finding_say(&f->command, "ss -tinp | grep -A1 pid=%d  # Send-Q, not read yet by the peer",
        process->pid);
    finding_prove(f, flood->full_share, FULL_SHARE, "share", flood->memory.trend.n,
        "time with %s or more unsent in sockets", words_bytes(flood->full_bytes).text);
    finding_prove(f, grown, GROWN_BYTES, "bytes", flood->memory.trend.n, "memory grown meanwhile");
    finding_chart_series(f, o->profile, "send_queue", flood->process, (struct thread_id){ 0 },
        false, flood->full_bytes, "Unsent bytes in sockets");
    finding_chart_series(f, o->profile, flood->series, flood->process, (struct thread_id){ 0 },
        false, (double)NAN, "Memory");
    if (!blame_writers(f, o, flood->process) && o->has_faults)
        finding_blame(f, o, &faults, 5);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *f)
{
    bool seen = false;
    for (uint32_t i = 0; i < o->process_count; i++) {
        struct flood flood;
        if (floods(o, o->processes[i].id, &flood))
            return found(o, &flood, f);
        seen |= !isnan(flood.full_share);
    }
    if (!seen)
        return ANSWER_SILENT; /* it has no TCP connections, or sockets could not be read */
    return answer_healthy(f, "sockets are not full while memory grows");
}

const struct rule rule_no_backpressure = {
    .id = "no-backpressure",
    .title = "Writes faster than its peers read",
    .role = RULE_VERDICT,
    .look = look,
};
