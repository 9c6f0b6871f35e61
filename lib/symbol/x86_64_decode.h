// SPDX-License-Identifier: MIT
/*
 * One x86-64 instruction: how long it is and what it reads and writes, for the instructions that
 * compilers put into short loops over general registers. Everything else is refused: vector and
 * floating-point instructions, VEX and EVEX, calls, pushes, strings, division, 32-bit addresses.
 *
 * Facts: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapter 2
 * (prefixes, ModRM, SIB), the instructions' pages, and appendix A (opcode maps).
 *
 * Pure and bounded: never looks beyond the bytes that it is given. Any thread.
 */
#ifndef PROF_SYMBOL_X86_64_DECODE_H
#define PROF_SYMBOL_X86_64_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { X86_RAX = 0, X86_RCX = 1, X86_RDX = 2, X86_RSP = 4, X86_RBP = 5, X86_REGS = 16 };
enum { X86_NO_REG = 0xff };

enum x86_op {
    X86_NOTHING,          /* nop, endbr64, pause, fences */
    X86_MOVE,             /* to = from, with any extension */
    X86_ADDRESS,          /* to = address of from (lea) */
    X86_DERIVE,           /* to = f(from, number) */
    X86_COMPUTE,          /* to = f(to, from), and flags */
    X86_COMPARE,          /* flags = f(to, from) */
    X86_EXCHANGE,         /* to and from change places */
    X86_COMPARE_EXCHANGE, /* to = from if to is rax, else rax = to; flags */
    X86_SET,              /* to = condition of the flags */
    X86_MOVE_IF,          /* to = from, if the flags say so */
    X86_JUMP,
    X86_JUMP_IF,
};

/* Which computation; the first eight are numbered as in the opcodes. */
enum x86_function {
    X86_ADD,
    X86_OR,
    X86_ADC,
    X86_SBB,
    X86_AND,
    X86_SUB,
    X86_XOR,
    X86_CMP,
    X86_SHIFT, /* and the seven behind it: one for each /digit */
    X86_UNARY = X86_SHIFT + 8,
    X86_INC = X86_UNARY + 8,
    X86_DEC,
    X86_IMUL,
    X86_TEST,
    X86_BT,
    X86_BTS,
    X86_BTR,
    X86_BTC,
    X86_SIGN, /* cdq, cqo */
};

enum x86_where { X86_NOWHERE, X86_REGISTER, X86_MEMORY, X86_NUMBER };

struct x86_operand {
    enum x86_where where;
    uint8_t bytes; /* 1, 2, 4, 8 */
    uint8_t reg;   /* X86_REGISTER */
    bool high;     /* bits 8 to 15 of the register: ah, ch, dh, bh */
};

/* [base + index * scale + offset]; without base and index, offset alone. */
struct x86_memory {
    uint8_t base, index; /* or X86_NO_REG */
    uint8_t scale;
    uint8_t segment; /* prefix of fs or gs; 0: none */
    bool is_code;    /* relative to rip: offset is one into the code, as jump targets are */
    int64_t offset;
};

struct x86_insn {
    size_t at, end; /* offsets into the code; end: of the next one */
    enum x86_op op;
    enum x86_function function; /* of X86_DERIVE, X86_COMPUTE and X86_COMPARE */
    struct x86_operand to, from;
    struct x86_memory memory; /* of the one operand that is X86_MEMORY */
    int64_t number;           /* of an X86_NUMBER */
    int64_t target;           /* of a jump: offset into the code */
    bool locked;              /* by its prefix, or by itself (xchg with memory) */
};

/* The instruction at `at`; false: not one that is known here, or cut off by the end. */
bool x86_decode(const uint8_t *code, size_t len, size_t at, struct x86_insn *ret_insn);

#endif
