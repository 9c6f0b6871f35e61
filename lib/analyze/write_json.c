// SPDX-License-Identifier: MIT
/* docs/doctor-json.md describes every field, docs/doctor.schema.json holds the document to it. */
#include <math.h>

#include "analyze/metrics.h"
#include "analyze/rule.h"
#include "analyze/write.h"
#include "base/json.h"
#include "format/out.h"
#include "profile/sample_log.h"

enum { DOCUMENT_VERSION = 1 };

struct writer {
    struct json json;
    const struct profile *p;
    const struct diagnosis *d;
};

static void field(struct writer *w, const char *key, const char *text)
{
    json_key(&w->json, key);
    json_text(&w->json, text && *text ? text : NULL);
}

static void field_slice(struct writer *w, const char *key, struct slice text)
{
    json_key(&w->json, key);
    if (text.len)
        json_string(&w->json, text);
    else
        json_text(&w->json, NULL);
}

static void field_u64(struct writer *w, const char *key, uint64_t value)
{
    json_key(&w->json, key);
    json_u64(&w->json, value);
}

static void field_double(struct writer *w, const char *key, double value)
{
    json_key(&w->json, key);
    json_double(&w->json, value); /* null when it is not a number */
}

static void begin_rows(struct writer *w, const char *key)
{
    json_key(&w->json, key);
    json_array(&w->json);
}

static uint64_t since_start(const struct writer *w, uint64_t time_ns)
{
    uint64_t start_ns = profile_meta_get(w->p)->start_ns;
    return time_ns > start_ns ? time_ns - start_ns : 0;
}

static void add_run(struct writer *w)
{
    const struct profile_meta *m = profile_meta_get(w->p);
    json_key(&w->json, "run");
    json_object(&w->json);
    field(w, "kind", m->kind);
    field(w, "program", m->program);
    field(w, "command", m->command);
    field(w, "level", m->level);
    field(w, "ended", m->ended);
    field_u64(w, "start_realtime_ns", m->start_realtime_ns);
    field_u64(w, "duration_ns", m->end_ns > m->start_ns ? m->end_ns - m->start_ns : 0);
    field_u64(w, "samples", sample_log_count(profile_samples(w->p)));
    field_u64(w, "self_cpu_ns", m->self_cpu_ns);
    field_u64(w, "overhead_ns", m->overhead_ns);
    json_object_end(&w->json);
}

/* ---- a finding ---- */

static void add_functions(struct writer *w, const struct finding *f)
{
    field(w, "nameless", f->nameless);
    begin_rows(w, "functions");
    for (size_t i = 0; i < f->guilty.len; i++) {
        const struct guilty *g = &f->guilty.ptr[i];
        const struct func *func = profile_func(w->p, g->func);
        json_object(&w->json);
        json_key(&w->json, "name");
        json_string(&w->json, profile_string(w->p, func->name));
        field_slice(w, "file", profile_string(w->p, func->file));
        field_u64(w, "line", g->line ? g->line : func->line);
        field_slice(w, "module", profile_string(w->p, profile_module(w->p, func->module)->path));
        json_key(&w->json, "kind");
        json_text(&w->json, func_kind_info(func->kind)->id);
        field_double(w, "share", g->share);
        field_slice(w, "on", profile_string(w->p, g->on));
        json_key(&w->json, "calls");
        json_bool(&w->json, g->calls);
        json_object_end(&w->json);
    }
    json_array_end(&w->json);
}

static void add_evidence(struct writer *w, const struct finding *f)
{
    begin_rows(w, "evidence");
    for (size_t i = 0; i < f->proofs.len; i++) {
        const struct proof *proof = &f->proofs.ptr[i];
        json_object(&w->json);
        field(w, "what", proof->what);
        field_double(w, "value", proof->value);
        field(w, "unit", proof->unit);
        field_double(w, "threshold", proof->threshold);
        field_u64(w, "n", proof->n);
        json_object_end(&w->json);
    }
    json_array_end(&w->json);
}

static void add_intervals(struct writer *w, const struct finding *f)
{
    begin_rows(w, "intervals");
    for (size_t i = 0; i < f->intervals.len; i++) {
        json_object(&w->json);
        field_u64(w, "from_ns", since_start(w, f->intervals.ptr[i].from_ns));
        field_u64(w, "to_ns", since_start(w, f->intervals.ptr[i].to_ns));
        json_object_end(&w->json);
    }
    json_array_end(&w->json);
}

