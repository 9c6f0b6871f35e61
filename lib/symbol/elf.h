// SPDX-License-Identifier: MIT
/*
 * A bounds-checked view of an ELF file's headers: enough to find sections, load segments and the
 * build id. Own code because it runs in the collector on untrusted files while the target runs,
 * where a crash would cost the recording; DWARF is libdw's work, in a process of its own
 * (worker.h). 64-bit little-endian only. Read-only once opened.
 */
#ifndef PROF_SYMBOL_ELF_H
#define PROF_SYMBOL_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "base/slice.h"

enum { ELF_BUILD_ID_MAX = 20 };

struct elf_section {
    struct slice name;
    uint32_t type;
    uint64_t flags;
    uint64_t address;
    uint64_t offset;
    uint64_t size; /* as in the file; compressed sections: before decompression */
    uint32_t link;
    uint64_t entry_bytes;
};

struct elf;

/* Bytes stay owned by the caller and must outlive the view (file_map, or a copy of the vdso). */
struct elf *elf_new(const uint8_t *bytes, size_t len, struct err *e);
void elf_free(struct elf *elf);

bool elf_find_section(const struct elf *elf, const char *name, struct elf_section *ret_section);
uint32_t elf_section_count(const struct elf *elf);
struct elf_section elf_section(const struct elf *elf, uint32_t index);

/* The section's bytes in the file; empty for NOBITS or when the header lies. */
struct slice elf_section_bytes(const struct elf *elf, const struct elf_section *s);

/* As above, decompressed (SHF_COMPRESSED zlib or zstd, .zdebug); *owned must be freed if not NULL.
 */
struct slice elf_section_data(const struct elf *elf, const struct elf_section *s, char **ret_owned);

/* Build id note, at most 20 bytes; empty when there is none. */
struct slice elf_build_id(const struct elf *elf);

/* ELF virtual address of the file offset at which code is mapped, by the load segments. The offset
 * of a mapping is rounded down to a page, so it may lie before its segment. False: not loaded. */
bool elf_offset_to_address(const struct elf *elf, uint64_t offset, uint64_t *ret_address);

/* The first segment of a type, in the shape of a section without a name (PT_GNU_EH_FRAME of a file
 * whose section headers were stripped). */
bool elf_find_segment(const struct elf *elf, uint32_t type, struct elf_section *ret_bytes);

uint16_t elf_machine(const struct elf *elf); /* EM_* */

bool elf_is_go(const struct elf *elf); /* has .gopclntab */

#endif
