// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <string.h>

#include "base/compiler.h"
#include "tests/unit/unwind/sections.h"
#include "unwind/table.h"

static struct unwind_table *build(const struct section_writer *w)
{
    const struct unwind_sections s = { .eh_frame = section_get(w) };
    return unwind_table_new(&s, NULL);
}

static struct unwind_table *build_one(const void *program, size_t len)
{
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    section_add_fde(&w, 0x1000, 0x100, program, len);
    return build(&w);
}

struct row {
    const char *name;
    const char *program;
    size_t len;
    uint64_t address;
    struct unwind_rule want;
};

#define ROW(name, program, address, ...)                                                           \
    {                                                                                              \
        name, program, sizeof(program) - 1, address,                                               \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define RA .ra = PLACE_CFA, .ra_offset = -8
#define SAVED_FP .fp = PLACE_CFA, .fp_offset = -16
#define PUSH_FP "\x41\x0e\x10\x86\x02"
#define FP_FRAME PUSH_FP "\x43\x0d\x06"
#define PLT "\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22"

/* Each program, and the rule it must give at an address of the function 0x1000 to 0x1100. */
static const struct row rows[] = {
    ROW("entry", "", 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 8, RA),
    ROW("before", "", 0xfff, .kind = RULE_GAP),
    ROW("last byte", "", 0x10ff, .kind = RULE_SP, .reg = 7, .cfa = 8, RA),
    ROW("behind", "", 0x1100, .kind = RULE_GAP),
    ROW("before push", FP_FRAME, 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 8, RA),
    ROW("after push", FP_FRAME, 0x1001, .kind = RULE_SP, .reg = 7, .cfa = 16, RA, SAVED_FP),
    ROW("still after push", FP_FRAME, 0x1003, .kind = RULE_SP, .reg = 7, .cfa = 16, RA, SAVED_FP),
    ROW("frame pointer", FP_FRAME, 0x1004, .kind = RULE_FP, .reg = 6, .cfa = 16, RA, SAVED_FP),
    ROW("advance1", "\x02\x80\x0e\x30", 0x1080, .kind = RULE_SP, .reg = 7, .cfa = 48, RA),
    ROW("advance2", "\x03\x90\x00\x0e\x30", 0x108f, .kind = RULE_SP, .reg = 7, .cfa = 8, RA),
    ROW("advance4", "\x04\x90\x00\x00\x00\x0e\x30", 0x1090, .kind = RULE_SP, .reg = 7, .cfa = 48,
        RA),
    ROW("advance past the end", "\x04\x00\x01\x00\x00\x0e\x30", 0x10ff, .kind = RULE_SP, .reg = 7,
        .cfa = 8, RA),
    ROW("nested states, innermost", "\x0a\x0e\x10\x0a\x0e\x20\x41\x0b\x41\x0b", 0x1000,
        .kind = RULE_SP, .reg = 7, .cfa = 32, RA),
    ROW("nested states, one back", "\x0a\x0e\x10\x0a\x0e\x20\x41\x0b\x41\x0b", 0x1001,
        .kind = RULE_SP, .reg = 7, .cfa = 16, RA),
    ROW("nested states, both back", "\x0a\x0e\x10\x0a\x0e\x20\x41\x0b\x41\x0b", 0x1002,
        .kind = RULE_SP, .reg = 7, .cfa = 8, RA),
    ROW("restore of a state that was not kept", "\x41\x0b", 0x1001, .kind = RULE_ODD),
    ROW("restore of a register", FP_FRAME "\x41\x0c\x07\x08\xc6", 0x1005, .kind = RULE_SP, .reg = 7,
        .cfa = 8, RA),
    ROW("restore_extended", FP_FRAME "\x41\x0c\x07\x08\x06\x06", 0x1005, .kind = RULE_SP, .reg = 7,
        .cfa = 8, RA),
    ROW("same value", FP_FRAME "\x41\x08\x06", 0x1005, .kind = RULE_FP, .reg = 6, .cfa = 16, RA),
    ROW("offset_extended", "\x05\x06\x04", 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 8, RA,
        .fp = PLACE_CFA, .fp_offset = -32),
    ROW("offset_extended_sf", "\x11\x06\x7e", 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 8, RA,
        .fp = PLACE_CFA, .fp_offset = 16),
    ROW("def_cfa_sf", "\x12\x06\x7e", 0x1000, .kind = RULE_FP, .reg = 6, .cfa = 16, RA),
    ROW("def_cfa_offset_sf", "\x13\x7d", 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 24, RA),
    ROW("another register", "\x0c\x0a\x00", 0x1000, .kind = RULE_REG, .reg = 10, RA),
    ROW("realigned", "\x10\x06\x02\x76\x00\x0f\x03\x76\x78\x06", 0x1000, .kind = RULE_DEREF,
        .reg = 6, .cfa = -8, RA, .fp = PLACE_REG, .fp_reg = 6),
    ROW("dereference and add",
        "\x0f\x05\x77\xe0\x00\x06\x23\x08"
        "",
        0x1000, .kind = RULE_ODD),
    ROW("dereference, add 8", "\x0f\x06\x77\xe0\x00\x06\x23\x08", 0x1000, .kind = RULE_DEREF,
        .reg = 7, .cfa = 96, .cfa2 = 8, RA),
    ROW("dereference, literal plus", "\x0f\x05\x77\x10\x06\x38\x22", 0x1000, .kind = RULE_DEREF,
        .reg = 7, .cfa = 16, .cfa2 = 8, RA),
    ROW("register by expression", "\x0f\x02\x77\x18", 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 24,
        RA),
    ROW("lazy PLT", PLT, 0x1000, .kind = RULE_PLT, .cfa = 11, RA),
    ROW("root", "\x07\x10", 0x1000, .kind = RULE_END),
    ROW("return address in a register", "\x0e\x00\x09\x10\x05", 0x1000, .kind = RULE_SP, .reg = 7,
        .ra = PLACE_REG, .ra_reg = 5),
    ROW("an expression nobody knows", "\x0f\x03\x77\x00\x12", 0x1000, .kind = RULE_ODD),
    ROW("SP of its own", "\x87\x03", 0x1000, .kind = RULE_ODD),
    ROW("SP is the CFA, said aloud", "\x14\x07\x00", 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 8,
        RA),
    ROW("FP by value", "\x14\x06\x01", 0x1000, .kind = RULE_ODD),
    ROW("args_size means nothing here", "\x2e\x20\x41\x0e\x10", 0x1001, .kind = RULE_SP, .reg = 7,
        .cfa = 16, RA),
    ROW("unknown opcode", "\x0e\x10\x3f", 0x1000, .kind = RULE_ODD),
    ROW("cut operand", "\x0e\x80", 0x1000, .kind = RULE_SP, .reg = 7, .cfa = 0, RA),
    ROW("offset beyond 32 bits", "\x0e\x80\x80\x80\x80\x80\x01", 0x1000, .kind = RULE_ODD),
    ROW("register beyond the processor's", "\x0c\x40\x08", 0x1000, .kind = RULE_ODD),
};

static bool same_rule(const struct unwind_rule *a, const struct unwind_rule *b)
{
    if (a->kind != b->kind || a->kind <= RULE_SIGNAL)
        return a->kind == b->kind;
    return memcmp(a, b, sizeof *a) == 0;
}

Test(unwind_table, programs_give_their_rules)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct unwind_table *t = build_one(r->program, r->len);
        cr_assert_not_null(t, "%s", r->name);
        const struct unwind_rule *rule = table_rule(t, r->address);
        cr_expect(same_rule(rule, &r->want), "%s: kind %u reg %u cfa %d %d, ra %u %d, fp %u %u %d",
            r->name, rule->kind, rule->reg, rule->cfa, rule->cfa2, rule->ra, rule->ra_offset,
            rule->fp, rule->fp_reg, rule->fp_offset);
        unwind_table_free(t);
    }
}

