// SPDX-License-Identifier: MIT
#include "unwind/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "unwind/arch.h"
#include "unwind/cfi.h"

const struct unwind_rule unwind_rule_gap = { .kind = RULE_GAP };

enum {
    RULES_MAX = UINT16_MAX,
    PAGE_SHIFT = 8,
    PAGES_SLACK = 4096, /* pages may be this many more than rows before they get wider */
    RULE_GAP_ID = 0,    /* the first two rules are always these */
    RULE_ODD_ID = 1,
};

struct builder {
    struct cfi_reader reader;
    VEC(struct cfi_fde) fdes;
    VEC(uint32_t) pcs;
    VEC(uint16_t) rule_of;
    VEC(struct unwind_rule) rules;
    struct map rule_index;
    struct cfi_row last_row;
    uint16_t last_rule;
    bool has_last;
    bool go;
    uint64_t base;
    uint64_t limit; /* rows from here on belong to the next function */
};

/* ---- rows to rules ---- */

static bool compile_cfa(const struct cfi_row *row, struct unwind_rule *rule)
{
    rule->reg = row->reg;
    rule->cfa = row->offset;
    rule->cfa2 = row->offset2;
    switch ((enum cfi_cfa_kind)row->cfa) {
    case CFI_CFA_REG:
        rule->kind = row->reg == unwind_arch.sp   ? RULE_SP
                     : row->reg == unwind_arch.fp ? RULE_FP
                                                  : RULE_REG;
        rule->cfa2 = 0;
        return true;
    case CFI_CFA_DEREF:
        rule->kind = RULE_DEREF;
        return true;
    case CFI_CFA_PLT:
        rule->kind = RULE_PLT;
        rule->reg = 0;
        rule->cfa2 = 0;
        return true;
    case CFI_CFA_ODD:
        return false;
    }
    return false;
}

static bool compile_ra(const struct cfi_place *place, struct unwind_rule *rule)
{
    if (place->kind == CFI_AT_CFA) {
        rule->ra = PLACE_CFA;
        rule->ra_offset = place->offset;
        return true;
    }
    if (place->kind != CFI_IN_REG)
        return false;
    rule->ra = PLACE_REG;
    rule->ra_reg = place->reg;
    return true;
}

static bool compile_fp(const struct cfi_place *place, bool go, struct unwind_rule *rule)
{
    switch ((enum cfi_place_kind)place->kind) {
    case CFI_UNDEFINED: /* nobody may rely on it, so what it holds does no harm */
    case CFI_SAME:
        rule->fp = go ? PLACE_GO : PLACE_SAME;
        return true;
    case CFI_AT_CFA:
        rule->fp = PLACE_CFA;
        rule->fp_offset = place->offset;
        return true;
    case CFI_AT_REG:
        rule->fp = PLACE_REG;
        rule->fp_reg = place->reg;
        rule->fp_offset = place->offset;
        return true;
    case CFI_IN_REG:
    case CFI_PLACE_ODD:
        return false;
    }
    return false;
}

/* What is saved where can be followed once the CFA is found some other way. */
static struct unwind_rule odd_cfa(const struct unwind_rule *rule)
{
    return (struct unwind_rule){
        .kind = RULE_ODD,
        .ra = rule->ra,
        .ra_reg = rule->ra_reg,
        .ra_offset = rule->ra_offset,
        .fp = rule->fp,
        .fp_reg = rule->fp_reg,
        .fp_offset = rule->fp_offset,
    };
}

static struct unwind_rule compile(const struct cfi_row *row, bool go)
{
    struct unwind_rule rule = { 0 };
    const bool sp_is_cfa = row->sp.kind == CFI_SAME || row->sp.kind == CFI_UNDEFINED;
    if (row->signal)
        rule.kind = RULE_SIGNAL;
    else if (row->ra.kind == CFI_UNDEFINED)
        rule.kind = RULE_END;
    else if (!sp_is_cfa || !compile_ra(&row->ra, &rule) || !compile_fp(&row->fp, go, &rule))
        rule = (struct unwind_rule){ .kind = RULE_ODD };
    else if (!compile_cfa(row, &rule))
        rule = odd_cfa(&rule);
    return rule;
}

static uint64_t rule_hash(const struct unwind_rule *rule)
{
    uint64_t words[sizeof *rule / 8];
    static_assert(sizeof *rule == sizeof words, "no tail that the hash would miss");
    memcpy(words, rule, sizeof words);
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof words / 8; i++)
        hash = hash_mix(hash, words[i]);
    return hash;
}

