// SPDX-License-Identifier: MIT
/* Samples added up, and selections of them. */
#include "analyze/observed_inner.h"
#include "analyze/stats.h"
#include "base/alloc.h"
#include "profile/sample_log.h"

#define Z_95 1.96

static void add_amount(struct amount *sum, const struct sample *s)
{
    sum->weight += s->weight;
    sum->count += s->count;
}

/* ---- adding up ---- */

/* latest: by stack, the row last used for it plus one; a stack seldom has more than one thread. */
static struct group *group_of(struct groups *groups, uint32_t *latest, const struct sample *s)
{
    uint32_t row = latest[s->stack.i];
    if (row && groups->rows.ptr[row - 1].thread.i == s->thread.i)
        return &groups->rows.ptr[row - 1];
    uint64_t hash = hash_u64((uint64_t)s->thread.i << 32 | s->stack.i);
    struct map_probe probe = map_probe(&groups->index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        struct group *g = &groups->rows.ptr[item];
        if (g->stack.i != s->stack.i || g->thread.i != s->thread.i)
            continue;
        latest[s->stack.i] = item + 1;
        return g;
    }
    struct group fresh = { .stack = s->stack, .thread = s->thread };
    map_add(&groups->index, hash, (uint32_t)groups->rows.len);
    vec_push(&groups->rows, fresh);
    latest[s->stack.i] = (uint32_t)groups->rows.len;
    return &groups->rows.ptr[groups->rows.len - 1];
}

static struct amount add_up(const struct observed *o, enum channel c)
{
    struct amount whole = { 0 };
    uint32_t *latest = xcalloc(profile_stack_count(o->profile), sizeof *latest);
    struct sample_iter it = sample_iter(profile_channel(o->profile, c));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        struct group *g = group_of(&o->sums->groups[c], latest, &s);
        add_amount(&g->all, &s);
        if (s.time_ns >= o->steady_from_ns)
            add_amount(&g->steady, &s);
        add_amount(&whole, &s);
    }
    sample_iter_done(&it);
    free(latest);
    return whole;
}

void observe_samples(struct observed *o)
{
    o->cpu = add_up(o, CHANNEL_CPU);
    o->wait = add_up(o, CHANNEL_WAIT);
    o->faults = add_up(o, CHANNEL_FAULTS);
    add_up(o, CHANNEL_TASKS);
    o->has_waits = o->wait.count > 0;
    o->has_faults = o->faults.count > 0;
}

void observe_window_samples(const struct observed *o)
{
    struct sample_iter it = sample_iter(profile_channel(o->profile, CHANNEL_CPU));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        if (s.thread.i == 0 || s.time_ns < o->start_ns)
            continue;
        uint64_t window = (s.time_ns - o->start_ns) / WINDOW_NS;
        const struct observed_thread *t = &o->threads[s.thread.i - 1];
        if (window < t->window_count && !t->exact)
            t->on_cpu_share[window] += (float)s.weight / (float)WINDOW_NS;
    }
    sample_iter_done(&it);
}

/* ---- selecting ---- */

static bool thread_fits(
    const struct observed *o, const struct selection *s, struct thread_id thread)
{
    for (; s; s = s->also) {
        if (s->thread.i && s->thread.i != thread.i)
            return false;
        if (s->process.i && profile_thread(o->profile, thread)->process.i != s->process.i)
            return false;
    }
    return true;
}

static bool one_stack_fits(
    const struct observed *o, const struct selection *s, struct stack_id stack)
{
    trait_set traits = o->stack_traits[stack.i];
    if (traits & TRAIT(OURS))
        return false;
    if (s->any_frame && !(traits & s->any_frame))
        return false;
    if (s->no_frame && traits & s->no_frame)
        return false;
    if (s->entry.i && (!o->sums->task_entries || o->sums->task_entries[stack.i] != s->entry.i))
        return false;
    if (s->leaf) {
        struct frame_id leaf = profile_stack(o->profile, stack).frame;
        if (!(o->frame_traits[leaf.i] & s->leaf))
            return false;
    }
    return s->wait_kinds == 0 || s->wait_kinds >> o->sums->wait_kinds[stack.i] & 1;
}

