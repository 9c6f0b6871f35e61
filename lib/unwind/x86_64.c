// SPDX-License-Identifier: MIT
#include "unwind/arch.h"

#include <string.h>

#include "base/compiler.h"

const struct unwind_arch unwind_arch = { .fp = 6, .sp = 7 };

/*
 * breg7(rsp) 8, breg16(rip) 0, lit15, and, litN, ge, lit3, shl, plus:
 * CFA = rsp + 8 + (((rip & 15) >= N) << 3). N is 11 for the classic PLT, 9 or 10 for one with
 * endbr64 (binutils: bfd/elfxx-x86.c).
 */
bool unwind_arch_plt_expression(const uint8_t *expr, size_t len, int32_t *ret_threshold)
{
    static const uint8_t shape[] = { 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0, 0x2a, 0x33, 0x24, 0x22 };
    enum { THRESHOLD = 6, OP_LIT0 = 0x30 };
    if (len != sizeof shape || memcmp(expr, shape, THRESHOLD) != 0 ||
        memcmp(expr + THRESHOLD + 1, shape + THRESHOLD + 1, sizeof shape - THRESHOLD - 1) != 0)
        return false;
    const uint8_t op = expr[THRESHOLD];
    if (op < OP_LIT0 || op > OP_LIT0 + 15)
        return false;
    *ret_threshold = op - OP_LIT0;
    return true;
}

/* Length of a `call *operand` (FF /2) that starts at p and may be at most `len` bytes; 0: none. */
static size_t indirect_call_length(const uint8_t *p, size_t len)
{
    if (len < 2 || p[0] != 0xff || ((p[1] >> 3) & 7) != 2)
        return 0;
    const unsigned mod = p[1] >> 6, rm = p[1] & 7;
    if (mod == 3)
        return 2;
    size_t size = 2;
    const bool sib = rm == 4;
    if (sib)
        size++;
    if (mod == 1)
        size += 1;
    else if (mod == 2 || rm == 5 || (sib && len > 2 && (p[2] & 7) == 5))
        size += 4;
    return size;
}

enum unwind_call unwind_arch_call_before(
    const struct unwind_section *code, size_t at, uint64_t *ret_target)
{
    if (at > code->len)
        return UNWIND_CALL_NONE;
    const uint8_t *end = code->ptr + at;
    if (at >= 5 && end[-5] == 0xe8) { /* call rel32 */
        int32_t distance;
        memcpy(&distance, end - 4, sizeof distance);
        *ret_target = code->address + at + (uint64_t)(int64_t)distance;
        return UNWIND_CALL_DIRECT;
    }
    for (size_t size = 2; size <= 7 && size <= at; size++)
        if (indirect_call_length(end - size, size) == size)
            return UNWIND_CALL_INDIRECT;
    return UNWIND_CALL_NONE;
}

static bool code_is(const struct unwind_section *code, size_t at, const void *bytes, size_t len)
{
    return at <= code->len && code->len - at >= len && memcmp(code->ptr + at, bytes, len) == 0;
}

/* jmp rel32, or jcc rel32 (0F 8x). The distance counts from behind it. */
bool unwind_arch_jumps_into(
    const struct unwind_section *code, size_t from, size_t to, uint64_t first, uint64_t end)
{
    for (size_t at = from; at + 5 <= to && at + 5 <= code->len; at++) {
        const uint8_t *p = code->ptr + at;
        const bool jcc = (p[0] & 0xf0) == 0x80 && at > from && p[-1] == 0x0f;
        if (p[0] != 0xe9 && !jcc)
            continue;
        int32_t distance;
        memcpy(&distance, p + 1, sizeof distance);
        const uint64_t target = code->address + at + 5 + (uint64_t)(int64_t)distance;
        if (target - first < end - first)
            return true;
    }
    return false;
}

bool unwind_arch_jump_out(
    const struct unwind_section *code, size_t from, size_t to, uint64_t end, size_t *ret_at)
{
    bool found = false;
    for (size_t at = from; at + 5 <= to && at + 5 <= code->len; at++) {
        if (code->ptr[at] != 0xe9)
            continue;
        int32_t distance;
        memcpy(&distance, code->ptr + at + 1, sizeof distance);
        const uint64_t target = code->address + at + 5 + (uint64_t)(int64_t)distance;
        if (target >= end || target - code->address < code->len)
            continue;
        *ret_at = at;
        found = true;
    }
    return found;
}

bool unwind_arch_is_return(const struct unwind_section *code, size_t at)
{
    return code_is(code, at, "\xc3", 1) || code_is(code, at, "\xf3\xc3", 2) ||
           code_is(code, at, "\xc2", 1);
}

/* mov $15 (rt_sigreturn), %rax; syscall - or the same with %eax. */
bool unwind_arch_is_sigreturn(const struct unwind_section *code, size_t at)
{
    return code_is(code, at, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9) ||
           code_is(code, at, "\xb8\x0f\0\0\0\x0f\x05", 7);
}

/*
 * Before it: and $-16, %rsp; call main's caller - what _start does everywhere.
 * After it: mov %eax, %edi; xor %eax, %eax; mov $60 (exit), %al; syscall - musl's clone.
 */
bool unwind_arch_is_entry(const struct unwind_section *code, size_t at)
{
    if (at >= 9 && code_is(code, at - 9, "\x48\x83\xe4\xf0\xe8", 5))
        return true;
    return code_is(code, at, "\x89\xc7\x31\xc0\xb0\x3c\x0f\x05", 8);
}

/* nop; call goexit1; nop - entered behind the first (runtime/asm_amd64.s). */
bool unwind_arch_is_go_exit(const struct unwind_section *code, size_t at)
{
    uint64_t target;
    return at >= 1 && code_is(code, at - 1, "\x90\xe8", 2) && code_is(code, at + 5, "\x90", 1) &&
           unwind_arch_call_before(code, at, &target) == UNWIND_CALL_NONE;
}

/* The order of uc_mcontext.gregs (sys/ucontext.h) as DWARF numbers. */
static const uint8_t greg_dwarf[] = { 8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16 };

bool unwind_arch_signal_regs(
    const struct unwind_stack *stack, uint64_t sp, struct unwind_regs *ret_regs)
{
    /* The handler's return popped its address, so SP is at the ucontext_t. */
    enum { GREGS_OFFSET = 40, GREGS_BYTES = 8 * PROF_ARRAY_LEN(greg_dwarf) };
    const uint64_t at = sp + GREGS_OFFSET - stack->address;
    if (stack->len < GREGS_BYTES || at > stack->len - GREGS_BYTES)
        return false;
    for (size_t i = 0; i < PROF_ARRAY_LEN(greg_dwarf); i++)
        memcpy(&ret_regs->reg[greg_dwarf[i]], stack->bytes + at + i * 8, 8);
    ret_regs->ip = ret_regs->reg[16];
    ret_regs->sp = ret_regs->reg[7];
    ret_regs->bp = ret_regs->reg[6];
    return true;
}
