// SPDX-License-Identifier: MIT
#include "symbol/x86_64_decode.h"

#include "base/compiler.h"
#include "symbol/bytes.h"

enum { INSN_BYTES_MAX = 15 }; /* SDM volume 2, 2.3.11 */

/* Where an instruction's operands are: SDM volume 2, appendix A.2. */
enum form {
    FORM_RM,          /* to: ModRM.rm */
    FORM_RM_REG,      /* to: ModRM.rm, from: ModRM.reg */
    FORM_REG_RM,      /* the other way round */
    FORM_REG_RM_IMM8, /* as above, with a number */
    FORM_REG_RM_IMM,
    FORM_RM_IMM8,
    FORM_RM_IMM,
    FORM_RM_ONE,
    FORM_RM_CL,
    FORM_A_IMM,    /* to: rax */
    FORM_PLUS_IMM, /* to: the register in the opcode */
    FORM_A,        /* to and from: rax */
    FORM_D_A,      /* to: rdx, from: rax */
    FORM_REL8,
    FORM_REL32,
};

enum size { SIZE_WORD, SIZE_BYTE, SIZE_BIT0 }; /* SIZE_BIT0: bytes when the opcode is even */

/* What the function of a row is added to. */
enum plus { PLUS_NONE, PLUS_OPCODE, PLUS_DIGIT }; /* bits 3 to 5 of the opcode, ModRM.reg */

struct row {
    uint8_t first, last; /* opcodes */
    enum form form;
    enum size size;
    enum x86_op op;
    enum x86_function function;
    enum plus plus;
    uint8_t digits; /* allowed values of ModRM.reg, a bit each; 0: it is no part of the opcode */
    uint8_t from_bytes; /* when not as `to` */
};

#define ALU(low, form, size)                                                                       \
    {                                                                                              \
        (low), (low), (form), (size), X86_COMPUTE, X86_ADD, PLUS_OPCODE, 0, 0                      \
    }

/* Opcodes below 0x40 are eight groups alike and come here as their first one. */
static const struct row one_byte[] = {
    ALU(0x00, FORM_RM_REG, SIZE_BYTE),
    ALU(0x01, FORM_RM_REG, SIZE_WORD),
    ALU(0x02, FORM_REG_RM, SIZE_BYTE),
    ALU(0x03, FORM_REG_RM, SIZE_WORD),
    ALU(0x04, FORM_A_IMM, SIZE_BYTE),
    ALU(0x05, FORM_A_IMM, SIZE_WORD),
    { 0x63, 0x63, FORM_REG_RM, SIZE_WORD, X86_MOVE, X86_ADD, PLUS_NONE, 0, 4 },
    { 0x69, 0x69, FORM_REG_RM_IMM, SIZE_WORD, X86_DERIVE, X86_IMUL, PLUS_NONE, 0, 0 },
    { 0x6b, 0x6b, FORM_REG_RM_IMM8, SIZE_WORD, X86_DERIVE, X86_IMUL, PLUS_NONE, 0, 0 },
    { 0x70, 0x7f, FORM_REL8, SIZE_WORD, X86_JUMP_IF, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x80, 0x80, FORM_RM_IMM8, SIZE_BYTE, X86_COMPUTE, X86_ADD, PLUS_DIGIT, 0xff, 0 },
    { 0x81, 0x81, FORM_RM_IMM, SIZE_WORD, X86_COMPUTE, X86_ADD, PLUS_DIGIT, 0xff, 0 },
    { 0x83, 0x83, FORM_RM_IMM8, SIZE_WORD, X86_COMPUTE, X86_ADD, PLUS_DIGIT, 0xff, 0 },
    { 0x84, 0x85, FORM_RM_REG, SIZE_BIT0, X86_COMPARE, X86_TEST, PLUS_NONE, 0, 0 },
    { 0x86, 0x87, FORM_RM_REG, SIZE_BIT0, X86_EXCHANGE, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x88, 0x89, FORM_RM_REG, SIZE_BIT0, X86_MOVE, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x8a, 0x8b, FORM_REG_RM, SIZE_BIT0, X86_MOVE, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x8d, 0x8d, FORM_REG_RM, SIZE_WORD, X86_ADDRESS, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x98, 0x98, FORM_A, SIZE_WORD, X86_MOVE, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x99, 0x99, FORM_D_A, SIZE_WORD, X86_DERIVE, X86_SIGN, PLUS_NONE, 0, 0 },
    { 0xa8, 0xa9, FORM_A_IMM, SIZE_BIT0, X86_COMPARE, X86_TEST, PLUS_NONE, 0, 0 },
    { 0xb0, 0xb7, FORM_PLUS_IMM, SIZE_BYTE, X86_MOVE, X86_ADD, PLUS_NONE, 0, 0 },
    { 0xb8, 0xbf, FORM_PLUS_IMM, SIZE_WORD, X86_MOVE, X86_ADD, PLUS_NONE, 0, 0 },
    /* rol, ror, shl, shr, sar; not rcl and rcr, which read flags */
    { 0xc0, 0xc1, FORM_RM_IMM8, SIZE_BIT0, X86_COMPUTE, X86_SHIFT, PLUS_DIGIT, 0xb3, 0 },
    { 0xc6, 0xc7, FORM_RM_IMM, SIZE_BIT0, X86_MOVE, X86_ADD, PLUS_NONE, 0x01, 0 },
    { 0xd0, 0xd1, FORM_RM_ONE, SIZE_BIT0, X86_COMPUTE, X86_SHIFT, PLUS_DIGIT, 0xb3, 0 },
    { 0xd2, 0xd3, FORM_RM_CL, SIZE_BIT0, X86_COMPUTE, X86_SHIFT, PLUS_DIGIT, 0xb3, 0 },
    { 0xe9, 0xe9, FORM_REL32, SIZE_WORD, X86_JUMP, X86_ADD, PLUS_NONE, 0, 0 },
    { 0xeb, 0xeb, FORM_REL8, SIZE_WORD, X86_JUMP, X86_ADD, PLUS_NONE, 0, 0 },
    { 0xf6, 0xf7, FORM_RM_IMM, SIZE_BIT0, X86_COMPARE, X86_TEST, PLUS_NONE, 0x01, 0 },
    { 0xf6, 0xf7, FORM_RM_ONE, SIZE_BIT0, X86_COMPUTE, X86_UNARY, PLUS_DIGIT, 0x0c,
        0 }, /* not, neg */
    { 0xfe, 0xff, FORM_RM_ONE, SIZE_BIT0, X86_COMPUTE, X86_INC, PLUS_DIGIT, 0x03, 0 },
};

