// SPDX-License-Identifier: MIT
#include "symbol/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "symbol/bytes.h"

enum {
    MINIDEBUG_MAX_MIB = 256,
    MINIDEBUG_MEMORY_MIB = 256, /* the xz dictionary; -9 needs 65 MiB */
    MINIDEBUG_STEP_BYTES = 1 << 20,
};

static bool image_view(struct image *image, const char *name, struct err *e)
{
    image->elf = elf_new(image->map.ptr, image->map.len, e);
    if (image->elf)
        return true;
    image_done(image);
    return err_wrap(e, "cannot read '%s'", name);
}

bool image_open_fd(struct image *image, int fd, const char *name, struct err *e)
{
    *image = (struct image){ 0 };
    if (!file_map_fd(fd, name, &image->map, e))
        return false;
    image->mapped = true;
    return image_view(image, name, e);
}

bool image_open(struct image *image, const char *path, struct err *e)
{
    /* O_NONBLOCK: a path of the target may have become a fifo. */
    PROF_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_sys(e, errno, "cannot open '%s'", path);
    return image_open_fd(image, fd, path, e);
}

bool image_open_vdso(struct image *image, struct err *e)
{
    /* The kernel's own image: section headers are its last part. */
    const uintptr_t address = (uintptr_t)getauxval(AT_SYSINFO_EHDR);
    if (address == 0)
        return err_set(e, ERR_NOT_FOUND, "this process has no vdso");
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)address; // NOLINT: given as a number
    const size_t len = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
    *image = (struct image){ .map = { (const uint8_t *)header, len } };
    return image_view(image, "[vdso]", e);
}

void image_done(struct image *image)
{
    elf_free(image->elf);
    if (image->mapped)
        file_map_done(&image->map);
    free(image->owned);
    *image = (struct image){ 0 };
}

static bool decompress_xz(struct slice in, struct strbuf *out)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, (uint64_t)MINIDEBUG_MEMORY_MIB << 20, 0) != LZMA_OK)
        return false;
    stream.next_in = (const uint8_t *)in.ptr;
    stream.avail_in = in.len;
    lzma_ret status = LZMA_OK;
    while (status == LZMA_OK && out->len < (size_t)MINIDEBUG_MAX_MIB << 20) {
        stream.next_out = (uint8_t *)strbuf_reserve(out, MINIDEBUG_STEP_BYTES);
        stream.avail_out = MINIDEBUG_STEP_BYTES;
        status = lzma_code(&stream, LZMA_FINISH);
        out->len += MINIDEBUG_STEP_BYTES - stream.avail_out;
    }
    lzma_end(&stream);
    return status == LZMA_STREAM_END;
}

bool image_open_minidebug(struct image *image, const struct elf *main)
{
    struct elf_section s;
    *image = (struct image){ 0 };
    if (!elf_find_section(main, ".gnu_debugdata", &s))
        return false;
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = STRBUF_INIT;
    if (!decompress_xz(elf_section_bytes(main, &s), &bytes))
        return false;
    image->map.len = bytes.len;
    image->owned = strbuf_take(&bytes);
    image->map.ptr = (const uint8_t *)image->owned;
    return image_view(image, ".gnu_debugdata", NULL);
}
