// SPDX-License-Identifier: MIT
#include "record/record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "format/native.h"
#include "record/describe.h"
#include "record/load_output.h"
#include "record/node_channel.h"
#include "record/port.h"
#include "record/procfs_read.h"
#include "record/runtime_env.h"
#include "record/signals.h"
#include "record/source.h"
#include "record/target.h"
#include "record/v8_place.h"

#define BEAT_NS (250 * NS_PER_MS)

enum {
    DRAIN_INTERVAL_MS = 100,
    HASTE_INTERVAL_MS = 8,
    RUSH_INTERVAL_MS = 2,
    PORT_LIMIT_S = 30,
};

struct running_source {
    const struct source *source;
    void *state;
};

struct record_session {
    struct record_options options;
    struct recorder recorder;
    struct target target;
    struct launch_options launch;
    struct runtime_env env;
    char **argv; /* in place of options.argv; NULL: as it is */
    struct node_channel node;
    struct load_output load;
    struct running_source sources[SOURCES_MAX];
    size_t source_count;
    struct native_writer *writer;
    bool save_failed;
    struct err save_error;
    bool stopped_by_us;
    uint64_t cpu_from_ns;
    uint64_t began_ns;
    uint64_t next_beat_ns;
};

/* ---- beginning ---- */

static const struct unwinder *find_unwinder(const char *name, struct err *e)
{
    const struct unwinder *libunwind = unwinder_libunwind();
    if (!name || strcmp(name, unwinder_table.name) == 0)
        return &unwinder_table;
    if (libunwind && strcmp(name, libunwind->name) == 0)
        return libunwind;
    if (strcmp(name, "libunwind") == 0) {
        err_set(e, ERR_UNSUPPORTED, "this prof was built without libunwind");
        err_hint(e, "install libunwind-dev and build again, or leave out --unwinder");
    } else {
        err_set(e, ERR_USAGE, "unknown unwinder '%s'", name);
        err_hint(e, "one of: table, libunwind");
    }
    return NULL;
}

static bool check_options(const struct record_options *o, struct err *e)
{
    if (o->rate_hz > RECORD_RATE_MAX_HZ) {
        err_set(e, ERR_USAGE, "a rate of %u Hz is too high", o->rate_hz);
        return err_hint(
            e, "at most %d; %d is the default", RECORD_RATE_MAX_HZ, RECORD_RATE_DEFAULT_HZ);
    }
    if (o->stack_bytes > RECORD_STACK_BYTES_MAX) {
        err_set(
            e, ERR_USAGE, "the kernel copies at most %d bytes of stack", RECORD_STACK_BYTES_MAX);
        return err_hint(e, "leave the size out: prof reads the rest of deeper stacks by itself");
    }
    return true;
}

static void set_node_channel(struct record_session *s)
{
    const struct record_options *o = &s->options;
    if (!o->doctor || o->no_runtime_env || !node_channel_is_safe(o->argv, o->env))
        return;
    PROF_CLEANUP(err_done) struct err refused = { 0 };
    if (node_channel_open(&s->node, &refused))
        node_channel_announce(&s->node, &s->env);
    else
        profile_add_note(s->recorder.profile, source_node.without, refused.message, refused.hint);
}

/* Names for generated code, but nothing that makes a runtime speak on the target's output. */
static void set_runtime_env(struct record_session *s)
{
    const struct record_options *o = &s->options;
    const char *program = o->no_runtime_env ? NULL : o->argv[0];
    const bool elsewhere = program && !v8_log_fits_here(o->run_as);
    s->argv = elsewhere ? v8_log_elsewhere(o->argv) : NULL;
    if (s->argv)
        v8_logs_look_in(&s->recorder.jit_maps.v8_logs, V8_LOG_FOLDER);
    if (!elsewhere || s->argv)
        runtime_env_build(o->env, program, &s->env);
    else
        runtime_env_build_without_v8_log(o->env, program, &s->env);
}