/* Those behind 0f. */
static const struct row two_byte[] = {
    { 0x1f, 0x1f, FORM_RM, SIZE_WORD, X86_NOTHING, X86_ADD, PLUS_NONE, 0x01, 0 },
    { 0x40, 0x4f, FORM_REG_RM, SIZE_WORD, X86_MOVE_IF, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x80, 0x8f, FORM_REL32, SIZE_WORD, X86_JUMP_IF, X86_ADD, PLUS_NONE, 0, 0 },
    { 0x90, 0x9f, FORM_RM, SIZE_BYTE, X86_SET, X86_ADD, PLUS_NONE, 0, 0 },
    { 0xa3, 0xa3, FORM_RM_REG, SIZE_WORD, X86_COMPARE, X86_BT, PLUS_NONE, 0, 0 },
    { 0xab, 0xab, FORM_RM_REG, SIZE_WORD, X86_COMPUTE, X86_BTS, PLUS_NONE, 0, 0 },
    { 0xaf, 0xaf, FORM_REG_RM, SIZE_WORD, X86_COMPUTE, X86_IMUL, PLUS_NONE, 0, 0 },
    { 0xb0, 0xb1, FORM_RM_REG, SIZE_BIT0, X86_COMPARE_EXCHANGE, X86_ADD, PLUS_NONE, 0, 0 },
    { 0xb3, 0xb3, FORM_RM_REG, SIZE_WORD, X86_COMPUTE, X86_BTR, PLUS_NONE, 0, 0 },
    { 0xb6, 0xb6, FORM_REG_RM, SIZE_WORD, X86_MOVE, X86_ADD, PLUS_NONE, 0, 1 },
    { 0xb7, 0xb7, FORM_REG_RM, SIZE_WORD, X86_MOVE, X86_ADD, PLUS_NONE, 0, 2 },
    { 0xba, 0xba, FORM_RM_IMM8, SIZE_WORD, X86_COMPARE, X86_BT, PLUS_NONE, 0x10, 0 },
    { 0xba, 0xba, FORM_RM_IMM8, SIZE_WORD, X86_COMPUTE, X86_BT - 4, PLUS_DIGIT, 0xe0, 0 },
    { 0xbe, 0xbe, FORM_REG_RM, SIZE_WORD, X86_MOVE, X86_ADD, PLUS_NONE, 0, 1 },
    { 0xbf, 0xbf, FORM_REG_RM, SIZE_WORD, X86_MOVE, X86_ADD, PLUS_NONE, 0, 2 },
};

