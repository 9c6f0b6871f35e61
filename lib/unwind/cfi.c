// SPDX-License-Identifier: MIT
#include "unwind/cfi.h"

#include <limits.h>
#include <string.h>

#include "unwind/arch.h"

/* Bytes still to read. Reading past the end gives zeros and sets bad. */
struct cfi_bytes {
    const uint8_t *at, *end;
    bool bad;
};

static uint64_t read_fixed(struct cfi_bytes *b, size_t size)
{
    uint64_t value = 0;
    if ((size_t)(b->end - b->at) < size) {
        b->at = b->end;
        b->bad = true;
        return 0;
    }
    memcpy(&value, b->at, size); /* little-endian processors only */
    b->at += size;
    return value;
}

static uint8_t read_u8(struct cfi_bytes *b)
{
    return (uint8_t)read_fixed(b, 1);
}

/* Numbers longer than 64 bits lose what is above them; no value is too large to be looked at. */
static uint64_t read_uleb(struct cfi_bytes *b)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = read_u8(b);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) && !b->bad);
    return value;
}

static int64_t read_sleb(struct cfi_bytes *b)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = read_u8(b);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) && !b->bad);
    if (shift < 64 && (byte & 0x40))
        value |= ~UINT64_C(0) << shift;
    return (int64_t)value;
}

static struct cfi_bytes read_block(struct cfi_bytes *b, uint64_t len)
{
    if (len > (uint64_t)(b->end - b->at)) {
        len = (uint64_t)(b->end - b->at);
        b->bad = true;
    }
    const struct cfi_bytes block = { b->at, b->at + len, false };
    b->at += len;
    return block;
}

/* Pointer encodings of .eh_frame: DW_EH_PE_*. */
enum {
    PE_ABSPTR = 0x00,
    PE_UDATA2 = 0x02,
    PE_UDATA4 = 0x03,
    PE_UDATA8 = 0x04,
    PE_SDATA2 = 0x0a,
    PE_SDATA4 = 0x0b,
    PE_SDATA8 = 0x0c,
    PE_FORMAT = 0x0f,
    PE_PCREL = 0x10,
    PE_DATAREL = 0x30,
    PE_BASE = 0x70,
    PE_INDIRECT = 0x80,
    PE_OMIT = 0xff,
};

/* A value in one of the formats above, not yet relative to anything. */
static uint64_t read_format(struct cfi_bytes *b, uint8_t encoding)
{
    switch (encoding & PE_FORMAT) {
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8:
        return read_fixed(b, 8);
    case PE_UDATA4:
        return read_fixed(b, 4);
    case PE_SDATA4:
        return (uint64_t)(int64_t)(int32_t)read_fixed(b, 4);
    case PE_UDATA2:
        return read_fixed(b, 2);
    case PE_SDATA2:
        return (uint64_t)(int64_t)(int16_t)read_fixed(b, 2);
    default:
        b->bad = true;
        return 0;
    }
}

/* A pointer whose first byte has the given address. */
static uint64_t read_pointer(struct cfi_bytes *b, uint8_t encoding, uint64_t address)
{
    const uint64_t value = read_format(b, encoding);
    switch (encoding & (PE_BASE | PE_INDIRECT)) {
    case PE_ABSPTR:
        return value;
    case PE_PCREL:
        return value + address;
    default: /* relative to sections that code addresses never are, or through memory */
        b->bad = true;
        return 0;
    }
}

void cfi_init(
    struct cfi_reader *r, const uint8_t *ptr, size_t len, uint64_t address, bool debug_frame)
{
    *r = (struct cfi_reader){
        .ptr = ptr, .len = len, .address = address, .debug_frame = debug_frame
    };
    /* Entries do not share program bytes, and a CIE's program is a few bytes that are rarely read
     * again; a file that makes us do more than this is made to. */
    r->budget = 8 * (uint64_t)len + 65536;
}

/* ---- programs ---- */

enum { CFI_REMEMBER_MAX = 64 };

struct cfi_machine {
    struct cfi_reader *reader;
    const struct cfi_cie *cie;
    struct cfi_bytes code;
    uint64_t address, end;
    struct cfi_row row;
    struct cfi_row remembered[CFI_REMEMBER_MAX];
    size_t depth;
};

