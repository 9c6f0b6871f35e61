// SPDX-License-Identifier: MIT
/* Every rule, for the table in rules.c and for its own file. Read only, any thread. */
#ifndef PROF_ANALYZE_RULES_H
#define PROF_ANALYZE_RULES_H

#include "analyze/rule.h"

/* gates */
extern const struct rule rule_starved_by_others;
extern const struct rule rule_throttled;
extern const struct rule rule_under_driven;

/* CPU time */
extern const struct rule rule_loop_blocked_cpu;
extern const struct rule rule_regex_backtracking;
extern const struct rule rule_json_heavy;
extern const struct rule rule_gc_pressure;
extern const struct rule rule_sync_compress_crypto;
extern const struct rule rule_single_core;
extern const struct rule rule_tls_handshake;
extern const struct rule rule_exceptions_as_flow;
extern const struct rule rule_malloc_heavy;
extern const struct rule rule_memcpy_heavy;
extern const struct rule rule_logging_heavy;
extern const struct rule rule_network_kernel_heavy;
extern const struct rule rule_interpreter_bound;
extern const struct rule rule_unoptimised_build;
extern const struct rule rule_dev_mode;

/* memory, waiting, system */
extern const struct rule rule_memory_growth;
extern const struct rule rule_fd_leak;
extern const struct rule rule_page_fault_storm;
extern const struct rule rule_swapping;
extern const struct rule rule_no_backpressure;
extern const struct rule rule_mmap_contention;
extern const struct rule rule_sync_file_io;
extern const struct rule rule_loop_blocked_io;
extern const struct rule rule_lock_contention;
extern const struct rule rule_pool_saturated;
extern const struct rule rule_worker_starvation;
extern const struct rule rule_downstream_wait;
extern const struct rule rule_connect_per_request;
extern const struct rule rule_n_plus_one;
extern const struct rule rule_fsync_bound;
extern const struct rule rule_dns_blocking;
extern const struct rule rule_sleep_polling;
extern const struct rule rule_tiny_io;
extern const struct rule rule_context_switch_storm;
extern const struct rule rule_spinning;
extern const struct rule rule_busy_polling;
extern const struct rule rule_process_churn;

#endif
