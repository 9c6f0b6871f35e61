// SPDX-License-Identifier: MIT
/*
 * libunwind as a second unwinder on the same bytes: the reference in tests, and a switch. Never
 * used unasked: expressions in a file made for it can crash libunwind 1.6 (found by fuzzing). Only
 * .eh_frame; no files, no other process.
 *
 * libunwind asks for memory by address. Three kinds exist: the stack's copy, the .eh_frame of a
 * module, and for each module a sorted list of its functions that we make up in the layout of
 * .eh_frame_hdr and hand out at an address where no process has memory.
 */
#include "unwind/space.h"

#ifdef PROF_HAVE_LIBUNWIND

#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/vec.h"
#include "unwind/arch.h"
#include "unwind/cfi.h"
#include "unwind/table.h"

/* Not in a public header; perf relies on it as well (tools/perf/util/unwind-libunwind-local.c). */
int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *info,
    unw_proc_info_t *proc, int need_unwind_info, void *arg);

enum {
    CACHE_ENTRIES = 8192,
    FELL_OFF_BYTES = 1 << 20, /* how far behind the copy the stack's next part is looked for */
    READS_MAX = 1 << 20,      /* per stack: an expression in a hostile file may loop */
};

#define LIST_ADDRESS UINT64_C(0xffff800000000000)

/* What remote lookup in libunwind expects: distances from a base, sorted by the first. */
struct list_entry {
    int32_t start;
    int32_t fde;
};

/* The functions of a table, as distances from its base; where the module is mapped. */
struct list {
    const struct unwind_table *table;
    uint64_t bias;
    VEC(struct list_entry) entries;
};

struct unwind_reference {
    unw_addr_space_t as; /* NULL: not used yet */
    struct list *lists;
    size_t list_count;
    bool stale;
};

/* One run; libunwind hands it to the accessors. */
struct visit {
    struct unwind_reference *reference;
    const struct unwind_space *space;
    const struct unwind_regs *regs;
    const struct unwind_stack *stack;
    const struct list *list; /* of the function looked up last */
    bool moved;              /* past the first frame */
    bool fell_off;
    uint32_t reads;
};

/* ---- lists of functions ---- */

static int compare_entries(const void *a, const void *b)
{
    const struct list_entry *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static void fill_list(struct list *list)
{
    const struct unwind_section *s = &list->table->eh_frame;
    struct cfi_reader *reader = xmalloc(sizeof *reader);
    cfi_init(reader, s->ptr, s->len, s->address, false);
    size_t offset = 0;
    struct cfi_fde fde;
    enum cfi_entry kind;
    while ((kind = cfi_next(reader, &offset, &fde)) != CFI_ENTRY_END) {
        const int64_t start = (int64_t)(fde.start - list->table->base);
        const int64_t at = (int64_t)(s->address + fde.offset - list->table->base);
        if (kind == CFI_ENTRY_FDE && start == (int32_t)start && at == (int32_t)at)
            vec_push(&list->entries, ((struct list_entry){ (int32_t)start, (int32_t)at }));
    }
    free(reader);
    if (list->entries.len > 0)
        qsort(list->entries.ptr, list->entries.len, sizeof *list->entries.ptr, compare_entries);
}

static const struct list *list_of(
    struct unwind_reference *r, const struct unwind_table *table, uint64_t bias)
{
    for (size_t i = 0; i < r->list_count; i++)
        if (r->lists[i].table == table && r->lists[i].bias == bias)
            return &r->lists[i];
    r->lists = xreallocarray(r->lists, r->list_count + 1, sizeof *r->lists);
    struct list *list = &r->lists[r->list_count++];
    *list = (struct list){ .table = table, .bias = bias };
    fill_list(list);
    return list;
}

/* ---- accessors ---- */

static int find_proc_info(
    unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *ret_proc, int need_unwind_info, void *arg)
{
    struct visit *v = arg;
    const struct unwind_region *region = unwind_space_find(v->space, ip);
    const struct unwind_table *t = region ? region->table : NULL;
    if (!t || t->fde_count == 0 || t->eh_frame.len == 0)
        return -UNW_ENOINFO;
    v->list = list_of(v->reference, t, region->bias);
    unw_dyn_info_t info = {
        .start_ip = region->bias + t->base,
        .end_ip = region->bias + t->base + t->span,
        .format = UNW_INFO_FORMAT_REMOTE_TABLE,
        .u.rti = {
            .segbase = region->bias + t->base,
            .table_data = LIST_ADDRESS,
            .table_len = v->list->entries.len * sizeof(struct list_entry) / sizeof(unw_word_t),
        },
    };
    return UNW_OBJ(dwarf_search_unwind_table)(as, ip, &info, ret_proc, need_unwind_info, arg);
}

static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *proc, void *arg)
{
    (void)as, (void)proc, (void)arg;
}

