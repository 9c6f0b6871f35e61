// SPDX-License-Identifier: MIT
/* The functions of the program through which stacks pass, and who calls them. */
#include "analyze/observed_inner.h"
#include "base/alloc.h"

enum {
    CALLS_LEAST = 2,      /* samples: one may be a stack that was read wrongly */
    CALLS_PART_MIN = 200, /* and of the function's samples, one in so many */
    CALLERS_MOST = 16,    /* are told apart */
};

/* ---- from the innermost line outwards ---- */

struct cursor {
    const struct profile *p;
    struct stack_id stack;
    uint32_t left; /* lines of its frame that were not seen yet */
};

static struct cursor cursor_at(const struct profile *p, struct stack_id stack)
{
    struct cursor c = { .p = p, .stack = stack };
    if (stack.i)
        c.left = profile_frame(p, profile_stack(p, stack).frame)->line_count;
    return c;
}

/* The next line of the program's own code; NULL: no more. */
static const struct line *next_own(struct cursor *c)
{
    while (c->stack.i) {
        const struct stack s = profile_stack(c->p, c->stack);
        if (c->left == 0) {
            *c = cursor_at(c->p, s.caller);
            continue;
        }
        const struct line *line = &profile_frame_lines(c->p, s.frame)[--c->left];
        if (profile_func(c->p, line->func)->kind == FUNC_APP)
            return line;
    }
    return NULL;
}

/* ---- passages ---- */

struct passing {
    const struct observed *o;
    VEC(struct passage) rows;
    struct map index;   /* function -> row */
    VEC(uint32_t) seen; /* functions of the stack under way: recursion counts once */
};

static struct passage *passage_of(struct passing *w, const struct line *line)
{
    const uint64_t hash = hash_u64(line->func.i);
    struct map_probe probe = map_probe(&w->index, hash);
    uint32_t item;
    while (map_next(&probe, &item))
        if (w->rows.ptr[item].func.i == line->func.i)
            return &w->rows.ptr[item];
    struct passage fresh = { .func = line->func };
    map_add(&w->index, hash, (uint32_t)w->rows.len);
    vec_push(&w->rows, fresh);
    return &w->rows.ptr[w->rows.len - 1];
}

static bool was_seen(const struct passing *w, uint32_t func)
{
    for (size_t i = 0; i < w->seen.len; i++)
        if (w->seen.ptr[i] == func)
            return true;
    return false;
}

/* The line of a function is that of its heaviest single stack: where it calls on, or is. */
static void pass_stack(void *ctx, struct stack_id stack, struct amount amount)
{
    struct passing *w = ctx;
    struct cursor c = cursor_at(w->o->profile, stack);
    struct passage *outermost = NULL;
    const struct line *line;
    vec_clear(&w->seen);
    while ((line = next_own(&c)) != NULL) {
        if (was_seen(w, line->func.i))
            continue;
        outermost = passage_of(w, line);
        if (amount.weight >= outermost->heaviest) {
            outermost->heaviest = amount.weight;
            outermost->line = line->line;
        }
        outermost->amount.weight += amount.weight;
        outermost->amount.count += amount.count;
        outermost->depth += (double)w->seen.len * (double)amount.weight;
        vec_push(&w->seen, line->func.i);
    }
    if (outermost)
        outermost->outermost += amount.weight;
}

static int by_depth(const void *left, const void *right)
{
    const struct passage *a = left, *b = right;
    if (a->depth != b->depth) // NOLINT: a total order
        return a->depth > b->depth ? 1 : -1;
    return (a->func.i > b->func.i) - (a->func.i < b->func.i);
}

void observed_passages(
    const struct observed *o, const struct selection *s, struct passages *ret_passages)
{
    struct passing w = { .o = o };
    observed_visit(o, s, pass_stack, &w);
    for (size_t i = 0; i < w.rows.len; i++)
        if (w.rows.ptr[i].amount.weight)
            w.rows.ptr[i].depth /= (double)w.rows.ptr[i].amount.weight;
    if (w.rows.len)
        qsort(w.rows.ptr, w.rows.len, sizeof *w.rows.ptr, by_depth);
    *ret_passages = (struct passages){ .ptr = w.rows.ptr, .len = w.rows.len };
    map_done(&w.index);
    vec_done(&w.seen);
}

void passages_done(struct passages *p)
{
    free(p->ptr);
    *p = (struct passages){ 0 };
}

/* ---- callers ---- */

struct calls {
    const struct profile *p;
    struct func_id func;
    uint64_t all;
    struct {
        uint32_t func;
        uint64_t count;
    } callers[CALLERS_MOST];
    uint32_t len;
};

static void add_call(struct calls *c, uint32_t caller, uint64_t count)
{
    uint32_t i = 0;
    while (i < c->len && c->callers[i].func != caller)
        i++;
    if (i == CALLERS_MOST)
        return;
    c->callers[i].func = caller;
    c->callers[i].count += count;
    c->len = i == c->len ? i + 1 : c->len;
}

/* Its innermost call counts: where it calls itself, whoever called it before is one more. */
static void call_in_stack(struct calls *c, struct stack_id stack, uint64_t count)
{
    struct cursor at = cursor_at(c->p, stack);
    const struct line *line;
    do
        line = next_own(&at);
    while (line && line->func.i != c->func.i);
    while (line && line->func.i == c->func.i)
        line = next_own(&at);
    if (!line)
        return;
    c->all += count;
    add_call(c, line->func.i, count);
}

bool observed_is_shared(const struct observed *o, struct func_id func)
{
    struct calls c = { .p = o->profile, .func = func };
    for (int channel = 0; channel < CHANNELS; channel++) {
        const struct groups *groups = &o->sums->groups[channel];
        for (size_t i = 0; i < groups->rows.len; i++)
            call_in_stack(&c, groups->rows.ptr[i].stack, groups->rows.ptr[i].all.count);
    }
    uint32_t callers = 0;
    for (uint32_t i = 0; i < c.len; i++)
        callers +=
            c.callers[i].count >= CALLS_LEAST && c.callers[i].count * CALLS_PART_MIN >= c.all;
    return callers > 1;
}
