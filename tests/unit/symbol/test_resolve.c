// SPDX-License-Identifier: MIT
/*
 * symbol_resolve() on this test program itself (built with -g), on copies of it that objcopy has
 * changed, and on files made to break readers.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "symbol/elf.h"
#include "symbol/symbol.h"

static char folder[] = "/tmp/prof-unit-resolve-XXXXXX";

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    PROF_CLEANUP(strbuf_done) struct strbuf command = STRBUF_INIT;
    strbuf_addf(&command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command.ptr), 0);
}

/* A function with a place of its own and an inlined callee. */
static inline __attribute__((always_inline)) uint64_t probe_inlined(uint64_t x)
{
    return x * (uint64_t)getpid() + (uint64_t)getppid();
}

__attribute__((noinline, used)) uint64_t probe_physical(uint64_t x);
uint64_t probe_physical(uint64_t x)
{
    return probe_inlined(x) ^ 5;
}

/* As glibc names what it calls itself. */
__attribute__((noinline, used)) uint64_t probe_renamed(uint64_t x) __asm__("__GI_other_name");
uint64_t probe_renamed(uint64_t x)
{
    return x * 3 + (uint64_t)getpid();
}

static int first_module(struct dl_phdr_info *info, size_t size, void *bias)
{
    (void)size;
    *(uint64_t *)bias = info->dlpi_addr;
    return 1; /* the program itself comes first */
}

static uint64_t own_address(void)
{
    uint64_t bias = 0;
    dl_iterate_phdr(first_module, &bias);
    return (uint64_t)(uintptr_t)probe_physical - bias;
}

struct answer {
    struct profile *profile;
    struct module_id module;
    struct frame_id frame;
};

static struct answer ask(const char *path, uint64_t address, int fd)
{
    struct answer a = { .profile = profile_new() };
    const struct module module = { .path = profile_add_string(a.profile, slice_of(path)),
        .kind = MODULE_ELF };
    a.module = profile_add_module(a.profile, &module);
    a.frame = profile_add_frame(a.profile, a.module, address, 0);
    const struct symbol_source source = { a.module, fd, -1 };
    symbol_resolve(a.profile, &(struct symbol_options){ .sources = &source, .source_count = 1 });
    return a;
}

static const char *name_of(const struct answer *a)
{
    const struct line *line = profile_frame_lines(a->profile, a->frame);
    cr_assert_gt(profile_frame(a->profile, a->frame)->line_count, 0u);
    return profile_string(a->profile, profile_func(a->profile, line[0].func)->name).ptr;
}

static const char *file_of(const struct answer *a)
{
    const struct line *line = profile_frame_lines(a->profile, a->frame);
    return profile_string(a->profile, profile_func(a->profile, line[0].func)->file).ptr;
}

/* Runs "objcopy OPTIONS self copy"; false: the tool or the option is not there. */
static bool make_copy(const char *options, struct strbuf *ret_path)
{
    PROF_CLEANUP(strbuf_done) struct strbuf command = STRBUF_INIT;
    strbuf_addf(ret_path, "%s/copy", folder);
    strbuf_addf(
        &command, "objcopy %s /proc/%d/exe '%s' 2>/dev/null", options, getpid(), ret_path->ptr);
    return system(command.ptr) == 0;
}

Test(resolve, a_function_gets_its_name_file_and_inlined_callee)
{
    struct answer a = ask("/proc/self/exe", own_address(), -1);
    cr_expect_str_eq(name_of(&a), "probe_physical");
    cr_expect_not_null(strstr(file_of(&a), "test_resolve.c"));
    profile_free(a.profile);

    bool inlined = false;
    for (uint64_t i = 0; i < 64 && !inlined; i++) {
        a = ask("/proc/self/exe", own_address() + i, -1);
        inlined = profile_frame(a.profile, a.frame)->line_count == 2 &&
                  strcmp(name_of(&a), "probe_physical") == 0;
        profile_free(a.profile);
    }
    cr_expect(inlined, "no address of probe_physical is in probe_inlined");
}

Test(resolve, an_assembler_name_of_a_c_function_is_not_shown)
{
    const uint64_t at =
        own_address() - (uint64_t)(uintptr_t)probe_physical + (uint64_t)(uintptr_t)probe_renamed;
    struct answer a = ask("/proc/self/exe", at, -1);
    cr_expect_str_eq(name_of(&a), "probe_renamed");
    profile_free(a.profile);
}

