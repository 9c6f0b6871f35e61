// SPDX-License-Identifier: MIT
/* Allocating and freeing costs more than the work it is for. Collectors have a rule of their own.
 */
#include "analyze/rules.h"
#include "analyze/share_rule.h"

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    static const struct share_rule allocation = {
        .part = { .any_frame = TRAIT(MALLOC), .no_frame = TRAIT(GC) },
        .notice = 0.15,
        .warn = 0.25,
        .work = "allocating and freeing memory",
        .alternative = "Time below malloc can also be page faults of memory that is used for the "
                       "first time: see page-fault-storm.",
        .advice = {
            .any = "Allocate less often in the functions named here: reuse buffers, reserve "
                   "containers, take many small objects from one block. If many threads allocate "
                   "at once, try another allocator first (LD_PRELOAD=libjemalloc.so.2).",
            .go = "Reuse buffers (sync.Pool), give slices their capacity, avoid values that escape "
                  "to the heap (go build -gcflags=-m).",
        },
        .commands = {
            .any = "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 prof doctor -- PROGRAM",
            .go = "go build -gcflags=-m 2>&1 | grep escapes",
        },
    };
    return share_answer(o, &allocation, ret_finding);
}

const struct rule rule_malloc_heavy = {
    .id = "malloc-heavy",
    .title = "Much CPU time goes into allocating memory",
    .role = RULE_VERDICT,
    .breadth = BREADTH_KIND,
    .repeats = true,
    .look = look,
};
