// SPDX-License-Identifier: MIT
#include "record/runtime_kind.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/strbuf.h"

enum {
    SECTIONS_MAX = 4096,
    NAMES_MAX = 1 << 20,
    CONSTANTS_MAX = 32 << 20, /* of .rodata, looked through once for each program */
};

struct row {
    const char *begins; /* the name does, followed by nothing or by a version */
    const char *runtime;
};

static const struct row programs[] = {
    { "node", "node" },
    { "nodejs", "node" },
    { "python", "python" },
    { "pypy", "python" },
    { "uwsgi", "python" },
    { "java", "jvm" },
    { "dotnet", "dotnet" },
    { "ruby", "ruby" },
    { "php", "php" },
    { "php-fpm", "php" },
};

/* Programs that only let others script them are not of that language. */
static const char *const hosts[] = { "vim", "gvim", "gdb", "perf", "lldb", "prof" };

static const struct row libraries[] = {
    { "libnode.so", "node" },
    { "libjvm.so", "jvm" },
    { "libcoreclr.so", "dotnet" },
    { "libpython", "python" },
    { "libruby", "ruby" },
    { "libphp", "php" },
};

static bool is_version(struct slice rest)
{
    for (size_t i = 0; i < rest.len; i++)
        if (!strchr("0123456789.-dmtu", rest.ptr[i])) /* debug, malloc, threads: Python's letters */
            return false;
    return true;
}

const char *runtime_of_program(struct slice program)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(programs); i++)
        if (slice_starts(program, programs[i].begins) &&
            is_version(slice_skip(program, strlen(programs[i].begins))))
            return programs[i].runtime;
    return NULL;
}

const char *runtime_of_maps(struct slice program, struct slice maps)
{
    struct slice line;
    for (size_t i = 0; i < PROF_ARRAY_LEN(hosts); i++)
        if (slice_starts(program, hosts[i]))
            return NULL;
    while (slice_split(&maps, '\n', &line)) {
        const size_t slash = slice_rfind(line, '/');
        const struct slice name = slice_skip(line, slash == line.len ? slash : slash + 1);
        for (size_t i = 0; i < PROF_ARRAY_LEN(libraries); i++)
            if (slice_starts(name, libraries[i].begins))
                return libraries[i].runtime;
    }
    return NULL;
}

/* ---- ELF: section names, and one string that every Rust program holds ---- */

static bool read_at(int fd, uint64_t offset, uint64_t size, struct strbuf *out)
{
    strbuf_clear(out);
    if (size == 0 || offset > INT64_MAX - size)
        return false;
    char *to = strbuf_reserve(out, size);
    const ssize_t got = pread(fd, to, size, (off_t)offset);
    if (got != (ssize_t)size)
        return false;
    out->len = size;
    return true;
}

static bool read_sections(int fd, struct strbuf *ret_table, uint32_t *ret_names)
{
    Elf64_Ehdr head;
    if (pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_ident[EI_DATA] != ELFDATA2LSB)
        return false;
    *ret_names = head.e_shstrndx;
    if (head.e_shentsize != sizeof(Elf64_Shdr) || head.e_shnum > SECTIONS_MAX)
        return true; /* an ELF file without a table that could tell more */
    read_at(fd, head.e_shoff, (uint64_t)head.e_shnum * sizeof(Elf64_Shdr), ret_table);
    return true;
}

static Elf64_Shdr section_at(const struct strbuf *table, size_t index)
{
    Elf64_Shdr section;
    memcpy(&section, table->ptr + index * sizeof section, sizeof section);
    return section;
}

/* Panics name the file of the standard library that they come from, by its whole path: the bare
 * part of it may stand in any program that looks for it, as this one does. */
static bool has_rust_strings(int fd, const Elf64_Shdr *constants)
{
    static const char part[] = "library/std/src/";
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    const uint64_t size = constants->sh_size < CONSTANTS_MAX ? constants->sh_size : CONSTANTS_MAX;
    if (!read_at(fd, constants->sh_offset, size, &text))
        return false;
    const char *at = text.ptr, *end = text.ptr + text.len;
    while ((at = memmem(at, (size_t)(end - at), part, sizeof part - 1))) {
        if (at > text.ptr && at[-1] == '/')
            return true;
        at++;
    }
    return false;
}

const char *runtime_of_elf(int fd)
{
    PROF_CLEANUP(strbuf_done) struct strbuf table = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf names = STRBUF_INIT;
    uint32_t names_index;
    if (!read_sections(fd, &table, &names_index))
        return NULL;
    const size_t count = table.len / sizeof(Elf64_Shdr);
    if (names_index >= count)
        return "native";
    const Elf64_Shdr text = section_at(&table, names_index);
    if (text.sh_size > NAMES_MAX || !read_at(fd, text.sh_offset, text.sh_size, &names))
        return "native";
    for (size_t i = 0; i < count; i++) {
        const Elf64_Shdr section = section_at(&table, i);
        if (section.sh_name >= names.len)
            continue;
        const char *name = names.ptr + section.sh_name; /* the buffer ends with a zero */
        if (strcmp(name, ".go.buildinfo") == 0 || strcmp(name, ".note.go.buildid") == 0)
            return "go";
        if (strcmp(name, ".rodata") == 0 && has_rust_strings(fd, &section))
            return "rust";
    }
    return "native";
}
