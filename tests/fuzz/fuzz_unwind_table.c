// SPDX-License-Identifier: MIT
/*
 * Unwind data of a module made to crash its reader. Input:
 *
 *     u8 kind    0: .debug_frame, else .eh_frame
 *     u16 size   of .eh_frame_hdr, which follows
 *     the rest is the section
 *
 * What is built must hold together: rows rise, the page index finds what a plain search finds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/table.h"
#include "unwind/unwind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_BYTES = 3 };
#define FRAME_ADDRESS UINT64_C(0x100000)
#define HDR_ADDRESS UINT64_C(0xf0000)

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_rows(const struct unwind_table *t)
{
    for (uint32_t i = 0; i < t->row_count; i++) {
        must(t->rule_of[i] < t->rule_count);
        must(i == 0 || t->pcs[i] > t->pcs[i - 1]);
        must(t->pcs[i] <= t->span);
        if (t->pcs[i] < t->span)
            must(table_rule(t, t->base + t->pcs[i]) == &t->rules[t->rule_of[i]]);
        if (i > 0)
            must(table_rule(t, t->base + t->pcs[i] - 1) == &t->rules[t->rule_of[i - 1]]);
    }
    must(table_rule(t, t->base - 1)->kind == RULE_GAP);
    must(table_rule(t, t->base + t->span)->kind == RULE_GAP);
}

static void check_functions(const struct unwind_table *t)
{
    for (uint32_t i = 0; i < t->fde_count; i++) {
        uint64_t start;
        must(i == 0 || t->starts[i] > t->starts[i - 1]);
        must(unwind_table_function(t, t->base + t->starts[i], &start));
        must(start == t->base + t->starts[i]);
        must(table_covers_any(t, start, start + 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER_BYTES)
        return 0;
    const size_t hdr_size = data[1] | (size_t)data[2] << 8;
    if (hdr_size > size - HEADER_BYTES)
        return 0;
    const uint8_t *hdr = data + HEADER_BYTES;
    const struct unwind_section frame = { hdr + hdr_size, size - HEADER_BYTES - hdr_size,
        FRAME_ADDRESS };
    struct unwind_sections sections = { .has_go_pclntab = data[0] == 2 };
    *(data[0] ? &sections.eh_frame : &sections.debug_frame) = frame;
    sections.eh_frame_hdr = (struct unwind_section){ hdr, hdr_size, HDR_ADDRESS };
    struct unwind_table *t = unwind_table_new(&sections, NULL);
    if (t && t->row_count > 0) {
        check_rows(t);
        check_functions(t);
        must(unwind_table_bytes(t) <= 64 * size + 65536);
    }
    unwind_table_free(t);
    return 0;
}
