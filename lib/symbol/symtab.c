// SPDX-License-Identifier: MIT
#include "symbol/symtab.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "symbol/arch.h"
#include "symbol/bytes.h"

/* A symbol table and its strings, as they lie in the file. */
struct table {
    const struct elf *elf;
    const uint8_t *entries;
    size_t count;
    struct slice names;
    uint8_t *code_sections; /* one byte per section: 1 when it holds code */
    uint32_t section_count;
    bool sizeless; /* symbols without a size may reach to the next one */
};

static const char *section_name(enum symtab_kind kind)
{
    return kind == SYMTAB_FULL ? ".symtab" : ".dynsym";
}

bool symtab_exists(const struct elf *elf, enum symtab_kind kind)
{
    struct elf_section s;
    return elf_find_section(elf, section_name(kind), &s) && elf_section_bytes(elf, &s).len > 0;
}

static bool table_open(struct table *t, const struct elf *elf, enum symtab_kind kind)
{
    struct elf_section s;
    if (!elf_find_section(elf, section_name(kind), &s))
        return false;
    const struct slice bytes = elf_section_bytes(elf, &s);
    const struct elf_section strings = elf_section(elf, s.link);
    *t = (struct table){ .elf = elf,
        .entries = (const uint8_t *)bytes.ptr,
        .count = bytes.len / sizeof(Elf64_Sym),
        .names = elf_section_bytes(elf, &strings),
        .section_count = elf_section_count(elf),
        .sizeless = kind == SYMTAB_FULL };
    if (t->section_count > SHN_LORESERVE)
        t->section_count = SHN_LORESERVE;
    t->code_sections = xcalloc(t->section_count, 1);
    for (uint32_t i = 0; i < t->section_count; i++)
        t->code_sections[i] = (elf_section(elf, i).flags & SHF_EXECINSTR) != 0;
    return true;
}

static void table_done(struct table *t)
{
    free(t->code_sections);
}

struct entry {
    uint32_t name;
    uint8_t type;
    uint8_t binding;
    uint16_t section;
    uint64_t address;
    uint64_t size;
};

static struct entry entry_at(const struct table *t, size_t index)
{
    const uint8_t *p = t->entries + index * sizeof(Elf64_Sym);
    const uint8_t info = p[offsetof(Elf64_Sym, st_info)];
    return (struct entry){
        .name = bytes_u32(p + offsetof(Elf64_Sym, st_name)),
        .type = info & 15,
        .binding = info >> 4,
        .section = bytes_u16(p + offsetof(Elf64_Sym, st_shndx)),
        .address = bytes_u64(p + offsetof(Elf64_Sym, st_value)),
        .size = bytes_u64(p + offsetof(Elf64_Sym, st_size)),
    };
}

/* Functions, and untyped symbols in code (assembly). Mapping symbols ($x) and local labels are not
 * functions. */
static bool names_code(const struct table *t, const struct entry *e)
{
    if (e->type != STT_FUNC && e->type != STT_GNU_IFUNC && e->type != STT_NOTYPE)
        return false;
    return e->section != SHN_UNDEF && e->section < t->section_count && t->code_sections[e->section];
}

/* Symbol names may carry a version: memcpy@@GLIBC_2.14. */
static struct slice name_at(const struct table *t, uint32_t offset)
{
    if (offset >= t->names.len)
        return (struct slice){ 0 };
    const char *start = t->names.ptr + offset;
    const struct slice name = { start, strnlen(start, t->names.len - offset) };
    return (struct slice){ name.ptr, slice_find(name, '@') };
}

bool symtab_find(
    const struct elf *elf, enum symtab_kind kind, const char *name, struct symbol *ret_symbol)
{
    struct table t;
    if (!table_open(&t, elf, kind))
        return false;
    bool found = false;
    for (size_t i = 0; i < t.count && !found; i++) {
        const struct entry e = entry_at(&t, i);
        found = e.section != SHN_UNDEF && slice_is(name_at(&t, e.name), name);
        if (found)
            *ret_symbol = (struct symbol){
                .name = slice_of(name),
                .address = e.address,
                .size = e.size,
                .global = e.binding != STB_LOCAL,
            };
    }
    table_done(&t);
    return found;
}

/* Among symbols that start at one address: typed before untyped, global before weak before local,
 * then few leading underscores (malloc before __libc_malloc), then the shorter name. */
static uint32_t score_of(const struct entry *e, struct slice name)
{
    uint32_t underscores = 0;
    while (underscores < name.len && underscores < 3 && name.ptr[underscores] == '_')
        underscores++;
    const uint32_t typed = e->type != STT_NOTYPE;
    const uint32_t binding = e->binding == STB_LOCAL ? 0 : e->binding == STB_WEAK ? 1 : 2;
    const uint32_t brevity = name.len < 255 ? 255 - (uint32_t)name.len : 0;
    return typed << 16 | binding << 12 | (3 - underscores) << 8 | brevity;
}

static void offer(struct symbol *best, const struct symbol *s)
{
    const bool have = best->name.len > 0;
    if (have && best->size && !s->size)
        return;
    const bool better = !have || (s->size && !best->size) || s->address > best->address ||
                        (s->address == best->address && s->score > best->score);
    if (better)
        *best = *s;
}

static bool usable_name(struct slice name)
{
    return name.len > 0 && name.ptr[0] != '$' && !slice_starts(name, ".L");
}

static struct symbol symbol_of(const struct entry *e, struct slice name)
{
    return (struct symbol){ .name = name,
        .address = e->address,
        .size = e->size,
        .score = score_of(e, name),
        .global = e->binding != STB_LOCAL };
}

/* starts[i]: the last symbol at or before address i. What has no size may name i only if it is
 * that. */