/* The number of an equal rule, new or old. */
static uint16_t intern_rule(struct builder *b, const struct unwind_rule *rule)
{
    const uint64_t hash = rule_hash(rule);
    struct map_probe probe = map_probe(&b->rule_index, hash);
    uint32_t item;
    while (map_next(&probe, &item))
        if (memcmp(&b->rules.ptr[item], rule, sizeof *rule) == 0)
            return (uint16_t)item;
    if (b->rules.len == RULES_MAX)
        return RULE_ODD_ID;
    vec_push(&b->rules, *rule);
    map_add(&b->rule_index, hash, (uint32_t)(b->rules.len - 1));
    return (uint16_t)(b->rules.len - 1);
}

static void add_row(struct builder *b, uint64_t address, uint16_t rule)
{
    const uint32_t pc = (uint32_t)(address - b->base);
    if (b->pcs.len > 0 && b->pcs.ptr[b->pcs.len - 1] == pc) {
        b->pcs.len--;
        b->rule_of.len--;
    }
    if (b->pcs.len > 0 && b->rule_of.ptr[b->rule_of.len - 1] == rule)
        return;
    vec_push(&b->pcs, pc);
    vec_push(&b->rule_of, rule);
}

static bool row_equal(const struct cfi_row *a, const struct cfi_row *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void emit_row(void *ctx, uint64_t address, const struct cfi_row *row)
{
    struct builder *b = ctx;
    if (address >= b->limit)
        return;
    if (!b->has_last || !row_equal(&b->last_row, row)) {
        const struct unwind_rule rule = compile(row, b->go);
        b->last_rule = intern_rule(b, &rule);
        b->last_row = *row;
        b->has_last = true;
    }
    add_row(b, address, b->last_rule);
}

/* ---- collecting functions ---- */

static int compare_fdes(const void *a, const void *b)
{
    const struct cfi_fde *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void collect_at(void *ctx, size_t offset)
{
    struct builder *b = ctx;
    struct cfi_fde fde;
    if (cfi_next(&b->reader, &offset, &fde) == CFI_ENTRY_FDE)
        vec_push(&b->fdes, fde);
}

static void collect_all(struct builder *b)
{
    size_t offset = 0;
    struct cfi_fde fde;
    enum cfi_entry entry;
    while ((entry = cfi_next(&b->reader, &offset, &fde)) != CFI_ENTRY_END)
        if (entry == CFI_ENTRY_FDE)
            vec_push(&b->fdes, fde);
}

static void collect(struct builder *b, const struct unwind_sections *s)
{
    const struct unwind_section *hdr = &s->eh_frame_hdr;
    const struct unwind_section *frame = s->eh_frame.len ? &s->eh_frame : &s->debug_frame;
    cfi_init(&b->reader, frame->ptr, frame->len, frame->address, s->eh_frame.len == 0);
    if (s->eh_frame.len && hdr->len)
        cfi_hdr_each(hdr->ptr, hdr->len, hdr->address, frame->address, collect_at, b);
    if (b->fdes.len == 0)
        collect_all(b);
    bool sorted = true;
    for (size_t i = 1; i < b->fdes.len && sorted; i++)
        sorted = compare_fdes(&b->fdes.ptr[i - 1], &b->fdes.ptr[i]) < 0;
    if (!sorted)
        qsort(b->fdes.ptr, b->fdes.len, sizeof *b->fdes.ptr, compare_fdes);
}

/* ---- building ---- */

/* Functions that start at the same address are one (the linker folded them); overlapping ones end
 * where the next starts. Returns how many are left. */
static size_t drop_unusable(struct builder *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->fdes.len; i++) {
        struct cfi_fde *fde = &b->fdes.ptr[i];
        struct cfi_fde *last = kept ? &b->fdes.ptr[kept - 1] : NULL;
        if (last && fde->start == last->start)
            continue;
        if (fde->end - b->fdes.ptr[0].start > UINT32_MAX - 1)
            continue;
        if (last && last->end > fde->start)
            last->end = fde->start;
        b->fdes.ptr[kept++] = *fde;
    }
    return b->fdes.len = kept;
}

static void run_functions(struct builder *b)
{
    b->base = b->fdes.ptr[0].start;
    const struct unwind_rule odd = { .kind = RULE_ODD };
    intern_rule(b, &unwind_rule_gap);
    intern_rule(b, &odd);
    for (size_t i = 0; i < b->fdes.len; i++) {
        const struct cfi_fde *fde = &b->fdes.ptr[i];
        b->limit = fde->end;
        cfi_run(&b->reader, fde, emit_row, b);
        add_row(b, fde->end, RULE_GAP_ID);
    }
}

static void index_pages(struct unwind_table *t)
{
    t->page_shift = PAGE_SHIFT;
    while ((t->span >> t->page_shift) > (uint64_t)t->row_count + PAGES_SLACK)
        t->page_shift++;
    const size_t count = ((size_t)t->span >> t->page_shift) + 2;
    t->pages = xcalloc(count, sizeof *t->pages);
    uint32_t row = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t start = (uint64_t)i << t->page_shift;
        while (row + 1 < t->row_count && t->pcs[row + 1] <= start)
            row++;
        t->pages[i] = row;
    }
}