static int32_t fit(int64_t value, uint8_t *kind, uint8_t odd)
{
    if (value >= INT32_MIN && value <= INT32_MAX)
        return (int32_t)value;
    *kind = odd;
    return 0;
}

static int64_t scale(int64_t value, int64_t factor)
{
    int64_t product;
    return __builtin_mul_overflow(value, factor, &product) ? INT64_MAX : product;
}

/* The place of a register that we follow; NULL: nobody needs it. */
static struct cfi_place *place_of(struct cfi_row *row, const struct cfi_cie *cie, uint64_t reg)
{
    if (reg == cie->ra_reg)
        return &row->ra;
    if (reg == unwind_arch.fp)
        return &row->fp;
    if (reg == unwind_arch.sp)
        return &row->sp;
    return NULL;
}

static void set_place(struct cfi_machine *m, uint64_t reg, uint8_t kind, int64_t offset)
{
    struct cfi_place *place = place_of(&m->row, m->cie, reg);
    if (!place)
        return;
    *place = (struct cfi_place){ .kind = kind };
    place->offset = fit(offset, &place->kind, CFI_PLACE_ODD);
}

static void restore_place(struct cfi_machine *m, uint64_t reg)
{
    struct cfi_place *place = place_of(&m->row, m->cie, reg);
    struct cfi_row first = m->cie->row;
    const struct cfi_place *old = place_of(&first, m->cie, reg);
    if (place && old)
        *place = *old;
}

static void set_cfa(struct cfi_machine *m, uint64_t reg, int64_t offset)
{
    m->row.cfa = CFI_CFA_REG;
    m->row.reg = (uint8_t)reg;
    m->row.offset = fit(offset, &m->row.cfa, CFI_CFA_ODD);
    if (reg >= UNWIND_REGS)
        m->row.cfa = CFI_CFA_ODD;
}

/* DW_OP_* that compilers and linkers use in frame information. */
enum {
    OP_DEREF = 0x06,
    OP_PLUS = 0x22,
    OP_PLUS_UCONST = 0x23,
    OP_LIT0 = 0x30,
    OP_BREG0 = 0x70,
    OP_BREG16 = 0x80,
};

/* breg N offset at the start of an expression. */
static bool read_breg(struct cfi_bytes *expr, uint8_t *ret_reg, int64_t *ret_offset)
{
    const uint8_t op = read_u8(expr);
    if (op < OP_BREG0 || op > OP_BREG16)
        return false;
    *ret_reg = op - OP_BREG0;
    *ret_offset = read_sleb(expr);
    return !expr->bad;
}

/* A constant added at the end of an expression; 0 when there is nothing. */
static bool read_plus(struct cfi_bytes *expr, int64_t *ret_offset)
{
    *ret_offset = 0;
    if (expr->at == expr->end)
        return true;
    const uint8_t op = read_u8(expr);
    if (op == OP_PLUS_UCONST) {
        *ret_offset = (int64_t)read_uleb(expr);
    } else {
        *ret_offset = op - OP_LIT0;
        if (op < OP_LIT0 || op > OP_LIT0 + 31 || read_u8(expr) != OP_PLUS)
            return false;
    }
    return !expr->bad && expr->at == expr->end;
}

static void set_cfa_expression(struct cfi_machine *m, struct cfi_bytes expr)
{
    struct cfi_row *row = &m->row;
    row->cfa = CFI_CFA_ODD;
    int32_t threshold;
    if (unwind_arch_plt_expression(expr.at, (size_t)(expr.end - expr.at), &threshold)) {
        row->cfa = CFI_CFA_PLT;
        row->offset = threshold;
        return;
    }
    uint8_t reg;
    int64_t offset, offset2;
    if (!read_breg(&expr, &reg, &offset))
        return;
    if (expr.at == expr.end) {
        set_cfa(m, reg, offset);
        return;
    }
    if (read_u8(&expr) != OP_DEREF || !read_plus(&expr, &offset2))
        return;
    row->cfa = CFI_CFA_DEREF;
    row->reg = reg;
    row->offset = fit(offset, &row->cfa, CFI_CFA_ODD);
    row->offset2 = fit(offset2, &row->cfa, CFI_CFA_ODD);
}