Test(unwind_table, nesting_deeper_than_the_limit_is_odd)
{
    char program[256];
    memset(program, 0x0a, 200);
    struct unwind_table *t = build_one(program, 200);
    cr_expect_eq(table_rule(t, 0x1000)->kind, RULE_ODD);
    unwind_table_free(t);
}

Test(unwind_table, signal_augmentation_marks_the_trampoline)
{
    struct section_writer w = { 0 };
    section_add_cie(&w, "zRS");
    SECTION_FDE(&w, 0x2000, 0x10, "");
    struct unwind_table *t = build(&w);
    cr_expect_eq(table_rule(t, 0x2005)->kind, RULE_SIGNAL);
    unwind_table_free(t);
}

Test(unwind_table, functions_are_sorted_and_overlaps_end_at_the_next)
{
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, 0x3000, 0x100, "\x0e\x30");
    SECTION_FDE(&w, 0x1000, 0x100, "\x0e\x10\x02\x90\x0e\x50"); /* the advance is cut off */
    SECTION_FDE(&w, 0x1080, 0x20, "\x0e\x20");
    SECTION_FDE(&w, 0x1080, 0x20, "\x0e\x40"); /* folded into the one before */
    struct unwind_table *t = build(&w);
    static const struct {
        uint64_t address, start;
        int32_t cfa;
    } want[] = {
        { 0x1000, 0x1000, 16 },
        { 0x107f, 0x1000, 16 },
        { 0x1080, 0x1080, 32 },
        { 0x109f, 0x1080, 32 },
        { 0x30ff, 0x3000, 48 },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(want); i++) {
        uint64_t start = 0;
        cr_expect_eq(table_rule(t, want[i].address)->cfa, want[i].cfa, "row %zu", i);
        cr_expect(unwind_table_function(t, want[i].address, &start), "row %zu", i);
        cr_expect_eq(start, want[i].start, "row %zu: %#lx", i, start);
    }
    uint64_t start;
    cr_expect_not(unwind_table_function(t, 0x10a0, &start));
    cr_expect_not(unwind_table_function(t, 0x3100, &start));
    cr_expect_eq(t->fde_count, 3);
    cr_expect(table_covers_any(t, 0x10a0, 0x3001));
    cr_expect_not(table_covers_any(t, 0x10a0, 0x3000));
    unwind_table_free(t);
}

