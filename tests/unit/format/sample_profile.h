// SPDX-License-Identifier: MIT
/*
 * A profile with some of everything, for the tests of the formats: two processes, three threads,
 * inlined functions, kernel frames, a JIT, unresolved frames, names made to hurt, series, notes,
 * evidence. Also: all of a profile as text, to compare two of them.
 */
#ifndef PROF_TESTS_UNIT_FORMAT_SAMPLE_PROFILE_H
#define PROF_TESTS_UNIT_FORMAT_SAMPLE_PROFILE_H

#include <stdio.h>

#include "base/strbuf.h"
#include "profile/evidence.h"
#include "profile/profile.h"
#include "profile/sample_log.h"
#include "profile/wait.h"

#define HOSTILE_NAME "</script>;a\nb\x1b[31m\xff \"quoted\" \\ \xe2\x80\xae"

static inline struct string_id sample_string(struct profile *p, const char *text)
{
    return profile_add_string(p, slice_of(text));
}

static inline struct line sample_line(struct profile *p, const char *name, const char *file,
    uint32_t line, struct module_id module, enum func_kind kind)
{
    struct func func = {
        .name = sample_string(p, name),
        .file = sample_string(p, file),
        .line = line ? line - 1 : 0,
        .module = module,
        .kind = kind,
    };
    return (struct line){ .func = profile_add_func(p, &func), .line = line };
}

struct sample_ids {
    struct module_id app, libc, kernel, jit;
    struct thread_id threads[3];
    struct stack_id stacks[6];
};

static inline void sample_processes(struct profile *p, struct sample_ids *ids)
{
    struct process server = { .pid = 4100, .start_ns = 1000000000 };
    server.name = sample_string(p, "server");
    server.exe = sample_string(p, "/opt/demo/server");
    struct process_id first = profile_add_process(p, &server);
    struct process child = { .pid = 4177, .parent = first, .start_ns = 1200000000 };
    child.name = sample_string(p, "worker (x) 1");
    child.end_ns = 1900000000;
    struct process_id second = profile_add_process(p, &child);
    const char *names[] = { "server", "io thread", HOSTILE_NAME };
    for (int i = 0; i < 3; i++) {
        struct thread t = {
            .process = i < 2 ? first : second,
            .tid = i < 2 ? 4100 + i : 4177,
            .name = sample_string(p, names[i]),
            .start_ns = 1000000000u + (uint64_t)i * 1000,
            .cpu_user_ns = 40000000u * (uint64_t)(3 - i),
            .cpu_kernel_ns = i == 2 ? 7000000 : 0,
        };
        ids->threads[i] = profile_add_thread(p, &t);
    }
}

static inline void sample_modules(struct profile *p, struct sample_ids *ids)
{
    struct module app = { .path = sample_string(p, "/opt/demo/server"), .kind = MODULE_ELF };
    app.build_id_len = 20;
    for (int i = 0; i < 20; i++)
        app.build_id[i] = (uint8_t)(i * 11);
    ids->app = profile_add_module(p, &app);
    struct module libc = { .path = sample_string(p, "/usr/lib/libc.so.6"), .kind = MODULE_ELF };
    libc.no_symbols = true;
    ids->libc = profile_add_module(p, &libc);
    struct module kernel = { .path = sample_string(p, "[kernel]"), .kind = MODULE_KERNEL };
    ids->kernel = profile_add_module(p, &kernel);
    struct module jit = { .path = sample_string(p, "[jit]"), .kind = MODULE_JIT, .process = { 1 } };
    ids->jit = profile_add_module(p, &jit);
}

static inline struct frame_id sample_frame(struct profile *p, struct module_id module,
    uint64_t address, const struct line *lines, uint32_t count)
{
    struct frame_id id = profile_add_frame(p, module, address, 0);
    profile_resolve_frame(p, id, lines, count);
    return id;
}