/* DW_CFA_expression: the register is saved where the expression says. */
static void set_place_expression(struct cfi_machine *m, uint64_t reg, struct cfi_bytes expr)
{
    struct cfi_place *place = place_of(&m->row, m->cie, reg);
    uint8_t base;
    int64_t offset;
    if (!place)
        return;
    if (!read_breg(&expr, &base, &offset) || expr.at != expr.end) {
        place->kind = CFI_PLACE_ODD;
        return;
    }
    *place = (struct cfi_place){ .kind = CFI_AT_REG, .reg = base };
    place->offset = fit(offset, &place->kind, CFI_PLACE_ODD);
}

static void set_place_register(struct cfi_machine *m, uint64_t reg, uint64_t source)
{
    struct cfi_place *place = place_of(&m->row, m->cie, reg);
    if (place)
        *place = (struct cfi_place){
            .kind = source < UNWIND_REGS ? CFI_IN_REG : CFI_PLACE_ODD,
            .reg = (uint8_t)source,
        };
}

/* Goes to a later address; what is said of addresses behind the function's end is not read. */
static bool advance_to(struct cfi_machine *m, uint64_t next, cfi_emit *emit, void *ctx)
{
    if (next < m->address)
        return false;
    if (next >= m->end) {
        m->code.at = m->code.end;
        return true;
    }
    if (emit && next > m->address)
        emit(ctx, m->address, &m->row);
    m->address = next;
    return true;
}

static bool advance(struct cfi_machine *m, uint64_t delta, cfi_emit *emit, void *ctx)
{
    uint64_t next;
    if (__builtin_mul_overflow(delta, m->cie->code_align, &delta) ||
        __builtin_add_overflow(m->address, delta, &next))
        return false;
    return advance_to(m, next, emit, ctx);
}

static bool set_location(struct cfi_machine *m, cfi_emit *emit, void *ctx)
{
    const uint64_t here = m->reader->address + (uint64_t)(m->code.at - m->reader->ptr);
    const uint64_t next = read_pointer(&m->code, m->cie->encoding, here);
    return !m->code.bad && advance_to(m, next, emit, ctx);
}

enum {
    CFA_ADVANCE_LOC = 0x40, /* these three hold an operand in their low six bits */
    CFA_OFFSET = 0x80,
    CFA_RESTORE = 0xc0,
    CFA_NOP = 0x00,
    CFA_SET_LOC = 0x01,
    CFA_ADVANCE_LOC1 = 0x02,
    CFA_ADVANCE_LOC2 = 0x03,
    CFA_ADVANCE_LOC4 = 0x04,
    CFA_OFFSET_EXTENDED = 0x05,
    CFA_RESTORE_EXTENDED = 0x06,
    CFA_UNDEFINED = 0x07,
    CFA_SAME_VALUE = 0x08,
    CFA_REGISTER = 0x09,
    CFA_REMEMBER_STATE = 0x0a,
    CFA_RESTORE_STATE = 0x0b,
    CFA_DEF_CFA = 0x0c,
    CFA_DEF_CFA_REGISTER = 0x0d,
    CFA_DEF_CFA_OFFSET = 0x0e,
    CFA_DEF_CFA_EXPRESSION = 0x0f,
    CFA_EXPRESSION = 0x10,
    CFA_OFFSET_EXTENDED_SF = 0x11,
    CFA_DEF_CFA_SF = 0x12,
    CFA_DEF_CFA_OFFSET_SF = 0x13,
    CFA_VAL_OFFSET = 0x14,
    CFA_VAL_OFFSET_SF = 0x15,
    CFA_VAL_EXPRESSION = 0x16,
    CFA_GNU_ARGS_SIZE = 0x2e,
    CFA_GNU_NEGATIVE_OFFSET = 0x2f,
};

static bool remember(struct cfi_machine *m)
{
    if (m->depth == CFI_REMEMBER_MAX)
        return false;
    m->remembered[m->depth++] = m->row;
    return true;
}

static bool restore(struct cfi_machine *m)
{
    if (m->depth == 0)
        return false;
    m->row = m->remembered[--m->depth];
    return true;
}

/* A value that is computed, not saved. CFA + 0 is what SP is anyway. */
static void set_value(struct cfi_machine *m, uint64_t reg, int64_t offset)
{
    if (reg != unwind_arch.sp || offset != 0)
        set_place(m, reg, CFI_PLACE_ODD, 0);
}