struct start {
    uint64_t address;
    uint64_t section_end;
    struct symbol symbol; /* the best sizeless one there; no name: the last start has a size */
};

static void note_start(
    const struct table *t, const struct lookup *l, struct start *starts, const struct entry *e)
{
    uint32_t first;
    if (lookup_range(l, e->address, UINT64_MAX, &first) <= first ||
        starts[first].address > e->address)
        return;
    if (starts[first].address < e->address)
        starts[first] = (struct start){ .address = e->address };
    const struct slice name = name_at(t, e->name);
    if (e->size || !usable_name(name))
        return;
    const struct elf_section s = elf_section(t->elf, e->section);
    starts[first].section_end = s.address + s.size;
    const struct symbol symbol = symbol_of(e, name);
    offer(&starts[first].symbol, &symbol);
}

static void offer_starts(const struct lookup *l, struct start *starts, struct symbol *symbols)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (i > 0 && starts[i].address < starts[i - 1].address)
            starts[i] = starts[i - 1];
        if (starts[i].symbol.name.len && l->addresses[i] < starts[i].section_end &&
            symbols[i].name.len == 0)
            symbols[i] = starts[i].symbol;
    }
}

void symtab_match(
    const struct elf *elf, enum symtab_kind kind, struct lookup *l, struct symbol *symbols)
{
    struct table t;
    if (l->count == 0 || !table_open(&t, elf, kind))
        return;
    struct start *starts = t.sizeless ? xcalloc(l->count, sizeof *starts) : NULL;
    for (size_t i = 0; i < t.count; i++) {
        const struct entry e = entry_at(&t, i);
        if (!names_code(&t, &e))
            continue;
        if (starts)
            note_start(&t, l, starts, &e);
        uint32_t at;
        const uint32_t end = lookup_range(l, e.address, e.address + e.size, &at);
        if (at >= end)
            continue;
        const struct slice name = name_at(&t, e.name);
        if (!usable_name(name))
            continue;
        const struct symbol s = symbol_of(&e, name);
        for (; at < end; at++)
            offer(&symbols[at], &s);
    }
    if (starts)
        offer_starts(l, starts, symbols);
    free(starts);
    table_done(&t);
}

/* ---- procedure linkage table ---- */

/* GOT slots that the stubs of a few addresses jump through. */
struct slot {
    uint64_t address;
    uint64_t stub; /* start of the stub */
    uint32_t index;
};

static struct slice stub_name(struct lookup *l, struct slice name)
{
    const size_t suffix = sizeof "@plt" - 1;
    char *text = arena_alloc(&l->arena, name.len + suffix + 1);
    memcpy(text, name.ptr, name.len);
    memcpy(text + name.len, "@plt", suffix + 1);
    return (struct slice){ text, name.len + suffix };
}

static void match_slots(const struct elf *elf, const char *relocations, struct lookup *l,
    const struct slot *slots, uint32_t slot_count, struct symbol *symbols)
{
    struct elf_section s;
    struct table t;
    if (!elf_find_section(elf, relocations, &s) || !table_open(&t, elf, SYMTAB_DYNAMIC))
        return;
    const struct slice bytes = elf_section_bytes(elf, &s);
    for (size_t at = 0; at + sizeof(Elf64_Rela) <= bytes.len; at += sizeof(Elf64_Rela)) {
        const uint8_t *p = (const uint8_t *)bytes.ptr + at;
        const uint64_t slot = bytes_u64(p + offsetof(Elf64_Rela, r_offset));
        const uint64_t symbol = bytes_u64(p + offsetof(Elf64_Rela, r_info)) >> 32;
        for (uint32_t i = 0; i < slot_count; i++) {
            if (slots[i].address != slot || symbol >= t.count)
                continue;
            const struct slice name = name_at(&t, entry_at(&t, symbol).name);
            if (name.len)
                symbols[slots[i].index] = (struct symbol){
                    .name = stub_name(l, name), .address = slots[i].stub, .size = PLT_STUB_BYTES
                };
        }
    }
    table_done(&t);
}

static uint32_t collect_slots(const struct elf *elf, const char *section, const struct lookup *l,
    const struct symbol *symbols, struct slot *slots)
{
    struct elf_section s;
    if (!elf_find_section(elf, section, &s))
        return 0;
    const struct slice code = elf_section_bytes(elf, &s);
    const uint64_t stride = s.entry_bytes == 8 ? 8 : PLT_STUB_BYTES;
    uint32_t count = 0, at;
    const uint32_t end = lookup_range(l, s.address, s.address + code.len, &at);
    for (; at < end; at++) {
        const uint64_t offset = (l->addresses[at] - s.address) / stride * stride;
        const size_t len = code.len - offset < stride ? code.len - offset : stride;
        uint64_t slot;
        if (!symbols[at].name.len &&
            plt_stub_slot((const uint8_t *)code.ptr + offset, len, s.address + offset, &slot))
            slots[count++] = (struct slot){ slot, s.address + offset, at };
    }
    return count;
}

void symtab_match_plt(const struct elf *elf, struct lookup *l, struct symbol *symbols)
{
    static const char *const sections[] = { ".plt", ".plt.sec", ".plt.got" };
    struct slot *slots = xcalloc(l->count, sizeof *slots);
    for (size_t i = 0; i < PROF_ARRAY_LEN(sections); i++) {
        const uint32_t count = collect_slots(elf, sections[i], l, symbols, slots);
        if (count == 0)
            continue;
        match_slots(elf, ".rela.plt", l, slots, count, symbols);
        match_slots(elf, ".rela.dyn", l, slots, count, symbols);
    }
    free(slots);
}
