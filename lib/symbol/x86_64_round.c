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

enum { SLOTS_MAX = 8, NO_SLOT = -1 };

static_assert(X86_LOOP_INSNS <= 32, "sets of instructions are bits");

/* ---- values ---- */

enum value_kind {
    FIXED,   /* numbers, and what the loop does not write */
    FRAME,   /* read from a place in the frame that the loop does not write; may be another's */
    SEEN,    /* depends on other memory, as read in this round */
    CARRIED, /* depends on an earlier round */
};

/* Equal values have equal origins and offsets. The origin is kept by computations with numbers. */
struct value {
    enum value_kind kind;
    uint64_t origin, offset;
};

enum origin { ORIGIN_NUMBER = 1, ORIGIN_CODE, ORIGIN_FLAGS, ORIGIN_REGISTER };

struct reg {
    struct value low, rest; /* bits 0 to 7, and above */
};

struct state {
    bool reached;
    struct reg regs[X86_REGS];
    struct value flags;
    struct value slots[SLOTS_MAX];
};

/* A place in the frame that the loop writes: entry value of rsp or rbp, and an offset. */
struct slot {
    uint64_t origin, offset;
    uint8_t bytes;
    uint32_t writers; /* instructions, a bit each */
};

/* Distinct values, as many as are of interest. */
enum { SEVERAL = 4 };

struct some {
    uint64_t of[SEVERAL];
    uint32_t count;
};

struct round {
    const struct x86_loop *loop;
    struct slot slots[SLOTS_MAX];
    uint32_t slot_count;
    uint32_t now;                   /* index of the instruction being run */
    uint64_t locked_place;          /* 0: none yet */
    struct some seen, frame;        /* places that were read */
    struct some asked;              /* values that jumps depend on */
    uint32_t asks_frame, asks_seen; /* how many jumps depend on which */
    bool refuted;
};

/* splitmix64's finaliser (Steele et al., OOPSLA 2014): distinct places get distinct numbers. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b + 1;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (x ^ x >> 31) | UINT64_C(1) << 63;
}

/* Whether it was not there yet. */
static bool add_new(struct some *s, uint64_t value)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->of[i] == value)
            return false;
    if (s->count < SEVERAL)
        s->of[s->count++] = value;
    return true;
}

static struct value number(int64_t n)
{
    return (struct value){ FIXED, ORIGIN_NUMBER, (uint64_t)n };
}

static bool same_value(const struct value *a, const struct value *b)
{
    return a->kind == b->kind && a->origin == b->origin && a->offset == b->offset;
}

/* What is one value on one way and another on the other depends on what decided the way. */
static struct value join_values(struct value a, struct value b)
{
    if (same_value(&a, &b))
        return a;
    const enum value_kind worse = a.kind > b.kind ? a.kind : b.kind;
    return (struct value){ worse < SEEN ? SEEN : worse, mix(a.origin, b.origin),
        mix(a.offset, b.offset) };
}

/* The origin of a result is that of the operand that knows less. Nothing computed is an address of
 * the frame: only lea is followed there. */
static struct value combine(struct value a, struct value b, uint64_t how)
{
    const struct value *main = b.kind > a.kind ? &b : &a;
    const bool read = main->origin >> 63;
    return (struct value){ main->kind, read ? main->origin : mix(main->origin, how),
        mix(mix(a.origin, a.offset), mix(b.origin, b.offset + how)) };
}

static void join_states(struct state *into, const struct state *from)
{
    if (!into->reached) {
        *into = *from;
        return;
    }
    for (int i = 0; i < X86_REGS; i++) {
        into->regs[i].low = join_values(into->regs[i].low, from->regs[i].low);
        into->regs[i].rest = join_values(into->regs[i].rest, from->regs[i].rest);
    }
    into->flags = join_values(into->flags, from->flags);
    for (int i = 0; i < SLOTS_MAX; i++)
        into->slots[i] = join_values(into->slots[i], from->slots[i]);
}

/* ---- registers ---- */

static struct value checked(struct round *r, struct value v)
{
    if (v.kind == CARRIED)
        r->refuted = true;
    return v;
}

static struct value read_reg(struct round *r, const struct state *s, uint8_t reg, uint8_t bytes)
{
    const struct reg *held = &s->regs[reg];
    if (bytes == 1 || same_value(&held->low, &held->rest))
        return checked(r, held->low);
    return checked(r, combine(held->low, held->rest, bytes));
}

static void write_reg(struct state *s, const struct x86_operand *to, struct value v)
{
    struct reg *r = &s->regs[to->reg];
    if (to->bytes >= 4)
        *r = (struct reg){ v, v };
    else if (to->bytes == 1 && !to->high)
        r->low = v;
    else
        *r = (struct reg){ to->high ? r->low : v, join_values(r->rest, v) };
}

