// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/calltree.h"
#include "profile/stack_sums.h"

/* Calls visit for each line of a stack, leaf first. */
typedef void (*line_visitor)(void *ctx, const struct line *line, bool leaf);

static void visit_lines(const struct profile *p, struct stack_id id, line_visitor visit, void *ctx)
{
    bool leaf = true;
    while (id.i) {
        struct stack stack = profile_stack(p, id);
        const struct line *lines = profile_frame_lines(p, stack.frame);
        for (uint32_t l = profile_frame(p, stack.frame)->line_count; l-- > 0;) {
            visit(ctx, &lines[l], leaf);
            leaf = false;
        }
        id = stack.caller;
    }
}

/* ---- per function ---- */

struct func_adder {
    struct func_total *rows; /* by func id */
    uint32_t *seen_in;       /* the stack in which a func was last counted */
    uint32_t stack;
    const struct stack_sum *sum;
};

static void add_func(void *ctx, const struct line *line, bool leaf)
{
    struct func_adder *a = ctx;
    struct func_total *row = &a->rows[line->func.i];
    if (leaf) {
        row->self_count += a->sum->self_count;
        row->self_weight += a->sum->self_weight;
    }
    if (a->seen_in[line->func.i] == a->stack)
        return;
    a->seen_in[line->func.i] = a->stack;
    row->total_count += a->sum->self_count;
    row->total_weight += a->sum->self_weight;
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
    struct stack_sum *sums = stack_sums_new(p, NULL);
    uint32_t func_count = profile_func_count(p);
    struct func_adder adder = {
        .rows = xcalloc(func_count, sizeof *adder.rows),
        .seen_in = xcalloc(func_count, sizeof *adder.seen_in),
    };
    uint32_t stack_count = profile_stack_count(p);
    for (uint32_t i = 1; i < stack_count; i++) {
        if (sums[i].self_count == 0)
            continue;
        adder.stack = i;
        adder.sum = &sums[i];
        visit_lines(p, (struct stack_id){ i }, add_func, &adder);
    }
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
    free(adder.seen_in);
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
    VEC(uint32_t) seen_in;
    struct map index;
    uint32_t stack;
    const struct stack_sum *sum;
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
    vec_push(&a->seen_in, 0);
    map_add(&a->index, hash, row);
    return row;
}

static void add_line(void *ctx, const struct line *line, bool leaf)
{
    struct line_adder *a = ctx;
    if (line->line == 0)
        return;
    uint32_t at = line_row(a, line);
    struct line_total *row = &a->rows.ptr[at];
    if (leaf) {
        row->self_count += a->sum->self_count;
        row->self_weight += a->sum->self_weight;
    }
    if (a->seen_in.ptr[at] == a->stack)
        return;
    a->seen_in.ptr[at] = a->stack;
    row->total_count += a->sum->self_count;
    row->total_weight += a->sum->self_weight;
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
    struct stack_sum *sums = stack_sums_new(p, NULL);
    struct line_adder adder = { 0 };
    uint32_t stack_count = profile_stack_count(p);
    for (uint32_t i = 1; i < stack_count; i++) {
        if (sums[i].self_count == 0)
            continue;
        adder.stack = i;
        adder.sum = &sums[i];
        visit_lines(p, (struct stack_id){ i }, add_line, &adder);
    }
    free(sums);
    map_done(&adder.index);
    vec_done(&adder.seen_in);
    if (adder.rows.len)
        qsort(adder.rows.ptr, adder.rows.len, sizeof *adder.rows.ptr, compare_line_totals);
    *ret_totals = (struct line_totals){ .rows = adder.rows.ptr, .len = (uint32_t)adder.rows.len };
}

void line_totals_done(struct line_totals *totals)
{
    free(totals->rows);
    *totals = (struct line_totals){ 0 };
}
