// SPDX-License-Identifier: MIT
/* The table of rules: gates first. */
#include "analyze/rules.h"

#include <string.h>

#include "base/compiler.h"

static const struct rule *const rules[] = {
    &rule_starved_by_others,
    &rule_throttled,
    &rule_under_driven,
    /* memory, waiting, system */
    &rule_memory_growth,
    &rule_fd_leak,
    &rule_page_fault_storm,
    &rule_swapping,
    &rule_no_backpressure,
    &rule_mmap_contention,
    &rule_sync_file_io,
    &rule_loop_blocked_io,
    &rule_lock_contention,
};

const struct rule *const *rule_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(rules);
    return rules;
}

const struct rule *rule_by_id(const char *id)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(rules); i++)
        if (strcmp(rules[i]->id, id) == 0)
            return rules[i];
    return NULL;
}
