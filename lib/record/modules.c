// SPDX-License-Identifier: MIT
#include "record/modules.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "record/fault_guard.h"
#include "record/module_open.h"
#include "symbol/elf.h"

/* Files kept open; later ones are read and closed again, and named by path. */
enum { OPEN_FILES_MAX = 4096, VDSO_BYTES_MAX = 64 << 10 };

struct module_file {
    struct perf_map map; /* of the first mapping seen; path and build id are owned copies */
    bool is_vdso;
    bool loaded;
    uint32_t same_as; /* the file itself, or an equal one that was loaded before */
    struct module_id module;
    int fd;
    struct file_map bytes;
    struct elf *elf;
    struct unwind_table *table;
    bool is_go;
    struct python_symbols python;
};

struct place {
    uint32_t file;
    uint64_t start, offset; /* of the first mapping seen */
    bool ready;
    struct code_place code;
};

struct modules {
    struct profile *profile;
    VEC(struct module_file) files;
    VEC(struct place) places;
    struct map file_index, place_index;
    size_t open_files;
};

struct modules *modules_new(struct profile *p)
{
    struct modules *m = xcalloc(1, sizeof *m);
    m->profile = p;
    return m;
}

static void file_done(struct module_file *f)
{
    unwind_table_free(f->table);
    elf_free(f->elf);
    if (!f->is_vdso) {
        fault_guard_remove(f->bytes.ptr);
        file_map_done(&f->bytes);
    }
    close_fd(&f->fd);
    free_ptr(&f->map.path.ptr);
    free_ptr(&f->map.build_id.ptr);
}

void modules_free(struct modules *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->files.len; i++)
        file_done(&m->files.ptr[i]);
    vec_done(&m->files);
    vec_done(&m->places);
    map_done(&m->file_index);
    map_done(&m->place_index);
    free(m);
}

bool modules_is_file(struct slice path)
{
    if (slice_is(path, "[vdso]"))
        return true;
    static const char *const generated[] = { "/memfd:", "/dev/zero", "/SYSV", "/anon_hugepage",
        "/dev/shm/" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(generated); i++)
        if (slice_starts(path, generated[i]))
            return false;
    return path.len > 1 && path.ptr[0] == '/' && path.ptr[1] != '/';
}

/* ---- what is mapped ---- */

static bool same_file(const struct perf_map *a, const struct perf_map *b)
{
    if (!slice_equal(a->path, b->path) || !slice_equal(a->build_id, b->build_id))
        return false;
    return a->build_id.len > 0 ||
           (a->inode == b->inode && a->major == b->major && a->minor == b->minor);
}

static uint64_t file_hash(const struct perf_map *map)
{
    uint64_t hash = hash_mix(slice_hash(map->path), slice_hash(map->build_id));
    return map->build_id.len > 0 ? hash : hash_mix(hash, map->inode);
}

static struct slice own(struct slice s)
{
    return (struct slice){ xmemdupz(s.ptr, s.len), s.len };
}

static uint32_t find_or_add_file(struct modules *m, const struct perf_map *map)
{
    const uint64_t hash = file_hash(map);
    struct map_probe probe = map_probe(&m->file_index, hash);
    uint32_t item;
    while (map_next(&probe, &item))
        if (same_file(&m->files.ptr[item].map, map))
            return item;
    item = (uint32_t)m->files.len;
    struct module_file f = {
        .map = *map,
        .fd = -1,
        .same_as = item,
        .is_vdso = slice_is(map->path, "[vdso]"),
    };
    f.map.path = own(map->path);
    f.map.build_id = own(map->build_id);
    vec_push(&m->files, f);
    map_add(&m->file_index, hash, item);
    return item;
}

uint32_t modules_place(struct modules *m, const struct perf_map *map)
{
    const uint32_t file = find_or_add_file(m, map);
    const uint64_t distance = map->start - map->offset;
    const uint64_t hash = hash_mix(hash_u64(file), distance);
    struct map_probe probe = map_probe(&m->place_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        const struct place *p = &m->places.ptr[item];
        if (p->file == file && p->start - p->offset == distance)
            return item;
    }
    item = (uint32_t)m->places.len;
    const struct place place = { .file = file, .start = map->start, .offset = map->offset };
    vec_push(&m->places, place);
    map_add(&m->place_index, hash, item);
    return item;
}

/* ---- opening ---- */

static struct unwind_section section_of(const struct elf *elf, const char *name)
{
    struct elf_section s;
    if (!elf_find_section(elf, name, &s))
        return (struct unwind_section){ 0 };
    const struct slice bytes = elf_section_bytes(elf, &s);
    return (struct unwind_section){ (const uint8_t *)bytes.ptr, bytes.len, s.address };
}

