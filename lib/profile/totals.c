// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/calltree.h"
#include "profile/stack_sums.h"

/*
 * Each stack is visited once, callers before callees, with what is active on the way from the root:
 * a function's total is the sum of the subtrees in which it appears first. So the cost depends on
 * the number of stacks and not on how deep they are.
 */
struct stack_walk {
    const struct profile *p;
    const struct stack_sum *sums;
    uint32_t *first_callee, *next_sibling; /* by stack id; 0: none */
};

/* Called on the way in and on the way out of each stack that has samples in it or its callees. */
typedef void (*stack_visitor)(
    void *ctx, const struct line *lines, uint32_t count, const struct stack_sum *sum);

static void link_callees(struct stack_walk *w)
{
    uint32_t count = profile_stack_count(w->p);
    w->first_callee = xcalloc(count, sizeof *w->first_callee);
    w->next_sibling = xcalloc(count, sizeof *w->next_sibling);
    for (uint32_t i = count; i-- > 1;) {
        uint32_t caller = profile_stack(w->p, (struct stack_id){ i }).caller.i;
        w->next_sibling[i] = w->first_callee[caller];
        w->first_callee[caller] = i;
    }
}

static void call_visitor(const struct stack_walk *w, stack_visitor visit, void *ctx, uint32_t stack)
{
    struct frame_id frame = profile_stack(w->p, (struct stack_id){ stack }).frame;
    visit(ctx, profile_frame_lines(w->p, frame), profile_frame(w->p, frame)->line_count,
        &w->sums[stack]);
}

static void walk_stacks(struct stack_walk *w, stack_visitor enter, stack_visitor leave, void *ctx)
{
    link_callees(w);
    uint32_t at = w->first_callee[0];
    while (at) {
        bool skip = w->sums[at].total_count == 0;
        if (!skip)
            call_visitor(w, enter, ctx, at);
        if (!skip && w->first_callee[at]) {
            at = w->first_callee[at];
            continue;
        }
        if (!skip)
            call_visitor(w, leave, ctx, at);
        while (at && !w->next_sibling[at]) {
            at = profile_stack(w->p, (struct stack_id){ at }).caller.i;
            if (at)
                call_visitor(w, leave, ctx, at);
        }
        at = w->next_sibling[at];
    }
    free(w->first_callee);
    free(w->next_sibling);
}

/* ---- per function ---- */

struct func_adder {
    struct func_total *rows; /* by func id */
    uint32_t *active;        /* how often each func is on the way from the root */
};

static void enter_funcs(
    void *ctx, const struct line *lines, uint32_t count, const struct stack_sum *sum)
{
    struct func_adder *a = ctx;
    for (uint32_t i = 0; i < count; i++) {
        struct func_total *row = &a->rows[lines[i].func.i];
        if (i + 1 == count) {
            row->self_count += sum->self_count;
            row->self_weight += sum->self_weight;
        }
        if (a->active[lines[i].func.i]++ == 0) {
            row->total_count += sum->total_count;
            row->total_weight += sum->total_weight;
        }
    }
}

static void leave_funcs(
    void *ctx, const struct line *lines, uint32_t count, const struct stack_sum *sum)
{
    struct func_adder *a = ctx;
    (void)sum;
    for (uint32_t i = 0; i < count; i++)
        a->active[lines[i].func.i]--;
}

static int compare_func_totals(const void *a, const void *b, void *ctx)
{
    const struct func_total *x = a;
    const struct func_total *y = b;
    const struct profile *p = ctx;
    if (x->self_weight != y->self_weight)
        return x->self_weight > y->self_weight ? -1 : 1;
    if (x->total_weight != y->total_weight)
        return x->total_weight > y->total_weight ? -1 : 1;
    struct slice name = profile_string(p, profile_func(p, x->func)->name);
    struct slice other = profile_string(p, profile_func(p, y->func)->name);
    int order = strcmp(name.ptr, other.ptr);
    return order ? order : (x->func.i > y->func.i) - (x->func.i < y->func.i);
}

