// SPDX-License-Identifier: MIT
#include "record/arch.h"

#include <asm/perf_regs.h>
#include <stddef.h>
#include <string.h>
#include <sys/user.h>

#include "base/compiler.h"

/* Position = order of the mask's bits; value = DWARF number (System V ABI for x86-64, figure 3.36).
 */
#define TRACE(name) offsetof(struct user_regs_struct, name)

static const struct {
    uint8_t perf;
    uint8_t dwarf;
    uint8_t trace; /* offset in what ptrace(2) gives */
} regs[] = {
    { PERF_REG_X86_AX, 0, TRACE(rax) },
    { PERF_REG_X86_BX, 3, TRACE(rbx) },
    { PERF_REG_X86_CX, 2, TRACE(rcx) },
    { PERF_REG_X86_DX, 1, TRACE(rdx) },
    { PERF_REG_X86_SI, 4, TRACE(rsi) },
    { PERF_REG_X86_DI, 5, TRACE(rdi) },
    { PERF_REG_X86_BP, 6, TRACE(rbp) },
    { PERF_REG_X86_SP, 7, TRACE(rsp) },
    { PERF_REG_X86_IP, 16, TRACE(rip) },
    { PERF_REG_X86_R8, 8, TRACE(r8) },
    { PERF_REG_X86_R9, 9, TRACE(r9) },
    { PERF_REG_X86_R10, 10, TRACE(r10) },
    { PERF_REG_X86_R11, 11, TRACE(r11) },
    { PERF_REG_X86_R12, 12, TRACE(r12) },
    { PERF_REG_X86_R13, 13, TRACE(r13) },
    { PERF_REG_X86_R14, 14, TRACE(r14) },
    { PERF_REG_X86_R15, 15, TRACE(r15) },
};

/* struct user_regs_struct32 of the kernel's asm/user32.h: 17 numbers of 32 bits. */
enum { REGSET32_BYTES = 68, REGSET32_IP = 48, REGS_IP = 8 /* row above */ };

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

bool arch_regs_of_trace(const void *regset, size_t len, uint64_t ret_values[ARCH_REGS_MAX])
{
    const uint8_t *bytes = regset;
    uint32_t ip = 0;
    memset(ret_values, 0, ARCH_REGS_MAX * sizeof *ret_values);
    if (len == sizeof(struct user_regs_struct)) {
        for (size_t i = 0; i < PROF_ARRAY_LEN(regs); i++)
            memcpy(&ret_values[i], bytes + regs[i].trace, sizeof *ret_values);
        return true;
    }
    if (len == REGSET32_BYTES)
        memcpy(&ip, bytes + REGSET32_IP, sizeof ip);
    ret_values[REGS_IP] = ip;
    return false;
}

uint64_t arch_argument(const struct unwind_regs *at, size_t index)
{
    static const uint8_t dwarf[] = { 5, 4, 1, 2, 8, 9 }; /* rdi rsi rdx rcx r8 r9 */
    return index < PROF_ARRAY_LEN(dwarf) ? at->reg[dwarf[index]] : 0;
}

uint64_t arch_return_address(const struct unwind_regs *at, const uint8_t *stack, size_t len)
{
    uint64_t address = 0;
    (void)at;
    if (len >= sizeof address)
        memcpy(&address, stack, sizeof address);
    return address;
}
