// SPDX-License-Identifier: MIT
#include "symbol/elf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "symbol/bytes.h"

enum {
    /* The largest section any toolchain writes is a few GiB of .debug_info; beyond this a header
     * lies or the machine would swap. */
    ELF_INFLATE_MAX_MIB = 2048,
    /* deflate cannot do better than 1032:1 (zlib technical details). */
    ELF_DEFLATE_RATIO_MAX = 1040,
    ZDEBUG_HEADER_BYTES = 12, /* "ZLIB" and a big-endian u64 */
    COMPRESSED_ZSTD = 2,      /* ELFCOMPRESS_ZSTD; not yet in glibc 2.36's elf.h */
};

struct elf {
    const uint8_t *bytes;
    size_t len;
    uint16_t machine;
    uint64_t section_offset;
    uint64_t section_stride;
    uint32_t section_count;
    uint64_t segment_offset;
    uint64_t segment_stride;
    uint32_t segment_count;
    struct slice names; /* the section header string table */
};

enum { PAGE_BYTES = 4096 }; /* the smallest that Linux maps by */

struct elf_load {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t file_size;
    uint64_t memory_size;
};

/* The bytes [offset, offset + size), or NULL when the file is shorter. */
static const uint8_t *elf_at(const struct elf *elf, uint64_t offset, uint64_t size)
{
    if (offset > elf->len || size > elf->len - offset)
        return NULL;
    return elf->bytes + offset;
}

/* How many whole entries of a table lie in the file. */
static uint32_t entries_that_fit(
    const struct elf *elf, uint64_t offset, uint64_t stride, uint64_t n)
{
    if (stride == 0 || offset > elf->len)
        return 0;
    const uint64_t fit = (elf->len - offset) / stride;
    const uint64_t count = n < fit ? n : fit;
    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static struct elf_load segment_at(const struct elf *elf, uint32_t index)
{
    const uint8_t *p = elf->bytes + elf->segment_offset + index * elf->segment_stride;
    return (struct elf_load){
        .type = bytes_u32(p + offsetof(Elf64_Phdr, p_type)),
        .flags = bytes_u32(p + offsetof(Elf64_Phdr, p_flags)),
        .offset = bytes_u64(p + offsetof(Elf64_Phdr, p_offset)),
        .address = bytes_u64(p + offsetof(Elf64_Phdr, p_vaddr)),
        .file_size = bytes_u64(p + offsetof(Elf64_Phdr, p_filesz)),
        .memory_size = bytes_u64(p + offsetof(Elf64_Phdr, p_memsz)),
    };
}

/* Text at an offset of a string table, up to its zero; empty when the offset is outside. */
static struct slice string_at(struct slice table, uint64_t offset)
{
    if (offset >= table.len)
        return (struct slice){ 0 };
    const char *start = table.ptr + offset;
    return (struct slice){ start, strnlen(start, table.len - offset) };
}

struct elf_section elf_section(const struct elf *elf, uint32_t index)
{
    if (index >= elf->section_count)
        return (struct elf_section){ 0 };
    const uint8_t *p = elf->bytes + elf->section_offset + index * elf->section_stride;
    return (struct elf_section){
        .name = string_at(elf->names, bytes_u32(p + offsetof(Elf64_Shdr, sh_name))),
        .type = bytes_u32(p + offsetof(Elf64_Shdr, sh_type)),
        .flags = bytes_u64(p + offsetof(Elf64_Shdr, sh_flags)),
        .address = bytes_u64(p + offsetof(Elf64_Shdr, sh_addr)),
        .offset = bytes_u64(p + offsetof(Elf64_Shdr, sh_offset)),
        .size = bytes_u64(p + offsetof(Elf64_Shdr, sh_size)),
        .link = bytes_u32(p + offsetof(Elf64_Shdr, sh_link)),
        .entry_bytes = bytes_u64(p + offsetof(Elf64_Shdr, sh_entsize)),
    };
}

uint32_t elf_section_count(const struct elf *elf)
{
    return elf->section_count;
}

bool elf_find_section(const struct elf *elf, const char *name, struct elf_section *ret_section)
{
    for (uint32_t i = 0; i < elf->section_count; i++) {
        const struct elf_section s = elf_section(elf, i);
        if (slice_is(s.name, name)) {
            *ret_section = s;
            return true;
        }
    }
    return false;
}

struct slice elf_section_bytes(const struct elf *elf, const struct elf_section *s)
{
    if (s->type == SHT_NOBITS || s->type == SHT_NULL)
        return (struct slice){ 0 };
    const uint8_t *p = elf_at(elf, s->offset, s->size);
    return p ? (struct slice){ (const char *)p, s->size } : (struct slice){ 0 };
}

/* Section headers; counts above 0xff00 are kept in section 0 (elf(5), e_shnum and e_shstrndx). */
static void read_section_table(struct elf *elf, const uint8_t *header)
{
    elf->section_offset = bytes_u64(header + offsetof(Elf64_Ehdr, e_shoff));
    elf->section_stride = bytes_u16(header + offsetof(Elf64_Ehdr, e_shentsize));
    if (elf->section_offset == 0 || elf->section_stride < sizeof(Elf64_Shdr))
        return;
    elf->section_count = entries_that_fit(elf, elf->section_offset, elf->section_stride, 1);
    const struct elf_section first = elf_section(elf, 0);
    const uint16_t count = bytes_u16(header + offsetof(Elf64_Ehdr, e_shnum));
    const uint16_t names = bytes_u16(header + offsetof(Elf64_Ehdr, e_shstrndx));
    elf->section_count =
        entries_that_fit(elf, elf->section_offset, elf->section_stride, count ? count : first.size);
    const struct elf_section strings = elf_section(elf, names == SHN_XINDEX ? first.link : names);
    elf->names = elf_section_bytes(elf, &strings);
}

static void read_segment_table(struct elf *elf, const uint8_t *header)
{
    elf->segment_offset = bytes_u64(header + offsetof(Elf64_Ehdr, e_phoff));
    elf->segment_stride = bytes_u16(header + offsetof(Elf64_Ehdr, e_phentsize));
    if (elf->segment_offset == 0 || elf->segment_stride < sizeof(Elf64_Phdr))
        return;
    elf->segment_count = entries_that_fit(elf, elf->segment_offset, elf->segment_stride,
        bytes_u16(header + offsetof(Elf64_Ehdr, e_phnum)));
}

struct elf *elf_new(const uint8_t *bytes, size_t len, struct err *e)
{
    if (len < sizeof(Elf64_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG) != 0) {
        err_set(e, ERR_FORMAT, "not an ELF file");
        return NULL;
    }
    if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB) {
        err_set(e, ERR_UNSUPPORTED, "a 32-bit or big-endian ELF file");
        err_hint(e, "profile a 64-bit little-endian build of the program");
        return NULL;
    }
    struct elf *elf = xcalloc(1, sizeof *elf);
    *elf = (struct elf){
        .bytes = bytes, .len = len, .machine = bytes_u16(bytes + offsetof(Elf64_Ehdr, e_machine))
    };
    read_section_table(elf, bytes);
    read_segment_table(elf, bytes);
    return elf;
}

