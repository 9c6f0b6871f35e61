// SPDX-License-Identifier: MIT
/*
 * The doctor's page of a made-up server, without recording or judging anything: for tests of the
 * page and for looking at it. Each scenario is one state that the page can be in.
 *
 *     make_doctor SCENARIO SOURCE.js OUT.html   or .json, .md, .xml, .github, .txt
 *
 * one, eight: findings; disturbed: eight, and a gate that is not the verdict; healthy; gate;
 * unknown; hostile: names that try to be markup; empty: no samples at all; hour: an hour of
 * evidence.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/rule.h"
#include "analyze/write.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/file.h"
#include "flamegraph/doctor.h"
#include "profile/evidence.h"
#include "profile/wait.h"

#define SECOND NS_PER_S
#define START (UINT64_C(5000) * SECOND)

enum { RATE = 199, POOL = 4, SERIES_HZ = 4 };

struct world {
    struct profile *p;
    struct diagnosis d;
    uint64_t seconds;
    bool hostile;
    struct process_id process;
    struct thread_id loop, pool[POOL];
    struct func_id parse, handle, remember, split, stringify;
    struct stack_id idle, parsing, splitting, stringifying, collecting, hashing;
    struct stack_id wait_loop, wait_query, wait_lock, fault_cache, fault_rows;
};

/* ---- names and stacks ---- */

static struct string_id text(struct world *w, const char *s)
{
    return profile_add_string(w->p, slice_of(s));
}

static struct func_id add_func(
    struct world *w, const char *name, const char *file, uint32_t line, enum func_kind kind)
{
    const struct module module = { .path = text(w, "/usr/bin/node"), .kind = MODULE_ELF };
    return profile_add_func(w->p, &(struct func){ .name = text(w, name),
                                      .file = text(w, file),
                                      .line = line,
                                      .module = profile_add_module(w->p, &module),
                                      .kind = kind });
}

static struct stack_id below(
    struct world *w, struct stack_id caller, struct func_id func, uint32_t line)
{
    const struct line l = { .func = func, .line = line };
    return profile_add_stack(w->p, caller, profile_add_frame_lines(w->p, &l, 1));
}

static struct stack_id waiting(
    struct world *w, struct stack_id caller, enum wait_kind kind, const char *call, const char *on)
{
    const struct wait wait = { kind, slice_of(call), slice_of(on) };
    return profile_add_stack(w->p, caller, wait_frame(w->p, &wait));
}

static void add_stacks(struct world *w, const char *source)
{
    const char *evil = w->hostile ? "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
                                    "\xe2\x80\xae\x01\"'&parseRows"
                                  : "parseRows";
    const struct stack_id root = { 0 };
    const struct stack_id start =
        below(w, root, add_func(w, "node::Start(int, char**)", "", 0, FUNC_RUNTIME), 0);
    const struct stack_id run = below(w, start, add_func(w, "uv_run", "", 0, FUNC_RUNTIME), 0);
    const struct stack_id tick = below(w, run,
        add_func(w, "processTicksAndRejections", "node:internal/process", 60, FUNC_RUNTIME), 77);
    w->handle = add_func(w, "handle", source, 16, FUNC_APP);
    w->parse = add_func(w, evil, source, 6, FUNC_APP);
    w->remember = add_func(w, "remember", source, 23, FUNC_APP);
    w->split = add_func(w, "RegExp.prototype[Symbol.split]", "", 0, FUNC_RUNTIME);
    w->stringify = add_func(w, "JSON.stringify", "", 0, FUNC_RUNTIME);
    const struct stack_id handle = below(w, tick, w->handle, 18);
    w->parsing = below(w, handle, w->parse, 10);
    w->splitting = below(w, w->parsing, w->split, 0);
    w->stringifying = below(w, handle, w->stringify, 0);
    w->collecting =
        below(w, w->parsing, add_func(w, "v8::internal::Heap::Scavenge", "", 0, FUNC_GC), 0);
    w->idle = below(w, run, add_func(w, "uv__io_poll", "", 0, FUNC_RUNTIME), 0);
    const struct stack_id remember = below(w, handle, w->remember, 24);
    w->fault_cache = below(w, remember, add_func(w, "Map.prototype.set", "", 0, FUNC_RUNTIME), 0);
    w->fault_rows =
        below(w, w->parsing, add_func(w, "Array.prototype.push", "", 0, FUNC_RUNTIME), 0);
    w->wait_loop = waiting(w, w->idle, WAIT_LOOP, "epoll_wait", "");
    w->wait_query = waiting(w, handle, WAIT_TCP, "recvfrom", "10.0.0.7:5432");
    const struct stack_id worker = below(w, root, add_func(w, "worker", "", 0, FUNC_RUNTIME), 0);
    w->hashing = below(w, worker, add_func(w, "PKCS5_PBKDF2_HMAC", "", 0, FUNC_DEPENDENCY), 0);
    w->wait_lock = waiting(w, worker, WAIT_FUTEX, "futex", "0x7f12ab34");
}