/* Instructions that say where a register is. False: not one of them. */
static bool run_register(struct cfi_machine *m, uint8_t op)
{
    struct cfi_bytes *b = &m->code;
    const int64_t align = m->cie->data_align;
    const uint64_t reg = read_uleb(b);
    switch (op) {
    case CFA_OFFSET_EXTENDED:
        set_place(m, reg, CFI_AT_CFA, scale((int64_t)read_uleb(b), align));
        return true;
    case CFA_OFFSET_EXTENDED_SF:
        set_place(m, reg, CFI_AT_CFA, scale(read_sleb(b), align));
        return true;
    case CFA_GNU_NEGATIVE_OFFSET:
        set_place(m, reg, CFI_AT_CFA, scale(scale((int64_t)read_uleb(b), align), -1));
        return true;
    case CFA_RESTORE_EXTENDED:
        restore_place(m, reg);
        return true;
    case CFA_UNDEFINED:
        set_place(m, reg, CFI_UNDEFINED, 0);
        return true;
    case CFA_SAME_VALUE:
        set_place(m, reg, CFI_SAME, 0);
        return true;
    case CFA_REGISTER:
        set_place_register(m, reg, read_uleb(b));
        return true;
    case CFA_EXPRESSION:
        set_place_expression(m, reg, read_block(b, read_uleb(b)));
        return true;
    case CFA_VAL_OFFSET:
        set_value(m, reg, (int64_t)read_uleb(b));
        return true;
    case CFA_VAL_OFFSET_SF:
        set_value(m, reg, read_sleb(b));
        return true;
    case CFA_VAL_EXPRESSION:
        read_block(b, read_uleb(b));
        set_value(m, reg, 1);
        return true;
    default:
        return false;
    }
}

/* An instruction that has its number in all eight bits. False: stop. */
static bool run_extended(struct cfi_machine *m, uint8_t op, cfi_emit *emit, void *ctx)
{
    struct cfi_bytes *b = &m->code;
    switch (op) {
    case CFA_NOP:
        return true;
    case CFA_SET_LOC:
        return set_location(m, emit, ctx);
    case CFA_ADVANCE_LOC1:
        return advance(m, read_fixed(b, 1), emit, ctx);
    case CFA_ADVANCE_LOC2:
        return advance(m, read_fixed(b, 2), emit, ctx);
    case CFA_ADVANCE_LOC4:
        return advance(m, read_fixed(b, 4), emit, ctx);
    case CFA_REMEMBER_STATE:
        return remember(m);
    case CFA_RESTORE_STATE:
        return restore(m);
    case CFA_DEF_CFA: {
        const uint64_t reg = read_uleb(b);
        set_cfa(m, reg, (int64_t)read_uleb(b));
        return true;
    }
    case CFA_DEF_CFA_SF: {
        const uint64_t reg = read_uleb(b);
        set_cfa(m, reg, scale(read_sleb(b), m->cie->data_align));
        return true;
    }
    case CFA_DEF_CFA_REGISTER:
        set_cfa(m, read_uleb(b), m->row.offset);
        return true;
    case CFA_DEF_CFA_OFFSET:
        set_cfa(m, m->row.reg, (int64_t)read_uleb(b));
        return true;
    case CFA_DEF_CFA_OFFSET_SF:
        set_cfa(m, m->row.reg, scale(read_sleb(b), m->cie->data_align));
        return true;
    case CFA_DEF_CFA_EXPRESSION:
        set_cfa_expression(m, read_block(b, read_uleb(b)));
        return true;
    case CFA_GNU_ARGS_SIZE:
        read_uleb(b);
        return true;
    default:
        return run_register(m, op);
    }
}

static bool run_instruction(struct cfi_machine *m, cfi_emit *emit, void *ctx)
{
    const uint8_t op = read_u8(&m->code);
    const uint8_t operand = op & 0x3f;
    switch (op & 0xc0) {
    case CFA_ADVANCE_LOC:
        return advance(m, operand, emit, ctx);
    case CFA_OFFSET:
        set_place(m, operand, CFI_AT_CFA, scale((int64_t)read_uleb(&m->code), m->cie->data_align));
        return true;
    case CFA_RESTORE:
        restore_place(m, operand);
        return true;
    default:
        return run_extended(m, op, emit, ctx);
    }
}