void elf_free(struct elf *elf)
{
    free(elf);
}

/* ---- compressed sections ---- */

static bool inflate_zlib(char *out, size_t out_len, struct slice in)
{
    uLongf len = out_len;
    return uncompress((Bytef *)out, &len, (const Bytef *)in.ptr, in.len) == Z_OK && len == out_len;
}

static bool inflate_zstd(char *out, size_t out_len, struct slice in)
{
    return ZSTD_decompress(out, out_len, in.ptr, in.len) == out_len;
}

/* malloc, not xmalloc: a lying size is the file's fault, and costs no more than this section. */
static struct slice expand(
    bool (*run)(char *, size_t, struct slice), struct slice in, uint64_t size, char **ret_owned)
{
    if (size == 0 || size > (uint64_t)ELF_INFLATE_MAX_MIB << 20)
        return (struct slice){ 0 };
    if (run == inflate_zlib && size / ELF_DEFLATE_RATIO_MAX > in.len)
        return (struct slice){ 0 };
    char *out = malloc(size);
    if (!out)
        return (struct slice){ 0 };
    if (!run(out, size, in)) {
        free(out);
        return (struct slice){ 0 };
    }
    *ret_owned = out;
    return (struct slice){ out, size };
}

static uint64_t read_be64(const uint8_t *p)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | p[i];
    return value;
}

