// SPDX-License-Identifier: MIT
#include "flamegraph/facts.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/json.h"
#include "flamegraph/html.h"
#include "flamegraph/palette.h"

/* ---- threads ---- */

struct rank {
    uint64_t weight;
    uint32_t thread;
};

static int by_falling_weight(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->thread < y->thread ? -1 : x->thread > y->thread;
}

void thread_list_build(
    const struct profile *p, const struct timeline *line, struct thread_list *ret_list)
{
    const uint32_t count = profile_thread_count(p);
    *ret_list = (struct thread_list){ .index_of = xcalloc((size_t)count + 1, sizeof(uint32_t)),
        .weight = xcalloc((size_t)count + 1, sizeof(uint64_t)) };
    bool *seen = xcalloc((size_t)count + 1, sizeof *seen);
    struct rank *ranks = xcalloc((size_t)count + 1, sizeof *ranks);
    for (size_t i = 0; i < line->entries.len; i++) {
        ret_list->weight[line->entries.ptr[i].thread] += line->entries.ptr[i].weight;
        seen[line->entries.ptr[i].thread] = true;
    }
    uint32_t used = 0;
    for (uint32_t t = 0; t < count; t++) {
        if (seen[t])
            ranks[used++] = (struct rank){ .weight = ret_list->weight[t], .thread = t };
    }
    qsort(ranks, used, sizeof *ranks, by_falling_weight);
    for (uint32_t i = 0; i < used; i++) {
        ret_list->index_of[ranks[i].thread] = i < FACTS_THREADS_MAX ? i : FACTS_THREADS_MAX;
        if (i < FACTS_THREADS_MAX)
            vec_push(&ret_list->threads, ranks[i].thread);
    }
    ret_list->others = used > FACTS_THREADS_MAX;
    free(ranks);
    free(seen);
}

void thread_list_done(struct thread_list *l)
{
    vec_done(&l->threads);
    free(l->index_of);
    free(l->weight);
    *l = (struct thread_list){ 0 };
}

/* ---- JSON ---- */

static void clean_string(struct json *j, struct slice text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
    text_clean(&clean, text, HTML_SHORT_MAX);
    json_string(j, strbuf_slice(&clean));
}

static void add_kinds(struct json *j)
{
    json_key(j, "kinds");
    json_array(j);
    for (int i = 0; i < PALETTE_KINDS; i++) {
        const struct palette_kind *k = palette_kind(i);
        json_object(j);
        json_key(j, "id");
        json_text(j, k->id);
        json_key(j, "title");
        json_text(j, k->title);
        json_key(j, "hint");
        json_text(j, k->hint);
        json_key(j, "letter");
        json_string(j, (struct slice){ &k->letter, 1 });
        json_key(j, "light");
        json_text(j, k->light);
        json_key(j, "dark");
        json_text(j, k->dark);
        json_object_end(j);
    }
    json_array_end(j);
}

static void add_tiers(struct json *j)
{
    json_key(j, "tiers");
    json_array(j);
    for (int i = 0; i < TIERS; i++)
        json_text(j, func_tier_name((enum func_tier)i));
    json_array_end(j);
}

static void add_thread(struct json *j, const struct profile *p, uint32_t id)
{
    const struct thread *t = profile_thread(p, (struct thread_id){ id });
    const struct process *process = profile_process(p, t->process);
    json_object(j);
    json_key(j, "tid");
    json_i64(j, t->tid);
    json_key(j, "name");
    clean_string(j, profile_string(p, t->name));
    json_key(j, "process");
    json_u64(j, t->process.i);
    json_key(j, "pid");
    json_i64(j, process->pid);
    json_key(j, "program");
    clean_string(j, profile_string(p, process->name));
    json_object_end(j);
}

static void add_threads(struct json *j, const struct facts_input *in)
{
    json_key(j, "threads");
    json_array(j);
    for (size_t i = 0; i < in->threads->threads.len; i++)
        add_thread(j, in->p, in->threads->threads.ptr[i]);
    json_array_end(j);
    json_key(j, "otherThreads");
    json_bool(j, in->threads->others);
}

void facts_add(struct strbuf *out, const struct facts_input *in)
{
    const struct profile_meta *m = profile_meta_get(in->p);
    struct json j;
    json_init(&j, out);
    json_object(&j);
    json_key(&j, "version");
    json_u64(&j, 1);
    json_key(&j, "title");
    clean_string(&j, slice_of(in->title));
    json_key(&j, "unit");
    json_text(&j, weight_unit_name(in->unit));
    json_key(&j, "nodes");
    json_u64(&j, in->tree->len);
    json_key(&j, "recursive");
    json_bool(&j, in->tree->recursive);
    json_key(&j, "times");
    json_bool(&j, in->line->slice_ns > 0);
    json_key(&j, "thinned");
    json_bool(&j, in->line->thinned);
    json_key(&j, "cpus");
    json_u64(&j, m->cpus);
    json_key(&j, "start");
    json_u64(&j, m->start_realtime_ns);
    json_key(
        &j, "firstSample"); /* nanoseconds from the recording's start to time zero of the page */
    json_u64(&j,
        m->start_ns > 0 && in->tree->from_ns > m->start_ns ? in->tree->from_ns - m->start_ns : 0);
    add_kinds(&j);
    add_tiers(&j);
    add_threads(&j, in);
    json_object_end(&j);
}