void func_totals_build(const struct profile *p, struct func_totals *ret_totals)
{
    struct stack_sum *sums = stack_sums_new(p);
    uint32_t func_count = profile_func_count(p);
    struct func_adder adder = {
        .rows = xcalloc(func_count, sizeof *adder.rows),
        .active = xcalloc(func_count, sizeof *adder.active),
    };
    struct stack_walk walk = { .p = p, .sums = sums };
    walk_stacks(&walk, enter_funcs, leave_funcs, &adder);
    *ret_totals = (struct func_totals){
        .rows = adder.rows,
        .count = sums[0].total_count,
        .weight = sums[0].total_weight,
    };
    for (uint32_t i = 0; i < func_count; i++) {
        if (adder.rows[i].total_count == 0)
            continue;
        adder.rows[i].func.i = i;
        adder.rows[ret_totals->len++] = adder.rows[i];
    }
    free(adder.active);
    free(sums);
    union { /* qsort_r's context is not const; the comparison only reads */
        const struct profile *in;
        void *out;
    } ctx = { .in = p };
    qsort_r(
        ret_totals->rows, ret_totals->len, sizeof *ret_totals->rows, compare_func_totals, ctx.out);
}

void func_totals_done(struct func_totals *totals)
{
    free(totals->rows);
    *totals = (struct func_totals){ 0 };
}

/* ---- per line ---- */

struct line_adder {
    VEC(struct line_total) rows;
    VEC(uint32_t) active;
    struct map index;
};

static uint32_t line_row(struct line_adder *a, const struct line *line)
{
    uint64_t hash = hash_u64((uint64_t)line->func.i << 32 | line->line);
    struct map_probe probe = map_probe(&a->index, hash);
    uint32_t row;
    while (map_next(&probe, &row)) {
        const struct line_total *have = &a->rows.ptr[row];
        if (have->func.i == line->func.i && have->line == line->line)
            return row;
    }
    row = (uint32_t)a->rows.len;
    vec_push(&a->rows, ((struct line_total){ .func = line->func, .line = line->line }));
    vec_push(&a->active, 0);
    map_add(&a->index, hash, row);
    return row;
}

static void enter_lines(
    void *ctx, const struct line *lines, uint32_t count, const struct stack_sum *sum)
{
    struct line_adder *a = ctx;
    for (uint32_t i = 0; i < count; i++) {
        if (lines[i].line == 0)
            continue;
        uint32_t at = line_row(a, &lines[i]);
        struct line_total *row = &a->rows.ptr[at];
        if (i + 1 == count) {
            row->self_count += sum->self_count;
            row->self_weight += sum->self_weight;
        }
        if (a->active.ptr[at]++ == 0) {
            row->total_count += sum->total_count;
            row->total_weight += sum->total_weight;
        }
    }
}

static void leave_lines(
    void *ctx, const struct line *lines, uint32_t count, const struct stack_sum *sum)
{
    struct line_adder *a = ctx;
    (void)sum;
    for (uint32_t i = 0; i < count; i++)
        if (lines[i].line)
            a->active.ptr[line_row(a, &lines[i])]--;
}

static int compare_line_totals(const void *a, const void *b)
{
    const struct line_total *x = a;
    const struct line_total *y = b;
    if (x->func.i != y->func.i)
        return x->func.i < y->func.i ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

void line_totals_build(const struct profile *p, struct line_totals *ret_totals)
{
    struct stack_sum *sums = stack_sums_new(p);
    struct line_adder adder = { 0 };
    struct stack_walk walk = { .p = p, .sums = sums };
    walk_stacks(&walk, enter_lines, leave_lines, &adder);
    free(sums);
    map_done(&adder.index);
    vec_done(&adder.active);
    if (adder.rows.len)
        qsort(adder.rows.ptr, adder.rows.len, sizeof *adder.rows.ptr, compare_line_totals);
    *ret_totals = (struct line_totals){ .rows = adder.rows.ptr, .len = (uint32_t)adder.rows.len };
}

void line_totals_done(struct line_totals *totals)
{
    free(totals->rows);
    *totals = (struct line_totals){ 0 };
}
