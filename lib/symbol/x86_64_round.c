// SPDX-License-Identifier: MIT
/*
 * One round of a loop is run with values of which is known only where they come from (abstract
 * interpretation). What the loop writes is CARRIED when a round begins, and to read that refutes
 * the wait: counters, pointers that walk, sums. Everything else is the same in each round:
 *
 *     1: mov flag(%rip),%eax    eax: SEEN                1: mov (%rdi),%eax    eax: SEEN
 *        test %eax,%eax         flags: SEEN                 add $4,%rdi        rdi: CARRIED
 *        je 1b                  leaves by what is seen      test %eax,%eax
 *                                                           jne 1b
 *     a wait                                             not a wait
 *
 * Compilers without optimisation keep everything in the frame, so places in the frame that the loop
 * writes are followed as registers are. A plain store anywhere else refutes. Locked instructions
 * may write one place, in a way that changes nothing when repeated.
 *
 * Refuted as well, because they leave in the first round when nobody interferes and do healthy
 * work: what compares a place with itself (readers of a sequence lock), and a compare-exchange that
 * expects what was just read (updates without a lock).
 *
 * Not seen through: a pointer to a local variable that is in another variable, by which the loop
 * reads what it writes under its own name.
 */
#include "symbol/x86_64_round.h"

#include <assert.h>
#include <string.h>

#include "symbol/x86_64_state.h"

static_assert(X86_LOOP_INSNS <= 32, "sets of instructions are bits");

/* ---- computations ---- */

static bool same_register(const struct x86_insn *insn)
{
    return insn->to.where == X86_REGISTER && insn->from.where == X86_REGISTER &&
           insn->to.reg == insn->from.reg;
}

static bool is_zero(const struct x86_insn *insn)
{
    return same_register(insn) && insn->to.high == insn->from.high &&
           (insn->function == X86_XOR || insn->function == X86_SUB);
}

/* What was read twice from one place is the same unless somebody wrote meanwhile. */
static void refute_self_comparison(struct x86_round *r, const struct x86_insn *insn,
    const struct x86_value *a, const struct x86_value *b)
{
    if (a->kind >= FRAME && b->kind >= FRAME && a->origin == b->origin && !same_register(insn))
        r->refuted = true;
}

static struct x86_value compute(
    struct x86_round *r, const struct x86_state *s, const struct x86_insn *insn)
{
    const struct x86_value a = x86_read(r, s, insn, &insn->to);
    const struct x86_value b = x86_read(r, s, insn, &insn->from);
    refute_self_comparison(r, insn, &a, &b);
    x86_use(r, &a);
    x86_use(r, &b);
    return x86_combine(a, b, (uint64_t)insn->function);
}

/* ---- locked instructions ---- */

static bool repeats(enum x86_function function)
{
    return function == X86_OR || function == X86_AND || function == X86_BTS || function == X86_BTR;
}

/* What the place holds, for an instruction that writes `v` there. It must not come from there. */
static struct x86_value lock_place(struct x86_round *r, const struct x86_state *s,
    const struct x86_insn *insn, const struct x86_value *v)
{
    const struct x86_place p = x86_place_of(r, s, &insn->memory);
    const uint64_t place = x86_number_of_place(&p);
    if ((r->locked_place && r->locked_place != place) || v->kind >= SEEN || v->origin == place ||
        x86_is_stored(r, &p, insn->to.bytes))
        r->refuted = true;
    r->locked_place = place;
    x86_add_new(&r->seen, place);
    return (struct x86_value){ SEEN, place, r->now + 1 }; /* not what others read there */
}

/* `lock or $0,(%rsp)` is a fence. */
static bool is_fence(const struct x86_insn *insn)
{
    return insn->function == X86_OR && insn->from.where == X86_NUMBER && insn->number == 0;
}

static void run_locked_compute(
    struct x86_round *r, struct x86_state *s, const struct x86_insn *insn)
{
    const struct x86_value from = x86_read(r, s, insn, &insn->from);
    s->flags = x86_number_value(0);
    if (is_fence(insn))
        return;
    r->refuted |= !repeats(insn->function);
    s->flags = lock_place(r, s, insn, &from);
}

static void run_exchange(struct x86_round *r, struct x86_state *s, const struct x86_insn *insn)
{
    const struct x86_value from = x86_read(r, s, insn, &insn->from);
    if (insn->locked) {
        x86_write_reg(s, &insn->from, lock_place(r, s, insn, &from));
    } else {
        const struct x86_value to = x86_read(r, s, insn, &insn->to);
        x86_write_reg(s, &insn->to, from);
        x86_write_reg(s, &insn->from, to);
    }
}

