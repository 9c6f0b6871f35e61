// SPDX-License-Identifier: MIT
#include "format/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profile/sample_log.h"

/* ---- functions ---- */

static int compare_totals(const void *a, const void *b, void *ctx)
{
    const struct func_total *rows = ctx;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    if (rows[x].total_weight != rows[y].total_weight)
        return rows[x].total_weight > rows[y].total_weight ? -1 : 1;
    return (x > y) - (x < y); /* rows are in a fixed order already */
}

static void sort_by_total(struct summary *s)
{
    s->by_total = xcalloc(s->funcs.len, sizeof *s->by_total);
    for (uint32_t i = 0; i < s->funcs.len; i++)
        s->by_total[i] = i;
    qsort_r(s->by_total, s->funcs.len, sizeof *s->by_total, compare_totals, s->funcs.rows);
}

/* A function is at its line with most self weight, or where it calls most, or where it begins. */
static void find_hot_lines(struct summary *s)
{
    uint32_t count = profile_func_count(s->p);
    s->hot_line = xcalloc(count, sizeof *s->hot_line);
    for (uint32_t i = 0; i < count; i++)
        s->hot_line[i] = profile_func(s->p, (struct func_id){ i })->line;
    struct line_totals lines;
    line_totals_build(s->p, &lines);
    const struct line_total *best = NULL; /* of the function under way: rows are by function */
    for (uint32_t i = 0; i < lines.len; i++) {
        const struct line_total *row = &lines.rows[i];
        bool first = !best || best->func.i != row->func.i;
        bool hotter =
            !first &&
            (row->self_weight > best->self_weight ||
                (row->self_weight == best->self_weight && row->total_weight > best->total_weight));
        if (first || hotter)
            best = row;
        s->hot_line[row->func.i] = best->line;
    }
    line_totals_done(&lines);
}

static void sum_kinds(struct summary *s)
{
    for (uint32_t i = 0; i < s->funcs.len; i++) {
        const struct func *func = profile_func(s->p, s->funcs.rows[i].func);
        s->kinds[func->kind] += s->funcs.rows[i].self_weight;
    }
    s->kinds[FUNC_UNKNOWN] += s->tree.nodes[0].self_weight;
}

/* ---- stacks ---- */

/* The heaviest nodes, by insertion: there are few places, and most nodes are too light for any. */
static void pick_stacks(struct summary *s)
{
    const struct calltree_node *nodes = s->tree.nodes;
    s->stacks = xcalloc(SUMMARY_STACKS_MAX + 1, sizeof *s->stacks);
    for (uint32_t i = 1; i < s->tree.len; i++) {
        if (nodes[i].self_weight == 0)
            continue;
        uint32_t at = s->stack_count;
        while (at > 0 && nodes[s->stacks[at - 1]].self_weight < nodes[i].self_weight) {
            s->stacks[at] = s->stacks[at - 1];
            at--;
        }
        if (at == SUMMARY_STACKS_MAX)
            continue;
        s->stacks[at] = i;
        if (s->stack_count < SUMMARY_STACKS_MAX)
            s->stack_count++;
    }
}

/* ---- threads ---- */

static int compare_threads(const void *a, const void *b)
{
    const struct thread_total *x = a;
    const struct thread_total *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->thread.i > y->thread.i) - (x->thread.i < y->thread.i);
}

static void sum_threads(struct summary *s)
{
    uint32_t count = profile_thread_count(s->p);
    s->threads = xcalloc(count, sizeof *s->threads);
    struct sample_iter it = sample_iter(profile_samples(s->p));
    struct sample sample;
    while (sample_iter_next(&it, &sample)) {
        s->threads[sample.thread.i].count += sample.count;
        s->threads[sample.thread.i].weight += sample.weight;
    }
    sample_iter_done(&it);
    for (uint32_t i = 0; i < count; i++) {
        if (s->threads[i].count == 0)
            continue;
        s->threads[s->thread_count] = s->threads[i];
        s->threads[s->thread_count++].thread.i = i;
    }
    qsort(s->threads, s->thread_count, sizeof *s->threads, compare_threads);
}

