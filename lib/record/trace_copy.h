// SPDX-License-Identifier: MIT
/*
 * What a sample needs of a thread that stands still in a ptrace stop: its registers and the top of
 * its stack. It stands for as long as this takes, so nothing else is done meanwhile.
 */
#ifndef PROF_RECORD_TRACE_COPY_H
#define PROF_RECORD_TRACE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record/arch.h"
#include "record/perf_record.h"

struct trace_copy {
    uint64_t regs[ARCH_REGS_MAX]; /* as a sample has them */
    bool is_32bit;
    uint8_t *stack; /* owned */
    size_t stack_len, stack_wanted;
};

void trace_copy_init(struct trace_copy *c, size_t stack_bytes);
void trace_copy_done(struct trace_copy *c);

/* By the thread that traces it. False, with errno: it has been killed, or may not be read. */
bool trace_copy_take(struct trace_copy *c, pid_t tid);

/* Borrows the bytes. */
struct perf_sample trace_copy_sample(const struct trace_copy *c);

#endif