static void run_compare_exchange(
    struct x86_round *r, struct x86_state *s, const struct x86_insn *insn)
{
    const struct x86_operand rax = { X86_REGISTER, insn->to.bytes, X86_RAX, false };
    const struct x86_value expected = x86_read(r, s, insn, &rax);
    const struct x86_value from = x86_read(r, s, insn, &insn->from);
    r->refuted |= !insn->locked;
    if (!insn->locked)
        return;
    lock_place(r, s, insn, &expected);
    s->flags = lock_place(r, s, insn, &from);
    x86_write_reg(s, &rax, s->flags);
}

/* ---- one round ---- */

static void run_compute(struct x86_round *r, struct x86_state *s, const struct x86_insn *insn)
{
    if (insn->locked) {
        run_locked_compute(r, s, insn);
    } else if (is_zero(insn)) {
        x86_write_reg(s, &insn->to, x86_number_value(0));
        s->flags = x86_number_value(0);
    } else {
        /* adc and sbb read the flags; inc, dec and shifts by nothing leave some as they were */
        const struct x86_value before = s->flags;
        const bool reads_flags = insn->function == X86_ADC || insn->function == X86_SBB;
        const struct x86_value v = compute(r, s, insn);
        const struct x86_value result = reads_flags ? x86_combine(v, x86_checked(r, before), 0) : v;
        const bool keeps = insn->function == X86_INC || insn->function == X86_DEC ||
                           (insn->function >= X86_SHIFT && insn->function < X86_UNARY);
        x86_write(r, s, insn, &insn->to, result);
        s->flags = keeps ? x86_join_values(before, result) : result;
    }
}

/* A condition that is the same in each round is not what keeps the loop going; one that was asked
 * before in the round had its answer: what would follow from another one never happens. */
static void run_jump_if(struct x86_round *r, const struct x86_state *s)
{
    const struct x86_value flags = x86_checked(r, s->flags);
    r->refuted |=
        flags.kind < FRAME || !x86_add_new(&r->asked, x86_mix(flags.origin, flags.offset));
    r->asks_frame += flags.kind == FRAME;
    r->asks_seen += flags.kind == SEEN;
}

static struct x86_value move_if(
    struct x86_round *r, const struct x86_state *s, const struct x86_insn *insn)
{
    const struct x86_value v = compute(r, s, insn);
    return x86_combine(v, x86_checked(r, s->flags), insn->end);
}

static void run(struct x86_round *r, struct x86_state *s, const struct x86_insn *insn)
{
    switch (insn->op) {
    case X86_MOVE:
        x86_write(r, s, insn, &insn->to, x86_read(r, s, insn, &insn->from));
        break;
    case X86_ADDRESS:
        x86_write(r, s, insn, &insn->to, x86_address_of(r, s, &insn->memory));
        break;
    case X86_DERIVE: {
        const struct x86_value from = x86_read(r, s, insn, &insn->from);
        x86_use(r, &from);
        const struct x86_value v =
            x86_combine(from, x86_number_value(insn->number), (uint64_t)insn->function);
        x86_write(r, s, insn, &insn->to, v);
        if (insn->function == X86_IMUL)
            s->flags = v;
        break;
    }
    case X86_COMPUTE:
        run_compute(r, s, insn);
        break;
    case X86_COMPARE:
        s->flags = compute(r, s, insn);
        break;
    case X86_EXCHANGE:
        run_exchange(r, s, insn);
        break;
    case X86_COMPARE_EXCHANGE:
        run_compare_exchange(r, s, insn);
        break;
    case X86_SET:
        x86_write(r, s, insn, &insn->to, x86_checked(r, s->flags));
        break;
    case X86_MOVE_IF:
        x86_write(r, s, insn, &insn->to, move_if(r, s, insn));
        break;
    case X86_JUMP_IF:
        run_jump_if(r, s);
        break;
    case X86_JUMP:
    case X86_NOTHING:
        break;
    }
}

uint32_t x86_writes(const struct x86_insn *insn)
{
    const uint32_t to = insn->to.where == X86_REGISTER ? UINT32_C(1) << insn->to.reg : 0;
    const uint32_t flags = UINT32_C(1) << X86_REGS;
    switch (insn->op) {
    case X86_MOVE:
    case X86_ADDRESS:
    case X86_SET:
    case X86_MOVE_IF:
        return to;
    case X86_DERIVE:
    case X86_COMPUTE:
        return to | flags;
    case X86_COMPARE:
        return flags;
    case X86_EXCHANGE:
        return to | UINT32_C(1) << insn->from.reg;
    case X86_COMPARE_EXCHANGE:
        return to | flags | UINT32_C(1) << X86_RAX;
    case X86_JUMP:
    case X86_JUMP_IF:
    case X86_NOTHING:
        break;
    }
    return 0;
}

