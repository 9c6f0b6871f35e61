// SPDX-License-Identifier: MIT
/*
 * Registers + a view of stack bytes + compiled unwind tables -> return addresses. No I/O, no
 * allocation while unwinding, no knowledge of processes or perf: all bytes come from the caller, so
 * everything here is tested from bytes. Untrusted input throughout: wrong tables or stacks give
 * wrong or short results, never a wild read.
 *
 * A table is built once per module from its .eh_frame (or .debug_frame); spaces borrow it from the
 * caller, and many share one. A space is one process's memory map: which table, or which
 * kind of memory, lies where. One thread at a time per object; tables are read-only once built.
 */
#ifndef PROF_UNWIND_UNWIND_H
#define PROF_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* ---- tables ---- */

/* A section's bytes and the ELF virtual address they are mapped at (before the load bias). */
struct unwind_section {
    const uint8_t *ptr;
    size_t len;
    uint64_t address;
};

struct unwind_sections {
    struct unwind_section eh_frame;
    struct unwind_section eh_frame_hdr; /* may be empty: the table is then found by a linear scan */
    struct unwind_section debug_frame;  /* used when eh_frame is empty; already decompressed */
    struct unwind_section text;         /* .text and its like; for call-instruction checks */
    struct unwind_section plt;          /* may be empty; only its place matters */
    bool has_go_pclntab;                /* Go: no CFI, but frame pointers throughout */
};

struct unwind_table;

/* Sections are read while building only, except text and eh_frame: their bytes must stay where they
 * are as long as the table lives (text for call-instruction checks, eh_frame for libunwind). NULL:
 * no usable unwind data (not an error for the caller: frame pointers are then used). */
struct unwind_table *unwind_table_new(const struct unwind_sections *s, struct err *e);
void unwind_table_free(struct unwind_table *t);
size_t unwind_table_bytes(const struct unwind_table *t);

/* Start of the function that holds an ELF virtual address, by its FDE. False: none. */
bool unwind_table_function(const struct unwind_table *t, uint64_t address, uint64_t *ret_start);

/* ---- spaces ---- */

enum unwind_region_kind {
    UNWIND_REGION_MODULE, /* file-backed, table may be NULL (no unwind data) */
    UNWIND_REGION_JIT,    /* anonymous executable memory: frame pointers and the leaf rule */
    UNWIND_REGION_THUNKS, /* the same, full of stubs that push a word and call: CPython's */
};

struct unwind_region {
    uint64_t start, end; /* absolute addresses, [start, end) */
    uint64_t bias;       /* absolute address - ELF virtual address */
    enum unwind_region_kind kind;
    const struct unwind_table *table; /* borrowed */
    uint32_t tag;                     /* the caller's: handed back with each frame */
};

struct unwind_space;

struct unwind_space *unwind_space_new(void);
struct unwind_space *unwind_space_clone(const struct unwind_space *space); /* fork */
void unwind_space_free(struct unwind_space *space);
void unwind_space_clear(struct unwind_space *space); /* exec */

/* Later maps replace what they overlap, as mmap(2) with MAP_FIXED does. */
void unwind_space_map(struct unwind_space *space, const struct unwind_region *region);

/* NULL: nothing executable is known to be mapped there. Valid until the next change. */
const struct unwind_region *unwind_space_find(const struct unwind_space *space, uint64_t address);

/* ---- unwinding ---- */

/* Registers at the sample. Three of them have names of their own, because every processor has them.
 */
enum { UNWIND_REGS = 17 };
struct unwind_regs {
    uint64_t ip, sp, bp;
    uint64_t reg[UNWIND_REGS]; /* DWARF numbering; [6] = rbp, [7] = rsp, [16] = rip on x86-64 */
};

/* The copied stack: bytes[0] lies at address sp. */
struct unwind_stack {
    const uint8_t *bytes;
    size_t len;
    uint64_t address;
    size_t wanted_bytes; /* what was asked for: len == wanted_bytes means the copy was full */
};

enum unwind_end {
    UNWIND_COMPLETE,  /* reached the thread's entry */
    UNWIND_TRUNCATED, /* the copied bytes ended and the copy was full */
    UNWIND_BROKEN,    /* no rule, an impossible frame or an unmapped address */
};

struct unwind_frame {
    uint64_t pc;     /* absolute; the address executing or returned to */
    uint64_t lookup; /* pc, or pc - 1 for a caller: the address to resolve */
    uint64_t sp;     /* the stack pointer there; a caller's: above the return address */
    uint32_t tag;    /* of the region; UINT32_MAX when pc lies in none */
    bool guess;      /* found by the leaf rule, frame pointers in unknown code or a stack scan */
};

struct unwind_result {
    uint32_t count; /* frames written, leaf first */
    enum unwind_end end;
    /* Not 0: the walk ended (UNWIND_BROKEN) where a signal handler with a stack of its own had
     * interrupted another; unwind_interrupted() tells where to go on with bytes of that one. */
    uint64_t signal_sp;
};

/* Registers of the code that a signal interrupted, from the frame that the kernel pushed for its
 * handler (signal_sp of a result). False: the frame is not in the bytes. */
bool unwind_interrupted(
    const struct unwind_stack *stack, uint64_t signal_sp, struct unwind_regs *ret_regs);

/* False: the call that returns to caller->pc is a direct one of a function in its own module, and
 * callee is in another: these two were hardly ever neighbours. For stacks that are read late. */
bool unwind_may_call(const struct unwind_space *space, const struct unwind_frame *caller,
    const struct unwind_frame *callee);

/*
 * A function that ends by jumping to another (a tail call) has no frame any more, but the call in
 * its caller still says that it was there. True: caller->pc returns from a direct call of a
 * function of its own module, and callee is of another module. *ret_address: where that function
 * jumps out of its module, else where it begins.
 */
bool unwind_tail_caller(const struct unwind_space *space, const struct unwind_frame *caller,
    const struct unwind_frame *callee, uint64_t *ret_address);

/* Was the function of `callee` called by the instruction before this address? Yes: it calls that
 * very function. Perhaps: it calls through a register or a stub, or cannot be seen. */
enum unwind_called { UNWIND_CALLED_NO, UNWIND_CALLED_PERHAPS, UNWIND_CALLED_YES };

enum unwind_called unwind_called_before(
    const struct unwind_space *space, uint64_t return_address, const struct unwind_frame *callee);

/* An unwinder: the compiled tables, or libunwind as reference and by request: it is not safe from
 * unwind data made to crash it. */
struct unwinder {
    const char *name; /* "table", "libunwind" */
    struct unwind_result (*run)(const struct unwind_space *space, const struct unwind_regs *regs,
        const struct unwind_stack *stack, struct unwind_frame *frames, uint32_t max);
};

extern const struct unwinder unwinder_table;
const struct unwinder *unwinder_libunwind(void); /* NULL when built without it */

#endif