Test(resolve, compressed_debug_sections_are_read, .init = make_folder, .fini = remove_folder)
{
    static const char *const forms[] = { "--compress-debug-sections=zlib",
        "--compress-debug-sections=zlib-gnu", "--compress-debug-sections=zstd" };
    unsigned tried = 0;
    for (size_t i = 0; i < PROF_ARRAY_LEN(forms); i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
        if (!make_copy(forms[i], &path))
            continue; /* this binutils does not know the form */
        tried++;
        struct answer a = ask(path.ptr, own_address(), -1);
        cr_expect_str_eq(name_of(&a), "probe_physical", "%s", forms[i]);
        cr_expect_not_null(strstr(file_of(&a), "test_resolve.c"), "%s: no file", forms[i]);
        profile_free(a.profile);
    }
    if (tried == 0)
        cr_skip("objcopy is not installed");
}

Test(resolve, a_stripped_file_names_function_starts_and_says_what_is_missing, .init = make_folder,
    .fini = remove_folder)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    if (!make_copy("--strip-all", &path))
        cr_skip("objcopy is not installed");
    struct answer a = ask(path.ptr, own_address() + 4, -1);
    PROF_CLEANUP(strbuf_done) struct strbuf want = STRBUF_INIT;
    strbuf_addf(&want, "copy+0x%" PRIx64, own_address());
    cr_expect_str_eq(name_of(&a), want.ptr);
    cr_expect(profile_module(a.profile, a.module)->no_symbols);
    cr_expect_eq(profile_note_count(a.profile), 1u);
    profile_free(a.profile);
}

Test(resolve, a_debug_link_beside_the_program_is_followed_when_its_crc_fits, .init = make_folder,
    .fini = remove_folder)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT, command = STRBUF_INIT;
    if (!make_copy("--strip-all --remove-section=.note.gnu.build-id", &path))
        cr_skip("objcopy is not installed");
    strbuf_addf(&command,
        "cd '%s' && objcopy --only-keep-debug /proc/%d/exe copy.debug && "
        "objcopy --add-gnu-debuglink=copy.debug copy",
        folder, getpid());
    cr_assert_eq(system(command.ptr), 0);
    struct answer a = ask(path.ptr, own_address(), -1);
    cr_expect_str_eq(name_of(&a), "probe_physical");
    profile_free(a.profile);

    strbuf_clear(&command);
    strbuf_addf(&command, "echo >> '%s/copy.debug'", folder);
    cr_assert_eq(system(command.ptr), 0);
    a = ask(path.ptr, own_address(), -1);
    cr_expect_str_neq(name_of(&a), "probe_physical", "a debug file with another CRC was used");
    profile_free(a.profile);
}

Test(resolve, a_replaced_file_is_refused_by_its_build_id)
{
    struct profile *p = profile_new();
    const struct module module = { .path = profile_add_string(p, slice_of("/proc/self/exe")),
        .kind = MODULE_ELF,
        .build_id_len = 4,
        .build_id = { 1, 2, 3, 4 } };
    const struct module_id id = profile_add_module(p, &module);
    const struct frame_id frame = profile_add_frame(p, id, own_address(), 0);
    symbol_resolve(p, &(struct symbol_options){ 0 });
    const struct answer a = { p, id, frame };
    cr_expect_not_null(strstr(name_of(&a), "+0x"));
    cr_assert_eq(profile_note_count(p), 1u);
    cr_expect_not_null(strstr(profile_string(p, profile_note(p, 0).why).ptr, "replaced"));
    profile_free(p);
}

Test(resolve, a_removed_file_is_read_through_its_descriptor, .init = make_folder,
    .fini = remove_folder)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    if (!make_copy("", &path))
        cr_skip("objcopy is not installed");
    PROF_CLEANUP(close_fd) int fd = open(path.ptr, O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    unlink(path.ptr);
    struct answer a = ask(path.ptr, own_address(), fd);
    cr_expect_str_eq(name_of(&a), "probe_physical");
    profile_free(a.profile);
}

/* Copies the program and lies in its debug sections: every byte of .debug_info and .debug_abbrev is
 * replaced by a pattern. */
