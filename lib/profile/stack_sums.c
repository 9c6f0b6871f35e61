// SPDX-License-Identifier: MIT
#include "profile/stack_sums.h"

#include <stddef.h>

#include "base/alloc.h"
#include "profile/sample_log.h"

struct stack_sum *stack_sums_new(const struct profile *p)
{
    uint32_t count = profile_stack_count(p);
    struct stack_sum *sums = xcalloc(count, sizeof *sums);
    struct sample_iter it = sample_iter(profile_samples(p));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        sums[s.stack.i].self_count += s.count;
        sums[s.stack.i].self_weight += s.weight;
    }
    sample_iter_done(&it);
    /* A caller's id is smaller than its callees', so one pass from the end carries totals down. */
    for (uint32_t i = count; i-- > 0;) {
        sums[i].total_count += sums[i].self_count;
        sums[i].total_weight += sums[i].self_weight;
        if (i == 0)
            break;
        struct stack_sum *caller = &sums[profile_stack(p, (struct stack_id){ i }).caller.i];
        caller->total_count += sums[i].total_count;
        caller->total_weight += sums[i].total_weight;
    }
    return sums;
}
