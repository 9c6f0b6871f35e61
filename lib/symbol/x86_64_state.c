// SPDX-License-Identifier: MIT
#include "symbol/x86_64_state.h"

enum { NO_SLOT = -1 };

bool x86_add_new(struct x86_some *s, uint64_t value)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->of[i] == value)
            return false;
    if (s->count < SEVERAL)
        s->of[s->count++] = value;
    return true;
}

void x86_join_states(struct x86_state *into, const struct x86_state *from)
{
    if (!into->reached) {
        *into = *from;
        return;
    }
    for (int i = 0; i < X86_REGS; i++) {
        into->regs[i].low = x86_join_values(into->regs[i].low, from->regs[i].low);
        into->regs[i].rest = x86_join_values(into->regs[i].rest, from->regs[i].rest);
    }
    into->flags = x86_join_values(into->flags, from->flags);
    for (int i = 0; i < SLOTS_MAX; i++)
        into->slots[i] = x86_join_values(into->slots[i], from->slots[i]);
}

/* ---- registers ---- */

void x86_use(struct x86_round *r, const struct x86_value *v)
{
    if (v->kind == SEEN)
        x86_add_new(&r->used, v->origin);
}

struct x86_value x86_checked(struct x86_round *r, struct x86_value v)
{
    if (v.kind == CARRIED)
        r->refuted = true;
    return v;
}

static struct x86_value read_reg(
    struct x86_round *r, const struct x86_state *s, uint8_t reg, uint8_t bytes)
{
    const struct x86_reg *held = &s->regs[reg];
    if (bytes == 1 || x86_same_value(&held->low, &held->rest))
        return x86_checked(r, held->low);
    return x86_checked(r, x86_combine(held->low, held->rest, bytes));
}

void x86_write_reg(struct x86_state *s, const struct x86_operand *to, struct x86_value v)
{
    struct x86_reg *r = &s->regs[to->reg];
    if (to->bytes >= 4)
        *r = (struct x86_reg){ v, v };
    else if (to->bytes == 1 && !to->high)
        r->low = v;
    else
        *r = (struct x86_reg){ to->high ? r->low : v, x86_join_values(r->rest, v) };
}

/* ---- memory ---- */

static bool is_frame_origin(uint64_t origin)
{
    return origin == ORIGIN_REGISTER + X86_RSP || origin == ORIGIN_REGISTER + X86_RBP;
}

struct x86_value x86_address_of(
    struct x86_round *r, const struct x86_state *s, const struct x86_memory *m)
{
    struct x86_value v = { FIXED, m->is_code ? ORIGIN_CODE : ORIGIN_NUMBER, 0 };
    if (m->base != X86_NO_REG)
        v = read_reg(r, s, m->base, 8);
    x86_use(r, &v);
    v.offset += (uint64_t)m->offset;
    if (m->index == X86_NO_REG)
        return v;
    const struct x86_value index = read_reg(r, s, m->index, 8);
    x86_use(r, &index);
    r->refuted |= is_frame_origin(v.origin) && r->slot_count; /* it may be any of them */
    v = x86_combine(v, index, m->scale);
    return v;
}

struct x86_place x86_place_of(
    struct x86_round *r, const struct x86_state *s, const struct x86_memory *m)
{
    struct x86_place p = { .address = x86_address_of(r, s, m) };
    if (m->segment)
        p.address.origin = x86_mix(p.address.origin, m->segment);
    p.is_frame = is_frame_origin(p.address.origin);
    return p;
}

uint64_t x86_number_of_place(const struct x86_place *p)
{
    return x86_mix(p->address.origin, p->address.offset);
}

static bool overlaps(const struct x86_slot *slot, const struct x86_place *p, uint8_t bytes)
{
    return slot->offset < p->address.offset + bytes &&
           p->address.offset < slot->offset + slot->bytes;
}

/* Offsets are taken from the middle of their range, so that they compare as numbers. */
static struct x86_place frame_place(struct x86_place p)
{
    p.address.offset += UINT64_C(1) << 63;
    return p;
}