/* What the finding is about; null: several, or the whole run. */
static void add_subject(struct writer *w, const struct finding *f)
{
    const struct thread *thread = profile_thread(w->p, f->thread);
    struct process_id id = f->process.i ? f->process : thread->process;
    const struct process *process = profile_process(w->p, id);
    json_key(&w->json, "process");
    if (id.i) {
        json_object(&w->json);
        json_key(&w->json, "pid");
        json_i64(&w->json, process->pid);
        field_slice(w, "name", profile_string(w->p, process->name));
        json_object_end(&w->json);
    } else {
        json_text(&w->json, NULL);
    }
    json_key(&w->json, "thread");
    if (f->thread.i) {
        json_object(&w->json);
        json_key(&w->json, "tid");
        json_i64(&w->json, thread->tid);
        field_slice(w, "name", profile_string(w->p, thread->name));
        json_object_end(&w->json);
    } else {
        json_text(&w->json, NULL);
    }
}

static void add_finding(struct writer *w, const struct finding *f)
{
    json_object(&w->json);
    field(w, "id", f->id);
    field(w, "title", f->rule ? f->rule->title : NULL);
    json_key(&w->json, "gate");
    json_bool(&w->json, f->rule && f->rule->role == RULE_GATE);
    field(w, "severity", severity_id(f->severity));
    field(w, "confidence", confidence_id(f->confidence));
    field_double(w, "weight", f->weight);
    json_key(&w->json, "summary");
    json_text(&w->json, f->summary);
    field(w, "detail", f->detail);
    add_subject(w, f);
    add_functions(w, f);
    add_evidence(w, f);
    add_intervals(w, f);
    field(w, "advice", f->advice);
    begin_rows(w, "alternatives");
    if (f->alternative)
        json_text(&w->json, f->alternative);
    json_array_end(&w->json);
    field(w, "confirm", f->command);
    json_object_end(&w->json);
}

/* ---- the rest ---- */

static void add_healthy(struct writer *w)
{
    begin_rows(w, "healthy");
    for (size_t i = 0; i < w->d->healthy.len; i++)
        json_text(&w->json, w->d->healthy.ptr[i].rule->id);
    json_array_end(&w->json);
    begin_rows(w, "looked_at");
    for (size_t i = 0; i < w->d->healthy.len; i++) {
        json_object(&w->json);
        field(w, "id", w->d->healthy.ptr[i].rule->id);
        field(w, "said", w->d->healthy.ptr[i].said);
        json_object_end(&w->json);
    }
    json_array_end(&w->json);
}

static void add_not_seen(struct writer *w)
{
    begin_rows(w, "not_seen");
    for (size_t i = 0; i < w->d->not_seen.len; i++) {
        const struct not_seen *n = &w->d->not_seen.ptr[i];
        json_object(&w->json);
        field(w, "what", n->what);
        field(w, "why", n->why);
        field(w, "how", n->how);
        json_object_end(&w->json);
    }
    json_array_end(&w->json);
}

static void add_metrics(struct writer *w)
{
    size_t count;
    const struct metric *rows = metric_table(&count);
    struct metrics *metrics = metrics_new(w->p);
    begin_rows(w, "metrics");
    for (size_t i = 0; i < count; i++) {
        json_object(&w->json);
        field(w, "name", rows[i].name);
        field(w, "unit", rows[i].unit);
        field_double(w, "value", metrics_value(metrics, &rows[i]));
        json_object_end(&w->json);
    }
    json_array_end(&w->json);
    metrics_free(metrics);
}

bool diagnosis_write_json(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e)
{
    struct out o = out_init(sink, e);
    struct writer w = { .p = p, .d = d };
    json_init(&w.json, &o.text);
    json_object(&w.json);
    field_u64(&w, "version", DOCUMENT_VERSION);
    field(&w, "tool", profile_meta_get(p)->tool);
    field_slice(&w, "title", write_title(p));
    field(&w, "verdict", d->verdict);
    field(&w, "sentence", d->sentence);
    add_run(&w);
    begin_rows(&w, "findings");
    for (size_t i = 0; i < d->findings.len; i++) {
        add_finding(&w, &d->findings.ptr[i]);
        out_step(&o);
    }
    json_array_end(&w.json);
    add_healthy(&w);
    add_not_seen(&w);
    add_metrics(&w);
    json_object_end(&w.json);
    strbuf_addc(&o.text, '\n');
    return out_finish(&o);
}
