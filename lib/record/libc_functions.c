// SPDX-License-Identifier: MIT
#include "record/libc_functions.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "record/fault_guard.h"
#include "record/maps.h"
#include "record/module_open.h"
#include "record/procfs_read.h"

enum { MAPS_BYTES_MAX = 8 << 20 };

#define YOUNG_NS (10 * NS_PER_S)

/* As the file's symbol table has them; 0: none. ELF64. */
static void find_exports(
    const struct elf *elf, const char *const *names, size_t count, uint64_t *ret)
{
    struct elf_section symbols, strings;
    memset(ret, 0, count * sizeof *ret);
    if (!elf_find_section(elf, ".dynsym", &symbols) || !elf_find_section(elf, ".dynstr", &strings))
        return;
    const struct slice rows = elf_section_bytes(elf, &symbols);
    const struct slice text = elf_section_bytes(elf, &strings);
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= rows.len; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, rows.ptr + at, sizeof symbol);
        if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
            symbol.st_name >= text.len)
            continue;
        const struct slice rest = slice_skip(text, symbol.st_name);
        const struct slice name = { rest.ptr, slice_find(rest, '\0') };
        for (size_t i = 0; i < count; i++)
            if (ret[i] == 0 && slice_is(name, names[i]))
                ret[i] = symbol.st_value;
    }
}

static bool is_libc(const struct perf_map *map)
{
    const struct slice name = slice_basename(map->path);
    return (map->prot & PROT_EXEC) &&
           (slice_starts(name, "libc.so") || slice_starts(name, "libc-") ||
               slice_starts(name, "ld-musl"));
}

static void read_addresses(pid_t pid, const struct perf_map *map, const char *const *names,
    size_t count, uint64_t *ret_addresses)
{
    struct file_map bytes;
    struct elf *elf;
    bool deleted;
    uint64_t mapped;
    const int fd = module_open(pid, map, &bytes, &elf, &deleted);
    if (fd < 0)
        return;
    if (elf_offset_to_address(elf, map->offset, &mapped)) {
        find_exports(elf, names, count, ret_addresses);
        for (size_t i = 0; i < count; i++)
            if (ret_addresses[i])
                ret_addresses[i] += map->start - mapped;
    }
    elf_free(elf);
    fault_guard_remove(bytes.ptr);
    file_map_done(&bytes);
    close(fd);
}

void libc_functions_find(pid_t pid, const char *const *names, size_t count, uint64_t *ret_addresses)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    memset(ret_addresses, 0, count * sizeof *ret_addresses);
    procfs_read(pid, "maps", MAPS_BYTES_MAX, &text);
    struct slice rest = strbuf_slice(&text), line;
    while (slice_split(&rest, '\n', &line)) {
        struct perf_map map;
        if (!maps_parse_line(line, &map) || !is_libc(&map))
            continue;
        read_addresses(pid, &map, names, count, ret_addresses);
        return;
    }
}

bool libc_functions_may_come(const struct tracked_process *p, uint64_t now_ns)
{
    return now_ns < p->start_ns + YOUNG_NS;
}

uint64_t libc_functions_generation(const struct tracked_process *p)
{
    return p->start_ns ^ (uint64_t)p->execs << 32;
}