static void build_table(struct module_file *f)
{
    struct unwind_sections sections = {
        .eh_frame = section_of(f->elf, ".eh_frame"),
        .eh_frame_hdr = section_of(f->elf, ".eh_frame_hdr"),
        .text = section_of(f->elf, ".text"),
        .plt = section_of(f->elf, ".plt"),
        .has_go_pclntab = elf_is_go(f->elf),
    };
    f->is_go = sections.has_go_pclntab;
    char *owned = NULL;
    struct elf_section debug;
    if (sections.eh_frame.len == 0 && (elf_find_section(f->elf, ".debug_frame", &debug) ||
                                          elf_find_section(f->elf, ".zdebug_frame", &debug))) {
        const struct slice bytes = elf_section_data(f->elf, &debug, &owned);
        sections.debug_frame =
            (struct unwind_section){ (const uint8_t *)bytes.ptr, bytes.len, debug.address };
    }
    f->table = unwind_table_new(&sections, NULL);
    free(owned);
}

/* Every process has the same vdso as prof itself. */
static void load_vdso(struct module_file *f)
{
    const uint8_t *bytes = (const uint8_t *)getauxval(AT_SYSINFO_EHDR); // NOLINT: an address
    if (!bytes)
        return;
    /* Section headers end the image, so that its size follows from its header. */
    Elf64_Ehdr header;
    memcpy(&header, bytes, sizeof header);
    const uint64_t len = header.e_shoff + (uint64_t)header.e_shentsize * header.e_shnum;
    if (len > VDSO_BYTES_MAX)
        return;
    f->bytes = (struct file_map){ bytes, len };
    f->elf = elf_new(bytes, len, NULL);
}

static struct slice file_path(const struct module_file *f)
{
    struct slice path = f->map.path;
    if (slice_ends(path, MODULE_DELETED_SUFFIX))
        path.len -= strlen(MODULE_DELETED_SUFFIX);
    return path;
}

static void add_module(struct modules *m, struct module_file *f, bool deleted)
{
    struct module row = {
        .path = profile_add_string(m->profile, file_path(f)),
        .kind = f->is_vdso ? MODULE_VDSO : MODULE_ELF,
        .deleted = deleted,
    };
    const struct slice id = f->elf ? elf_build_id(f->elf) : f->map.build_id;
    if (id.len > 0 && id.len <= MODULE_BUILD_ID_MAX) {
        memcpy(row.build_id, id.ptr, id.len);
        row.build_id_len = (uint8_t)id.len;
    }
    f->module = profile_add_module(m->profile, &row);
}

/* An equal file that is loaded already: known by inode once and by build id another time. */
static uint32_t find_loaded(const struct modules *m, uint32_t file)
{
    for (uint32_t i = 0; i < m->files.len; i++) {
        const struct module_file *f = &m->files.ptr[i];
        if (i != file && f->loaded && f->table && f->same_as == i &&
            f->module.i == m->files.ptr[file].module.i)
            return i;
    }
    return file;
}

/* python3.11, libpython3.11.so.1.0: only there is it worth reading the symbols. */
static bool may_hold_python(const struct module_file *f)
{
    const struct slice name = slice_basename(f->map.path);
    return slice_starts(name, "python") || slice_starts(name, "libpython");
}

static void load_file(struct modules *m, uint32_t index, pid_t pid)
{
    struct module_file *f = &m->files.ptr[index];
    f->loaded = true;
    bool deleted = false;
    if (f->is_vdso) {
        load_vdso(f);
    } else {
        f->fd = module_open(pid, &f->map, &f->bytes, &f->elf, &deleted);
    }
    add_module(m, f, deleted);
    f->same_as = find_loaded(m, index);
    if (f->elf && f->same_as == index) {
        build_table(f);
        if (may_hold_python(f))
            f->python = python_symbols_find(f->elf);
    }
    if (f->fd >= 0 && ++m->open_files > OPEN_FILES_MAX)
        close_fd(&f->fd);
}

const struct code_place *modules_load(struct modules *m, uint32_t place, pid_t pid)
{
    struct place *p = &m->places.ptr[place];
    if (p->ready)
        return &p->code;
    if (!m->files.ptr[p->file].loaded)
        load_file(m, p->file, pid);
    const struct module_file *f = &m->files.ptr[p->file];
    const struct module_file *same = &m->files.ptr[f->same_as];
    uint64_t address = p->offset;
    if (f->elf)
        elf_offset_to_address(f->elf, p->offset, &address);
    p->code = (struct code_place){
        .module = f->module,
        .bias = p->start - address,
        .table = same->table,
        .is_go = same->is_go,
        .python = same->python,
    };
    p->ready = true;
    return &p->code;
}

const struct elf *modules_elf(const struct modules *m, uint32_t place)
{
    const struct module_file *f = &m->files.ptr[m->places.ptr[place].file];
    return m->files.ptr[f->same_as].elf;
}

void modules_add_sources(const struct modules *m, struct symbol_source_list *out)
{
    for (size_t i = 0; i < m->files.len; i++) {
        const struct module_file *f = &m->files.ptr[i];
        if (f->loaded && f->fd >= 0 && f->same_as == i) {
            const struct symbol_source source = {
                .module = f->module, .fd = f->fd, .owner_uid = -1
            };
            vec_push(out, source);
        }
    }
}