/* Runs a program to its end. False: it holds something we cannot follow from there on. */
static bool run_program(struct cfi_machine *m, cfi_emit *emit, void *ctx)
{
    const uint64_t size = (uint64_t)(m->code.end - m->code.at);
    if (size > m->reader->budget)
        return false;
    m->reader->budget -= size;
    while (m->code.at < m->code.end)
        if (!run_instruction(m, emit, ctx) || m->code.bad)
            return false;
    return true;
}

/* ---- entries ---- */

/* Length and id of the entry at offset; the bytes that follow the id. */
struct cfi_header {
    struct cfi_bytes body;
    size_t id_offset, next;
    uint64_t id;
};

/* False: no entry here. A length of 0 is an entry without a body (terminators of linked files may
 * stand in the middle). */
static bool read_header(const struct cfi_reader *r, size_t offset, struct cfi_header *ret)
{
    if (offset >= r->len)
        return false;
    struct cfi_bytes b = { r->ptr + offset, r->ptr + r->len, false };
    uint64_t size = read_fixed(&b, 4);
    size_t id_size = 4;
    if (size == UINT32_MAX) {
        size = read_fixed(&b, 8);
        id_size = r->debug_frame ? 8 : 4;
    }
    if (b.bad || size > (uint64_t)(b.end - b.at))
        return false;
    ret->body = read_block(&b, size);
    ret->next = (size_t)(b.at - r->ptr);
    ret->id_offset = (size_t)(ret->body.at - r->ptr);
    ret->id = size ? read_fixed(&ret->body, id_size) : 0;
    if (id_size == 4 && r->debug_frame && ret->id == UINT32_MAX)
        ret->id = UINT64_MAX;
    return true;
}

static bool is_cie(const struct cfi_reader *r, const struct cfi_header *h)
{
    return h->id == (r->debug_frame ? UINT64_MAX : 0);
}

/* The augmentation's letters say what its data holds; unknown letters end what we know of it. */
static void read_augmentation(
    struct cfi_cie *cie, const char *letters, struct cfi_bytes *b, const struct cfi_reader *r)
{
    cie->augmented = true;
    struct cfi_bytes data = read_block(b, read_uleb(b));
    for (const char *letter = letters + 1; *letter && !data.bad; letter++) {
        const uint64_t here = r->address + (uint64_t)(data.at - r->ptr);
        if (*letter == 'R')
            cie->encoding = read_u8(&data);
        else if (*letter == 'S')
            cie->row.signal = true;
        else if (*letter == 'L')
            read_u8(&data);
        else if (*letter == 'P')
            read_pointer(&data, read_u8(&data) & ~(PE_INDIRECT | PE_BASE), here);
        else if (*letter != 'B')
            break;
    }
}

/* False: a kind of CIE whose FDEs cannot be read. */
static bool read_cie(struct cfi_reader *r, struct cfi_bytes b, struct cfi_cie *cie)
{
    const uint64_t size = (uint64_t)(b.end - b.at);
    const uint8_t version = read_u8(&b);
    if (size > r->budget)
        return false;
    r->budget -= size;
    if (version != 1 && version != 3 && version != 4)
        return false;
    const char *letters = (const char *)b.at;
    const uint8_t *zero = memchr(b.at, 0, (size_t)(b.end - b.at));
    if (!zero || (*letters && *letters != 'z'))
        return false;
    b.at = zero + 1;
    if (version == 4) {
        const uint8_t address_bytes = read_u8(&b), segment_bytes = read_u8(&b);
        if (address_bytes != 8 || segment_bytes != 0)
            return false;
    }
    cie->code_align = read_uleb(&b);
    cie->data_align = read_sleb(&b);
    cie->ra_reg = version == 1 ? read_u8(&b) : read_uleb(&b);
    if (*letters)
        read_augmentation(cie, letters, &b, r);
    if (b.bad)
        return false;
    struct cfi_machine m = { .reader = r, .cie = cie, .code = b, .end = 1, .row = cie->row };
    m.row.cfa = CFI_CFA_ODD;
    m.row.ra.kind = CFI_PLACE_ODD;
    if (!run_program(&m, NULL, NULL))
        return false;
    cie->row = m.row;
    return true;
}