static int get_dyn_info_list_addr(unw_addr_space_t as, unw_word_t *ret_address, void *arg)
{
    (void)as, (void)ret_address, (void)arg;
    return -UNW_ENOINFO;
}

static bool copy_word(const void *bytes, size_t len, uint64_t at, unw_word_t *ret_value)
{
    if (len < sizeof *ret_value || at > len - sizeof *ret_value)
        return false;
    memcpy(ret_value, (const char *)bytes + at, sizeof *ret_value);
    return true;
}

/* As above, but the last word may end behind the bytes: libunwind reads whole words. */
static bool copy_section(const struct unwind_section *s, uint64_t address, unw_word_t *ret_value)
{
    const uint64_t at = address - s->address;
    if (at >= s->len)
        return false;
    *ret_value = 0;
    const size_t rest = s->len - (size_t)at;
    memcpy(ret_value, s->ptr + at, rest < sizeof *ret_value ? rest : sizeof *ret_value);
    return true;
}

/* Unwind data of the modules met so far: a cached frame's expressions are read without the module
 * being looked up. */
static bool copy_frame_data(const struct visit *v, uint64_t address, unw_word_t *ret_value)
{
    for (size_t i = 0; i < v->reference->list_count; i++) {
        const struct list *list = &v->reference->lists[i];
        if (copy_section(&list->table->eh_frame, address - list->bias, ret_value))
            return true;
    }
    return false;
}

/* Code is read to recognise signal trampolines and PLT stubs. */
static bool copy_code(const struct visit *v, uint64_t address, unw_word_t *ret_value)
{
    const struct unwind_region *code = unwind_space_find(v->space, address);
    return code && code->table && copy_section(&code->table->text, address - code->bias, ret_value);
}

static bool copy_list(const struct visit *v, uint64_t address, unw_word_t *ret_value)
{
    return v->list &&
           copy_word(v->list->entries.ptr, v->list->entries.len * sizeof(struct list_entry),
               address - LIST_ADDRESS, ret_value);
}

static int access_mem(
    unw_addr_space_t as, unw_word_t address, unw_word_t *value, int write, void *arg)
{
    (void)as;
    struct visit *v = arg;
    if (write || ++v->reads > READS_MAX)
        return -UNW_EINVAL;
    const uint64_t in_stack = address - v->stack->address;
    if (copy_word(v->stack->bytes, v->stack->len, in_stack, value) ||
        copy_list(v, address, value) || copy_frame_data(v, address, value) ||
        copy_code(v, address, value))
        return 0;
    v->fell_off = in_stack < v->stack->len + FELL_OFF_BYTES;
    return -UNW_EINVAL;
}

static int access_reg(
    unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value, int write, void *arg)
{
    (void)as;
    const struct visit *v = arg;
    if (write || reg < 0 || reg >= UNWIND_REGS) /* libunwind numbers x86-64's as DWARF does */
        return -UNW_EBADREG;
    *value = v->regs->reg[reg];
    return 0;
}

static int access_fpreg(
    unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value, int write, void *arg)
{
    (void)as, (void)reg, (void)value, (void)write, (void)arg;
    return -UNW_EBADREG;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
    (void)as, (void)cursor, (void)arg;
    return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t as, unw_word_t address, char *name, size_t len,
    unw_word_t *ret_offset, void *arg)
{
    (void)as, (void)address, (void)name, (void)len, (void)ret_offset, (void)arg;
    return -UNW_ENOINFO;
}

/* ---- life ---- */

struct unwind_reference *reference_new(void)
{
    return xcalloc(1, sizeof(struct unwind_reference));
}

static void drop_lists(struct unwind_reference *r)
{
    for (size_t i = 0; i < r->list_count; i++)
        vec_done(&r->lists[i].entries);
    free(r->lists);
    r->lists = NULL;
    r->list_count = 0;
}

void reference_free(struct unwind_reference *r)
{
    if (!r)
        return;
    drop_lists(r);
    if (r->as)
        unw_destroy_addr_space(r->as);
    free(r);
}

void reference_forget(struct unwind_reference *r)
{
    r->stale = r->as != NULL;
}

