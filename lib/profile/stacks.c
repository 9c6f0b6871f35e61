// SPDX-License-Identifier: MIT
#include <assert.h>

#include "profile/tables.h"

struct stack_id profile_add_stack(struct profile *p, struct stack_id caller, struct frame_id frame)
{
    assert(caller.i < p->stacks.len && frame.i < p->frames.len);
    uint64_t hash = hash_u64((uint64_t)caller.i << 32 | frame.i);
    struct map_probe probe = map_probe(&p->stack_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        const struct stack *s = &p->stacks.ptr[item];
        if (s->caller.i == caller.i && s->frame.i == frame.i)
            return (struct stack_id){ item };
    }
    item = (uint32_t)p->stacks.len;
    vec_push(&p->stacks, ((struct stack){ .caller = caller, .frame = frame }));
    map_add(&p->stack_index, hash, item);
    return (struct stack_id){ item };
}

struct stack profile_stack(const struct profile *p, struct stack_id id)
{
    assert(id.i < p->stacks.len);
    return p->stacks.ptr[id.i];
}

uint32_t profile_stack_count(const struct profile *p)
{
    return (uint32_t)p->stacks.len;
}