Test(unwind_table, thousands_of_functions_are_found_by_page)
{
    enum { COUNT = 5000, SIZE = 48 };
    static uint8_t bytes[COUNT * 32 + 64];
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    memcpy(bytes, w.bytes, w.len);
    size_t len = w.len;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct section_writer one = { .cie = 0 };
        const char program[] = { 0x44, 0x0e, (char)(8 + 8 * (i % 8)) };
        section_add_fde(&one, 0x200000 + i * SIZE, SIZE - (i % 3 == 0 ? 16 : 0), program, 3);
        const uint32_t cie = (uint32_t)len + 4;
        const uint32_t start = 0x200000 + i * SIZE - (uint32_t)(SECTION_ADDRESS + len + 8);
        memcpy(one.bytes + 4, &cie, 4);
        memcpy(one.bytes + 8, &start, 4);
        memcpy(bytes + len, one.bytes, one.len);
        len += one.len;
    }
    const struct unwind_sections s = { .eh_frame = { bytes, len, SECTION_ADDRESS } };
    struct unwind_table *t = unwind_table_new(&s, NULL);
    cr_assert_eq(t->fde_count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint64_t at = 0x200000 + i * SIZE;
        cr_expect_eq(table_rule(t, at + 3)->cfa, 8);
        cr_expect_eq(table_rule(t, at + 4)->cfa, (int32_t)(8 + 8 * (i % 8)));
        cr_expect_eq(table_rule(t, at + SIZE - 1)->kind, i % 3 == 0 ? RULE_GAP : RULE_SP);
    }
    cr_expect_lt(t->rule_count, 12);
    unwind_table_free(t);
}