static bool prepare(struct unwind_reference *r)
{
    if (!r->as) {
        unw_accessors_t accessors = { find_proc_info, put_unwind_info, get_dyn_info_list_addr,
            access_mem, access_reg, access_fpreg, resume, get_proc_name };
        r->as = unw_create_addr_space(&accessors, 0);
        if (!r->as)
            return false;
        unw_set_caching_policy(r->as, UNW_CACHE_GLOBAL);
        unw_set_cache_size(r->as, CACHE_ENTRIES, 0);
    } else if (r->stale) {
        unw_flush_cache(r->as, 0, 0);
        drop_lists(r); /* a table at the same address may be another one */
    }
    r->stale = false;
    return true;
}

/* ---- the walk ---- */

static enum unwind_end end_of(const struct visit *v, int step, bool full)
{
    if (full)
        return UNWIND_TRUNCATED;
    if (step == 0)
        return UNWIND_COMPLETE;
    return v->fell_off && v->stack->len >= v->stack->wanted_bytes ? UNWIND_TRUNCATED
                                                                  : UNWIND_BROKEN;
}

/* Is this frame the trampoline under a signal handler? libunwind's own answer differs between its
 * versions. */
static bool is_trampoline(const struct visit *v, const struct unwind_frame *frame)
{
    const struct unwind_region *region = unwind_space_find(v->space, frame->lookup);
    if (!region || !region->table)
        return false;
    const struct unwind_table *t = region->table;
    const uint64_t address = frame->pc - region->bias;
    return table_rule(t, address)->kind == RULE_SIGNAL ||
           (address >= t->text.address &&
               unwind_arch_is_sigreturn(&t->text, (size_t)(address - t->text.address)));
}

/* False: the address is in no known region. */
static bool add_frame(
    struct visit *v, struct unwind_frame *frame, unw_word_t ip, uint64_t sp, bool exact)
{
    const uint64_t lookup = exact ? ip : ip - 1;
    const struct unwind_region *region = unwind_space_find(v->space, lookup);
    *frame = (struct unwind_frame){ .pc = ip, .lookup = lookup, .sp = sp };
    frame->tag = region ? region->tag : UINT32_MAX;
    return region != NULL;
}

/* One step up, which fills *frame. Returns what unw_step does: 0 at the outermost frame, < 0 when
 * lost. */
static int step_up(struct visit *v, unw_cursor_t *cursor, uint64_t *sp, struct unwind_frame *frame)
{
    unw_word_t ip = 0, next_sp = 0;
    const bool exact = is_trampoline(v, frame - 1);
    const int step = unw_step(cursor);
    if (step <= 0)
        return step;
    if (unw_get_reg(cursor, UNW_REG_IP, &ip) < 0 || unw_get_reg(cursor, UNW_REG_SP, &next_sp) < 0)
        return -1;
    if (ip == 0)
        return 0;
    /* Only a first frame may have nothing on the stack (its return address is in a register). */
    const bool rises = next_sp > *sp || (next_sp == *sp && !v->moved);
    const bool copied = next_sp - v->stack->address <= v->stack->len;
    v->moved = true;
    if (!rises || !copied || !add_frame(v, frame, ip, next_sp, exact))
        return -1;
    *sp = next_sp;
    return step;
}

static struct unwind_result run(const struct unwind_space *space, const struct unwind_regs *regs,
    const struct unwind_stack *stack, struct unwind_frame *frames, uint32_t max)
{
    struct visit v = {
        .reference = space->reference, .space = space, .regs = regs, .stack = stack
    };
    unw_cursor_t cursor;
    if (max == 0 || !prepare(v.reference) || unw_init_remote(&cursor, v.reference->as, &v) < 0)
        return (struct unwind_result){ .end = UNWIND_BROKEN };
    uint32_t count = 0;
    add_frame(&v, &frames[count++], regs->ip, regs->sp, true);
    uint64_t sp = regs->sp;
    int step = 1;
    while (count < max) {
        v.fell_off = false;
        step = step_up(&v, &cursor, &sp, &frames[count]);
        if (step <= 0)
            break;
        count++;
    }
    return (struct unwind_result){ .count = count, .end = end_of(&v, step, count == max) };
}

const struct unwinder *unwinder_libunwind(void)
{
    static const struct unwinder unwinder = { .name = "libunwind", .run = run };
    return &unwinder;
}

#else

struct unwind_reference *reference_new(void)
{
    return NULL;
}

void reference_free(struct unwind_reference *r)
{
    (void)r;
}

void reference_forget(struct unwind_reference *r)
{
    (void)r;
}

const struct unwinder *unwinder_libunwind(void)
{
    return NULL;
}

#endif