static bool stack_fits(const struct observed *o, const struct selection *s, struct stack_id stack)
{
    bool fits = true;
    for (; s && fits; s = s->also)
        fits = one_stack_fits(o, s, stack);
    return fits;
}

static bool lies_within(const struct selection *s, uint64_t time_ns)
{
    size_t low = 0, high = s->in_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->in[middle].to_ns < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->in_count && s->in[low].from_ns <= time_ns;
}

static bool time_fits(const struct observed *o, const struct selection *s, uint64_t time_ns)
{
    for (; s; s = s->also)
        if ((s->in && !lies_within(s, time_ns)) || (s->steady && time_ns < o->steady_from_ns))
            return false;
    return true;
}

/* Whether the times of single samples matter, and whether those of start-up do not count. */
static bool asks_for_times(const struct selection *s)
{
    return s->in || (s->also && asks_for_times(s->also));
}

static bool is_steady(const struct selection *s)
{
    return s->steady || (s->also && is_steady(s->also));
}

static void visit_samples(
    const struct observed *o, const struct selection *s, stack_visitor *visit, void *ctx)
{
    struct sample_iter it = sample_iter(profile_channel(o->profile, s->channel));
    struct sample sample;
    while (sample_iter_next(&it, &sample)) {
        if (time_fits(o, s, sample.time_ns) && thread_fits(o, s, sample.thread) &&
            stack_fits(o, s, sample.stack))
            visit(ctx, sample.stack,
                (struct amount){ .weight = sample.weight, .count = sample.count });
    }
    sample_iter_done(&it);
}

void observed_visit(
    const struct observed *o, const struct selection *s, stack_visitor *visit, void *ctx)
{
    if (asks_for_times(s)) {
        visit_samples(o, s, visit, ctx);
        return;
    }
    bool steady = is_steady(s);
    const struct groups *groups = &o->sums->groups[s->channel];
    for (size_t i = 0; i < groups->rows.len; i++) {
        const struct group *g = &groups->rows.ptr[i];
        struct amount amount = steady ? g->steady : g->all;
        if ((amount.count || amount.weight) && thread_fits(o, s, g->thread) &&
            stack_fits(o, s, g->stack))
            visit(ctx, g->stack, amount);
    }
}

static void add_visited(void *ctx, struct stack_id stack, struct amount amount)
{
    struct amount *sum = ctx;
    (void)stack;
    sum->weight += amount.weight;
    sum->count += amount.count;
}

struct amount observed_sum(const struct observed *o, const struct selection *s)
{
    struct amount sum = { 0 };
    observed_visit(o, s, add_visited, &sum);
    return sum;
}

/* The part of their CPU time that the samples of the selected threads account for. Who may not
 * sample the kernel sees its time by timed calls only (timed_calls.c): shares are of all time, or
 * what is in user code alone would look the larger the more the kernel does. */
static double seen_part(const struct observed *o, const struct selection *whole)
{
    const struct groups *groups = &o->sums->groups[CHANNEL_CPU];
    uint64_t seen_ns = 0, used_ns = 0;
    if (!o->has_timed || whole->channel != CHANNEL_CPU || whole->any_frame || whole->leaf ||
        whole->no_frame || whole->in || whole->also)
        return 1;
    for (size_t i = 0; i < groups->rows.len; i++)
        if (thread_fits(o, whole, groups->rows.ptr[i].thread))
            seen_ns += groups->rows.ptr[i].all.weight;
    for (uint32_t i = 0; i < o->thread_count; i++)
        used_ns += thread_fits(o, whole, o->threads[i].id) ? o->threads[i].on_cpu_ns : 0;
    return seen_ns < used_ns ? (double)seen_ns / (double)used_ns : 1;
}

/* By weight, which is what a share is of; the bounds follow from the number of samples. */
struct share observed_share(
    const struct observed *o, const struct selection *part, const struct selection *whole)
{
    struct share share = {
        .part = observed_sum(o, part),
        .whole = observed_sum(o, whole),
    };
    share.n = share.whole.count;
    if (share.whole.weight)
        share.value = (double)share.part.weight / (double)share.whole.weight * seen_part(o, whole);
    wilson(share.value * (double)share.n, (double)share.n, Z_95, &share.low, &share.high);
    return share;
}

/* ---- blaming ---- */

struct cell {
    uint32_t func, line, on;
    struct amount amount;
};

