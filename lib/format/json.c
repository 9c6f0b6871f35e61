// SPDX-License-Identifier: MIT
/* The report for programs: docs/json.md says what each field means and what may change. */
#include <inttypes.h>

#include "base/json.h"
#include "base/vec.h"
#include "format/formats.h"
#include "format/out.h"
#include "format/summary.h"

enum { JSON_VERSION = 1 };

struct writer {
    const struct summary *s;
    struct out *out;
    struct json json;
    VEC(uint32_t) row_of; /* per func id: its place in "functions" */
};

static struct slice string_of(const struct writer *w, struct string_id id)
{
    return profile_string(w->s->p, id);
}

static void field_string(struct writer *w, const char *key, struct slice text)
{
    json_key(&w->json, key);
    json_string(&w->json, text);
}

static void field_u64(struct writer *w, const char *key, uint64_t value)
{
    json_key(&w->json, key);
    json_u64(&w->json, value);
}

/* A text that may be missing. */
static void field_optional(struct writer *w, const char *key, struct slice text)
{
    json_key(&w->json, key);
    if (text.len)
        json_string(&w->json, text);
    else
        json_text(&w->json, NULL);
}

static void open_rows(struct writer *w, const char *key)
{
    json_key(&w->json, key);
    json_array(&w->json);
}

static void close_row(struct writer *w)
{
    json_object_end(&w->json);
    out_step(w->out);
}

static void write_meta(struct writer *w)
{
    const struct profile_meta *m = profile_meta_get(w->s->p);
    size_t count;
    const struct meta_row *rows = profile_meta_rows(&count);
    json_key(&w->json, "meta");
    json_object(&w->json);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].type == META_TEXT) {
            json_key(&w->json, rows[i].key);
            json_text(&w->json, meta_get_text(m, &rows[i]));
        } else if (rows[i].offset != offsetof(struct profile_meta, weight_unit)) {
            field_u64(w, rows[i].key, meta_get_number(m, &rows[i]));
        }
    }
    field_string(w, "weight_unit", slice_of(weight_unit_name((enum weight_unit)m->weight_unit)));
    json_object_end(&w->json);
}

static void write_function(struct writer *w, const struct func_total *row)
{
    const struct func *f = profile_func(w->s->p, row->func);
    const struct module *module = profile_module(w->s->p, f->module);
    json_object(&w->json);
    field_string(w, "name", summary_func_name(w->s, row->func));
    field_optional(w, "system_name", string_of(w, f->system_name));
    field_optional(w, "file", string_of(w, f->file));
    field_u64(w, "line", f->line);
    field_u64(w, "hottest_line", w->s->hot_line[row->func.i]);
    field_string(w, "kind", slice_of(func_kind_info(f->kind)->id));
    field_optional(w, "module", string_of(w, module->path));
    field_u64(w, "self_samples", row->self_count);
    field_u64(w, "total_samples", row->total_count);
    field_u64(w, "self_weight", row->self_weight);
    field_u64(w, "total_weight", row->total_weight);
    close_row(w);
}

static void write_functions(struct writer *w)
{
    open_rows(w, "functions");
    for (uint32_t i = 0; i < w->s->funcs.len; i++)
        write_function(w, &w->s->funcs.rows[i]);
    json_array_end(&w->json);
}

/* Frames are places in "functions"; each function of a stack with samples has one. */
static void write_stack(struct writer *w, uint32_t node)
{
    const struct calltree_node *nodes = w->s->tree.nodes;
    json_object(&w->json);
    field_u64(w, "samples", nodes[node].self_count);
    field_u64(w, "weight", nodes[node].self_weight);
    VEC(uint32_t) path = { 0 };
    for (; node; node = nodes[node].parent)
        vec_push(&path, node);
    open_rows(w, "frames");
    for (size_t i = path.len; i-- > 0;)
        json_u64(&w->json, w->row_of.ptr[nodes[path.ptr[i]].func.i]);
    json_array_end(&w->json);
    vec_done(&path);
    close_row(w);
}

static void write_stacks(struct writer *w)
{
    open_rows(w, "stacks");
    for (uint32_t i = 0; i < w->s->stack_count; i++)
        write_stack(w, w->s->stacks[i]);
    json_array_end(&w->json);
}

static void write_threads(struct writer *w)
{
    open_rows(w, "threads");
    for (uint32_t i = 0; i < w->s->thread_count; i++) {
        const struct thread_total *row = &w->s->threads[i];
        const struct thread *t = profile_thread(w->s->p, row->thread);
        const struct process *process = profile_process(w->s->p, t->process);
        json_object(&w->json);
        field_optional(w, "name", string_of(w, t->name));
        json_key(&w->json, "tid");
        json_i64(&w->json, t->tid);
        json_key(&w->json, "pid");
        json_i64(&w->json, process->pid);
        field_optional(w, "process", string_of(w, process->name));
        field_u64(w, "samples", row->count);
        field_u64(w, "weight", row->weight);
        close_row(w);
    }
    json_array_end(&w->json);
}

static void write_kinds(struct writer *w)
{
    json_key(&w->json, "kinds");
    json_object(&w->json);
    for (int kind = 0; kind < FUNC_KINDS; kind++)
        field_u64(w, func_kind_info((enum func_kind)kind)->id, w->s->kinds[kind]);
    json_object_end(&w->json);
}

static void write_notes(struct writer *w)
{
    open_rows(w, "notes");
    for (uint32_t i = 0; i < profile_note_count(w->s->p); i++) {
        struct note note = profile_note(w->s->p, i);
        json_object(&w->json);
        field_string(w, "what", string_of(w, note.what));
        field_optional(w, "why", string_of(w, note.why));
        field_optional(w, "how", string_of(w, note.how));
        close_row(w);
    }
    json_array_end(&w->json);
}

static void write_document(struct writer *w)
{
    json_object(&w->json);
    field_u64(w, "version", JSON_VERSION);
    field_u64(w, "samples", w->s->funcs.count);
    field_u64(w, "weight", w->s->funcs.weight);
    write_meta(w);
    write_kinds(w);
    write_functions(w);
    write_stacks(w);
    write_threads(w);
    write_notes(w);
    json_object_end(&w->json);
    strbuf_addc(&w->out->text, '\n');
}

bool json_write(const struct profile *p, const struct format_sink *sink, struct err *e)
{
    struct summary s;
    summary_build(p, &s);
    struct out o = out_init(sink, e);
    struct writer w = { .s = &s, .out = &o };
    json_init(&w.json, &o.text);
    for (uint32_t i = 0; i < profile_func_count(p); i++)
        vec_push(&w.row_of, 0);
    for (uint32_t i = 0; i < s.funcs.len; i++)
        w.row_of.ptr[s.funcs.rows[i].func.i] = i;
    write_document(&w);
    vec_done(&w.row_of);
    summary_done(&s);
    return out_finish(&o);
}
