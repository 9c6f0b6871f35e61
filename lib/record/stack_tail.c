// SPDX-License-Identifier: MIT
#include "record/stack_tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/target_memory.h"

enum { OVERLAP_BYTES = 512, STEP_MIN = 64 << 10 };

static void reserve(struct stack_tail *t, size_t want)
{
    if (want <= t->cap)
        return;
    t->bytes = xreallocarray(t->bytes, want, 1);
    t->cap = want;
}

bool stack_tail_start(struct stack_tail *t, pid_t pid, const struct unwind_stack *copy)
{
    uint8_t now[OVERLAP_BYTES];
    if (copy->len < sizeof now)
        return false;
    const size_t at = copy->len - sizeof now;
    if (target_read(pid, copy->address + at, now, sizeof now) != sizeof now ||
        memcmp(now, copy->bytes + at, sizeof now) != 0)
        return false;
    reserve(t, copy->len);
    memcpy(t->bytes, copy->bytes, copy->len);
    t->len = copy->len;
    t->at_top = false;
    return true;
}

void stack_tail_start_anew(struct stack_tail *t)
{
    t->len = 0;
    t->at_top = false;
}

bool stack_tail_grow(struct stack_tail *t, pid_t pid, uint64_t address)
{
    size_t more = t->len > STEP_MIN ? t->len : STEP_MIN;
    if (t->len + more > STACK_TAIL_MAX)
        more = STACK_TAIL_MAX - t->len;
    if (t->at_top || more == 0)
        return false;
    reserve(t, t->len + more);
    const size_t got = target_read(pid, address + t->len, t->bytes + t->len, more);
    t->len += got;
    t->at_top = got < more;
    return got > 0;
}

struct unwind_stack stack_tail_view(const struct stack_tail *t, uint64_t address)
{
    return (struct unwind_stack){
        .bytes = t->bytes,
        .len = t->len,
        .address = address,
        .wanted_bytes = t->at_top ? t->len + 1 : t->len,
    };
}

void stack_tail_done(struct stack_tail *t)
{
    free(t->bytes);
    *t = (struct stack_tail){ 0 };
}