struct blaming {
    const struct observed *o;
    enum channel channel;
    enum blame how;
    VEC(struct cell) cells;
    struct map index;
};

static const struct line *innermost_line(const struct observed *o, struct stack_id stack)
{
    struct frame_id leaf = profile_stack(o->profile, stack).frame;
    uint32_t count = profile_frame(o->profile, leaf)->line_count;
    return count ? &profile_frame_lines(o->profile, leaf)[count - 1] : NULL;
}

static const struct line *line_to_blame(const struct blaming *b, struct stack_id stack)
{
    const struct blamed *blamed = &b->o->sums->blamed[stack.i];
    if (b->how == BLAME_OWN && blamed->app)
        return blamed->app;
    if (b->how == BLAME_OWN && blamed->dep)
        return blamed->dep;
    if (b->how == BLAME_OWN && blamed->other)
        return blamed->other;
    return innermost_line(b->o, stack);
}

/* Of a wait's stack: the text form, which is the leaf function's system name. */
static uint32_t waits_on(const struct blaming *b, struct stack_id stack)
{
    const bool may_wait = b->channel == CHANNEL_WAIT || b->channel == CHANNEL_TASKS;
    if (!may_wait || b->o->sums->wait_kinds[stack.i] == WAIT_KINDS)
        return 0;
    const struct line *leaf = innermost_line(b->o, stack);
    return leaf ? profile_func(b->o->profile, leaf->func)->system_name.i : 0;
}

static void blame_visited(void *ctx, struct stack_id stack, struct amount amount)
{
    struct blaming *b = ctx;
    const struct line *line = stack.i ? line_to_blame(b, stack) : NULL;
    if (!line)
        return;
    struct cell fresh = { line->func.i, line->line, waits_on(b, stack), amount };
    uint64_t hash = hash_mix(hash_u64((uint64_t)fresh.func << 32 | fresh.line), fresh.on);
    struct map_probe probe = map_probe(&b->index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        struct cell *cell = &b->cells.ptr[item];
        if (cell->func != fresh.func || cell->line != fresh.line || cell->on != fresh.on)
            continue;
        add_visited(&cell->amount, stack, amount);
        return;
    }
    map_add(&b->index, hash, (uint32_t)b->cells.len);
    vec_push(&b->cells, fresh);
}

static int by_func_then_weight(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;
    if (a->func != b->func)
        return a->func < b->func ? -1 : 1;
    return (a->amount.weight < b->amount.weight) - (a->amount.weight > b->amount.weight);
}

static int by_falling_weight(const void *left, const void *right)
{
    const struct func_amount *a = left, *b = right;
    if (a->amount.weight != b->amount.weight)
        return a->amount.weight < b->amount.weight ? 1 : -1;
    return (a->func.i > b->func.i) - (a->func.i < b->func.i);
}

/* One row per function: its cells follow each other, the heaviest first. */
static struct func_amounts rows_of(struct cell *cells, size_t count)
{
    VEC(struct func_amount) rows = { 0 };
    if (count)
        qsort(cells, count, sizeof *cells, by_func_then_weight);
    for (size_t i = 0; i < count; i++) {
        if (rows.len && rows.ptr[rows.len - 1].func.i == cells[i].func) {
            add_visited(&rows.ptr[rows.len - 1].amount, (struct stack_id){ 0 }, cells[i].amount);
            continue;
        }
        struct func_amount row = {
            .func = { cells[i].func },
            .line = cells[i].line,
            .on = { cells[i].on },
            .amount = cells[i].amount,
        };
        vec_push(&rows, row);
    }
    if (rows.len)
        qsort(rows.ptr, rows.len, sizeof *rows.ptr, by_falling_weight);
    return (struct func_amounts){ .ptr = rows.ptr, .len = rows.len };
}

void observed_functions(const struct observed *o, const struct selection *s, enum blame how,
    struct func_amounts *ret_functions)
{
    struct blaming b = { .o = o, .channel = s->channel, .how = how };
    observed_visit(o, s, blame_visited, &b);
    *ret_functions = rows_of(b.cells.ptr, b.cells.len);
    vec_done(&b.cells);
    map_done(&b.index);
}

void func_amounts_done(struct func_amounts *f)
{
    free(f->ptr);
    *f = (struct func_amounts){ 0 };
}
