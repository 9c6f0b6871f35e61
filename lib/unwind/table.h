// SPDX-License-Identifier: MIT
/*
 * Compiled unwind data of one module, laid out for one question: how does the frame lie at this
 * address? Internal to lib/unwind.
 *
 *     pages[]     for each page of 2^shift bytes: the row in force at its start
 *     pcs[]       where rows start, rising, as distances from base
 *     rule_of[]   which rule holds from there
 *     rules[]     the few hundred different rules
 *
 * A row is 6 bytes; rows that repeat the rule before them are left out.
 */
#ifndef PROF_UNWIND_TABLE_H
#define PROF_UNWIND_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/unwind.h"

enum unwind_rule_kind {
    RULE_GAP,    /* no unwind data here */
    RULE_END,    /* the outermost frame */
    RULE_ODD,    /* more than a rule can say; of the CFA only when ra is PLACE_CFA */
    RULE_SIGNAL, /* trampoline under a signal handler: all registers are in the kernel's frame */
    RULE_SP,     /* CFA = SP + cfa */
    RULE_FP,     /* CFA = FP + cfa */
    RULE_REG,    /* CFA = reg + cfa; where all registers are known */
    RULE_DEREF,  /* CFA = *(reg + cfa) + cfa2 */
    RULE_PLT,    /* CFA = SP + 8, + 8 when the low bits of IP are at least cfa */
};

/* Where the caller's value is. */
enum unwind_place {
    PLACE_SAME,
    PLACE_CFA, /* memory at CFA + offset */
    PLACE_REG, /* fp: memory at reg + offset; ra: the register itself */
    PLACE_GO,  /* fp: at CFA - 16 when FP points there: Go's prologue saves it without saying so */
};

struct unwind_rule {
    uint8_t kind;   /* enum unwind_rule_kind */
    uint8_t reg;    /* of the CFA */
    uint8_t ra, fp; /* enum unwind_place */
    uint8_t ra_reg, fp_reg;
    uint16_t unused;
    int32_t cfa, cfa2;
    int32_t ra_offset, fp_offset;
};

struct unwind_table {
    uint64_t base; /* ELF address of the first row */
    uint32_t span; /* addresses from base on that rows speak of */
    uint32_t row_count, rule_count, fde_count;
    uint8_t page_shift;
    bool go;
    uint32_t *pages;
    uint32_t *pcs;
    uint16_t *rule_of;
    struct unwind_rule *rules;
    uint32_t *starts;               /* of functions, rising, as distances from base */
    struct unwind_section text;     /* borrowed */
    struct unwind_section eh_frame; /* borrowed, for libunwind */
    uint64_t plt_address, plt_len;
};

extern const struct unwind_rule unwind_rule_gap;

/* The rule at an ELF address. */
static inline const struct unwind_rule *table_rule(const struct unwind_table *t, uint64_t address)
{
    const uint64_t distance = address - t->base;
    if (distance >= t->span)
        return &unwind_rule_gap;
    const uint32_t pc = (uint32_t)distance;
    uint32_t row = t->pages[pc >> t->page_shift];
    uint32_t count = t->pages[(pc >> t->page_shift) + 1] - row + 1;
    while (count > 1) {
        const uint32_t half = count / 2;
        row += t->pcs[row + half] <= pc ? half : 0;
        count -= half;
    }
    return &t->rules[t->rule_of[row]];
}

/* [*ret_start, *ret_end) of the function at an ELF address, by its FDE and the next. False: none.
 */
bool table_extent(
    const struct unwind_table *t, uint64_t address, uint64_t *ret_start, uint64_t *ret_end);

/* Is any address in [from, to) covered by unwind data? */
bool table_covers_any(const struct unwind_table *t, uint64_t from, uint64_t to);

#endif