/* ---- memory ---- */

struct place {
    struct value address;
    bool is_frame;
};

static bool is_frame_origin(uint64_t origin)
{
    return origin == ORIGIN_REGISTER + X86_RSP || origin == ORIGIN_REGISTER + X86_RBP;
}

static struct value address_of(struct round *r, const struct state *s, const struct x86_memory *m)
{
    struct value v = { FIXED, m->is_code ? ORIGIN_CODE : ORIGIN_NUMBER, 0 };
    if (m->base != X86_NO_REG)
        v = read_reg(r, s, m->base, 8);
    v.offset += (uint64_t)m->offset;
    if (m->index == X86_NO_REG)
        return v;
    const struct value index = read_reg(r, s, m->index, 8);
    r->refuted |= is_frame_origin(v.origin) && r->slot_count; /* it may be any of them */
    v = combine(v, index, m->scale);
    return v;
}

static struct place place_of(struct round *r, const struct state *s, const struct x86_memory *m)
{
    struct place p = { .address = address_of(r, s, m) };
    if (m->segment)
        p.address.origin = mix(p.address.origin, m->segment);
    p.is_frame = is_frame_origin(p.address.origin);
    return p;
}

static uint64_t number_of_place(const struct place *p)
{
    return mix(p->address.origin, p->address.offset);
}

static bool overlaps(const struct slot *slot, const struct place *p, uint8_t bytes)
{
    return slot->offset < p->address.offset + bytes &&
           p->address.offset < slot->offset + slot->bytes;
}

/* Offsets are taken from the middle of their range, so that they compare as numbers. */
static struct place frame_place(struct place p)
{
    p.address.offset += UINT64_C(1) << 63;
    return p;
}

static struct value load_frame(
    struct round *r, const struct state *s, struct place place, uint8_t bytes)
{
    const struct place p = frame_place(place);
    for (uint32_t i = 0; i < r->slot_count; i++) {
        const struct slot *slot = &r->slots[i];
        if (slot->origin != p.address.origin) {
            r->refuted = true; /* rsp and rbp: they may name the same place */
            break;
        }
        if (!overlaps(slot, &p, bytes))
            continue;
        r->refuted |= slot->offset != p.address.offset || bytes > slot->bytes;
        return checked(r, s->slots[i]);
    }
    add_new(&r->frame, number_of_place(&place));
    return (struct value){ FRAME, number_of_place(&place), 0 };
}

/* The first page is nowhere mapped (vm.mmap_min_addr): what compilers leave of code that never
 * runs. */
static bool is_null(const struct value *address)
{
    return address->origin == ORIGIN_NUMBER && address->offset < 4096;
}

static struct value load(
    struct round *r, const struct state *s, const struct x86_memory *m, uint8_t bytes)
{
    const struct place p = place_of(r, s, m);
    if (p.is_frame)
        return load_frame(r, s, p, bytes);
    r->refuted |= !m->segment && is_null(&p.address);
    add_new(&r->seen, number_of_place(&p));
    return (struct value){ SEEN, number_of_place(&p), 0 };
}

/* Of a new one nothing is known when a round begins: it is added, and the rounds start again. */
static int slot_of(struct round *r, const struct place *p, uint8_t bytes)
{
    for (uint32_t i = 0; i < r->slot_count; i++) {
        const struct slot *slot = &r->slots[i];
        if (slot->origin != p->address.origin)
            return NO_SLOT;
        if (slot->offset == p->address.offset && slot->bytes == bytes)
            return (int)i;
        if (overlaps(slot, p, bytes))
            return NO_SLOT;
    }
    if (r->slot_count == SLOTS_MAX)
        return NO_SLOT;
    r->slots[r->slot_count] = (struct slot){ p->address.origin, p->address.offset, bytes, 0 };
    return (int)r->slot_count++;
}

/* Without frame pointers rbp is a register like others; locals are below a frame pointer. */
static void store(
    struct round *r, struct state *s, const struct x86_memory *m, uint8_t bytes, struct value v)
{
    const struct place p = place_of(r, s, m);
    const bool above =
        p.address.origin == ORIGIN_REGISTER + X86_RBP && (int64_t)p.address.offset >= 0;
    const struct place in_frame = frame_place(p);
    const int slot = p.is_frame && !above ? slot_of(r, &in_frame, bytes) : NO_SLOT;
    if (slot < 0) {
        r->refuted = true;
        return;
    }
    r->slots[slot].writers |= UINT32_C(1) << r->now;
    s->slots[slot] = v;
}

/* ---- operands ---- */