static void set_launch(struct record_session *s)
{
    const struct record_options *o = &s->options;
    set_runtime_env(s);
    set_node_channel(s);
    s->launch = (struct launch_options){
        .argv = s->argv ? s->argv : o->argv, .env = s->env.env, .run_as = o->run_as
    };
    sigprocmask(SIG_SETMASK, NULL, &s->launch.signal_mask);
    getrlimit(RLIMIT_NOFILE, &s->launch.file_limit);
    meta_set_text(&profile_meta(s->recorder.profile)->runtime_env, slice_of(s->env.said));
    s->recorder.jit_maps.ours = s->env.maps_ours;
    s->recorder.jit_maps.since_s = (int64_t)(clock_realtime_ns() / NS_PER_S);
}

static bool make_target(struct record_session *s, struct err *e)
{
    bool ok;
    if (s->options.argv) {
        set_launch(s);
        ok = target_launch(&s->target, &s->launch, e);
    } else {
        ok = target_attach(&s->target, s->options.pid, e);
    }
    s->recorder.target = s->target.pid;
    return ok;
}

static void add_source(struct record_session *s, const struct source *source, void *state)
{
    struct recorder *r = &s->recorder;
    s->sources[s->source_count++] = (struct running_source){ source, state };
    if (source->take)
        r->takers[r->taker_count++] = (struct record_taker){ source->takes, source->take, state };
}

static bool start_sources(struct record_session *s, struct err *e)
{
    size_t count;
    const struct source *const *table = source_table(&count);
    struct running_source *sampler = &s->sources[0];
    sampler->source = source_start_sampler(&s->recorder, s->options.sampler, &sampler->state, e);
    if (!sampler->source)
        return false;
    s->source_count = 1;
    for (size_t i = 0; i < count && s->source_count < SOURCES_MAX; i++) {
        if (table[i]->role != SOURCE_COUNTER || (table[i]->doctor_only && !s->options.doctor))
            continue;
        PROF_CLEANUP(err_done) struct err refused = { 0 };
        void *state = table[i]->start(&s->recorder, &refused);
        if (state)
            add_source(s, table[i], state);
        else if (refused.message)
            profile_add_note(s->recorder.profile, table[i]->without, refused.message, refused.hint);
    }
    return true;
}

/* Counters before the sampler whose events they use. */
static void stop_sources(struct record_session *s)
{
    s->recorder.taker_count = 0;
    while (s->source_count > 0) {
        const struct running_source *last = &s->sources[--s->source_count];
        last->source->stop(last->state);
    }
}

/* The main process comes first, samples or none. */
static void add_main_row(struct recorder *r)
{
    struct tracked_process *p = processes_find(&r->processes, r->target);
    if (p)
        processes_row(&r->processes, p);
}

struct record_session *record_session_new(const struct record_options *options, struct err *e)
{
    const struct unwinder *unwinder = find_unwinder(options->unwinder, e);
    if (!unwinder || !check_options(options, e))
        return NULL;
    struct record_session *s = xcalloc(1, sizeof *s);
    struct recorder *r = &s->recorder;
    s->options = *options;
    s->cpu_from_ns = clock_process_cpu_ns();
    r->options = &s->options;
    r->node = &s->node;
    r->load = &s->load;
    load_output_init(&s->load);
    r->from_ns = r->to_ns = UINT64_MAX;
    r->profile = profile_new();
    r->modules = modules_new(r->profile);
    processes_init(&r->processes, r->profile, r->modules, &r->jit_maps);
    r->processes.no_children = options->no_children;
    stacks_init(&r->stacks, r->profile, &r->processes, unwinder);
    s->target.pidfd = s->target.child.go_fd = s->target.child.error_fd = -1;
    if (!make_target(s, e) || !start_sources(s, e)) {
        record_session_free(s);
        return NULL;
    }
    add_main_row(r);
    describe_start(r, s->sources[0].source->name);
    if (options->save_fd >= 0)
        s->writer = native_writer_new(options->save_fd, &s->save_error);
    s->save_failed = options->save_fd >= 0 && !s->writer;
    return s;
}

/* ---- saving ---- */

/* A full disk costs the file its end, not the recording. */
static void save(struct record_session *s)
{
    if (s->save_failed || !s->writer)
        return;
    if (!native_writer_flush(s->writer, s->recorder.profile, &s->save_error)) {
        s->save_failed = true;
        profile_add_note(s->recorder.profile, "FILE.prof ends before the recording does",
            s->save_error.message, s->save_error.hint);
    }
}