Test(unwind_table, entries_behind_a_terminator_are_read)
{
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, 0x1000, 0x100, "\x0e\x10");
    w.len += 4; /* a length of zero */
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, 0x2000, 0x100, "\x0e\x20");
    struct unwind_table *t = build(&w);
    cr_expect_eq(table_rule(t, 0x1000)->cfa, 16);
    cr_expect_eq(table_rule(t, 0x2000)->cfa, 32);
    unwind_table_free(t);
}

Test(unwind_table, header_chooses_the_functions_and_a_wrong_one_does_no_harm)
{
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    const size_t first = w.len;
    SECTION_FDE(&w, 0x1000, 0x100, "\x0e\x10");
    SECTION_FDE(&w, 0x2000, 0x100, "\x0e\x20");
    struct {
        uint8_t head[4];
        int32_t eh_frame;
        uint32_t count;
        int32_t entry[2];
    } hdr = { { 1, 0x1b, 0x03, 0x3b }, 0, 1, { 0, 0 } };
    const uint64_t hdr_address = SECTION_ADDRESS - 0x1000;
    struct unwind_sections s = { .eh_frame = section_get(&w),
        .eh_frame_hdr = { (const uint8_t *)&hdr, sizeof hdr, hdr_address } };

    hdr.entry[1] = 0x1000 + (int32_t)first;
    struct unwind_table *t = unwind_table_new(&s, NULL);
    cr_expect_eq(t->fde_count, 1);
    cr_expect_eq(table_rule(t, 0x1000)->cfa, 16);
    unwind_table_free(t);

    hdr.entry[1] = 0x12345678; /* nowhere: all functions are looked for */
    t = unwind_table_new(&s, NULL);
    cr_expect_eq(t->fde_count, 2);
    unwind_table_free(t);

    hdr.count = 1000000; /* more than there is room for */
    t = unwind_table_new(&s, NULL);
    cr_expect_eq(t->fde_count, 2);
    unwind_table_free(t);
}

Test(unwind_table, nothing_usable_is_no_table)
{
    struct err e = { 0 };
    const struct unwind_sections none = { 0 };
    cr_expect_null(unwind_table_new(&none, &e));
    cr_expect_eq(e.code, ERR_NOT_FOUND);
    err_done(&e);
    const struct unwind_sections go = { .has_go_pclntab = true };
    struct unwind_table *t = unwind_table_new(&go, NULL);
    cr_assert_not_null(t);
    cr_expect_eq(table_rule(t, 0x1000)->kind, RULE_GAP);
    unwind_table_free(t);
}

Test(unwind_table, every_cut_of_a_section_is_survived)
{
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, 0x1000, 0x100, FP_FRAME);
    SECTION_FDE(&w, 0x2000, 0x100, PLT);
    for (size_t len = 0; len <= w.len; len++) {
        const struct unwind_sections s = { .eh_frame = { w.bytes, len, SECTION_ADDRESS } };
        unwind_table_free(unwind_table_new(&s, NULL));
    }
}

/* .debug_frame: absolute 8-byte addresses, CIEs by their offset in the section, id of all ones. */
Test(unwind_table, debug_frame_is_read_when_there_is_no_eh_frame)
{
    static const uint8_t bytes[] = { 0x14, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 3, 0, 1, 0x78, 16, 0x0c,
        7, 8, 0x90, 1, 0, 0, 0, 0, 0, 0,                   /* CIE, 24 bytes */
        0x1c, 0, 0, 0, 0, 0, 0, 0,                         /* FDE of the CIE at 0 */
        0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, /* 0x1000, 0x100 bytes */
        0x44, 0x0e, 0x20, 0, 0, 0, 0, 0 };
    const struct unwind_sections s = { .debug_frame = { bytes, sizeof bytes, 0 } };
    struct unwind_table *t = unwind_table_new(&s, NULL);
    cr_assert_not_null(t);
    cr_expect_eq(table_rule(t, 0x1003)->cfa, 8);
    cr_expect_eq(table_rule(t, 0x1004)->cfa, 32);
    cr_expect_eq(table_rule(t, 0x1100)->kind, RULE_GAP);
    unwind_table_free(t);
}