/* ---- the whole ---- */

void summary_build(const struct profile *p, struct summary *ret_summary)
{
    struct summary s = { .p = p };
    func_totals_build(p, &s.funcs);
    calltree_build(p, true, &s.tree);
    sort_by_total(&s);
    find_hot_lines(&s);
    sum_kinds(&s);
    pick_stacks(&s);
    sum_threads(&s);
    *ret_summary = s;
}

void summary_done(struct summary *s)
{
    func_totals_done(&s->funcs);
    calltree_done(&s->tree);
    free(s->by_total);
    free(s->hot_line);
    free(s->stacks);
    free(s->threads);
    *s = (struct summary){ 0 };
}

/* ---- words ---- */

double summary_percent(const struct summary *s, uint64_t weight)
{
    return s->funcs.weight ? 100.0 * (double)weight / (double)s->funcs.weight : 0;
}

struct slice summary_func_name(const struct summary *s, struct func_id func)
{
    struct slice name = profile_string(s->p, profile_func(s->p, func)->name);
    return name.len ? name : slice_of("[unknown]");
}

void summary_add_place(const struct summary *s, struct func_id func, struct strbuf *out)
{
    const struct func *f = profile_func(s->p, func);
    struct slice file = profile_string(s->p, f->file);
    if (file.len == 0) {
        struct slice module = profile_string(s->p, profile_module(s->p, f->module)->path);
        strbuf_addslice(out, slice_basename(module));
        return;
    }
    strbuf_addslice(out, slice_basename(file));
    if (s->hot_line[func.i])
        strbuf_addf(out, ":%" PRIu32, s->hot_line[func.i]);
}

/* Three figures, as people read them: "1.20", "12.0", "120". */
static void add_scaled(struct strbuf *out, double value, const char *unit)
{
    strbuf_addf(out, "%.*f %s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, unit);
}

static void add_time(struct strbuf *out, uint64_t ns)
{
    if (ns >= NS_PER_S - NS_PER_S / 2000)
        add_scaled(out, (double)ns / (double)NS_PER_S, "s");
    else if (ns >= NS_PER_MS - NS_PER_MS / 2000)
        add_scaled(out, (double)ns / (double)NS_PER_MS, "ms");
    else
        add_scaled(out, (double)ns / (double)NS_PER_US, "us");
}

static void add_bytes(struct strbuf *out, uint64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < PROF_ARRAY_LEN(units)) {
        value /= 1000;
        unit++;
    }
    if (unit == 0)
        strbuf_addf(out, "%" PRIu64 " B", bytes);
    else
        add_scaled(out, value, units[unit]);
}

void summary_add_weight(const struct summary *s, uint64_t weight, struct strbuf *out)
{
    switch ((enum weight_unit)profile_meta_get(s->p)->weight_unit) {
    case WEIGHT_NANOSECONDS:
        add_time(out, weight);
        return;
    case WEIGHT_BYTES:
        add_bytes(out, weight);
        return;
    case WEIGHT_COUNT:
    case WEIGHT_UNITS:
        strbuf_addf(out, "%" PRIu64, weight);
        return;
    }
}

void summary_add_extent(const struct summary *s, struct strbuf *out)
{
    const struct profile_meta *m = profile_meta_get(s->p);
    if (m->weight_unit != WEIGHT_COUNT) {
        strbuf_adds(out, ", ");
        summary_add_weight(s, s->funcs.weight, out);
        strbuf_adds(out, m->weight_unit == WEIGHT_BYTES ? "" : " on CPU");
    }
    if (m->end_ns > m->start_ns)
        strbuf_addf(out, " in %.2f s", (double)(m->end_ns - m->start_ns) / (double)NS_PER_S);
}
