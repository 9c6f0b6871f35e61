// SPDX-License-Identifier: MIT
/* What each stack is: its traits, what it waits for, and which of its lines to blame. */
#include "analyze/observed_inner.h"
#include "base/alloc.h"
#include "base/strbuf.h"

/* A line that the interpreter of its runtime runs is interpreting, whatever its name. */
static trait_set line_traits(const trait_set *func_traits, const struct line *line)
{
    trait_set tier = line->tier == TIER_INTERPRETED ? TRAIT(INTERPRETER) : 0;
    return func_traits[line->func.i] | tier;
}

static trait_set *traits_by_frame(const struct profile *p)
{
    uint32_t funcs = profile_func_count(p);
    trait_set *by_func = xcalloc(funcs, sizeof *by_func);
    for (uint32_t i = 1; i < funcs; i++)
        by_func[i] = traits_of(p, profile_func(p, (struct func_id){ i }));
    uint32_t frames = profile_frame_count(p);
    trait_set *by_frame = xcalloc(frames, sizeof *by_frame);
    for (uint32_t i = 1; i < frames; i++) {
        const struct line *lines = profile_frame_lines(p, (struct frame_id){ i });
        uint32_t count = profile_frame(p, (struct frame_id){ i })->line_count;
        for (uint32_t k = 0; k < count; k++)
            by_frame[i] |= line_traits(by_func, &lines[k]);
    }
    free(by_func);
    return by_frame;
}

static void blame_line(const struct profile *p, const struct line *line, struct blamed *b)
{
    switch (profile_func(p, line->func)->kind) {
    case FUNC_APP:
        b->app = line;
        break;
    case FUNC_DEPENDENCY:
        b->dep = line;
        break;
    case FUNC_RUNTIME:
    case FUNC_JIT:
    case FUNC_UNKNOWN:
        b->other = line;
        break;
    case FUNC_STDLIB:
    case FUNC_GC:
    case FUNC_KERNEL:
    case FUNC_WAIT:
    case FUNC_MARKER:
    case FUNC_KINDS:
        break;
    }
}

static uint8_t wait_kind_of_leaf(const struct profile *p, struct stack_id stack)
{
    struct wait w;
    return (uint8_t)(wait_of_stack(p, stack, &w) ? w.kind : WAIT_KINDS);
}

/* What libraries that call back do is not done by the program's own function that they call: the
 * handler of an answer that was encrypted runs below the library's code. */
static trait_set inherited(const struct profile *p, trait_set caller, struct frame_id frame)
{
    const trait_set called_back =
        TRAIT(CRYPTO) | TRAIT(COMPRESS) | TRAIT(FILE_IO) | TRAIT(DNS) | TRAIT(CONNECT);
    const struct line *lines = profile_frame_lines(p, frame);
    const uint32_t count = profile_frame(p, frame)->line_count;
    const bool own = count && profile_func(p, lines[0].func)->kind == FUNC_APP;
    return own ? caller & ~called_back : caller;
}

void observe_stacks(struct observed *o)
{
    const struct profile *p = o->profile;
    struct observed_sums *sums = o->sums;
    uint32_t count = profile_stack_count(p);
    sums->frame_traits = traits_by_frame(p);
    sums->stack_traits = xcalloc(count, sizeof *sums->stack_traits);
    sums->blamed = xcalloc(count, sizeof *sums->blamed);
    sums->wait_kinds = xcalloc(count, sizeof *sums->wait_kinds);
    sums->wait_kinds[0] = WAIT_KINDS;
    for (uint32_t i = 1; i < count; i++) {
        struct stack s = profile_stack(p, (struct stack_id){ i });
        const struct line *lines = profile_frame_lines(p, s.frame);
        uint32_t line_count = profile_frame(p, s.frame)->line_count;
        sums->stack_traits[i] =
            inherited(p, sums->stack_traits[s.caller.i], s.frame) | sums->frame_traits[s.frame.i];
        sums->blamed[i] = sums->blamed[s.caller.i];
        for (uint32_t k = 0; k < line_count; k++)
            blame_line(p, &lines[k], &sums->blamed[i]);
        sums->wait_kinds[i] = wait_kind_of_leaf(p, (struct stack_id){ i });
        if (sums->wait_kinds[i] == WAIT_LOOP && sums->stack_traits[i] & TRAIT(EXEC))
            sums->wait_kinds[i] = WAIT_CHILD; /* in a loop of its own, as node's execFileSync() */
    }
    o->frame_traits = sums->frame_traits;
    o->stack_traits = sums->stack_traits;
}