static void spoil(const char *path, const char *section, uint32_t seed)
{
    PROF_CLEANUP(close_fd) int fd = open(path, O_RDWR | O_CLOEXEC);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = STRBUF_INIT;
    cr_assert(file_read(path, (size_t)1 << 30, &bytes, NULL));
    struct elf *elf = elf_new((const uint8_t *)bytes.ptr, bytes.len, NULL);
    struct elf_section s;
    cr_assert(elf && elf_find_section(elf, section, &s));
    for (uint64_t i = 0; i < s.size && i < 1 << 20; i++)
        bytes.ptr[s.offset + i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
    cr_assert_eq(pwrite(fd, bytes.ptr + s.offset, s.size, (off_t)s.offset), (ssize_t)s.size);
    elf_free(elf);
}

Test(resolve, spoilt_debug_data_leave_the_symbol_name, .init = make_folder, .fini = remove_folder,
    .timeout = 60)
{
    static const char *const sections[] = { ".debug_info", ".debug_abbrev", ".debug_line",
        ".debug_str" };
    for (uint32_t i = 0; i < PROF_ARRAY_LEN(sections) * 2; i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
        if (!make_copy("--decompress-debug-sections", &path))
            cr_skip("objcopy is not installed");
        spoil(path.ptr, sections[i / 2], i);
        struct answer a = ask(path.ptr, own_address(), -1);
        if (i / 2 < 3) /* spoilt strings may be the name */
            cr_expect_str_eq(name_of(&a), "probe_physical", "%s", sections[i / 2]);
        profile_free(a.profile);
    }
}

Test(resolve, what_is_no_elf_file_is_noted)
{
    struct answer a = ask("/etc/passwd", 0x1234, -1);
    cr_expect_str_eq(name_of(&a), "passwd+0x1234");
    cr_expect_eq(profile_note_count(a.profile), 1u);
    profile_free(a.profile);
    a = ask("/no/such/file", 0x1234, -1);
    cr_expect_str_eq(name_of(&a), "file+0x1234");
    profile_free(a.profile);
}

Test(resolve, the_vdso_is_named_from_our_own)
{
    if (getauxval(AT_SYSINFO_EHDR) == 0)
        cr_skip("this kernel gives no vdso");
    const uint8_t *vdso = (const uint8_t *)getauxval(AT_SYSINFO_EHDR); // NOLINT
    struct elf *elf = elf_new(vdso, 8192, NULL);
    struct elf_section text;
    cr_assert(elf && elf_find_section(elf, ".dynsym", &text));
    const struct slice symbols = elf_section_bytes(elf, &text);
    uint64_t address = 0;
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.len; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols.ptr + at, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_size)
            address = symbol.st_value;
    }
    elf_free(elf);
    cr_assert_neq(address, 0u);
    struct profile *p = profile_new();
    const struct module module = { .path = profile_add_string(p, slice_of("[vdso]")),
        .kind = MODULE_VDSO };
    const struct module_id id = profile_add_module(p, &module);
    const struct answer a = { p, id, profile_add_frame(p, id, address, 0) };
    symbol_resolve(p, &(struct symbol_options){ 0 });
    cr_expect_null(strchr(name_of(&a), '+'), "%s", name_of(&a));
    profile_free(p);
}

Test(resolve, equal_functions_that_several_processes_generate_are_one)
{
    struct profile *p = profile_new();
    struct frame_id frames[2];
    struct symbol_source sources[2];
    static const char map[] = "1000 40 JS:*fib /app/x.js:1:13\n";
    for (int i = 0; i < 2; i++) {
        FILE *file = tmpfile();
        cr_assert(file && fputs(map, file) >= 0 && fflush(file) == 0);
        const struct process process = { .pid = (1 << 30) + i };
        const struct module module = { .path = profile_add_string(p, slice_of("[jit]")),
            .kind = MODULE_JIT,
            .process = profile_add_process(p, &process) };
        const struct module_id id = profile_add_module(p, &module);
        frames[i] = profile_add_frame(p, id, 0x1000, 0);
        sources[i] = (struct symbol_source){ id, dup(fileno(file)), (int32_t)getuid() };
        fclose(file);
    }
    symbol_resolve(p, &(struct symbol_options){ .sources = sources, .source_count = 2 });
    const struct answer first = { .profile = p, .frame = frames[0] };
    cr_expect_str_eq(name_of(&first), "fib");
    for (int i = 0; i < 2; i++)
        close(sources[i].fd);
    cr_expect_neq(frames[0].i, frames[1].i);
    cr_expect_eq(
        profile_frame_lines(p, frames[0])[0].func.i, profile_frame_lines(p, frames[1])[0].func.i);
    profile_free(p);
}

Test(resolve, generated_code_without_a_map_is_one_function)
{
    struct profile *p = profile_new();
    const struct process process = { .pid = 1 << 30 };
    const struct module module = { .path = profile_add_string(p, slice_of("[jit]")),
        .kind = MODULE_JIT,
        .process = profile_add_process(p, &process) };
    const struct module_id id = profile_add_module(p, &module);
    const struct frame_id a = profile_add_frame(p, id, 0x1000, 0);
    const struct frame_id b = profile_add_frame(p, id, 0x2000, 0);
    symbol_resolve(p, &(struct symbol_options){ 0 });
    cr_expect_eq(profile_frame_lines(p, a)[0].func.i, profile_frame_lines(p, b)[0].func.i);
    cr_expect_eq(profile_note_count(p), 1u);
    profile_free(p);
}
