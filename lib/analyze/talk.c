// SPDX-License-Identifier: MIT
#include "analyze/talk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BURSTS_MISS 2.0 /* times what they saw: then the whole run is the better witness */

struct row {
    struct talk t;
    struct slice operation;
};

typedef VEC(struct row) rows_vec;

/* The map of generated code is written for profilers, a line for each function. */
static bool is_for_profilers(const struct wait *w)
{
    return w->kind == WAIT_FILE && slice_starts(slice_basename(w->object), "perf-") &&
           slice_ends(w->object, ".map");
}

static void collect(const struct observed *o, const char *name, uint32_t kinds, rows_vec *rows)
{
    uint32_t count;
    const struct tally *tallies = profile_tallies(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        if (!slice_is(profile_string(o->profile, t->name), name))
            continue;
        struct wait w = wait_parse(profile_string(o->profile, t->what));
        if ((kinds && !(kinds & UINT32_C(1) << w.kind)) || is_for_profilers(&w))
            continue;
        struct row row = { .operation = w.operation };
        row.t = (struct talk){ .kind = w.kind,
            .object = w.object,
            .what = t->what,
            .thread = t->thread,
            .count = t->count,
            .ns = t->ns,
            .max_ns = t->max_ns,
            .bytes = t->bytes,
            .small = t->small,
            .heaviest_ns = t->ns };
        row.t.process =
            t->thread.i ? profile_thread(o->profile, t->thread)->process : (struct process_id){ 0 };
        vec_push(rows, row);
    }
}

static int compare_text(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int c = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_rows(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    if (a->t.process.i != b->t.process.i)
        return a->t.process.i < b->t.process.i ? -1 : 1;
    if (a->t.kind != b->t.kind)
        return a->t.kind < b->t.kind ? -1 : 1;
    int c = compare_text(a->t.object, b->t.object);
    return c ? c : compare_text(a->operation, b->operation);
}

static int compare_weights(const void *pa, const void *pb)
{
    const struct talk *a = pa, *b = pb;
    if (a->ns != b->ns)
        return a->ns < b->ns ? 1 : -1;
    return (a->count < b->count) - (a->count > b->count);
}

static void merge(struct talk *into, const struct talk *t)
{
    into->count += t->count;
    into->ns += t->ns;
    into->bytes += t->bytes;
    into->small += t->small;
    into->max_ns = t->max_ns > into->max_ns ? t->max_ns : into->max_ns;
    if (t->heaviest_ns > into->heaviest_ns) {
        into->heaviest_ns = t->heaviest_ns;
        into->what = t->what;
        into->thread = t->thread;
    }
}

void talks_of(
    const struct observed *o, const char *name, uint32_t kinds, bool operations, struct talks *ret)
{
    memset(ret, 0, sizeof *ret);
    rows_vec rows = { 0 };
    collect(o, name, kinds, &rows);
    for (size_t i = 0; !operations && i < rows.len; i++)
        rows.ptr[i].operation.len = 0;
    if (rows.len)
        qsort(rows.ptr, rows.len, sizeof *rows.ptr, compare_rows);
    for (size_t i = 0; i < rows.len; i++) {
        if (i && compare_rows(&rows.ptr[i - 1], &rows.ptr[i]) == 0)
            merge(&ret->rows.ptr[ret->rows.len - 1], &rows.ptr[i].t);
        else
            vec_push(&ret->rows, rows.ptr[i].t);
    }
    if (ret->rows.len)
        qsort(ret->rows.ptr, ret->rows.len, sizeof *ret->rows.ptr, compare_weights);
    vec_done(&rows);
}

void talks_done(struct talks *t)
{
    vec_done(&t->rows);
}

double burst_seconds(const struct observed *o)
{
    double ns = observed_fact_number(o, (struct process_id){ 0 }, "burst_ns");
    return isnan(ns) ? 0 : ns / 1e9;
}

/* For how long exchanges were counted by the kernel; 0: they were not. */
static double counted_seconds(const struct observed *o)
{
    const double ns = observed_fact_number(o, (struct process_id){ 0 }, "exchanges_seen_ns");
    return isnan(ns) ? 0 : ns / 1e9;
}

double exchanges_of(const struct observed *o, uint32_t kinds, struct talks *ret)
{
    const double burst_s = burst_seconds(o);
    talks_of(o, burst_s > 0 ? "roundtrip" : "exchange", kinds, false, ret);
    return burst_s > 0 ? burst_s : counted_seconds(o);
}

static double seconds_under_way(const struct talks *talks)
{
    double ns = 0;
    for (size_t i = 0; i < talks->rows.len; i++)
        ns += (double)talks->rows.ptr[i].ns;
    return ns / 1e9;
}

double long_exchanges_of(const struct observed *o, uint32_t kinds, struct talks *ret)
{
    struct talks counted;
    const double seconds = exchanges_of(o, kinds, ret), whole_s = counted_seconds(o);
    if (whole_s <= 0 || burst_seconds(o) <= 0)
        return seconds;
    talks_of(o, "exchange", kinds, false, &counted);
    const bool missed =
        seconds_under_way(ret) / seconds * BURSTS_MISS < seconds_under_way(&counted) / whole_s;
    talks_done(missed ? ret : &counted);
    if (missed)
        *ret = counted;
    return missed ? whole_s : seconds;
}
