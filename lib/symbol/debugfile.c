// SPDX-License-Identifier: MIT
#include "symbol/debugfile.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "symbol/bytes.h"

#define DEBUG_ROOT "/usr/lib/debug"

bool debugfile_has_dwarf(const struct elf *elf)
{
    struct elf_section s;
    return (elf_find_section(elf, ".debug_info", &s) ||
               elf_find_section(elf, ".zdebug_info", &s)) &&
           elf_section_bytes(elf, &s).len > 0;
}

/* Opens path when its build id is the one looked for. */
static bool open_by_id(const char *path, struct slice build_id, struct image *ret_image)
{
    struct image image;
    if (!image_open(&image, path, NULL))
        return false;
    if (!slice_equal(elf_build_id(image.elf), build_id)) {
        image_done(&image);
        return false;
    }
    *ret_image = image;
    return true;
}

static bool find_by_id(struct slice build_id, struct image *ret_image)
{
    if (build_id.len < 2)
        return false;
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_adds(&path, DEBUG_ROOT "/.build-id/");
    for (size_t i = 0; i < build_id.len; i++)
        strbuf_addf(&path, "%02x%s", (unsigned char)build_id.ptr[i], i == 0 ? "/" : "");
    strbuf_adds(&path, ".debug");
    return open_by_id(path.ptr, build_id, ret_image);
}

/* ---- debug link: name, zero, padding to 4, u32 CRC of the whole debug file ---- */

struct debuglink {
    struct slice name;
    uint32_t crc;
};

static bool read_debuglink(const struct elf *elf, struct debuglink *ret_link)
{
    struct elf_section s;
    if (!elf_find_section(elf, ".gnu_debuglink", &s))
        return false;
    const struct slice bytes = elf_section_bytes(elf, &s);
    const struct slice name = { bytes.ptr, slice_find(bytes, '\0') };
    const size_t crc_at = (name.len + 4) & ~(size_t)3;
    if (name.len == 0 || bytes.len < 4 || crc_at > bytes.len - 4 ||
        slice_find(name, '/') < name.len || slice_is(name, ".."))
        return false;
    *ret_link = (struct debuglink){ name, bytes_u32((const uint8_t *)bytes.ptr + crc_at) };
    return true;
}

static bool open_by_link(
    const char *path, const struct debuglink *link, struct slice build_id, struct image *ret_image)
{
    struct image image;
    if (!image_open(&image, path, NULL))
        return false;
    const bool same_id = build_id.len && slice_equal(elf_build_id(image.elf), build_id);
    if (!same_id && crc32_z(0, image.map.ptr, image.map.len) != link->crc) {
        image_done(&image);
        return false;
    }
    *ret_image = image;
    return true;
}

static bool find_by_link(const struct elf *main, const char *path, struct image *ret_image)
{
    static const char *const places[][2] = { { "", "" }, { "", ".debug/" }, { DEBUG_ROOT, "" } };
    struct debuglink link;
    if (path[0] != '/' || !read_debuglink(main, &link))
        return false;
    const int folder_len = (int)(strrchr(path, '/') - path);
    for (size_t i = 0; i < PROF_ARRAY_LEN(places); i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf candidate = STRBUF_INIT;
        strbuf_addf(&candidate, "%s%.*s/%s%.*s", places[i][0], folder_len, path, places[i][1],
            SLICE_ARG(link.name));
        if (strcmp(candidate.ptr, path) != 0 &&
            open_by_link(candidate.ptr, &link, elf_build_id(main), ret_image))
            return true;
    }
    return false;
}

bool debugfile_find(const struct elf *main, const char *path, struct image *ret_debug)
{
    return find_by_id(elf_build_id(main), ret_debug) || find_by_link(main, path, ret_debug);
}

/* ---- dwz: path, zero, build id ---- */

bool debugfile_find_alternate(const struct elf *debug, struct image *ret_alternate)
{
    struct elf_section s;
    if (!elf_find_section(debug, ".gnu_debugaltlink", &s))
        return false;
    const struct slice bytes = elf_section_bytes(debug, &s);
    const struct slice name = { bytes.ptr, slice_find(bytes, '\0') };
    struct slice build_id = slice_skip(bytes, name.len + 1);
    if (build_id.len > ELF_BUILD_ID_MAX)
        build_id.len = ELF_BUILD_ID_MAX;
    if (find_by_id(build_id, ret_alternate))
        return true;
    /* Debian: a path relative to the debug file, always below .dwz. */
    const char *folder = memmem(name.ptr, name.len, ".dwz/", 5);
    if (!folder)
        return false;
    const struct slice tail = slice_skip(name, (size_t)(folder - name.ptr));
    if (memmem(tail.ptr, tail.len, "..", 2))
        return false;
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, DEBUG_ROOT "/%.*s", SLICE_ARG(tail));
    return open_by_id(path.ptr, build_id, ret_alternate);
}