struct slice elf_section_data(const struct elf *elf, const struct elf_section *s, char **ret_owned)
{
    *ret_owned = NULL;
    const struct slice raw = elf_section_bytes(elf, s);
    const uint8_t *p = (const uint8_t *)raw.ptr;
    if (s->flags & SHF_COMPRESSED) {
        if (raw.len < sizeof(Elf64_Chdr))
            return (struct slice){ 0 };
        const uint32_t method = bytes_u32(p + offsetof(Elf64_Chdr, ch_type));
        const uint64_t size = bytes_u64(p + offsetof(Elf64_Chdr, ch_size));
        const struct slice body = slice_skip(raw, sizeof(Elf64_Chdr));
        if (method == ELFCOMPRESS_ZLIB)
            return expand(inflate_zlib, body, size, ret_owned);
        if (method == COMPRESSED_ZSTD)
            return expand(inflate_zstd, body, size, ret_owned);
        return (struct slice){ 0 };
    }
    if (slice_starts(s->name, ".zdebug") && slice_starts(raw, "ZLIB") &&
        raw.len > ZDEBUG_HEADER_BYTES)
        return expand(
            inflate_zlib, slice_skip(raw, ZDEBUG_HEADER_BYTES), read_be64(p + 4), ret_owned);
    return raw;
}

/* ---- build id ---- */

/* Notes: u32 name size, u32 description size, u32 type, name, description; 4-byte padding. */
static struct slice find_build_id(struct slice notes)
{
    const uint64_t header = sizeof(Elf64_Nhdr);
    while (notes.len >= header) {
        const uint8_t *p = (const uint8_t *)notes.ptr;
        const uint64_t name_len = bytes_u32(p), desc_len = bytes_u32(p + 4);
        const uint64_t desc_at = header + ((name_len + 3) & ~UINT64_C(3));
        const uint64_t next = desc_at + ((desc_len + 3) & ~UINT64_C(3));
        if (desc_at + desc_len > notes.len)
            return (struct slice){ 0 };
        if (bytes_u32(p + 8) == NT_GNU_BUILD_ID && name_len == 4 &&
            memcmp(p + header, "GNU", 4) == 0)
            return (struct slice){ notes.ptr + desc_at,
                desc_len <= ELF_BUILD_ID_MAX ? desc_len : ELF_BUILD_ID_MAX };
        notes = slice_skip(notes, next < notes.len ? next : notes.len);
    }
    return (struct slice){ 0 };
}

struct slice elf_build_id(const struct elf *elf)
{
    for (uint32_t i = 0; i < elf->section_count; i++) {
        const struct elf_section s = elf_section(elf, i);
        if (s.type != SHT_NOTE)
            continue;
        const struct slice id = find_build_id(elf_section_bytes(elf, &s));
        if (id.len)
            return id;
    }
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_load l = segment_at(elf, i);
        const uint8_t *p = l.type == PT_NOTE ? elf_at(elf, l.offset, l.file_size) : NULL;
        const struct slice id =
            p ? find_build_id((struct slice){ (const char *)p, l.file_size }) : (struct slice){ 0 };
        if (id.len)
            return id;
    }
    return (struct slice){ 0 };
}

/* ---- addresses ---- */

static bool address_in(
    const struct elf_load *l, uint64_t offset, uint64_t from, uint64_t *ret_address)
{
    if (l->type != PT_LOAD || offset < from || offset >= l->offset + l->file_size)
        return false; /* the sum may wrap in a lying header: then nothing is found */
    *ret_address = l->address + (offset - l->offset); /* may be a little below l->address */
    return true;
}

/* Code first: its mapping begins at a page, which may still hold the end of the segment before. */
bool elf_offset_to_address(const struct elf *elf, uint64_t offset, uint64_t *ret_address)
{
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_load l = segment_at(elf, i);
        if ((l.flags & PF_X) &&
            address_in(&l, offset, l.offset & ~(uint64_t)(PAGE_BYTES - 1), ret_address))
            return true;
    }
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_load l = segment_at(elf, i);
        if (address_in(&l, offset, l.offset, ret_address))
            return true;
    }
    return false;
}

bool elf_find_segment(const struct elf *elf, uint32_t type, struct elf_section *ret_bytes)
{
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_load l = segment_at(elf, i);
        if (l.type != type)
            continue;
        *ret_bytes = (struct elf_section){
            .type = SHT_PROGBITS, .address = l.address, .offset = l.offset, .size = l.file_size
        };
        return true;
    }
    return false;
}

uint16_t elf_machine(const struct elf *elf)
{
    return elf->machine;
}

bool elf_is_go(const struct elf *elf)
{
    struct elf_section s;
    return elf_find_section(elf, ".gopclntab", &s) ||
           elf_find_section(elf, ".data.rel.ro.gopclntab", &s);
}
