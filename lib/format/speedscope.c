// SPDX-License-Identifier: MIT
/*
 * speedscope's own JSON (github.com/jlfwong/speedscope, file-format-spec.ts): one "sampled" profile
 * per thread, in order of time, so that its time-order view means something. Inlined functions are
 * frames of their own; its pprof importer would drop them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"
#include "format/formats.h"
#include "format/out.h"
#include "profile/sample_log.h"

/* Samples of one thread that follow each other. */
struct run {
    VEC(struct sample) samples;
    uint64_t weight;
};

struct writer {
    const struct profile *p;
    struct out out;
    struct json json;
    struct run *threads; /* by thread id */
};

static void write_frames(struct writer *w)
{
    json_key(&w->json, "shared");
    json_object(&w->json);
    json_key(&w->json, "frames");
    json_array(&w->json);
    for (uint32_t i = 0; i < profile_func_count(w->p); i++) {
        const struct func *f = profile_func(w->p, (struct func_id){ i });
        struct slice name = profile_string(w->p, f->name);
        json_object(&w->json);
        json_key(&w->json, "name");
        json_string(&w->json, name.len ? name : slice_of("[unknown]"));
        if (f->file.i) {
            json_key(&w->json, "file");
            json_string(&w->json, profile_string(w->p, f->file));
        }
        if (f->line) {
            json_key(&w->json, "line");
            json_u64(&w->json, f->line);
        }
        json_object_end(&w->json);
        out_step(&w->out);
    }
    json_array_end(&w->json);
    json_object_end(&w->json);
}

/* A stack as indexes of frames, outermost first. */
static void write_stack(struct writer *w, struct stack_id id)
{
    VEC(uint32_t) funcs = { 0 };
    while (id.i) {
        struct stack stack = profile_stack(w->p, id);
        const struct line *lines = profile_frame_lines(w->p, stack.frame);
        uint32_t count = profile_frame(w->p, stack.frame)->line_count;
        for (uint32_t l = count; l-- > 0;)
            vec_push(&funcs, lines[l].func.i);
        if (count == 0)
            vec_push(&funcs, 0);
        id = stack.caller;
    }
    json_array(&w->json);
    for (size_t i = funcs.len; i-- > 0;)
        json_u64(&w->json, funcs.ptr[i]);
    json_array_end(&w->json);
    vec_done(&funcs);
    out_step(&w->out);
}

static void write_thread_name(struct writer *w, struct thread_id id)
{
    const struct thread *t = profile_thread(w->p, id);
    const struct process *process = profile_process(w->p, t->process);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    if (id.i == 0 && t->name.i == 0) {
        const struct profile_meta *m = profile_meta_get(w->p);
        strbuf_adds(&name, m->title ? m->title : "all threads");
    } else {
        strbuf_addslice(&name, profile_string(w->p, t->name));
        strbuf_addf(&name, " (tid %" PRId32 ", ", t->tid);
        strbuf_addslice(&name, profile_string(w->p, process->name));
        strbuf_addf(&name, " pid %" PRId32 ")", process->pid);
    }
    json_key(&w->json, "name");
    json_string(&w->json, strbuf_slice(&name));
}

static int compare_times(const void *a, const void *b)
{
    const struct sample *x = a;
    const struct sample *y = b;
    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static const char *unit_name(const struct profile *p)
{
    switch ((enum weight_unit)profile_meta_get(p)->weight_unit) {
    case WEIGHT_NANOSECONDS:
        return "nanoseconds";
    case WEIGHT_BYTES:
        return "bytes";
    case WEIGHT_COUNT:
    case WEIGHT_UNITS:
        break;
    }
    return "none";
}

/* Sorts by time and adds up neighbours with the same stack, which look the same in any view. */
static void settle_run(struct run *run)
{
    struct sample *samples = run->samples.ptr;
    size_t kept = 0;
    qsort(samples, run->samples.len, sizeof *samples, compare_times);
    for (size_t i = 1; i < run->samples.len; i++) {
        if (samples[i].stack.i == samples[kept].stack.i)
            samples[kept].weight += samples[i].weight;
        else
            samples[++kept] = samples[i];
    }
    run->samples.len = kept + 1;
}

static void write_thread(struct writer *w, struct thread_id id)
{
    struct run *run = &w->threads[id.i];
    if (run->samples.len == 0)
        return;
    settle_run(run);
    json_object(&w->json);
    json_key(&w->json, "type");
    json_text(&w->json, "sampled");
    write_thread_name(w, id);
    json_key(&w->json, "unit");
    json_text(&w->json, unit_name(w->p));
    json_key(&w->json, "startValue");
    json_u64(&w->json, 0);
    json_key(&w->json, "endValue");
    json_u64(&w->json, run->weight);
    json_key(&w->json, "samples");
    json_array(&w->json);
    for (size_t i = 0; i < run->samples.len; i++)
        write_stack(w, run->samples.ptr[i].stack);
    json_array_end(&w->json);
    json_key(&w->json, "weights");
    json_array(&w->json);
    for (size_t i = 0; i < run->samples.len; i++) {
        json_u64(&w->json, run->samples.ptr[i].weight);
        out_step(&w->out);
    }
    json_array_end(&w->json);
    json_object_end(&w->json);
}

static void sort_by_thread(struct writer *w)
{
    w->threads = xcalloc(profile_thread_count(w->p), sizeof *w->threads);
    struct sample_iter it = sample_iter(profile_samples(w->p));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        struct run *run = &w->threads[s.thread.i];
        run->weight += s.weight;
        vec_push(&run->samples, s);
    }
    sample_iter_done(&it);
}

/* The thread that did most is the one to look at first. */
static uint32_t busiest(const struct writer *w)
{
    uint32_t index = 0, best = 0;
    uint64_t most = 0;
    for (uint32_t i = 0; i < profile_thread_count(w->p); i++) {
        if (w->threads[i].samples.len == 0)
            continue;
        if (w->threads[i].weight > most) {
            most = w->threads[i].weight;
            best = index;
        }
        index++;
    }
    return best;
}

static void write_document(struct writer *w)
{
    const struct profile_meta *m = profile_meta_get(w->p);
    struct json *j = &w->json;
    json_object(j);
    json_key(j, "$schema");
    json_text(j, "https://www.speedscope.app/file-format-schema.json");
    json_key(j, "exporter");
    json_text(j, m->tool ? m->tool : "prof");
    json_key(j, "name");
    json_text(j, m->title ? m->title : m->command ? m->command : "profile");
    json_key(j, "activeProfileIndex");
    json_u64(j, busiest(w));
    write_frames(w);
    json_key(j, "profiles");
    json_array(j);
    for (uint32_t i = 0; i < profile_thread_count(w->p); i++)
        write_thread(w, (struct thread_id){ i });
    json_array_end(j);
    json_object_end(j);
    strbuf_addc(&w->out.text, '\n');
}

bool speedscope_write(const struct profile *p, const struct format_sink *sink, struct err *e)
{
    struct writer w = { .p = p, .out = out_init(sink, e) };
    json_init(&w.json, &w.out.text);
    sort_by_thread(&w);
    write_document(&w);
    for (uint32_t i = 0; i < profile_thread_count(p); i++)
        vec_done(&w.threads[i].samples);
    free(w.threads);
    return out_finish(&w.out);
}