bool record_session_finish_save(struct record_session *s, struct err *e)
{
    if (s->options.save_fd < 0)
        return true;
    if (!s->save_failed && native_writer_finish(s->writer, s->recorder.profile, &s->save_error))
        return true;
    s->save_failed = true;
    if (e) {
        err_done(e);
        *e = s->save_error;
        s->save_error = (struct err){ 0 };
    }
    return false;
}

/* ---- running ---- */

static void drain(struct record_session *s, bool last)
{
    for (size_t i = 0; i < s->source_count; i++)
        s->sources[i].source->drain(s->sources[i].state, clock_monotonic_ns(), last);
}

static int interval_ms(const struct recorder *r)
{
    if (r->in_rush)
        return RUSH_INTERVAL_MS;
    return r->in_haste ? HASTE_INTERVAL_MS : DRAIN_INTERVAL_MS;
}

static void wait_for_something(struct record_session *s, const struct signals *signals)
{
    struct poll_list polls = { 0 };
    const struct pollfd signal_poll = { .fd = signals->fd, .events = POLLIN };
    vec_push(&polls, signal_poll);
    if (s->target.pidfd >= 0) {
        const struct pollfd end_poll = { .fd = s->target.pidfd, .events = POLLIN };
        vec_push(&polls, end_poll);
    }
    for (size_t i = 0; i < s->source_count; i++)
        if (s->sources[i].source->add_polls)
            s->sources[i].source->add_polls(s->sources[i].state, &polls);
    poll(polls.ptr, polls.len, interval_ms(&s->recorder));
    vec_done(&polls);
}

static void take_signals(struct record_session *s, struct signals *signals)
{
    struct signal_event event;
    while (signals_next(signals, &event))
        if (event.number != SIGCHLD)
            target_signal(&s->target, &event, &s->recorder.processes);
    s->target.tracer = s->recorder.tracer;
    target_reap(&s->target, clock_monotonic_ns());
}

/* Ends the recorded time, and then the target if it is ours. */
static void stop(struct record_session *s, uint64_t now_ns)
{
    if (s->recorder.to_ns > now_ns)
        s->recorder.to_ns = now_ns;
    s->stopped_by_us = true;
    target_stop(&s->target, &s->recorder.processes, now_ns);
}

static bool start_load(struct record_session *s, uint64_t now_ns, struct err *e)
{
    struct pid_list pids = { 0 };
    for (size_t i = 0; i < s->recorder.processes.list.len; i++)
        if (s->recorder.processes.list.ptr[i].alive)
            vec_push(&pids, s->recorder.processes.list.ptr[i].pid);
    const uint16_t port = port_find(&pids);
    vec_done(&pids);
    if (port) {
        const struct load_command load = {
            .command = s->options.on_port,
            .env = s->options.env,
            .port = port,
            .output = &s->load,
        };
        if (s->options.doctor)
            load_output_open(&s->load); /* else the command writes where prof does */
        return target_start_load(&s->target, &s->launch, &load, e);
    }
    if (now_ns - s->began_ns < PORT_LIMIT_S * NS_PER_S)
        return true;
    err_set(
        e, ERR_TARGET, "'%s' listens on no TCP port after %d s", s->options.argv[0], PORT_LIMIT_S);
    return err_hint(e, "--on-port is for servers: start the load yourself, or leave it out");
}

static bool check_limits(struct record_session *s, uint64_t now_ns, struct err *e)
{
    const struct record_options *o = &s->options;
    const struct target *t = &s->target;
    if (s->stopped_by_us || t->load_ended)
        stop(s, now_ns);
    else if (o->duration_ns && now_ns >= s->recorder.from_ns &&
             now_ns - s->recorder.from_ns >= o->duration_ns)
        stop(s, now_ns);
    if (o->on_port && t->launched && !t->load_pid && !s->stopped_by_us && !t->interrupts)
        return start_load(s, now_ns, e);
    return true;
}

static void beat(
    struct record_session *s, uint64_t now_ns, const struct record_callbacks *callbacks)
{
    if (now_ns < s->next_beat_ns)
        return;
    s->next_beat_ns = now_ns + BEAT_NS;
    jit_maps_retry(&s->recorder.jit_maps);
    describe_so_far(&s->recorder, clock_process_cpu_ns() - s->cpu_from_ns);
    save(s);
    const struct record_progress progress = {
        .elapsed_ns = now_ns - s->began_ns,
        .samples = s->recorder.samples,
        .lost = s->recorder.lost,
        .self_cpu_ns = clock_process_cpu_ns() - s->cpu_from_ns,
        .interrupts = s->target.interrupts,
    };
    if (callbacks && callbacks->progress)
        callbacks->progress(callbacks->ctx, &progress);
}

