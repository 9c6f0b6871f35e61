// SPDX-License-Identifier: MIT
/*
 * The source that listens to the --on-port command: passes on what it prints, to where it would
 * have gone, and takes throughput, latencies and errors from it when a known load tool speaks
 * (load_report.h). Anything else is passed on all the same.
 */
#include "record/source.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "profile/evidence.h"
#include "record/load_output.h"
#include "record/load_report.h"

enum {
    READ_BYTES = 16 << 10,
    WRITE_BYTES = 4096,       /* PIPE_BUF: what poll(2) promises that a pipe takes at once */
    KEPT_BYTES_MAX = 1 << 20, /* of the end, where reports stand */
    LINE_BYTES_MAX = 4096,
    LAST_PATIENCE_MS = 2000, /* for a reader of prof's output who is slow at the very end */
};

/* ---- pipes ---- */

void load_output_init(struct load_output *o)
{
    *o = (struct load_output){ .read_fds = { -1, -1 }, .write_fds = { -1, -1 } };
}

bool load_output_open(struct load_output *o)
{
    for (int i = 0; i < LOAD_STREAMS; i++) {
        int pipe_fds[2];
        if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
            load_output_done(o);
            return false;
        }
        o->read_fds[i] = pipe_fds[0];
        o->write_fds[i] = pipe_fds[1];
        fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK); /* this end's own description */
    }
    return true;
}

void load_output_close_writers(struct load_output *o)
{
    for (int i = 0; i < LOAD_STREAMS; i++)
        close_fd(&o->write_fds[i]);
}

void load_output_done(struct load_output *o)
{
    load_output_close_writers(o);
    for (int i = 0; i < LOAD_STREAMS; i++)
        close_fd(&o->read_fds[i]);
}

/* ---- the source ---- */

struct stream {
    int in, out;
    struct strbuf waiting; /* read, not passed on yet */
    size_t passed;         /* of it */
    struct strbuf kept;    /* for the report */
    struct strbuf line;    /* under way, for progress */
};

struct requests_source {
    struct recorder *recorder;
    struct stream streams[LOAD_STREAMS];
};

static void *requests_start(struct recorder *r, struct err *e)
{
    (void)e;
    if (!r->options->on_port)
        return NULL; /* no load is ours: nothing is missing */
    struct requests_source *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    for (int i = 0; i < LOAD_STREAMS; i++)
        s->streams[i] = (struct stream){ .in = -1,
            .out = i == 0 ? STDOUT_FILENO : STDERR_FILENO,
            .waiting = STRBUF_INIT,
            .kept = STRBUF_INIT,
            .line = STRBUF_INIT };
    return s;
}

static void add_requests(struct requests_source *s, double requests)
{
    struct profile *p = s->recorder->profile;
    const struct series row = {
        .name = profile_add_string(p, slice_of("requests")),
        .unit = profile_add_string(p, slice_of("count")),
    };
    profile_add_point(p, profile_add_series(p, &row), clock_monotonic_ns(), requests);
}

static void look_for_progress(struct requests_source *s, struct stream *stream, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        double requests;
        if (c != '\n' && c != '\r') {
            if (stream->line.len < LINE_BYTES_MAX)
                strbuf_addc(&stream->line, c);
            continue;
        }
        if (load_progress_parse(strbuf_slice(&stream->line), &requests))
            add_requests(s, requests);
        strbuf_clear(&stream->line);
    }
}

static void keep(struct stream *stream, struct slice text)
{
    struct strbuf *kept = &stream->kept;
    if (kept->len + text.len > KEPT_BYTES_MAX) {
        const size_t dropped = kept->len / 2;
        memmove(kept->ptr, kept->ptr + dropped, kept->len - dropped);
        kept->len -= dropped;
    }
    strbuf_addslice(kept, text);
}

/* Returns whether all has been passed on. A pipe or a terminal that is full is tried again later:
 * whoever reads it slowly must not stop the recording. */
static bool pass_on(struct stream *stream, int patience_ms)
{
    while (stream->passed < stream->waiting.len) {
        struct pollfd ready = { .fd = stream->out, .events = POLLOUT };
        const size_t left = stream->waiting.len - stream->passed;
        if (stream->out >= 0 && poll(&ready, 1, patience_ms) <= 0)
            return false;
        const ssize_t put = stream->out < 0
                                ? (ssize_t)left
                                : write(stream->out, stream->waiting.ptr + stream->passed,
                                      left < WRITE_BYTES ? left : WRITE_BYTES);
        if (put < 0 && errno != EINTR && errno != EAGAIN)
            stream->out = -1; /* nobody listens any more: the report still wants to be read */
        stream->passed += put > 0 ? (size_t)put : 0;
    }
    strbuf_clear(&stream->waiting);
    stream->passed = 0;
    return true;
}

