// SPDX-License-Identifier: MIT
#include "tests/unit/unwind/sections.h"

#include <string.h>

static void put(struct section_writer *w, const void *bytes, size_t len)
{
    memcpy(w->bytes + w->len, bytes, len);
    w->len += len;
}

static void put_u32(struct section_writer *w, uint32_t value)
{
    put(w, &value, sizeof value);
}

/* Pads the entry that starts at `start` and writes its length. */
static void finish(struct section_writer *w, size_t start)
{
    while ((w->len - start) % 8 != 0)
        w->bytes[w->len++] = 0;
    const uint32_t size = (uint32_t)(w->len - start - 4);
    memcpy(w->bytes + start, &size, sizeof size);
}

void section_add_cie(struct section_writer *w, const char *augmentation)
{
    const size_t start = w->len;
    w->cie = start;
    put_u32(w, 0);
    put_u32(w, 0);
    put(w, "\x01", 1);
    put(w, augmentation, strlen(augmentation) + 1);
    put(w, "\x01\x78\x10\x01\x1b", 5); /* code 1, data -8, RA 16, one byte of data: the encoding */
    put(w, "\x0c\x07\x08\x90\x01", 5);
    finish(w, start);
}

void section_add_fde(struct section_writer *w, uint64_t start, uint32_t size, const void *program,
    size_t program_len)
{
    const size_t at = w->len;
    put_u32(w, 0);
    put_u32(w, (uint32_t)(at + 4 - w->cie));
    put_u32(w, (uint32_t)(start - (SECTION_ADDRESS + at + 8)));
    put_u32(w, size);
    put(w, "", 1);
    put(w, program, program_len);
    finish(w, at);
}

struct unwind_section section_get(const struct section_writer *w)
{
    return (struct unwind_section){ w->bytes, w->len, SECTION_ADDRESS };
}