/* All that instructions from `first` on may write: at the head of the loop, and of one within it.
 */
static void forget(const struct x86_round *r, uint32_t first, struct x86_state *s)
{
    const struct x86_value carried = { CARRIED, 0, 0 };
    uint32_t written = 0;
    for (uint32_t i = first; i < r->loop->count; i++)
        if (r->loop->inside >> i & 1)
            written |= x86_writes(&r->loop->insns[i]);
    for (int i = 0; i < X86_REGS; i++)
        if (written >> i & 1)
            s->regs[i] = (struct x86_reg){ carried, carried };
    if (written >> X86_REGS & 1)
        s->flags = carried;
    for (uint32_t i = 0; i < r->slot_count; i++)
        if (r->slots[i].writers >> first)
            s->slots[i] = carried;
}

static bool is_inner_head(const struct x86_round *r, uint32_t index)
{
    for (uint32_t i = index; index > 0 && i < r->loop->count; i++)
        if (r->loop->inside >> i & 1 && r->loop->targets[i] == (int)index)
            return true;
    return false;
}

static void flow(const struct x86_round *r, const struct x86_state *s, struct x86_state *states)
{
    const int target = r->loop->targets[r->now];
    if (target > (int)r->now)
        x86_join_states(&states[target], s);
    if (r->loop->insns[r->now].op != X86_JUMP && r->now + 1 < r->loop->count)
        x86_join_states(&states[r->now + 1], s);
}

/* From the head to the jumps that go back to it. */
static void run_round(struct x86_round *r, const struct x86_state *head)
{
    struct x86_state states[X86_LOOP_INSNS];
    for (uint32_t i = 0; i < r->loop->count; i++)
        states[i].reached = false;
    states[0] = *head;
    for (r->now = 0; r->now < r->loop->count; r->now++) {
        struct x86_state *s = &states[r->now];
        if (!(r->loop->inside >> r->now & 1) || !s->reached)
            continue;
        if (is_inner_head(r, r->now))
            forget(r, r->now, s);
        run(r, s, &r->loop->insns[r->now]);
        flow(r, s, states);
    }
}

static void begin(const struct x86_round *r, struct x86_state *head)
{
    memset(head, 0, sizeof *head);
    head->reached = true;
    for (unsigned i = 0; i < X86_REGS; i++) {
        const struct x86_value entry = { FIXED, ORIGIN_REGISTER + i, 0 };
        head->regs[i] = (struct x86_reg){ entry, entry };
    }
    head->flags = (struct x86_value){ FIXED, ORIGIN_FLAGS, 0 };
    forget(r, 0, head);
}

/* What is read and only kept is for what comes after the loop: it did not come to wait. */
static bool uses_all_it_sees(const struct x86_round *r)
{
    for (uint32_t i = 0; i < r->seen.count; i++) {
        bool used = r->seen.of[i] == r->locked_place;
        for (uint32_t k = 0; k < r->used.count; k++)
            used |= r->seen.of[i] == r->used.of[k];
        if (!used)
            return false;
    }
    return true;
}

/* What looks at more, or asks more, is not how anybody waits, but it is how code looks of which
 * compilers could not tell that it is never repeated. */
static bool looks_and_asks_little(const struct x86_round *r)
{
    enum { PLACES_MAX = 3, JUMPS_MAX = 3 };
    if (r->asks_frame && r->asks_seen)
        return false;
    const bool own = r->asks_frame && r->frame.count == 1 && r->seen.count == 0;
    const bool others = r->asks_seen && r->seen.count <= PLACES_MAX;
    return (own || others) && r->asks_frame + r->asks_seen <= JUMPS_MAX;
}

/* Each pass learns of further places in the frame that the loop writes, until none is new. */
bool x86_round_waits(const struct x86_loop *loop)
{
    struct x86_round r = { .loop = loop };
    struct x86_state head;
    uint32_t slots_before;
    do {
        const struct x86_round fresh = { .loop = loop, .slot_count = r.slot_count };
        struct x86_slot slots[SLOTS_MAX];
        memcpy(slots, r.slots, sizeof slots);
        slots_before = r.slot_count;
        r = fresh;
        memcpy(r.slots, slots, sizeof slots);
        begin(&r, &head);
        run_round(&r, &head);
    } while (r.slot_count != slots_before);
    return !r.refuted && looks_and_asks_little(&r) && uses_all_it_sees(&r);
}
