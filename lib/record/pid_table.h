// SPDX-License-Identifier: MIT
/*
 * Process or thread number -> 32-bit value, 0 when absent. Pages of numbers are made when first
 * used; a number can be cleared and set again for as long as the machine runs.
 */
#ifndef PROF_RECORD_PID_TABLE_H
#define PROF_RECORD_PID_TABLE_H

#include <stdint.h>
#include <sys/types.h>

enum { PID_PAGE = 1024, PID_PAGES = 4096 }; /* PID_MAX_LIMIT is 4 million on 64-bit kernels */

struct pid_table {
    uint32_t *pages[PID_PAGES];
};

uint32_t pid_table_get(const struct pid_table *t, pid_t pid);
void pid_table_set(struct pid_table *t, pid_t pid, uint32_t value); /* out of range: ignored */
void pid_table_clear_bits(struct pid_table *t, uint32_t bits);      /* in every value */
void pid_table_done(struct pid_table *t);

#endif