/* ---- reading bytes ---- */

/* `ok` turns false at the end of the bytes, and reads give 0 from then on. */
struct bytes {
    const uint8_t *ptr;
    size_t at, end;
    bool ok;
};

static const uint8_t *take(struct bytes *b, size_t count)
{
    static const uint8_t none[8];
    if (!b->ok || b->end - b->at < count) {
        b->ok = false;
        return none;
    }
    b->at += count;
    return b->ptr + b->at - count;
}

static int64_t take_number(struct bytes *b, size_t bytes)
{
    const uint8_t *p = take(b, bytes);
    switch (bytes) {
    case 1:
        return (int8_t)p[0];
    case 2:
        return (int16_t)bytes_u16(p);
    case 8:
        return (int64_t)bytes_u64(p);
    }
    return (int32_t)bytes_u32(p);
}

/* ---- prefixes ---- */

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8, REX = 0x40 };

struct prefixes {
    uint8_t rex;     /* 0: none */
    uint8_t repeat;  /* f2 or f3 */
    uint8_t segment; /* fs or gs; those of the other segments mean nothing in 64-bit mode */
    bool lock, word;
};

static bool take_prefix(uint8_t byte, struct prefixes *p)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        return true;
    case 0x64:
    case 0x65:
        p->segment = byte;
        return true;
    case 0x66:
        p->word = true;
        return true;
    case 0xf0:
        p->lock = true;
        return true;
    case 0xf2:
    case 0xf3:
        p->repeat = byte;
        return true;
    }
    return false;
}

/* REX counts only right before the opcode (SDM volume 2, 2.2.1): it is the last one taken. */
static uint8_t take_prefixes(struct bytes *b, struct prefixes *p)
{
    uint8_t byte = *take(b, 1);
    while (b->ok && take_prefix(byte, p))
        byte = *take(b, 1);
    if ((byte & 0xf0) != REX)
        return byte;
    p->rex = byte;
    return *take(b, 1);
}

/* ---- operands ---- */

struct modrm {
    uint8_t mod, reg, rm;
};

/* SDM volume 2, table 2-3: no index with number 4, no base with number 5 unless mod says so. */
static void take_sib(
    struct bytes *b, const struct prefixes *p, const struct modrm *m, struct x86_memory *memory)
{
    const uint8_t sib = *take(b, 1);
    const uint8_t index = (sib >> 3 & 7) | (p->rex & REX_X ? 8 : 0);
    memory->scale = (uint8_t)(1u << (sib >> 6));
    memory->index = index == 4 ? X86_NO_REG : index;
    memory->base = (sib & 7) | (p->rex & REX_B ? 8 : 0);
    if ((sib & 7) == 5 && m->mod == 0) {
        memory->base = X86_NO_REG;
        memory->offset = take_number(b, 4);
    }
}

static void take_memory(
    struct bytes *b, const struct prefixes *p, const struct modrm *m, struct x86_memory *memory)
{
    *memory = (struct x86_memory){
        .base = X86_NO_REG, .index = X86_NO_REG, .scale = 1, .segment = p->segment
    };
    if (m->rm == 4) {
        take_sib(b, p, m, memory);
    } else if (m->rm == 5 && m->mod == 0) {
        memory->is_code = true;
        memory->offset = take_number(b, 4);
    } else {
        memory->base = m->rm | (p->rex & REX_B ? 8 : 0);
    }
    if (m->mod == 1)
        memory->offset = take_number(b, 1);
    else if (m->mod == 2)
        memory->offset = take_number(b, 4);
}

/* Without REX the byte registers 4 to 7 are the second bytes of the first four. */
static struct x86_operand operand_of_register(const struct prefixes *p, uint8_t reg, uint8_t bytes)
{
    const bool high = bytes == 1 && p->rex == 0 && reg >= 4;
    return (struct x86_operand){ X86_REGISTER, bytes, (uint8_t)(high ? reg - 4 : reg), high };
}

struct decoder {
    struct bytes bytes;
    struct prefixes prefixes;
    uint8_t opcode;
    const struct row *row;
    struct modrm modrm;
    uint8_t size;
};

static uint8_t operand_bytes(const struct decoder *d)
{
    const enum size size = d->row->size;
    if (size == SIZE_BYTE || (size == SIZE_BIT0 && !(d->opcode & 1)))
        return 1;
    return d->prefixes.rex & REX_W ? 8 : d->prefixes.word ? 2 : 4;
}