/* Until there is nothing left to record. False: --on-port found nothing to load. */
static bool loop(struct record_session *s, struct signals *signals,
    const struct record_callbacks *callbacks, struct err *e)
{
    bool ok = true;
    for (;;) {
        take_signals(s, signals);
        const uint64_t now_ns = clock_monotonic_ns();
        if (target_is_over(&s->target, &s->recorder.processes, now_ns))
            return ok;
        if (ok && !check_limits(s, now_ns, e)) {
            ok = false;
            stop(s, now_ns);
        } else if (!ok) {
            stop(s, now_ns);
        }
        beat(s, now_ns, callbacks);
        wait_for_something(s, signals);
        drain(s, false);
    }
}

static void fill_outcome(const struct record_session *s, struct record_outcome *ret_outcome)
{
    *ret_outcome = (struct record_outcome){
        .exited = s->target.ended,
        .wait_status = s->target.wait_status,
        .stopped_by_us = s->stopped_by_us,
        .interrupts = s->target.interrupts,
        .load_status = s->target.load_ended ? s->target.load_status : -1,
    };
}

static void end_sources(struct record_session *s)
{
    drain(s, true);
    describe_end(
        &s->recorder, &s->target, s->stopped_by_us, clock_process_cpu_ns() - s->cpu_from_ns);
    stop_sources(s);
    save(s);
}

bool record_session_run(struct record_session *s, const struct record_callbacks *callbacks,
    struct record_outcome *ret_outcome, struct err *e)
{
    struct signals signals;
    *ret_outcome = (struct record_outcome){ .load_status = -1 };
    if (!signals_start(&signals, e))
        return false;
    s->began_ns = clock_monotonic_ns();
    s->recorder.from_ns = s->began_ns + s->options.delay_ns;
    if (s->target.launched) {
        ret_outcome->exec_errno = target_go(&s->target, s->options.argv[0], e);
        if (ret_outcome->exec_errno) {
            signals_stop(&signals);
            return false;
        }
    }
    s->next_beat_ns = s->began_ns + BEAT_NS;
    const bool ok = loop(s, &signals, callbacks, e);
    end_sources(s);
    fill_outcome(s, ret_outcome);
    signals_stop(&signals);
    return ok;
}

/* ---- afterwards ---- */

void record_session_resolve(struct record_session *s)
{
    struct recorder *r = &s->recorder;
    struct symbol_source_list sources = { 0 };
    modules_add_sources(r->modules, &sources);
    jit_maps_add_sources(&r->jit_maps, &sources);
    const struct symbol_options options = {
        .sources = sources.ptr,
        .source_count = (uint32_t)sources.len,
        .no_inline = s->options.no_inline,
    };
    symbol_resolve(r->profile, &options);
    vec_done(&sources);
}

struct profile *record_session_profile(struct record_session *s)
{
    return s->recorder.profile;
}

/* Asked of the kernel: records of the last ends may never have come. */
static bool something_lives(const struct processes *ps)
{
    for (size_t i = 0; i < ps->list.len; i++) {
        struct procfs_stat stat;
        if (ps->list.ptr[i].alive && procfs_stat(ps->list.ptr[i].pid, 0, &stat) &&
            stat.state != 'Z' && stat.state != 'X')
            return true;
    }
    return false;
}

void record_session_free(struct record_session *s)
{
    if (!s)
        return;
    stop_sources(s);
    target_done(&s->target);
    load_output_done(&s->load);
    node_channel_close(&s->node, s->began_ns && something_lives(&s->recorder.processes));
    native_writer_free(s->writer);
    stacks_done(&s->recorder.stacks);
    processes_done(&s->recorder.processes);
    jit_maps_done(&s->recorder.jit_maps);
    modules_free(s->recorder.modules);
    runtime_env_done(&s->env);
    free(s->argv);
    err_done(&s->save_error);
    profile_free(s->recorder.profile);
    free(s);
}