static struct value read_operand(struct round *r, const struct state *s,
    const struct x86_insn *insn, const struct x86_operand *o)
{
    switch (o->where) {
    case X86_REGISTER:
        if (o->high)
            return checked(r, s->regs[o->reg].rest);
        return read_reg(r, s, o->reg, o->bytes);
    case X86_MEMORY:
        return load(r, s, &insn->memory, o->bytes);
    case X86_NUMBER:
    case X86_NOWHERE:
        break;
    }
    return number(insn->number);
}

static void write_operand(struct round *r, struct state *s, const struct x86_insn *insn,
    const struct x86_operand *o, struct value v)
{
    if (o->where == X86_REGISTER)
        write_reg(s, o, v);
    else if (o->where == X86_MEMORY)
        store(r, s, &insn->memory, o->bytes, v);
}

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
static void refute_self_comparison(
    struct round *r, const struct x86_insn *insn, const struct value *a, const struct value *b)
{
    if (a->kind >= FRAME && b->kind >= FRAME && a->origin == b->origin && !same_register(insn))
        r->refuted = true;
}

static struct value compute(struct round *r, const struct state *s, const struct x86_insn *insn)
{
    const struct value a = read_operand(r, s, insn, &insn->to);
    const struct value b = read_operand(r, s, insn, &insn->from);
    refute_self_comparison(r, insn, &a, &b);
    return combine(a, b, (uint64_t)insn->function);
}

/* ---- locked instructions ---- */

static bool repeats(enum x86_function function)
{
    return function == X86_OR || function == X86_AND || function == X86_BTS || function == X86_BTR;
}

/* What the place holds, for an instruction that writes `v` there. It must not come from there. */
static struct value lock_place(
    struct round *r, const struct state *s, const struct x86_insn *insn, const struct value *v)
{
    const struct place p = place_of(r, s, &insn->memory);
    const uint64_t place = number_of_place(&p);
    const struct place in_frame = frame_place(p);
    if ((r->locked_place && r->locked_place != place) || v->kind >= SEEN || v->origin == place)
        r->refuted = true;
    for (uint32_t i = 0; p.is_frame && i < r->slot_count; i++)
        r->refuted |= r->slots[i].origin != p.address.origin ||
                      overlaps(&r->slots[i], &in_frame, insn->to.bytes);
    r->locked_place = place;
    add_new(&r->seen, place);
    return (struct value){ SEEN, place, r->now + 1 }; /* not what others read there */
}

/* `lock or $0,(%rsp)` is a fence. */
static bool is_fence(const struct x86_insn *insn)
{
    return insn->function == X86_OR && insn->from.where == X86_NUMBER && insn->number == 0;
}

static void run_locked_compute(struct round *r, struct state *s, const struct x86_insn *insn)
{
    const struct value from = read_operand(r, s, insn, &insn->from);
    s->flags = number(0);
    if (is_fence(insn))
        return;
    r->refuted |= !repeats(insn->function);
    s->flags = lock_place(r, s, insn, &from);
}

static void run_exchange(struct round *r, struct state *s, const struct x86_insn *insn)
{
    const struct value from = read_operand(r, s, insn, &insn->from);
    if (insn->locked) {
        write_reg(s, &insn->from, lock_place(r, s, insn, &from));
    } else {
        const struct value to = read_operand(r, s, insn, &insn->to);
        write_reg(s, &insn->to, from);
        write_reg(s, &insn->from, to);
    }
}

static void run_compare_exchange(struct round *r, struct state *s, const struct x86_insn *insn)
{
    const struct x86_operand rax = { X86_REGISTER, insn->to.bytes, X86_RAX, false };
    const struct value expected = read_operand(r, s, insn, &rax);
    const struct value from = read_operand(r, s, insn, &insn->from);
    r->refuted |= !insn->locked;
    if (!insn->locked)
        return;
    lock_place(r, s, insn, &expected);
    s->flags = lock_place(r, s, insn, &from);
    write_reg(s, &rax, s->flags);
}

/* ---- one round ---- */

static void run_compute(struct round *r, struct state *s, const struct x86_insn *insn)
{
    if (insn->locked) {
        run_locked_compute(r, s, insn);
    } else if (is_zero(insn)) {
        write_reg(s, &insn->to, number(0));
        s->flags = number(0);
    } else {
        /* adc and sbb read the flags; inc, dec and shifts by nothing leave some as they were */
        const struct value before = s->flags;
        const bool reads_flags = insn->function == X86_ADC || insn->function == X86_SBB;
        const struct value v = compute(r, s, insn);
        const struct value result = reads_flags ? combine(v, checked(r, before), 0) : v;
        const bool keeps = insn->function == X86_INC || insn->function == X86_DEC ||
                           (insn->function >= X86_SHIFT && insn->function < X86_UNARY);
        write_operand(r, s, insn, &insn->to, result);
        s->flags = keeps ? join_values(before, result) : result;
    }
}