static struct x86_value load_frame(
    struct x86_round *r, const struct x86_state *s, struct x86_place place, uint8_t bytes)
{
    const struct x86_place p = frame_place(place);
    for (uint32_t i = 0; i < r->slot_count; i++) {
        const struct x86_slot *slot = &r->slots[i];
        if (slot->origin != p.address.origin) {
            r->refuted = true; /* rsp and rbp: they may name the same place */
            break;
        }
        if (!overlaps(slot, &p, bytes))
            continue;
        r->refuted |= slot->offset != p.address.offset || bytes > slot->bytes;
        return x86_checked(r, s->slots[i]);
    }
    x86_add_new(&r->frame, x86_number_of_place(&place));
    return (struct x86_value){ FRAME, x86_number_of_place(&place), 0 };
}

/* The first page is nowhere mapped (vm.mmap_min_addr): what compilers leave of code that never
 * runs. */
static bool is_null(const struct x86_value *address)
{
    return address->origin == ORIGIN_NUMBER && address->offset < 4096;
}

static struct x86_value load(
    struct x86_round *r, const struct x86_state *s, const struct x86_memory *m, uint8_t bytes)
{
    const struct x86_place p = x86_place_of(r, s, m);
    if (p.is_frame)
        return load_frame(r, s, p, bytes);
    r->refuted |= !m->segment && is_null(&p.address);
    x86_add_new(&r->seen, x86_number_of_place(&p));
    return (struct x86_value){ SEEN, x86_number_of_place(&p), 0 };
}

/* Of a new one nothing is known when a round begins: it is added, and the rounds start again. */
static int slot_of(struct x86_round *r, const struct x86_place *p, uint8_t bytes)
{
    for (uint32_t i = 0; i < r->slot_count; i++) {
        const struct x86_slot *slot = &r->slots[i];
        if (slot->origin != p->address.origin)
            return NO_SLOT;
        if (slot->offset == p->address.offset && slot->bytes == bytes)
            return (int)i;
        if (overlaps(slot, p, bytes))
            return NO_SLOT;
    }
    if (r->slot_count == SLOTS_MAX)
        return NO_SLOT;
    r->slots[r->slot_count] = (struct x86_slot){ p->address.origin, p->address.offset, bytes, 0 };
    return (int)r->slot_count++;
}

/* Without frame pointers rbp is a register like others; locals are below a frame pointer. */
static void store(struct x86_round *r, struct x86_state *s, const struct x86_memory *m,
    uint8_t bytes, struct x86_value v)
{
    const struct x86_place p = x86_place_of(r, s, m);
    const bool above =
        p.address.origin == ORIGIN_REGISTER + X86_RBP && (int64_t)p.address.offset >= 0;
    const struct x86_place in_frame = frame_place(p);
    const int slot = p.is_frame && !above ? slot_of(r, &in_frame, bytes) : NO_SLOT;
    if (slot < 0) {
        r->refuted = true;
        return;
    }
    r->slots[slot].writers |= UINT32_C(1) << r->now;
    s->slots[slot] = v;
}

bool x86_is_stored(const struct x86_round *r, const struct x86_place *place, uint8_t bytes)
{
    const struct x86_place p = frame_place(*place);
    for (uint32_t i = 0; place->is_frame && i < r->slot_count; i++)
        if (r->slots[i].origin != p.address.origin || overlaps(&r->slots[i], &p, bytes))
            return true;
    return false;
}

/* ---- operands ---- */

struct x86_value x86_read(struct x86_round *r, const struct x86_state *s,
    const struct x86_insn *insn, const struct x86_operand *o)
{
    switch (o->where) {
    case X86_REGISTER:
        if (o->high)
            return x86_checked(r, s->regs[o->reg].rest);
        return read_reg(r, s, o->reg, o->bytes);
    case X86_MEMORY:
        return load(r, s, &insn->memory, o->bytes);
    case X86_NUMBER:
    case X86_NOWHERE:
        break;
    }
    return x86_number_value(insn->number);
}

void x86_write(struct x86_round *r, struct x86_state *s, const struct x86_insn *insn,
    const struct x86_operand *o, struct x86_value v)
{
    if (o->where == X86_REGISTER)
        x86_write_reg(s, o, v);
    else if (o->where == X86_MEMORY)
        store(r, s, &insn->memory, o->bytes, v);
}
