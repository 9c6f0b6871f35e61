// SPDX-License-Identifier: MIT
#include "analyze/waits.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/observed_inner.h"
#include "base/alloc.h"

/* Shares below this are a thread that came by, not one that suffers. */
#define TAKES_PART 0.02

/* ---- one row for each stack and thread ---- */

struct row {
    struct object_wait w; /* of one thread */
    struct thread_id thread;
    uint64_t heaviest_ns; /* of the stack that `on` is from */
};

typedef VEC(struct row) rows_vec;

static bool fits(const struct observed *o, const struct group *g, const struct wait_filter *f)
{
    uint8_t kind = o->sums->wait_kinds[g->stack.i];
    if (kind >= WAIT_KINDS || g->steady.weight == 0)
        return false;
    if (f->kinds && !(f->kinds & UINT32_C(1) << kind))
        return false;
    trait_set traits = o->stack_traits[g->stack.i];
    if ((f->any_frame && !(traits & f->any_frame)) || (traits & (f->no_frame | TRAIT(OURS))))
        return false;
    if (f->thread.i && f->thread.i != g->thread.i)
        return false;
    return !f->process.i || f->process.i == profile_thread(o->profile, g->thread)->process.i;
}

/* The text form of a wait stack's leaf. */
static struct string_id text_of(const struct profile *p, struct stack_id stack)
{
    uint32_t count = profile_frame(p, profile_stack(p, stack).frame)->line_count;
    const struct line *lines = profile_frame_lines(p, profile_stack(p, stack).frame);
    const struct func *f = profile_func(p, lines[count - 1].func);
    return f->system_name.i ? f->system_name : f->name;
}

static void collect(const struct observed *o, const struct wait_filter *filter, rows_vec *rows)
{
    const struct groups *groups = &o->sums->groups[CHANNEL_WAIT];
    for (size_t i = 0; i < groups->rows.len; i++) {
        const struct group *g = &groups->rows.ptr[i];
        struct wait wait;
        if (!fits(o, g, filter) || !wait_of_stack(o->profile, g->stack, &wait))
            continue;
        struct row row = { .thread = g->thread, .heaviest_ns = g->steady.weight };
        row.w.process = profile_thread(o->profile, g->thread)->process;
        row.w.kind = o->sums->wait_kinds[g->stack.i];
        row.w.object = wait.object;
        row.w.on = text_of(o->profile, g->stack);
        row.w.ns = g->steady.weight;
        row.w.count = g->steady.count;
        vec_push(rows, row);
    }
}

/* ---- rows of one object come together ---- */

static int compare_text(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int c = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_objects(const struct row *a, const struct row *b)
{
    if (a->w.process.i != b->w.process.i)
        return a->w.process.i < b->w.process.i ? -1 : 1;
    if (a->w.kind != b->w.kind)
        return a->w.kind < b->w.kind ? -1 : 1;
    return compare_text(a->w.object, b->w.object);
}

static int compare_rows(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    int c = compare_objects(a, b);
    return c ? c : (a->thread.i > b->thread.i) - (a->thread.i < b->thread.i);
}

static void merge(struct row *into, const struct row *row)
{
    into->w.ns += row->w.ns;
    into->w.count += row->w.count;
    if (row->heaviest_ns > into->heaviest_ns) {
        into->heaviest_ns = row->heaviest_ns;
        into->w.on = row->w.on;
    }
}

/* Sorted rows of the same object and thread become one. */
static void merge_stacks(rows_vec *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->len; i++) {
        if (count && compare_rows(&rows->ptr[count - 1], &rows->ptr[i]) == 0)
            merge(&rows->ptr[count - 1], &rows->ptr[i]);
        else
            rows->ptr[count++] = rows->ptr[i];
    }
    rows->len = count;
}

static void take_part(const struct observed *o, const struct row *row, const uint64_t *active,
    struct object_wait *ret)
{
    const struct observed_thread *t = observed_thread(o, row->thread);
    uint64_t steady = t ? thread_steady_ns(o, t) : 0;
    if ((double)row->w.ns < TAKES_PART * (double)steady)
        return;
    ret->threads++;
    ret->thread_ns += steady;
    ret->active_ns += active ? active[row->thread.i] : 0;
    ret->ns_of_those += row->w.ns;
}