/* The CIE at an offset, read when it is not the one that its slot holds. */
static const struct cfi_cie *get_cie(struct cfi_reader *r, size_t offset)
{
    struct cfi_cie *cie = &r->cies[offset % CFI_CIE_SLOTS];
    if (cie->offset_plus_1 == offset + 1)
        return cie->valid ? cie : NULL;
    *cie = (struct cfi_cie){ .offset_plus_1 = offset + 1, .encoding = PE_ABSPTR };
    struct cfi_header h;
    cie->valid = read_header(r, offset, &h) && is_cie(r, &h) && read_cie(r, h.body, cie);
    return cie->valid ? cie : NULL;
}

/* .eh_frame counts back from the id field, .debug_frame from the section's start. */
static bool cie_offset(const struct cfi_reader *r, const struct cfi_header *h, size_t *ret_offset)
{
    if (r->debug_frame ? h->id >= r->len : h->id > h->id_offset)
        return false;
    *ret_offset = r->debug_frame ? (size_t)h->id : h->id_offset - (size_t)h->id;
    return true;
}

static bool read_fde(struct cfi_reader *r, struct cfi_header *h, struct cfi_fde *ret)
{
    struct cfi_bytes *b = &h->body;
    size_t offset;
    if (!cie_offset(r, h, &offset))
        return false;
    const struct cfi_cie *cie = get_cie(r, offset);
    if (!cie)
        return false;
    const uint64_t here = r->address + (uint64_t)(b->at - r->ptr);
    ret->cie = offset;
    ret->start = read_pointer(b, cie->encoding, here);
    const uint64_t size = read_format(b, cie->encoding);
    if (cie->augmented)
        read_block(b, read_uleb(b));
    if (b->bad || size == 0 || __builtin_add_overflow(ret->start, size, &ret->end))
        return false;
    ret->program = b->at;
    ret->program_end = b->end;
    return true;
}

enum cfi_entry cfi_next(struct cfi_reader *r, size_t *offset, struct cfi_fde *ret_fde)
{
    struct cfi_header h;
    const size_t at = *offset;
    if (!read_header(r, at, &h))
        return CFI_ENTRY_END;
    *offset = h.next;
    if (h.next - h.id_offset == 0 || is_cie(r, &h) || h.body.bad)
        return CFI_ENTRY_OTHER;
    struct cfi_fde fde = { .offset = at };
    if (!read_fde(r, &h, &fde))
        return CFI_ENTRY_OTHER;
    *ret_fde = fde;
    return CFI_ENTRY_FDE;
}

void cfi_run(struct cfi_reader *r, const struct cfi_fde *fde, cfi_emit *emit, void *ctx)
{
    const struct cfi_cie *cie = get_cie(r, fde->cie);
    if (!cie)
        return;
    struct cfi_machine m; /* not zeroed: remembered[] is large, and read behind depth only */
    m.reader = r;
    m.cie = cie;
    m.code = (struct cfi_bytes){ fde->program, fde->program_end, false };
    m.address = fde->start;
    m.end = fde->end;
    m.row = cie->row;
    m.depth = 0;
    if (!run_program(&m, emit, ctx))
        m.row.cfa = CFI_CFA_ODD;
    emit(ctx, m.address, &m.row);
}

bool cfi_hdr_each(const uint8_t *hdr, size_t len, uint64_t hdr_address, uint64_t eh_frame_address,
    cfi_visit *visit, void *ctx)
{
    struct cfi_bytes b = { hdr, hdr + len, false };
    const uint8_t version = read_u8(&b), frame_encoding = read_u8(&b);
    const uint8_t count_encoding = read_u8(&b), table_encoding = read_u8(&b);
    if (version != 1 || table_encoding != (PE_DATAREL | PE_SDATA4) || count_encoding == PE_OMIT)
        return false;
    if (frame_encoding != PE_OMIT)
        read_format(&b, frame_encoding);
    const uint64_t count = read_format(&b, count_encoding);
    if (b.bad || count > (uint64_t)(b.end - b.at) / 8)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        read_fixed(&b, 4);
        const int32_t distance = (int32_t)read_fixed(&b, 4);
        visit(ctx, (size_t)(hdr_address + (uint64_t)(int64_t)distance - eh_frame_address));
    }
    return true;
}