static inline void sample_stacks(struct profile *p, struct sample_ids *ids)
{
    const char *file = "/src/demo/server.c";
    struct line main_line = sample_line(p, "main", file, 120, ids->app, FUNC_APP);
    struct line serve[2] = {
        sample_line(p, "serve_request", file, 88, ids->app, FUNC_APP),
        sample_line(p, "parse_header", "/src/demo/parse.h", 14, ids->app, FUNC_APP),
    };
    struct line hash = sample_line(p, "hash_bytes", "/src/demo/hash.c", 33, ids->app, FUNC_APP);
    struct line unknown = sample_line(p, "libc.so.6+0x9a3b1", "", 0, ids->libc, FUNC_UNKNOWN);
    struct line sys = sample_line(p, "tcp_sendmsg", "", 0, ids->kernel, FUNC_KERNEL);
    struct line js = sample_line(p, "handler", "/opt/demo/app.js", 7, ids->jit, FUNC_APP);
    js.tier = TIER_OPTIMISED;
    struct line bad = sample_line(p, HOSTILE_NAME, "/tmp/\xc3\x28;\n.c", 1, ids->app, FUNC_APP);
    struct frame_id main_frame = sample_frame(p, ids->app, 0x4011d0, &main_line, 1);
    struct frame_id serve_frame = sample_frame(p, ids->app, 0x401876, serve, 2);
    ids->stacks[0] = profile_add_stack(p, (struct stack_id){ 0 }, main_frame);
    ids->stacks[1] = profile_add_stack(p, ids->stacks[0], serve_frame);
    ids->stacks[2] =
        profile_add_stack(p, ids->stacks[1], sample_frame(p, ids->app, 0x402000, &hash, 1));
    struct frame_id libc = sample_frame(p, ids->libc, 0x9a3b1, &unknown, 1);
    ids->stacks[3] = profile_add_stack(p, profile_add_stack(p, ids->stacks[1], libc),
        sample_frame(p, ids->kernel, UINT64_C(0xffffffff81234567), &sys, 1));
    ids->stacks[4] =
        profile_add_stack(p, ids->stacks[0], sample_frame(p, ids->jit, 0x7f0012340000, &js, 1));
    struct frame_id guess = profile_add_frame(p, ids->app, 0x403333, FRAME_GUESS);
    profile_resolve_frame(p, guess, &bad, 1);
    ids->stacks[5] = profile_add_stack(p, ids->stacks[4], guess);
}

static inline void sample_samples(struct profile *p, const struct sample_ids *ids, int count)
{
    static const uint8_t which[] = { 2, 2, 3, 2, 1, 4, 2, 3, 5, 2 };
    for (int i = 0; i < count; i++) {
        struct sample s = {
            .time_ns = 1000000000u + (uint64_t)i * 2004008,
            .thread = ids->threads[i % 7 == 3 ? 2 : i % 5 == 1],
            .stack = ids->stacks[which[i % 10]],
            .count = 1,
            .weight = 2004008,
        };
        profile_add_sample(p, &s);
    }
}

static inline void sample_meta(struct profile *p)
{
    struct profile_meta *m = profile_meta(p);
    meta_set_text(&m->title, slice_of("server --port 8080"));
    meta_set_text(&m->command, slice_of("server --port 8080"));
    meta_set_text(&m->program, slice_of("server"));
    meta_set_text(&m->tool, slice_of("prof test"));
    meta_set_text(&m->kernel, slice_of("6.1.0"));
    meta_set_text(&m->machine, slice_of("x86_64"));
    meta_set_text(&m->level, slice_of("full"));
    meta_set_text(&m->event, slice_of("cpu-clock"));
    meta_set_text(&m->sampler, slice_of("perf"));
    meta_set_text(&m->unwinder, slice_of("table"));
    meta_set_text(&m->ended, slice_of("exit 0"));
    m->start_realtime_ns = UINT64_C(1767225600000000000);
    m->start_ns = 1000000000;
    m->end_ns = 2000000000;
    m->rate_hz = 499;
    m->period_ns = 2004008;
    m->cpus = 2;
    m->samples_lost = 3;
    m->stacks_complete = 96;
    m->stacks_truncated = 3;
    m->stacks_broken = 1;
    m->stack_copy_bytes = 16384;
    m->target_user_ns = 190000000;
    m->target_kernel_ns = 12000000;
    m->self_cpu_ns = 2500000;
    m->overhead_ns = 1900000;
}

static inline void sample_channels(struct profile *p, const struct sample_ids *ids)
{
    struct wait read = {
        .kind = WAIT_TCP, .operation = slice_of("recvfrom"), .object = slice_of("10.0.0.7:5432")
    };
    struct sample waited = {
        .time_ns = 1500000000,
        .thread = ids->threads[1],
        .stack = profile_add_stack(p, ids->stacks[1], wait_frame(p, &read)),
        .count = 1,
        .weight = 48000000,
    };
    profile_add_channel_sample(p, CHANNEL_WAIT, &waited);
    struct sample touched = { .time_ns = 1600000000,
        .thread = ids->threads[0],
        .stack = ids->stacks[2],
        .count = 1,
        .weight = 4096 };
    profile_add_channel_sample(p, CHANNEL_FAULTS, &touched);
}

