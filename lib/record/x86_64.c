// SPDX-License-Identifier: MIT
#include "record/arch.h"

#include <asm/perf_regs.h>
#include <stddef.h>
#include <string.h>

#include "base/compiler.h"

/* Position = order of the mask's bits; value = DWARF number (System V ABI for x86-64, figure 3.36).
 */
static const struct {
    uint8_t perf;
    uint8_t dwarf;
} regs[] = {
    { PERF_REG_X86_AX, 0 },
    { PERF_REG_X86_BX, 3 },
    { PERF_REG_X86_CX, 2 },
    { PERF_REG_X86_DX, 1 },
    { PERF_REG_X86_SI, 4 },
    { PERF_REG_X86_DI, 5 },
    { PERF_REG_X86_BP, 6 },
    { PERF_REG_X86_SP, 7 },
    { PERF_REG_X86_IP, 16 },
    { PERF_REG_X86_R8, 8 },
    { PERF_REG_X86_R9, 9 },
    { PERF_REG_X86_R10, 10 },
    { PERF_REG_X86_R11, 11 },
    { PERF_REG_X86_R12, 12 },
    { PERF_REG_X86_R13, 13 },
    { PERF_REG_X86_R14, 14 },
    { PERF_REG_X86_R15, 15 },
};

uint64_t arch_regs_mask(void)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < PROF_ARRAY_LEN(regs); i++)
        mask |= UINT64_C(1) << regs[i].perf;
    return mask;
}

bool arch_is_thunk(const uint8_t bytes[ARCH_THUNK_BYTES])
{
    /* sub $8, %rsp; call *%rcx; add $8, %rsp; ret */
    static const uint8_t thunk[ARCH_THUNK_BYTES] = { 0x48, 0x83, 0xec, 0x08, 0xff, 0xd1, 0x48, 0x83,
        0xc4, 0x08, 0xc3 };
    return memcmp(bytes, thunk, sizeof thunk) == 0;
}

void arch_regs_decode(const uint64_t *values, struct unwind_regs *ret_regs)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(regs); i++)
        ret_regs->reg[regs[i].dwarf] = values[i];
    ret_regs->ip = ret_regs->reg[16];
    ret_regs->sp = ret_regs->reg[7];
    ret_regs->bp = ret_regs->reg[6];
}

uint64_t arch_argument(const struct unwind_regs *at, size_t index)
{
    static const uint8_t dwarf[] = { 5, 4, 1, 2, 8, 9 }; /* rdi rsi rdx rcx r8 r9 */
    return index < PROF_ARRAY_LEN(dwarf) ? at->reg[dwarf[index]] : 0;
}