static struct x86_operand rm_operand(struct decoder *d, uint8_t bytes, struct x86_insn *insn)
{
    if (d->modrm.mod == 3) {
        const uint8_t reg = d->modrm.rm | (d->prefixes.rex & REX_B ? 8 : 0);
        return operand_of_register(&d->prefixes, reg, bytes);
    }
    take_memory(&d->bytes, &d->prefixes, &d->modrm, &insn->memory);
    return (struct x86_operand){ .where = X86_MEMORY, .bytes = bytes };
}

static struct x86_operand reg_operand(const struct decoder *d)
{
    const uint8_t reg = d->modrm.reg | (d->prefixes.rex & REX_R ? 8 : 0);
    return operand_of_register(&d->prefixes, reg, d->size);
}

static struct x86_operand number_operand(struct decoder *d, size_t bytes, struct x86_insn *insn)
{
    insn->number = bytes ? take_number(&d->bytes, bytes) : 1;
    return (struct x86_operand){ .where = X86_NUMBER, .bytes = d->size };
}

/* Numbers of 64 bits exist for mov to a register only; others are 32 bits, extended. */
static size_t number_bytes(const struct decoder *d)
{
    return d->size == 8 && d->row->form != FORM_PLUS_IMM ? 4 : d->size;
}

static void take_jump(struct decoder *d, size_t bytes, struct x86_insn *insn)
{
    if (d->prefixes.word) /* processors differ about it: SDM volume 2, Jcc */
        d->bytes.ok = false;
    const int64_t distance = take_number(&d->bytes, bytes);
    insn->target = (int64_t)d->bytes.at + distance;
}

/* ModRM.rm comes first in the bytes, numbers last. */
static void take_rm_operands(struct decoder *d, struct x86_insn *insn)
{
    const enum form form = d->row->form;
    const uint8_t from_bytes = d->row->from_bytes ? d->row->from_bytes : d->size;
    const bool to_reg = form == FORM_REG_RM || form == FORM_REG_RM_IMM || form == FORM_REG_RM_IMM8;
    const struct x86_operand rm = rm_operand(d, to_reg ? from_bytes : d->size, insn);
    insn->to = to_reg ? reg_operand(d) : rm;
    if (to_reg)
        insn->from = rm;
    else if (form == FORM_RM_REG)
        insn->from = reg_operand(d);
    else if (form == FORM_RM_CL)
        insn->from = (struct x86_operand){ X86_REGISTER, 1, X86_RCX, false };
    else if (form == FORM_RM_IMM8)
        insn->from = number_operand(d, 1, insn);
    else if (form == FORM_RM_IMM)
        insn->from = number_operand(d, number_bytes(d), insn);
    else if (form == FORM_RM_ONE)
        insn->from = number_operand(d, 0, insn);
    if (form == FORM_REG_RM_IMM8)
        number_operand(d, 1, insn);
    else if (form == FORM_REG_RM_IMM)
        number_operand(d, number_bytes(d), insn);
}

static bool has_modrm(enum form form)
{
    return form >= FORM_RM && form <= FORM_RM_CL;
}

static void take_operands(struct decoder *d, struct x86_insn *insn)
{
    const struct x86_operand rax = { X86_REGISTER, d->size, X86_RAX, false };
    const enum form form = d->row->form;
    if (has_modrm(form)) {
        take_rm_operands(d, insn);
    } else if (form == FORM_A_IMM) {
        insn->to = rax;
        insn->from = number_operand(d, number_bytes(d), insn);
    } else if (form == FORM_PLUS_IMM) {
        const uint8_t reg = (d->opcode & 7) | (d->prefixes.rex & REX_B ? 8 : 0);
        insn->to = operand_of_register(&d->prefixes, reg, d->size);
        insn->from = number_operand(d, number_bytes(d), insn);
    } else if (form == FORM_A || form == FORM_D_A) {
        insn->to = insn->from = rax;
        if (form == FORM_D_A)
            insn->to.reg = X86_RDX;
        else
            insn->from.bytes = d->size / 2;
    } else if (form == FORM_REL8 || form == FORM_REL32) {
        take_jump(d, form == FORM_REL8 ? 1 : 4, insn);
    }
}

/* ---- opcodes ---- */

static const struct row *find_row(
    const struct row *rows, size_t count, uint8_t opcode, uint8_t digit)
{
    for (size_t i = 0; i < count; i++)
        if (opcode >= rows[i].first && opcode <= rows[i].last &&
            (rows[i].digits == 0 || rows[i].digits >> digit & 1))
            return &rows[i];
    return NULL;
}

