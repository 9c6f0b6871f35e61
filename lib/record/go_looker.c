// SPDX-License-Identifier: MIT
#include "record/go_looker.h"

#include "base/map.h"
#include "record/go_stack.h"

enum { CALLERS_MAX = 512 };

/* With what it waits for below them; callers that are missing are said to be. */
static struct stack_id intern(struct go_looker *l, struct tracked_process *process,
    const uint64_t *pcs, size_t count, enum go_stack_end end, const struct wait *wait)
{
    static const enum unwind_end ends[] = {
        [GO_STACK_WHOLE] = UNWIND_COMPLETE,
        [GO_STACK_SHORT] = UNWIND_TRUNCATED,
        [GO_STACK_BROKEN] = UNWIND_BROKEN,
    };
    uint64_t hash = hash_mix(hash_u64(process->generation), (uint64_t)end);
    hash = wait ? hash_mix(hash, slice_hash(wait->operation)) : hash;
    for (size_t i = 0; i < count; i++)
        hash = hash_mix(hash, pcs[i]);
    hash |= 1;
    struct go_stack_slot *slot = &l->known[hash >> 1 & (GO_STACK_SLOTS - 1)];
    if (slot->hash != hash) {
        struct stack_id stack =
            stacks_intern_addresses(&l->recorder->stacks, process, pcs, (uint32_t)count, ends[end]);
        if (wait)
            stack = profile_add_stack(
                l->recorder->profile, stack, wait_frame(l->recorder->profile, wait));
        *slot = (struct go_stack_slot){ hash, stack };
    }
    return slot->stack;
}

struct stack_id go_running_stack(
    struct go_looker *l, struct tracked_process *process, const struct goroutine *g)
{
    return intern(l, process, &g->start, 1, GO_STACK_WHOLE, NULL);
}

static struct wait wait_of(const struct go_runtime *rt, const struct goroutine *g)
{
    if (g->state == GO_READY)
        return (struct wait){ .kind = WAIT_QUEUE, .operation = slice_of("runnable") };
    const struct go_reason *reason = &rt->reasons[g->reason];
    return (struct wait){ .kind = reason->kind, .operation = slice_of(reason->operation) };
}

static struct go_stack stack_of(const struct goroutine *g, const uint8_t *bytes, size_t len)
{
    return (struct go_stack){
        .bytes = bytes, .len = len, .sp = g->sp, .pc = g->pc, .bp = g->bp, .high = g->stack_high
    };
}

static size_t bytes_wanted(const struct goroutine *g, size_t most)
{
    return g->stack_high - g->sp < most ? (size_t)(g->stack_high - g->sp) : most;
}

size_t go_stack_wanted(const struct goroutine *g)
{
    return bytes_wanted(g, GO_STACK_BYTES);
}

struct stack_id go_waiting_stack(struct go_looker *l, const struct go_runtime *rt,
    struct tracked_process *process, const struct goroutine *g, const uint8_t *bytes)
{
    uint64_t pcs[CALLERS_MAX];
    enum go_stack_end end;
    struct go_stack stack = stack_of(g, bytes, go_stack_wanted(g));
    size_t count = go_stack_walk(&stack, pcs, CALLERS_MAX, &end);
    if (end == GO_STACK_SHORT && count < CALLERS_MAX) {
        const size_t len = target_read(rt->pid, g->sp, l->deep, bytes_wanted(g, sizeof l->deep));
        stack = stack_of(g, l->deep, len);
        count = go_stack_walk(&stack, pcs, CALLERS_MAX, &end);
    }
    const struct wait wait = wait_of(rt, g);
    return intern(l, process, pcs, count, end, &wait);
}
