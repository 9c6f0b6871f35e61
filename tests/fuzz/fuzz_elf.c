// SPDX-License-Identifier: MIT
/* Any bytes as an ELF file: headers, build id, symbols, stubs, function starts and decompression.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "symbol/dwarf_image.h"
#include "symbol/elf.h"
#include "symbol/fde.h"
#include "symbol/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { SECTION_DATA_MAX = 1 << 24 };

static const uint64_t addresses[] = { 1, 0x1000, 0x1010, 0x1200, 0x2345, 0x401000, 0x555555554000,
    UINT64_MAX };

static void read_sections(const struct elf *elf)
{
    const uint32_t count = elf_section_count(elf) < 64 ? elf_section_count(elf) : 64;
    for (uint32_t i = 0; i < count; i++) {
        const struct elf_section s = elf_section(elf, i);
        char *owned = NULL;
        volatile uint64_t sum = 0;
        const struct slice data = elf_section_data(elf, &s, &owned);
        for (size_t k = 0; k < data.len && k < SECTION_DATA_MAX; k += 512)
            sum += (unsigned char)data.ptr[k];
        (void)sum; /* reading was the purpose */
        free(owned);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct elf *elf = elf_new(bytes, len, NULL);
    if (!elf)
        return 0;
    struct lookup l;
    struct symbol symbols[PROF_ARRAY_LEN(addresses)] = { 0 };
    lookup_init(&l, addresses, PROF_ARRAY_LEN(addresses));
    symtab_match(elf, SYMTAB_FULL, &l, symbols);
    symtab_match(elf, SYMTAB_DYNAMIC, &l, symbols);
    symtab_match_plt(elf, &l, symbols);
    for (size_t i = 0; i < PROF_ARRAY_LEN(addresses); i++) {
        uint64_t start, address;
        if (fde_function_start(elf, addresses[i], &start) && start > addresses[i])
            abort();
        (void)elf_offset_to_address(elf, addresses[i], &address);
        if (symbols[i].name.len && symbols[i].address > addresses[i])
            abort(); /* a symbol that starts behind the address it names */
    }
    if (elf_build_id(elf).len > ELF_BUILD_ID_MAX)
        abort();
    read_sections(elf);
    PROF_CLEANUP(strbuf_done) struct strbuf image = STRBUF_INIT;
    if (dwarf_image_needed(elf))
        dwarf_image_build(elf, &image);
    lookup_done(&l);
    elf_free(elf);
    return 0;
}
