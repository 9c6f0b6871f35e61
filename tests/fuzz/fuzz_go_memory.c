// SPDX-License-Identifier: MIT
/* What is read from the memory of a Go program: a goroutine's stack, and why it waits. The first
 * words are the stack's registers and end. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/go_runtime.h"
#include "record/go_stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_WORDS = 4, CALLERS_MAX = 64 };

static void walk(const uint8_t *data, size_t size)
{
    uint64_t head[HEAD_WORDS], pcs[CALLERS_MAX];
    enum go_stack_end end;
    if (size < sizeof head)
        return;
    memcpy(head, data, sizeof head);
    const struct go_stack stack = { .bytes = data + sizeof head,
        .len = size - sizeof head,
        .sp = head[0],
        .pc = head[1],
        .bp = head[2],
        .high = head[3] };
    for (size_t max = 1; max <= CALLERS_MAX; max *= 4) {
        const size_t count = go_stack_walk(&stack, pcs, max, &end);
        if (count == 0 || count > max || pcs[0] != stack.pc)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct go_reason reason = go_reason_of((struct slice){ (const char *)data, size });
    if (reason.kind >= WAIT_KINDS || strlen(reason.operation) >= sizeof reason.operation ||
        strchr(reason.operation, ' '))
        abort();
    walk(data, size);
    return 0;
}