static void add_people(struct world *w)
{
    const char *name = w->hostile ? "<b>node</b>" : "node";
    w->process = profile_add_process(
        w->p, &(struct process){ .pid = 4242, .name = text(w, name), .start_ns = START });
    w->loop = profile_add_thread(
        w->p, &(struct thread){ .process = w->process, .tid = 4242, .name = text(w, name) });
    for (int i = 0; i < POOL; i++)
        w->pool[i] = profile_add_thread(
            w->p, &(struct thread){
                      .process = w->process, .tid = 4243 + i, .name = text(w, "libuv-worker") });
}

/* ---- what happened ---- */

/* From 20 % to 45 % and from 70 % to 80 % of the time the loop is busy. */
static bool busy_at(const struct world *w, uint64_t since)
{
    const double share = (double)since / (double)(w->seconds * SECOND);
    return (share > 0.20 && share < 0.45) || (share > 0.70 && share < 0.80);
}

static void add_sample(struct world *w, enum channel c, uint64_t since, struct thread_id thread,
    struct stack_id stack, uint64_t weight)
{
    const struct sample s = {
        .time_ns = START + since, .thread = thread, .stack = stack, .count = 1, .weight = weight
    };
    if (c == CHANNEL_CPU)
        profile_add_sample(w->p, &s);
    else
        profile_add_channel_sample(w->p, c, &s);
}

static void add_samples(struct world *w)
{
    const uint64_t period = SECOND / RATE, ticks = w->seconds * RATE;
    for (uint64_t i = 0; i < ticks; i++) {
        const uint64_t since = i * period;
        const bool busy = busy_at(w, since);
        const struct stack_id busy_in[] = { w->splitting, w->parsing, w->splitting, w->collecting,
            w->stringifying, w->splitting };
        if (busy)
            add_sample(
                w, CHANNEL_CPU, since, w->loop, busy_in[i % PROF_ARRAY_LEN(busy_in)], period);
        else if (i % 10 == 0)
            add_sample(w, CHANNEL_CPU, since, w->loop, w->idle, period);
        else
            add_sample(
                w, CHANNEL_WAIT, since, w->loop, i % 3 ? w->wait_loop : w->wait_query, period);
        add_sample(w, i % 5 ? CHANNEL_WAIT : CHANNEL_CPU, since, w->pool[i % POOL],
            i % 5 ? w->wait_lock : w->hashing, period);
        if (i % 7 == 0)
            add_sample(w, CHANNEL_FAULTS, since, w->loop, i % 4 ? w->fault_cache : w->fault_rows,
                4096 * (1 + i % 3));
    }
}

static void add_point(struct world *w, const char *name, const char *unit, struct thread_id thread,
    uint64_t since, double value)
{
    const struct series row = {
        .name = text(w, name), .unit = text(w, unit), .thread = thread, .process = w->process
    };
    profile_add_point(w->p, profile_add_series(w->p, &row), START + since, value);
}

