// SPDX-License-Identifier: MIT
#include "record/trace_copy.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/alloc.h"
#include "record/target_memory.h"

void trace_copy_init(struct trace_copy *c, size_t stack_bytes)
{
    *c = (struct trace_copy){ .stack = xmalloc(stack_bytes), .stack_wanted = stack_bytes };
}

void trace_copy_done(struct trace_copy *c)
{
    free(c->stack);
    *c = (struct trace_copy){ 0 };
}

bool trace_copy_take(struct trace_copy *c, pid_t tid)
{
    uint8_t regset[ARCH_REGSET_BYTES];
    struct iovec io = { .iov_base = regset, .iov_len = sizeof regset };
    if (ptrace(PTRACE_GETREGSET, tid, (uintptr_t)NT_PRSTATUS, &io) != 0)
        return false;
    struct unwind_regs regs = { 0 };
    c->is_32bit = !arch_regs_of_trace(regset, io.iov_len, c->regs);
    arch_regs_decode(c->regs, &regs);
    errno = 0;
    c->stack_len = c->is_32bit ? 0 : target_read(tid, regs.sp, c->stack, c->stack_wanted);
    return c->is_32bit || c->stack_len > 0;
}

struct perf_sample trace_copy_sample(const struct trace_copy *c)
{
    struct unwind_regs regs = { 0 };
    arch_regs_decode(c->regs, &regs);
    struct perf_sample sample = {
        .ip = regs.ip,
        .has_regs = !c->is_32bit,
        .is_32bit = c->is_32bit,
        .stack = c->stack,
        .stack_len = c->stack_len,
        .stack_wanted = c->stack_wanted,
    };
    memcpy(sample.regs, c->regs, sizeof sample.regs);
    return sample;
}
