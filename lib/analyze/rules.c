// SPDX-License-Identifier: MIT
/* The table of rules: gates first. */
#include "analyze/rules.h"

#include <string.h>

#include "base/compiler.h"

static const struct rule *const rules[] = {
    &rule_starved_by_others,
    &rule_throttled,
    &rule_under_driven,
    &rule_loop_blocked_cpu,
    &rule_regex_backtracking,
    &rule_json_heavy,
    &rule_gc_pressure,
    &rule_sync_compress_crypto,
    &rule_single_core,
    &rule_tls_handshake,
    &rule_exceptions_as_flow,
    &rule_malloc_heavy,
    &rule_memcpy_heavy,
    &rule_logging_heavy,
    &rule_network_kernel_heavy,
    &rule_interpreter_bound,
    &rule_unoptimised_build,
    &rule_dev_mode,
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
    &rule_pool_saturated,
    &rule_worker_starvation,
    &rule_downstream_wait,
    &rule_connect_per_request,
    &rule_n_plus_one,
    &rule_fsync_bound,
    &rule_dns_blocking,
    &rule_sleep_polling,
    &rule_tiny_io,
    &rule_context_switch_storm,
    &rule_spinning,
    &rule_busy_polling,
    &rule_process_churn,
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