/* The byte that may be ModRM tells instructions of one opcode apart. */
static uint8_t peek(const struct bytes *b)
{
    return b->ok && b->at < b->end ? b->ptr[b->at] : 0;
}

/* Instructions that a prefix or all of ModRM makes what they are: pause, endbr64 and the fences. */
static bool take_special(struct decoder *d, bool two)
{
    const uint8_t next = peek(&d->bytes);
    if (!two && d->opcode == 0x90)
        return !(d->prefixes.rex & REX_B) && d->prefixes.repeat != 0xf2;
    const bool endbr64 = two && d->opcode == 0x1e && next == 0xfa && d->prefixes.repeat == 0xf3;
    const bool fence = two && d->opcode == 0xae && (next == 0xe8 || next == 0xf0 || next == 0xf8) &&
                       !d->prefixes.repeat && !d->prefixes.word;
    if (endbr64 || fence)
        take(&d->bytes, 1);
    return endbr64 || fence;
}

static bool take_row(struct decoder *d, bool two)
{
    const uint8_t next = peek(&d->bytes);
    const uint8_t digit = next >> 3 & 7;
    const uint8_t opcode = !two && d->opcode < 0x40 ? d->opcode & 7 : d->opcode;
    d->row = two ? find_row(two_byte, PROF_ARRAY_LEN(two_byte), opcode, digit)
                 : find_row(one_byte, PROF_ARRAY_LEN(one_byte), opcode, digit);
    if (!d->row)
        return false;
    if (has_modrm(d->row->form)) {
        take(&d->bytes, 1);
        d->modrm = (struct modrm){ next >> 6, digit, next & 7 };
    }
    d->size = operand_bytes(d);
    return true;
}

static void name_operation(const struct decoder *d, struct x86_insn *insn)
{
    unsigned function = d->row->function;
    if (d->row->plus == PLUS_OPCODE)
        function += d->opcode >> 3 & 7;
    else if (d->row->plus == PLUS_DIGIT)
        function += d->modrm.reg;
    insn->op = d->row->op;
    insn->function = (enum x86_function)function;
    if (insn->op == X86_COMPUTE && insn->function == X86_CMP)
        insn->op = X86_COMPARE;
}

static bool is_bit_test(enum x86_function function)
{
    return function >= X86_BT && function <= X86_BTC;
}

/* lea has memory only; a bit's number in a register may lead far away from the memory named; lock
 * goes with instructions that write memory only. */
static bool is_sound(const struct x86_insn *insn)
{
    const bool to_memory = insn->to.where == X86_MEMORY;
    if (insn->op == X86_ADDRESS)
        return insn->from.where == X86_MEMORY;
    if (is_bit_test(insn->function) && to_memory && insn->from.where == X86_REGISTER)
        return false;
    const bool writes =
        insn->op == X86_COMPUTE || insn->op == X86_EXCHANGE || insn->op == X86_COMPARE_EXCHANGE;
    return !insn->locked || (to_memory && writes);
}

/* A prefix of repetition makes another instruction of many opcodes. */
static bool take_general(struct decoder *d, bool two, struct x86_insn *insn)
{
    if (d->prefixes.repeat || !take_row(d, two))
        return false;
    name_operation(d, insn);
    take_operands(d, insn);
    if (insn->memory.is_code)
        insn->memory.offset += (int64_t)d->bytes.at;
    insn->locked = d->prefixes.lock;
    if (!is_sound(insn))
        return false;
    insn->locked |= insn->op == X86_EXCHANGE && insn->to.where == X86_MEMORY;
    return true;
}

bool x86_decode(const uint8_t *code, size_t len, size_t at, struct x86_insn *ret_insn)
{
    if (at >= len)
        return false;
    const size_t end = len - at > INSN_BYTES_MAX ? at + INSN_BYTES_MAX : len;
    struct decoder d = { .bytes = { code, at, end, true } };
    struct x86_insn insn = { .at = at };
    d.opcode = take_prefixes(&d.bytes, &d.prefixes);
    const bool two = d.opcode == 0x0f;
    if (two)
        d.opcode = *take(&d.bytes, 1);
    const bool nothing = d.bytes.ok && !d.prefixes.lock && take_special(&d, two);
    if (!nothing && !(d.bytes.ok && take_general(&d, two, &insn)))
        return false;
    if (!d.bytes.ok)
        return false;
    insn.end = d.bytes.at;
    *ret_insn = insn;
    return true;
}