/* A condition that is the same in each round is not what keeps the loop going; one that was asked
 * before in the round had its answer: what would follow from another one never happens. */
static void run_jump_if(struct round *r, const struct state *s)
{
    const struct value flags = checked(r, s->flags);
    r->refuted |= flags.kind < FRAME || !add_new(&r->asked, mix(flags.origin, flags.offset));
    r->asks_frame += flags.kind == FRAME;
    r->asks_seen += flags.kind == SEEN;
}

static struct value move_if(struct round *r, const struct state *s, const struct x86_insn *insn)
{
    const struct value v = compute(r, s, insn);
    return combine(v, checked(r, s->flags), insn->end);
}

static void run(struct round *r, struct state *s, const struct x86_insn *insn)
{
    switch (insn->op) {
    case X86_MOVE:
        write_operand(r, s, insn, &insn->to, read_operand(r, s, insn, &insn->from));
        break;
    case X86_ADDRESS:
        write_operand(r, s, insn, &insn->to, address_of(r, s, &insn->memory));
        break;
    case X86_DERIVE: {
        const struct value from = read_operand(r, s, insn, &insn->from);
        const struct value v = combine(from, number(insn->number), (uint64_t)insn->function);
        write_operand(r, s, insn, &insn->to, v);
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
        write_operand(r, s, insn, &insn->to, checked(r, s->flags));
        break;
    case X86_MOVE_IF:
        write_operand(r, s, insn, &insn->to, move_if(r, s, insn));
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
static void forget(const struct round *r, uint32_t first, struct state *s)
{
    const struct value carried = { CARRIED, 0, 0 };
    uint32_t written = 0;
    for (uint32_t i = first; i < r->loop->count; i++)
        if (r->loop->inside >> i & 1)
            written |= x86_writes(&r->loop->insns[i]);
    for (int i = 0; i < X86_REGS; i++)
        if (written >> i & 1)
            s->regs[i] = (struct reg){ carried, carried };
    if (written >> X86_REGS & 1)
        s->flags = carried;
    for (uint32_t i = 0; i < r->slot_count; i++)
        if (r->slots[i].writers >> first)
            s->slots[i] = carried;
}

static bool is_inner_head(const struct round *r, uint32_t index)
{
    for (uint32_t i = index; index > 0 && i < r->loop->count; i++)
        if (r->loop->inside >> i & 1 && r->loop->targets[i] == (int)index)
            return true;
    return false;
}

static void flow(const struct round *r, const struct state *s, struct state *states)
{
    const int target = r->loop->targets[r->now];
    if (target > (int)r->now)
        join_states(&states[target], s);
    if (r->loop->insns[r->now].op != X86_JUMP && r->now + 1 < r->loop->count)
        join_states(&states[r->now + 1], s);
}

/* From the head to the jumps that go back to it. */
static void run_round(struct round *r, const struct state *head)
{
    struct state states[X86_LOOP_INSNS];
    for (uint32_t i = 0; i < r->loop->count; i++)
        states[i].reached = false;
    states[0] = *head;
    for (r->now = 0; r->now < r->loop->count; r->now++) {
        struct state *s = &states[r->now];
        if (!(r->loop->inside >> r->now & 1) || !s->reached)
            continue;
        if (is_inner_head(r, r->now))
            forget(r, r->now, s);
        run(r, s, &r->loop->insns[r->now]);
        flow(r, s, states);
    }
}

static void begin(const struct round *r, struct state *head)
{
    memset(head, 0, sizeof *head);
    head->reached = true;
    for (unsigned i = 0; i < X86_REGS; i++) {
        const struct value entry = { FIXED, ORIGIN_REGISTER + i, 0 };
        head->regs[i] = (struct reg){ entry, entry };
    }
    head->flags = (struct value){ FIXED, ORIGIN_FLAGS, 0 };
    forget(r, 0, head);
}

/* What looks at more, or asks more, is not how anybody waits, but it is how code looks of which
 * compilers could not tell that it is never repeated. */
static bool looks_and_asks_little(const struct round *r)
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
    struct round r = { .loop = loop };
    struct state head;
    uint32_t slots_before;
    do {
        const struct round fresh = { .loop = loop, .slot_count = r.slot_count };
        struct slot slots[SLOTS_MAX];
        memcpy(slots, r.slots, sizeof slots);
        slots_before = r.slot_count;
        r = fresh;
        memcpy(r.slots, slots, sizeof slots);
        begin(&r, &head);
        run_round(&r, &head);
    } while (r.slot_count != slots_before);
    return !r.refuted && looks_and_asks_little(&r);
}