static inline void sample_evidence(struct profile *p, const struct sample_ids *ids)
{
    sample_channels(p, ids);
    struct span turn = { .start_ns = 1400000000,
        .duration_ns = 61000000,
        .on_cpu_ns = 40000000,
        .blocked_ns = 20000000,
        .queued_ns = 1000000,
        .thread = ids->threads[0],
        .kind = SPAN_TURN,
        .events = 3 };
    profile_add_span(p, &turn);
    struct span gc = { .start_ns = 1390000000, .duration_ns = 5000000, .kind = SPAN_GC };
    gc.label = sample_string(p, "major");
    profile_add_span(p, &gc);
    struct histogram *h = profile_histogram(p, "turn", ids->threads[0]);
    histogram_add(h, 61000000);
    histogram_add(h, 900);
    histogram_add(h, 901);
    struct tally reads = { .thread = ids->threads[1], .count = 12, .ns = 480000000 };
    reads.name = sample_string(p, "wait");
    reads.what = sample_string(p, "recvfrom tcp 10.0.0.7:5432");
    reads.max_ns = 50000000;
    reads.bytes = 3000;
    reads.small = 11;
    profile_add_tally(p, &reads);
    profile_set_fact(p, (struct process_id){ 1 }, "runtime", slice_of("node"));
    profile_set_fact(p, (struct process_id){ 0 }, "cpus_allowed", slice_of("1.5"));
}

static inline struct profile *sample_profile(int samples)
{
    struct profile *p = profile_new();
    struct sample_ids ids;
    sample_meta(p);
    sample_processes(p, &ids);
    sample_modules(p, &ids);
    sample_stacks(p, &ids);
    sample_samples(p, &ids, samples);
    struct series cpu = { .thread = ids.threads[1], .process = { 1 } };
    cpu.name = sample_string(p, "cpu");
    cpu.unit = sample_string(p, "ns");
    struct series_id series = profile_add_series(p, &cpu);
    profile_add_point(p, series, 1000000000, 0.25);
    profile_add_point(p, series, 1100000000, -1e300);
    profile_add_note(p, "kernel stacks of 3 samples were cut",
        "the stack was deeper than 127 frames", "sysctl kernel.perf_event_max_stack=512");
    profile_add_note(p, "libc.so.6 has no symbols", "the file is stripped", "");
    sample_evidence(p, &ids);
    return p;
}

/* ---- all of a profile, as text ---- */

static inline void dump_tables(const struct profile *p, struct strbuf *out)
{
    for (uint32_t i = 0; i < profile_string_count(p); i++) {
        struct slice s = profile_string(p, (struct string_id){ i });
        strbuf_addf(out, "string %u ", i);
        strbuf_addslice(out, s);
        strbuf_addc(out, '\n');
    }
    for (uint32_t i = 0; i < profile_process_count(p); i++) {
        const struct process *r = profile_process(p, (struct process_id){ i });
        strbuf_addf(out, "process %u %d %u %u %u %lu %lu\n", i, r->pid, r->parent.i, r->name.i,
            r->exe.i, (unsigned long)r->start_ns, (unsigned long)r->end_ns);
    }
    for (uint32_t i = 0; i < profile_thread_count(p); i++) {
        const struct thread *r = profile_thread(p, (struct thread_id){ i });
        strbuf_addf(out, "thread %u %d %u %u %lu %lu %lu %lu\n", i, r->tid, r->process.i, r->name.i,
            (unsigned long)r->start_ns, (unsigned long)r->end_ns, (unsigned long)r->cpu_user_ns,
            (unsigned long)r->cpu_kernel_ns);
    }
    for (uint32_t i = 0; i < profile_module_count(p); i++) {
        const struct module *r = profile_module(p, (struct module_id){ i });
        strbuf_addf(out, "module %u %u %d %u %d %d ", i, r->path.i, (int)r->kind, r->process.i,
            r->deleted, r->no_symbols);
        for (uint32_t k = 0; k < r->build_id_len; k++)
            strbuf_addf(out, "%02x", r->build_id[k]);
        strbuf_addc(out, '\n');
    }
    for (uint32_t i = 0; i < profile_func_count(p); i++) {
        const struct func *r = profile_func(p, (struct func_id){ i });
        strbuf_addf(out, "func %u %u %u %u %u %u %d\n", i, r->name.i, r->system_name.i, r->file.i,
            r->line, r->module.i, (int)r->kind);
    }
}

static inline void dump_stacks(const struct profile *p, struct strbuf *out)
{
    for (uint32_t i = 0; i < profile_frame_count(p); i++) {
        const struct frame *r = profile_frame(p, (struct frame_id){ i });
        strbuf_addf(out, "frame %u %u %lx %u", i, r->module.i, (unsigned long)r->address, r->flags);
        const struct line *lines = profile_frame_lines(p, (struct frame_id){ i });
        for (uint32_t k = 0; k < r->line_count; k++)
            strbuf_addf(out, " %u:%u:%d", lines[k].func.i, lines[k].line, (int)lines[k].tier);
        strbuf_addc(out, '\n');
    }
    for (uint32_t i = 0; i < profile_stack_count(p); i++) {
        struct stack s = profile_stack(p, (struct stack_id){ i });
        strbuf_addf(out, "stack %u %u %u\n", i, s.caller.i, s.frame.i);
    }
    for (int channel = 0; channel < CHANNELS; channel++) {
        struct sample_iter it = sample_iter(profile_channel(p, (enum channel)channel));
        struct sample s;
        while (sample_iter_next(&it, &s))
            strbuf_addf(out, "sample %d %lu %u %u %lu %lu\n", channel, (unsigned long)s.time_ns,
                s.thread.i, s.stack.i, (unsigned long)s.count, (unsigned long)s.weight);
        sample_iter_done(&it);
    }
}