static void add_series(struct world *w)
{
    const struct thread_id all = { 0 };
    double loop_cpu = 0.0, requests = 0.0, minor = 0.0, written = 0.0;
    for (uint64_t i = 0; i <= w->seconds * SERIES_HZ; i++) {
        const uint64_t since = i * SECOND / SERIES_HZ;
        const bool busy = busy_at(w, since);
        const double wobble = sin((double)i * 1.7) * 0.5 + 0.5;
        loop_cpu += (busy ? 0.96 + 0.03 * wobble : 0.08 + 0.1 * wobble) * 1e9 / SERIES_HZ;
        requests += busy ? 3 + 2 * wobble : 120 + 20 * wobble;
        minor += busy ? 900 : 60 + 100 * wobble;
        written += 2e5 * wobble;
        add_point(w, "thread_on_cpu", "ns", w->loop, since, loop_cpu);
        for (int t = 0; t < POOL; t++)
            add_point(w, "thread_on_cpu", "ns", w->pool[t], since,
                (double)since * (0.02 + 0.015 * t) + 1e7 * wobble * t);
        add_point(w, "cpu", "ns", all, since, loop_cpu + (double)since * 0.2);
        add_point(w, "rss", "bytes", all, since, 9e7 + 2.4e6 * (double)i + 3e6 * wobble);
        add_point(w, "heap_used", "bytes", all, since,
            4e7 + 1.2e6 * (double)i + 2e7 * fmod((double)i, 9.0) / 9.0);
        add_point(w, "faults_minor", "count", all, since, minor);
        add_point(w, "fds", "count", all, since, 24 + floor((double)i / 9.0));
        add_point(w, "io_write", "bytes", all, since, written);
        add_point(w, "requests", "count", all, since, requests);
        add_point(w, "loop_delay_max", "ns", all, since,
            busy ? 3.1e8 + 1e8 * wobble : 2e6 + 6e6 * wobble);
    }
}

static void add_spans(struct world *w)
{
    for (uint64_t i = 0; i < w->seconds * 3; i++) {
        const uint64_t since = i * SECOND / 3;
        const uint64_t long_ns = busy_at(w, since) ? 290 + 60 * (i % 3) : 11 + i % 9;
        profile_add_span(w->p, &(struct span){ .start_ns = START + since,
                                   .duration_ns = long_ns * NS_PER_MS,
                                   .on_cpu_ns = long_ns * NS_PER_MS,
                                   .thread = w->loop,
                                   .kind = SPAN_TURN,
                                   .events = 1 });
        profile_add_span(w->p, &(struct span){ .start_ns = START + since + SECOND / 7,
                                   .duration_ns = (1 + i % 4) * NS_PER_MS,
                                   .kind = SPAN_GC,
                                   .label = text(w, "minor") });
    }
}

static void add_meta(struct world *w)
{
    struct profile_meta *m = profile_meta(w->p);
    meta_set_text(&m->kind, slice_of("doctor"));
    meta_set_text(&m->command,
        slice_of(w->hostile ? "node \"><script>alert(3)</script>" : "node server.js --port 8080"));
    meta_set_text(&m->level, slice_of("full"));
    m->start_ns = START;
    m->end_ns = START + w->seconds * SECOND;
    m->start_realtime_ns = UINT64_C(1790000000) * SECOND;
    m->rate_hz = RATE;
    m->cpus = 4;
    m->stacks_complete = w->seconds * RATE;
    m->target_user_ns = w->seconds * SECOND / 2;
    m->overhead_ns = w->seconds * SECOND / 150;
}

/* ---- what was judged ---- */

static char *copy(const char *s)
{
    PROF_CLEANUP(strbuf_done) struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, s);
    return strbuf_take(&b);
}

