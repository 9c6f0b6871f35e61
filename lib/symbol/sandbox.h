// SPDX-License-Identifier: MIT
/*
 * Takes away from the calling process all that parsing hostile files does not need. One way, in
 * this order: sandbox_limit(), open what is to be read, sandbox_enter().
 */
#ifndef PROF_SYMBOL_SANDBOX_H
#define PROF_SYMBOL_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SANDBOX_UID = 65534,           /* nobody */
    SANDBOX_MEMORY_MAX_MIB = 6144, /* address space beyond what is mapped at the start */
};

/* Bounds memory, CPU time and the damage of a crash: no core file, no children, dies with its
 * parent. */
void sandbox_limit(uint32_t cpu_seconds);

/* Gives up root for good. */
bool sandbox_drop_privileges(void);

/* From here on: memory, reading and writing of open files, and the end. Anything else fails with
 * EPERM. */
bool sandbox_enter(void);

#endif
