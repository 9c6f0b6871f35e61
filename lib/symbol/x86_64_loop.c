// SPDX-License-Identifier: MIT
#include "symbol/x86_64_loop.h"

#include "symbol/x86_64_decode.h"
#include "symbol/x86_64_round.h"

/* The longest one met is a compare-exchange as clang leaves it at -O0: 84 bytes, 22 instructions.
 */
enum { LOOP_BYTES = 96 };

static int index_of(const struct x86_loop *l, int64_t offset)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (l->insns[i].at == (size_t)offset)
            return (int)i;
    return X86_NO_TARGET;
}

static bool is_jump(const struct x86_insn *insn)
{
    return insn->op == X86_JUMP || insn->op == X86_JUMP_IF;
}

static bool find_targets(struct x86_loop *l, size_t start, size_t end)
{
    for (uint32_t i = 0; i < l->count; i++) {
        l->targets[i] = X86_NO_TARGET;
        const int64_t target = l->insns[i].target;
        if (!is_jump(&l->insns[i]) || target < (int64_t)start || target >= (int64_t)end)
            continue;
        l->targets[i] = index_of(l, target);
        if (l->targets[i] == X86_NO_TARGET)
            return false;
    }
    return true;
}

/* The instructions behind instruction i, a bit each. */
static uint32_t next_of(const struct x86_loop *l, uint32_t i)
{
    uint32_t next = l->targets[i] >= 0 ? UINT32_C(1) << l->targets[i] : 0;
    if (l->insns[i].op != X86_JUMP && i + 1 < l->count)
        next |= UINT32_C(1) << (i + 1);
    return next;
}

/* Reached from the head, and leading to it. */
static uint32_t find_inside(const struct x86_loop *l)
{
    uint32_t reached = 1, leading = 0, before;
    do {
        before = reached;
        for (uint32_t i = 0; i < l->count; i++)
            if (reached >> i & 1)
                reached |= next_of(l, i);
    } while (reached != before);
    do {
        before = leading;
        for (uint32_t i = 0; i < l->count; i++)
            if (next_of(l, i) & (leading | 1))
                leading |= UINT32_C(1) << i;
    } while (leading != before);
    return reached & leading;
}

/* Decodes [start, end) into whole instructions. */
static bool take_insns(struct x86_loop *l, const uint8_t *code, size_t start, size_t end)
{
    size_t at = start;
    for (l->count = 0; at < end; at = l->insns[l->count++].end)
        if (l->count == X86_LOOP_INSNS || !x86_decode(code, end, at, &l->insns[l->count]))
            return false;
    return find_targets(l, start, end);
}

static bool reads_memory(const struct x86_insn *insn)
{
    return insn->op != X86_ADDRESS && insn->op != X86_NOTHING &&
           (insn->from.where == X86_MEMORY ||
               (insn->to.where == X86_MEMORY && insn->op != X86_MOVE && insn->op != X86_SET));
}

/* A loop within that looks at nothing has no end: it never runs, or is no wait. */
static bool has_blind_loop(const struct x86_loop *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        bool looks = l->targets[i] == X86_NO_TARGET || l->targets[i] > (int)i;
        for (uint32_t k = i; !looks && (int)k >= l->targets[i]; k--) {
            looks = reads_memory(&l->insns[k]);
            if (k == 0)
                break;
        }
        if (!looks)
            return true;
    }
    return false;
}

/* jmp *register or *memory (ff /4), perhaps with a REX prefix or notrack (3e). */
static bool is_indirect_jump(const uint8_t *code, size_t len, size_t at)
{
    if (at < len && code[at] == 0x3e)
        at++;
    if (at < len && (code[at] & 0xf0) == 0x40)
        at++;
    return at + 1 < len && code[at] == 0xff && (code[at + 1] >> 3 & 7) == 4;
}

/* What follows the loop looks a place up in a table and goes there: a switch over the states of
 * something, and the loop is its default that never happens. Such a switch is a healthy dispatcher.
 */
static bool leads_to_a_table(const uint8_t *code, size_t len, size_t end)
{
    enum { INSNS_MAX = 8 };
    struct x86_insn insn = { .end = end };
    for (int i = 0; i < INSNS_MAX; i++) {
        const size_t at = insn.end;
        if (is_indirect_jump(code, len, at))
            return true;
        if (!x86_decode(code, len, at, &insn) || is_jump(&insn))
            return false;
    }
    return false;
}

/* The stack pointer moves: what is in the frame changes its name. */
static bool moves_stack(const struct x86_loop *l)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (l->inside >> i & 1 && x86_writes(&l->insns[i]) >> X86_RSP & 1)
            return true;
    return false;
}

static bool has_lock(const struct x86_loop *l)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (l->inside >> i & 1 && l->insns[i].locked)
            return true;
    return false;
}

static enum spin_kind waits(const uint8_t *code, size_t len, size_t start, size_t end, size_t at)
{
    struct x86_loop l = { 0 };
    if (!take_insns(&l, code, start, end))
        return SPIN_NONE;
    const int index = index_of(&l, (int64_t)at);
    l.inside = find_inside(&l);
    if (index < 0 || !(l.inside >> index & 1) || moves_stack(&l) || has_blind_loop(&l) ||
        !x86_round_waits(&l) || leads_to_a_table(code, len, end))
        return SPIN_NONE;
    return has_lock(&l) ? SPIN_LOCKS : SPIN_LOOKS;
}

/* A jump's end and target, if one may be at `at`; what does not begin there is found out later. */
static bool is_jump_back(
    const uint8_t *code, size_t len, size_t at, size_t *ret_end, int64_t *ret_target)
{
    struct x86_insn insn;
    if (!x86_decode(code, len, at, &insn) || !is_jump(&insn))
        return false;
    *ret_end = insn.end;
    *ret_target = insn.target;
    return true;
}

enum spin_kind x86_waits_on_memory(const uint8_t *code, size_t len, size_t at)
{
    const int64_t first = at > LOOP_BYTES ? (int64_t)(at - LOOP_BYTES) : 0;
    enum spin_kind kind = SPIN_NONE;
    for (size_t i = at; kind == SPIN_NONE && i < len && i < at + LOOP_BYTES; i++) {
        size_t end;
        int64_t target;
        if (is_jump_back(code, len, i, &end, &target) && target >= first && target <= (int64_t)at &&
            end - (size_t)target <= LOOP_BYTES)
            kind = waits(code, len, (size_t)target, end, at);
    }
    return kind;
}