/* Moves what was built into the table, without slack. */
static void finish(struct builder *b, struct unwind_table *t)
{
    t->base = b->base;
    t->span = (uint32_t)(b->fdes.ptr[b->fdes.len - 1].end - b->base);
    t->row_count = (uint32_t)b->pcs.len;
    t->rule_count = (uint32_t)b->rules.len;
    t->fde_count = (uint32_t)b->fdes.len;
    t->pcs = xreallocarray(b->pcs.ptr, b->pcs.len, sizeof *t->pcs);
    t->rule_of = xreallocarray(b->rule_of.ptr, b->rule_of.len, sizeof *t->rule_of);
    t->rules = xreallocarray(b->rules.ptr, b->rules.len, sizeof *t->rules);
    t->starts = xcalloc(b->fdes.len, sizeof *t->starts);
    for (size_t i = 0; i < b->fdes.len; i++)
        t->starts[i] = (uint32_t)(b->fdes.ptr[i].start - b->base);
    index_pages(t);
}

static bool build(struct unwind_table *t, const struct unwind_sections *s)
{
    struct builder *b = xcalloc(1, sizeof *b);
    b->go = s->has_go_pclntab;
    if (s->eh_frame.len || s->debug_frame.len)
        collect(b, s);
    const bool any = b->fdes.len > 0 && drop_unusable(b) > 0;
    if (any) {
        run_functions(b);
        finish(b, t);
    }
    vec_done(&b->fdes);
    map_done(&b->rule_index);
    free(b);
    return any;
}

struct unwind_table *unwind_table_new(const struct unwind_sections *s, struct err *e)
{
    struct unwind_table *t = xcalloc(1, sizeof *t);
    t->go = s->has_go_pclntab;
    t->text = s->text;
    t->eh_frame = s->eh_frame;
    t->plt_address = s->plt.address;
    t->plt_len = s->plt.len;
    if (!build(t, s) && !t->go && t->text.len == 0) {
        free(t);
        err_set(e, ERR_NOT_FOUND, "no unwind data");
        return NULL;
    }
    return t;
}

void unwind_table_free(struct unwind_table *t)
{
    if (!t)
        return;
    free(t->pages);
    free(t->pcs);
    free(t->rule_of);
    free(t->rules);
    free(t->starts);
    free(t);
}

size_t unwind_table_bytes(const struct unwind_table *t)
{
    const size_t pages = t->pages ? (t->span >> t->page_shift) + 2 : 0;
    return sizeof *t + pages * sizeof *t->pages +
           t->row_count * (sizeof *t->pcs + sizeof *t->rule_of) + t->rule_count * sizeof *t->rules +
           t->fde_count * sizeof *t->starts;
}

bool table_extent(
    const struct unwind_table *t, uint64_t address, uint64_t *ret_start, uint64_t *ret_end)
{
    if (table_rule(t, address)->kind == RULE_GAP)
        return false;
    const uint64_t pc = address - t->base;
    uint32_t at = 0, count = t->fde_count;
    while (count > 1) {
        const uint32_t half = count / 2;
        at += t->starts[at + half] <= pc ? half : 0;
        count -= half;
    }
    *ret_start = t->base + t->starts[at];
    *ret_end = t->base + (at + 1 < t->fde_count ? t->starts[at + 1] : t->span);
    return true;
}

bool unwind_table_function(const struct unwind_table *t, uint64_t address, uint64_t *ret_start)
{
    uint64_t end;
    return table_extent(t, address, ret_start, &end);
}

bool table_covers_any(const struct unwind_table *t, uint64_t from, uint64_t to)
{
    if (t->row_count == 0 || to <= t->base || from >= t->base + t->span || from >= to)
        return false;
    if (from < t->base || table_rule(t, from)->kind != RULE_GAP)
        return true;
    /* In a gap, so the function that follows decides. */
    uint32_t at = 0, count = t->fde_count;
    while (count > 0) {
        const uint32_t half = count / 2;
        const bool before = t->base + t->starts[at + half] < from;
        at += before ? half + 1 : 0;
        count = before ? count - half - 1 : half;
    }
    return at < t->fde_count && t->base + t->starts[at] < to;
}
