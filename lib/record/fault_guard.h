// SPDX-License-Identifier: MIT
/*
 * Files that the target may cut short while we read them through a mapping would end prof with
 * SIGBUS. Inside guarded mappings such a page becomes zeros instead. Process-wide; one thread.
 */
#ifndef PROF_RECORD_FAULT_GUARD_H
#define PROF_RECORD_FAULT_GUARD_H

#include <stddef.h>

void fault_guard_add(const void *start, size_t len);
void fault_guard_remove(const void *start); /* NULL and unknown ones are ignored */

#endif