static void pump(struct requests_source *s, struct stream *stream, int patience_ms)
{
    while (stream->in >= 0 && pass_on(stream, patience_ms)) {
        char *to = strbuf_reserve(&stream->waiting, READ_BYTES);
        const ssize_t got = read(stream->in, to, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || (got < 0 && errno != EAGAIN))
            close_fd(&stream->in);
        if (got <= 0)
            return;
        stream->waiting.len = (size_t)got;
        const struct slice text = { to, (size_t)got };
        keep(stream, text);
        look_for_progress(s, stream, text);
    }
    pass_on(stream, patience_ms);
}

static void requests_add_polls(void *state, struct poll_list *polls)
{
    const struct requests_source *s = state;
    for (int i = 0; i < LOAD_STREAMS; i++) {
        const struct pollfd poll_in = { .fd = s->streams[i].in, .events = POLLIN };
        if (s->streams[i].in >= 0 && s->streams[i].waiting.len == 0)
            vec_push(polls, poll_in);
    }
}

/* ---- the report ---- */

static void set_facts(struct profile *p, const struct load_report *report)
{
    static const char *const keys[LOAD_FIELDS] = {
        [LOAD_REQUESTS] = "load_requests",
        [LOAD_ERRORS] = "load_errors",
        [LOAD_SECONDS] = "load_seconds",
        [LOAD_RPS] = "load_rps",
        [LOAD_CONNECTIONS] = "load_connections",
        [LOAD_MEAN_NS] = "load_mean_ns",
        [LOAD_P50_NS] = "load_p50_ns",
        [LOAD_P90_NS] = "load_p90_ns",
        [LOAD_P99_NS] = "load_p99_ns",
        [LOAD_MAX_NS] = "load_max_ns",
    };
    const struct process_id run = { 0 };
    profile_set_fact(p, run, "load_tool", slice_of(report->tool));
    for (int i = 0; i < LOAD_FIELDS; i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        if (isnan(report->values[i]))
            continue;
        strbuf_addf(&text, "%.10g", report->values[i]);
        profile_set_fact(p, run, keys[i], strbuf_slice(&text));
    }
}

static void add_tally(struct profile *p, const struct load_report *report)
{
    const double *v = report->values;
    if (isnan(v[LOAD_REQUESTS]) || v[LOAD_REQUESTS] > 1e15)
        return;
    struct tally tally = {
        .name = profile_add_string(p, slice_of("request")),
        .what = profile_add_string(p, slice_of(report->tool)),
        .count = (uint64_t)v[LOAD_REQUESTS],
    };
    const double sum_ns = v[LOAD_MEAN_NS] * v[LOAD_REQUESTS];
    if (sum_ns >= 0 && sum_ns < 1e18)
        tally.ns = (uint64_t)sum_ns;
    if (v[LOAD_MAX_NS] >= 0 && v[LOAD_MAX_NS] < 1e18)
        tally.max_ns = (uint64_t)v[LOAD_MAX_NS];
    profile_add_tally(p, &tally);
}

static void finish(struct requests_source *s, uint64_t now_ns)
{
    const struct load_output *load = s->recorder->load;
    struct profile *p = s->recorder->profile;
    if (!load->started_ns)
        return;
    const struct span span = {
        .start_ns = load->started_ns,
        .duration_ns = (load->ended_ns ? load->ended_ns : now_ns) - load->started_ns,
        .kind = SPAN_LOAD,
    };
    profile_add_span(p, &span);
    struct load_report report;
    for (int i = 0; i < LOAD_STREAMS; i++) {
        if (!load_report_parse(strbuf_slice(&s->streams[i].kept), &report))
            continue;
        set_facts(p, &report);
        add_tally(p, &report);
        return;
    }
}

static void requests_drain(void *state, uint64_t now_ns, bool last)
{
    struct requests_source *s = state;
    for (int i = 0; i < LOAD_STREAMS; i++) {
        struct stream *stream = &s->streams[i];
        if (stream->in < 0)
            stream->in = take_fd(&s->recorder->load->read_fds[i]);
        pump(s, stream, last ? LAST_PATIENCE_MS : 0);
    }
    if (last)
        finish(s, now_ns);
}

static void requests_stop(void *state)
{
    struct requests_source *s = state;
    if (!s)
        return;
    for (int i = 0; i < LOAD_STREAMS; i++) {
        close_fd(&s->streams[i].in);
        strbuf_done(&s->streams[i].waiting);
        strbuf_done(&s->streams[i].kept);
        strbuf_done(&s->streams[i].line);
    }
    free(s);
}

const struct source source_requests = {
    .name = "requests",
    .role = SOURCE_COUNTER,
    .without = "what the load tool says of throughput and latency",
    .doctor_only = true,
    .start = requests_start,
    .add_polls = requests_add_polls,
    .drain = requests_drain,
    .stop = requests_stop,
};