static const struct rule rules[] = {
    { .id = "starved-by-others", .title = "Other programs took the CPU", .role = RULE_GATE },
    { .id = "loop-blocked-cpu",
        .title = "The event loop is blocked by computation",
        .role = RULE_VERDICT },
    { .id = "memory-growth", .title = "Memory grows without end", .role = RULE_VERDICT },
    { .id = "downstream-wait", .title = "Requests wait for one peer", .role = RULE_VERDICT },
    { .id = "lock-contention", .title = "Threads queue for one lock", .role = RULE_VERDICT },
    { .id = "fd-leak", .title = "Descriptors are never closed", .role = RULE_VERDICT },
    { .id = "json-heavy", .title = "Much time in JSON", .role = RULE_VERDICT },
    { .id = "gc-pressure", .title = "The collector runs often", .role = RULE_VERDICT },
    { .id = "logging-heavy", .title = "Logging costs noticeable time", .role = RULE_VERDICT },
};

struct said {
    size_t rule;
    enum severity severity;
    enum confidence confidence;
    double weight;
    enum channel channel;
    const char *summary, *series, *unit_title;
    bool rate;
    double threshold;
};

static const struct said said[] = {
    { 1, SEVERITY_CRITICAL, CONFIDENCE_CERTAIN, 0.61, CHANNEL_CPU,
        "The event loop stood still for 0.31 s at a time, 27 times in 30 s: 96 % of each of these "
        "turns is computation in parseRows (server.js:10).",
        NULL, "Turns of the loop", false, 5e7 },
    { 2, SEVERITY_CRITICAL, CONFIDENCE_LIKELY, 0.48, CHANNEL_FAULTS,
        "Resident memory grew by 9.6 MB/s in a straight line, 288 MB in 30 s; 75 % of it was first "
        "touched below remember (server.js:24).",
        "rss", "Resident memory", false, (double)NAN },
    { 3, SEVERITY_WARNING, CONFIDENCE_LIKELY, 0.33, CHANNEL_WAIT,
        "A third of the loop's waiting is for answers of tcp 10.0.0.7:5432.", "requests",
        "Requests answered", true, (double)NAN },
    { 4, SEVERITY_WARNING, CONFIDENCE_POSSIBLE, 0.21, CHANNEL_WAIT,
        "Four workers wait for the lock at 0x7f12ab34 80 % of the time.", "thread_on_cpu",
        "CPU by thread", true, 0.05 },
    { 5, SEVERITY_WARNING, CONFIDENCE_LIKELY, 0.0, CHANNEL_CPU,
        "Open descriptors rose from 24 to 37 and never fell.", "fds", "Open descriptors", false,
        (double)NAN },
    { 6, SEVERITY_INFO, CONFIDENCE_LIKELY, 0.12, CHANNEL_CPU,
        "JSON.stringify takes 12 % of the loop's time on the CPU.", NULL, NULL, false,
        (double)NAN },
    { 7, SEVERITY_INFO, CONFIDENCE_POSSIBLE, 0.09, CHANNEL_CPU,
        "90 pauses of the collector, 225 ms all told.", NULL, NULL, false, (double)NAN },
    { 8, SEVERITY_INFO, CONFIDENCE_POSSIBLE, 0.04, CHANNEL_CPU,
        "4 % of the time goes to formatting log lines.", NULL, NULL, false, (double)NAN },
};

static const struct said gate = { 0, SEVERITY_INFO, CONFIDENCE_CERTAIN, 0.42, CHANNEL_WAIT,
    "Other programs kept the CPUs busy: the target's threads stood in line for a CPU 42 % of the "
    "time that they wanted to run.",
    "cpu", "CPU of the target", true, (double)NAN };