static inline void dump_histograms(const struct profile *p, struct strbuf *out)
{
    for (uint32_t i = 0; i < profile_histogram_count(p); i++) {
        const struct histogram *h = profile_histogram_at(p, i);
        strbuf_addf(out, "histogram %u %u %lu %lu %lu", h->name.i, h->thread.i,
            (unsigned long)h->count, (unsigned long)h->sum_ns, (unsigned long)h->max_ns);
        for (uint32_t k = 0; k < HISTOGRAM_BUCKETS; k++) {
            if (h->buckets[k])
                strbuf_addf(out, " %u:%lu", k, (unsigned long)h->buckets[k]);
        }
        strbuf_addc(out, '\n');
    }
}

static inline void dump_evidence(const struct profile *p, struct strbuf *out)
{
    uint32_t count;
    const struct span *spans = profile_spans(p, &count);
    for (uint32_t i = 0; i < count; i++)
        strbuf_addf(out, "span %d %lu %lu %lu %lu %lu %u %u %u\n", (int)spans[i].kind,
            (unsigned long)spans[i].start_ns, (unsigned long)spans[i].duration_ns,
            (unsigned long)spans[i].on_cpu_ns, (unsigned long)spans[i].blocked_ns,
            (unsigned long)spans[i].queued_ns, spans[i].thread.i, spans[i].events,
            spans[i].label.i);
    dump_histograms(p, out);
    const struct tally *tallies = profile_tallies(p, &count);
    for (uint32_t i = 0; i < count; i++)
        strbuf_addf(out, "tally %u %u %u %lu %lu %lu %lu %lu\n", tallies[i].thread.i,
            tallies[i].name.i, tallies[i].what.i, (unsigned long)tallies[i].count,
            (unsigned long)tallies[i].ns, (unsigned long)tallies[i].max_ns,
            (unsigned long)tallies[i].bytes, (unsigned long)tallies[i].small);
    for (uint32_t i = 0; i < profile_fact_count(p); i++) {
        struct fact f = profile_fact_at(p, i);
        strbuf_addf(out, "fact %u %u %u\n", f.process.i, f.key.i, f.value.i);
    }
}

static inline void dump_rest(const struct profile *p, struct strbuf *out)
{
    for (uint32_t i = 0; i < profile_series_count(p); i++) {
        const struct series *r = profile_series(p, (struct series_id){ i });
        strbuf_addf(
            out, "series %u %u %u %u %u\n", i, r->name.i, r->unit.i, r->thread.i, r->process.i);
        uint32_t count;
        const struct series_point *points = profile_points(p, (struct series_id){ i }, &count);
        for (uint32_t k = 0; k < count; k++)
            strbuf_addf(out, "point %lu %a\n", (unsigned long)points[k].time_ns, points[k].value);
    }
    for (uint32_t i = 0; i < profile_note_count(p); i++) {
        struct note n = profile_note(p, i);
        strbuf_addf(out, "note %u %u %u\n", n.what.i, n.why.i, n.how.i);
    }
    size_t count;
    const struct meta_row *rows = profile_meta_rows(&count);
    for (size_t i = 0; i < count; i++) {
        strbuf_addf(out, "meta %s ", rows[i].key);
        if (rows[i].type == META_NUMBER)
            strbuf_addf(
                out, "%lu\n", (unsigned long)meta_get_number(profile_meta_get(p), &rows[i]));
        else
            strbuf_addf(out, "%s\n", slice_of(meta_get_text(profile_meta_get(p), &rows[i])).ptr);
    }
}

/* Every table and every row, in order: equal texts mean equal profiles. */
static inline struct strbuf dump_profile(const struct profile *p)
{
    struct strbuf out = STRBUF_INIT;
    dump_tables(p, &out);
    dump_stacks(p, &out);
    dump_evidence(p, &out);
    dump_rest(p, &out);
    return out;
}

/* ---- a sink into memory ---- */

static inline bool memory_write(void *ctx, const void *bytes, size_t len, struct err *e)
{
    (void)e;
    strbuf_add(ctx, bytes, len);
    return true;
}

#define MEMORY_SINK(buffer) (&(struct format_sink){ .write = memory_write, .ctx = (buffer) })

#endif
