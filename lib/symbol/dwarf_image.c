// SPDX-License-Identifier: MIT
/*
 *     ELF header | section bytes, each aligned to 8 | names | section headers
 */
#include "symbol/dwarf_image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/vec.h"

static const char *const wanted[] = { ".debug_info", ".debug_abbrev", ".debug_str", ".debug_line",
    ".debug_line_str", ".debug_str_offsets", ".debug_addr", ".debug_ranges", ".debug_rnglists" };

struct section_list {
    struct strbuf names;
    VEC(Elf64_Shdr) headers;
};

/* The section of this name, compressed or not, also in the older .zdebug form. */
static bool find_debug_section(const struct elf *elf, const char *name, struct elf_section *ret)
{
    PROF_CLEANUP(strbuf_done) struct strbuf old = STRBUF_INIT;
    strbuf_addf(&old, ".z%s", name + 1);
    return elf_find_section(elf, name, ret) || elf_find_section(elf, old.ptr, ret);
}

bool dwarf_image_needed(const struct elf *elf)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(wanted); i++) {
        struct elf_section s;
        if (find_debug_section(elf, wanted[i], &s) &&
            (s.flags & SHF_COMPRESSED || slice_starts(s.name, ".z")))
            return true;
    }
    return false;
}

static void align(struct strbuf *out)
{
    while (out->len % 8)
        strbuf_addc(out, '\0');
}

static void add_section(struct section_list *list, struct strbuf *out, const char *name,
    uint32_t type, struct slice bytes)
{
    align(out);
    const Elf64_Shdr header = { .sh_name = (Elf64_Word)list->names.len,
        .sh_type = type,
        .sh_offset = out->len,
        .sh_size = bytes.len,
        .sh_addralign = 1 };
    vec_push(&list->headers, header);
    strbuf_addslice(out, bytes); /* may borrow from the names */
    strbuf_add(&list->names, name, strlen(name) + 1);
}

void dwarf_image_build(const struct elf *elf, struct strbuf *out)
{
    struct section_list list = { .names = STRBUF_INIT };
    Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                              EV_CURRENT },
        .e_type = ET_DYN,
        .e_machine = elf_machine(elf),
        .e_version = EV_CURRENT,
        .e_ehsize = sizeof header,
        .e_shentsize = sizeof(Elf64_Shdr) };
    strbuf_add(out, &header, sizeof header);
    strbuf_addc(&list.names, '\0');
    vec_push(&list.headers, (Elf64_Shdr){ 0 });
    for (size_t i = 0; i < PROF_ARRAY_LEN(wanted); i++) {
        struct elf_section s;
        if (!find_debug_section(elf, wanted[i], &s))
            continue;
        char *owned PROF_CLEANUP(free_ptr) = NULL;
        const struct slice bytes = elf_section_data(elf, &s, &owned);
        if (bytes.len)
            add_section(&list, out, wanted[i], SHT_PROGBITS, bytes);
    }
    const uint32_t name_at = (uint32_t)list.names.len;
    strbuf_add(&list.names, ".shstrtab", sizeof ".shstrtab");
    add_section(&list, out, "", SHT_STRTAB, strbuf_slice(&list.names));
    list.headers.ptr[list.headers.len - 1].sh_name = name_at;
    align(out);
    header.e_shoff = out->len;
    header.e_shnum = (Elf64_Half)list.headers.len;
    header.e_shstrndx = (Elf64_Half)(list.headers.len - 1);
    strbuf_add(out, list.headers.ptr, list.headers.len * sizeof *list.headers.ptr);
    memcpy(out->ptr, &header, sizeof header);
    strbuf_done(&list.names);
    vec_done(&list.headers);
}