static void blame(struct world *w, struct finding *f, size_t rule)
{
    const struct string_id none = { 0 };
    if (rule == 3) {
        const struct func *wait = profile_func(
            w->p, profile_frame_lines(w->p, profile_stack(w->p, w->wait_query).frame)[0].func);
        vec_push(&f->guilty, ((struct guilty){ w->handle, 17, 0.33, wait->system_name }));
        return;
    }
    if (rule == 2)
        vec_push(&f->guilty, ((struct guilty){ w->remember, 24, 0.75, none }));
    if (rule == 6)
        vec_push(&f->guilty, ((struct guilty){ w->stringify, 0, 0.12, none }));
    if (rule == 1 || rule == 7)
        vec_push(&f->guilty, ((struct guilty){ w->parse, 10, 0.78, none }));
    if (rule == 1)
        vec_push(&f->guilty, ((struct guilty){ w->split, 0, 0.46, none }));
}

static void chart(struct world *w, struct finding *f, const struct said *s)
{
    if (!s->unit_title)
        return;
    const bool turns = s->series == NULL;
    vec_push(&f->charts, ((struct chart){ .kind = turns ? CHART_SPANS : CHART_SERIES,
                             .series = text(w, s->series ? s->series : ""),
                             .process = w->process,
                             .spans = SPAN_TURN,
                             .title = copy(s->unit_title),
                             .threshold = s->threshold,
                             .rate = s->rate }));
    if (turns)
        vec_push(&f->charts, ((struct chart){ .kind = CHART_SERIES,
                                 .series = text(w, "thread_on_cpu"),
                                 .thread = w->loop,
                                 .title = copy("CPU of the loop's thread"),
                                 .threshold = (double)NAN,
                                 .rate = true }));
}

static void find(struct world *w, const struct said *s)
{
    const char *evil = w->hostile ? " <script>alert(4)</script>" : "";
    const struct rule *rule = &rules[s->rule];
    PROF_CLEANUP(strbuf_done) struct strbuf summary = STRBUF_INIT;
    strbuf_addf(&summary, "%s%s", s->summary, evil);
    struct finding f = { .rule = rule,
        .id = rule->id,
        .severity = s->severity,
        .confidence = s->confidence,
        .weight = s->weight,
        .channel = s->channel,
        .thread = s->rule == 4 ? (struct thread_id){ 0 } : w->loop,
        .process = w->process,
        .summary = strbuf_take(&summary),
        .advice =
            copy("Move the work out of the loop: a worker thread for large inputs, or parse in "
                 "pieces that yield. The split by a regular expression on line 10 is the most "
                 "expensive part; split(',') and trim() do the same."),
        .alternative = copy("A debugger or a profiler that stops the process looks like this too; "
                            "then the other threads stand still at the same moments."),
        .command = copy("prof doctor -d 60 --on-port 'wrk -t2 -c64 -d30 "
                        "http://localhost:$PORT/import' -- node server.js") };
    blame(w, &f, s->rule);
    chart(w, &f, s);
    if (f.charts.len > 0 && s->severity > SEVERITY_INFO) {
        const uint64_t all = w->seconds * SECOND;
        vec_push(&f.intervals, ((struct interval){ START + all / 5, START + all * 45 / 100 }));
        vec_push(&f.intervals, ((struct interval){ START + all * 7 / 10, START + all * 8 / 10 }));
    }
    vec_push(&f.proofs,
        ((struct proof){ copy("turns longer than 50 ms on the CPU"), 27, 3, "count", 90 }));
    vec_push(&f.proofs,
        ((struct proof){ copy("their share of the loop's time"), s->weight, 0.1, "share", 5970 }));
    vec_push(&f.proofs, ((struct proof){ copy("longest turn"), 4.1e8, 5e7, "ns", 90 }));
    vec_push(&w->d.findings, f);
}

