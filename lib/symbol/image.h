// SPDX-License-Identifier: MIT
/* An ELF file mapped into memory, with its view. {0} when there is none; any of the openers fills
 * it. */
#ifndef PROF_SYMBOL_IMAGE_H
#define PROF_SYMBOL_IMAGE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/file.h"
#include "symbol/elf.h"

struct image {
    struct file_map map; /* bytes of a mapped file, or borrowed (the vdso) */
    char *owned;         /* decompressed bytes */
    bool mapped;         /* map is ours to unmap */
    struct elf *elf;     /* NULL: no image */
};

bool image_open_fd(struct image *image, int fd, const char *name, struct err *e);
bool image_open(struct image *image, const char *path, struct err *e);
bool image_open_vdso(struct image *image, struct err *e); /* this process's own */
void image_done(struct image *image);

/* The symbol table that some distributions keep, xz-compressed, in .gnu_debugdata of a stripped
 * file. */
bool image_open_minidebug(struct image *image, const struct elf *main);

#endif
