// SPDX-License-Identifier: MIT
#include "profile/own_caller.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "profile/stack_sums.h"

enum { MOST_PERCENT = 50, NEARLY_ALL_PERCENT = 95 };

struct search {
    const struct profile *p;
    struct func_id hot;
    uint64_t hot_weight; /* its own, wherever it was called */
    uint64_t *weights;   /* of it, by the func id of the nearest own function above */
};

static bool is_own(const struct profile *p, struct func_id func)
{
    return profile_func(p, func)->kind == FUNC_APP;
}

/* Goes over the lines of one stack's frame; returns the own function nearest to its callees. */
static uint32_t pass_frame(
    struct search *s, struct frame_id frame, uint32_t above, uint64_t self_weight)
{
    const struct line *lines = profile_frame_lines(s->p, frame);
    uint32_t count = profile_frame(s->p, frame)->line_count;
    for (uint32_t i = 0; i < count; i++) {
        if (i + 1 == count && lines[i].func.i == s->hot.i) {
            s->hot_weight += self_weight;
            s->weights[above] += self_weight;
        }
        if (is_own(s->p, lines[i].func))
            above = lines[i].func.i;
    }
    return above;
}

static void search_stacks(struct search *s)
{
    struct stack_sum *sums = stack_sums_new(s->p);
    uint32_t count = profile_stack_count(s->p);
    uint32_t *nearest = xcalloc(count, sizeof *nearest); /* own func at or above each stack */
    for (uint32_t i = 1; i < count; i++) {
        struct stack stack = profile_stack(s->p, (struct stack_id){ i });
        nearest[i] = pass_frame(s, stack.frame, nearest[stack.caller.i], sums[i].self_weight);
    }
    free(nearest);
    free(sums);
}

static bool has_name(const struct profile *p, uint32_t func)
{
    struct slice name = profile_string(p, profile_func(p, (struct func_id){ func })->name);
    return name.len > 0 && !slice_is(name, "(anonymous)");
}

bool own_caller_find(const struct profile *p, struct func_id hot, struct own_caller *ret_caller)
{
    if (hot.i == 0 || is_own(p, hot))
        return false;
    uint32_t funcs = profile_func_count(p);
    struct search s = { .p = p, .hot = hot, .weights = xcalloc(funcs, sizeof *s.weights) };
    search_stacks(&s);
    uint32_t best = 0;
    for (uint32_t i = 1; i < funcs; i++)
        if (s.weights[i] > s.weights[best] || best == 0)
            best = i;
    uint64_t weight = s.weights[best];
    free(s.weights);
    if (best == 0 || weight * 100 <= s.hot_weight * MOST_PERCENT || !has_name(p, best))
        return false;
    ret_caller->func.i = best;
    ret_caller->nearly_all = weight * 100 >= s.hot_weight * NEARLY_ALL_PERCENT;
    return true;
}