static void judge_rest(struct world *w)
{
    static const struct {
        struct rule rule;
        const char *said;
    } fine[] = {
        { { .id = "page-fault-storm" },
            "page faults: 0.2 % of the time on the CPU, no storm (4,120 faults)" },
        { { .id = "spinning" }, "no thread runs while it waits" },
        { { .id = "dns-blocking" }, "no name was looked up while the loop waited" },
        { { .id = "tiny-io" }, "98 % of writes moved more than 512 bytes" },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(fine); i++)
        vec_push(
            &w->d.healthy, ((struct healthy){ .rule = &fine[i].rule, .said = copy(fine[i].said) }));
    vec_push(&w->d.not_seen, ((struct not_seen){ .what = copy("who woke whom"),
                                 .why = copy("tracepoints need more rights than prof had"),
                                 .how = copy("sudo prof doctor -- node server.js") }));
    vec_push(
        &w->d.not_seen, ((struct not_seen){ .what = copy("requests and their latency"),
                            .why = copy("no load tool ran under prof"),
                            .how = copy("prof doctor --on-port 'wrk ...' -- node server.js") }));
}

static void judge(struct world *w, const char *scenario)
{
    const bool disturbed = strcmp(scenario, "disturbed") == 0;
    const bool many = disturbed || strcmp(scenario, "eight") == 0 || strcmp(scenario, "hour") == 0;
    const bool some = many || strcmp(scenario, "one") == 0 || w->hostile;
    if (disturbed)
        find(w, &gate);
    for (size_t i = 0; some && i < (many ? PROF_ARRAY_LEN(said) : 1); i++)
        find(w, &said[i]);
    w->d.verdict = some ? rules[1].id : "healthy";
    const char *sentence =
        some ? said[0].summary
             : "Nothing is wrong that prof can see: 12,345 requests in 30 s, none waited longer "
               "than 9 ms for the loop, memory is flat.";
    if (strcmp(scenario, "gate") == 0) {
        find(w, &gate);
        w->d.verdict = rules[0].id;
        sentence = "The machine was too busy for a verdict: for 42 % of the time that it wanted to "
                   "run, the target waited for a CPU that others had.";
    } else if (strcmp(scenario, "unknown") == 0 || strcmp(scenario, "empty") == 0) {
        w->d.verdict = "cannot-tell";
        sentence = "Too short to tell: the program ran for 0.2 s, and 10 s are needed.";
    }
    w->d.sentence = copy(sentence);
    judge_rest(w);
}

/* ---- out ---- */

static bool write_file(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct file_out *out = ctx;
    return file_write_all(out->fd, bytes, len, e);
}

/* NULL: the page. */
static const struct diagnosis_format *format_of(const char *path)
{
    size_t count;
    const struct diagnosis_format *rows = diagnosis_format_table(&count);
    for (size_t i = 0; i < count; i++)
        if (format_ending(&rows[i].row, path) > 0)
            return &rows[i];
    return NULL;
}

static int write_page(const struct world *w, const char *path)
{
    struct err e = { 0 };
    struct file_out out;
    if (!file_out_open(&out, path, &e))
        return 1;
    const struct format_sink sink = { .write = write_file, .ctx = &out };
    const uint64_t before = clock_process_cpu_ns();
    const struct diagnosis_format *format = format_of(path);
    const bool ok =
        (format ? format->write(w->p, &w->d, &sink, &e)
                : doctor_page_write(w->p, &w->d, &(struct report_options){ 0 }, &sink, &e)) &&
        file_out_commit(&out, &e);
    file_out_done(&out);
    fprintf(stderr, "page %.0f ms CPU\n", (double)(clock_process_cpu_ns() - before) / 1e6);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: make_doctor SCENARIO SOURCE.js OUT.html\n");
        return 2;
    }
    struct world w = { .p = profile_new(),
        .seconds = strcmp(argv[1], "hour") == 0 ? 3600 : 30,
        .hostile = strcmp(argv[1], "hostile") == 0 };
    add_people(&w);
    add_stacks(&w, argv[2]);
    add_meta(&w);
    if (strcmp(argv[1], "empty") != 0) {
        add_samples(&w);
        add_series(&w);
        add_spans(&w);
    }
    judge(&w, argv[1]);
    const int status = write_page(&w, argv[3]);
    diagnosis_done(&w.d);
    profile_free(w.p);
    return status;
}