static int compare_weights(const void *pa, const void *pb)
{
    const struct object_wait *a = pa, *b = pb;
    return (a->ns < b->ns) - (a->ns > b->ns);
}

void object_waits_of(
    const struct observed *o, const struct wait_filter *filter, struct object_waits *ret)
{
    memset(ret, 0, sizeof *ret);
    rows_vec rows = { 0 };
    collect(o, filter, &rows);
    if (rows.len)
        qsort(rows.ptr, rows.len, sizeof *rows.ptr, compare_rows);
    merge_stacks(&rows);
    for (size_t i = 0; i < rows.len;) {
        struct row sum = rows.ptr[i];
        uint64_t longest = 0;
        size_t first = i;
        sum.w.ns = sum.w.count = 0;
        for (; i < rows.len && compare_objects(&rows.ptr[first], &rows.ptr[i]) == 0; i++) {
            merge(&sum, &rows.ptr[i]);
            take_part(o, &rows.ptr[i], filter->active, &sum.w);
            if (rows.ptr[i].w.ns > longest) {
                longest = rows.ptr[i].w.ns;
                sum.w.thread = rows.ptr[i].thread;
            }
        }
        vec_push(&ret->rows, sum.w);
    }
    if (ret->rows.len)
        qsort(ret->rows.ptr, ret->rows.len, sizeof *ret->rows.ptr, compare_weights);
    vec_done(&rows);
}

void object_waits_done(struct object_waits *w)
{
    vec_done(&w->rows);
}

struct amount waited(const struct observed *o, const struct wait_filter *filter)
{
    struct amount sum = { 0 };
    const struct groups *groups = &o->sums->groups[CHANNEL_WAIT];
    for (size_t i = 0; i < groups->rows.len; i++) {
        const struct group *g = &groups->rows.ptr[i];
        if (!fits(o, g, filter))
            continue;
        sum.weight += g->steady.weight;
        sum.count += g->steady.count;
    }
    return sum;
}

/* ---- time of threads ---- */

uint64_t thread_steady_ns(const struct observed *o, const struct observed_thread *t)
{
    const struct thread *row = profile_thread(o->profile, t->id);
    uint64_t from = row->start_ns > o->steady_from_ns ? row->start_ns : o->steady_from_ns;
    uint64_t to = row->end_ns && row->end_ns < o->end_ns ? row->end_ns : o->end_ns;
    return to > from ? to - from : 0;
}

uint64_t *waited_by_thread(const struct observed *o, const struct wait_filter *filter)
{
    uint64_t *ns = xcalloc(profile_thread_count(o->profile) + 1, sizeof *ns);
    const struct groups *groups = &o->sums->groups[CHANNEL_WAIT];
    for (size_t i = 0; i < groups->rows.len; i++)
        if (fits(o, &groups->rows.ptr[i], filter))
            ns[groups->rows.ptr[i].thread.i] += groups->rows.ptr[i].steady.weight;
    return ns;
}

/* A thread that others keep from a CPU does nothing meanwhile, and waits for nobody else: what it
 * does is the rest, so that its shares are the same on a quiet machine and on a busy one. */
static uint64_t starved_ns(
    const struct observed *o, const struct observed_thread *t, uint64_t lived_ns)
{
    double lived = (double)t->lived_ns;
    return lived > 0 ? (uint64_t)(observed_queued_by_others(o, t) / lived * (double)lived_ns) : 0;
}

uint64_t thread_free_ns(const struct observed *o, const struct observed_thread *t)
{
    const uint64_t lived = thread_steady_ns(o, t), starved = starved_ns(o, t, lived);
    return lived > starved ? lived - starved : 0;
}

uint64_t *active_by_thread(const struct observed *o)
{
    uint64_t *idle = waited_by_thread(o, &(struct wait_filter){ .kinds = WAITS_IDLE });
    uint64_t *condition = waited_by_thread(
        o, &(struct wait_filter){ .kinds = WAITS(FUTEX), .no_frame = TRAIT(LOCK) });
    for (uint32_t i = 0; i < o->thread_count; i++) {
        const struct observed_thread *t = &o->threads[i];
        uint64_t lived = thread_steady_ns(o, t);
        uint64_t none = idle[t->id.i] + condition[t->id.i] + starved_ns(o, t, lived);
        idle[t->id.i] = lived > none ? lived - none : 0;
    }
    free(condition);
    return idle;
}
