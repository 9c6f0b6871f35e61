// SPDX-License-Identifier: MIT
/*
 * .eh_frame_hdr (Linux Standard Base, "exception frames"):
 *
 *     u8 version = 1, u8 frame pointer encoding, u8 count encoding, u8 table encoding
 *     i32 .eh_frame - here      u32 count      { i32 function - hdr, i32 FDE - hdr }[count], sorted
 *
 * The table gives starts only; the function's length is in its FDE, whose pointer encoding is in
 * the CIE it refers to.
 */
#include "symbol/fde.h"

#include <elf.h>
#include <string.h>

#include "base/varint.h"
#include "symbol/bytes.h"

enum {
    ENCODING_PCREL_SDATA4 = 0x1b,
    ENCODING_UDATA4 = 0x03,
    ENCODING_DATAREL_SDATA4 = 0x3b,
    HEADER_BYTES = 12,
    ROW_BYTES = 8,
};

struct region {
    const uint8_t *ptr;
    size_t len;
    uint64_t address;
};

static struct region region_of(const struct elf *elf, const struct elf_section *s)
{
    const struct slice bytes = elf_section_bytes(elf, s);
    return (struct region){ (const uint8_t *)bytes.ptr, bytes.len, s->address };
}

/* Bytes of a pointer in this encoding's format (DW_EH_PE_*, lower four bits); 0: not handled. */
static uint32_t pointer_bytes(uint8_t encoding)
{
    switch (encoding & 15) {
    case 0x0: /* absptr */
    case 0x4: /* udata8 */
    case 0xc: /* sdata8 */
        return 8;
    case 0x3: /* udata4 */
    case 0xb: /* sdata4 */
        return 4;
    }
    return 0;
}

/* Reads the augmentation data for its 'R', the encoding of pointers in FDEs. */
static bool augmentation_encoding(
    const uint8_t *letters, const uint8_t *at, const uint8_t *end, uint8_t *ret_encoding)
{
    for (; *letters && at < end; letters++) {
        if (*letters == 'R') {
            *ret_encoding = *at;
            return true;
        }
        if (*letters == 'L')
            at++;
        else if (*letters == 'P' && pointer_bytes(*at) < (size_t)(end - at))
            at += 1 + pointer_bytes(*at);
        else if (*letters != 'S' && *letters != 'B')
            return false;
    }
    return false;
}

static bool cie_encoding(const struct region *frames, uint64_t offset, uint8_t *ret_encoding)
{
    if (offset > frames->len || frames->len - offset < 16)
        return false;
    const uint8_t *cie = frames->ptr + offset, *end = frames->ptr + frames->len;
    const uint8_t version = cie[8], *letters = cie + 9;
    const uint8_t *zero = memchr(letters, 0, (size_t)(end - letters));
    if (!zero)
        return false;
    *ret_encoding = 0;
    if (*letters != 'z')
        return *letters == '\0';
    /* Code and data alignment, return address column (one byte in version 1), length. */
    const uint8_t *at = zero + 1;
    uint64_t ignored;
    for (int field = 0; field < 4; field++) {
        if (field == 2 && version == 1 && at < end)
            at++;
        else if (!varint_read(&at, end, &ignored))
            return false;
    }
    return augmentation_encoding(letters + 1, at, end, ret_encoding);
}

/* Length of the function an FDE describes. */
static bool fde_length(const struct region *frames, uint64_t fde_address, uint64_t *ret_len)
{
    const uint64_t offset = fde_address - frames->address;
    if (offset > frames->len || frames->len - offset < 24)
        return false;
    const uint8_t *fde = frames->ptr + offset;
    uint8_t encoding;
    if (bytes_u32(fde) == UINT32_MAX || bytes_u32(fde + 4) > offset + 4 ||
        !cie_encoding(frames, offset + 4 - bytes_u32(fde + 4), &encoding))
        return false;
    const uint32_t size = pointer_bytes(encoding);
    if (size == 0)
        return false;
    *ret_len = size == 4 ? bytes_u32(fde + 12) : bytes_u64(fde + 16);
    return true;
}

static uint64_t row_value(const struct region *header, uint32_t row, uint32_t column)
{
    const uint8_t *p = header->ptr + HEADER_BYTES + (uint64_t)row * ROW_BYTES + column;
    return header->address + (uint64_t)(int64_t)(int32_t)bytes_u32(p);
}

/* Last row whose function starts at or before address. */
static bool find_row(const struct region *header, uint64_t address, uint32_t *ret_row)
{
    const uint64_t fit = (header->len - HEADER_BYTES) / ROW_BYTES;
    const uint32_t count = bytes_u32(header->ptr + 8);
    uint32_t low = 0, high = count < fit ? count : (uint32_t)fit;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (row_value(header, middle, 0) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_row = low - 1;
    return low > 0;
}

bool fde_function_start(const struct elf *elf, uint64_t address, uint64_t *ret_start)
{
    struct elf_section s;
    if (!elf_find_section(elf, ".eh_frame_hdr", &s) && !elf_find_segment(elf, PT_GNU_EH_FRAME, &s))
        return false;
    const struct region header = region_of(elf, &s);
    if (header.len < HEADER_BYTES || header.ptr[0] != 1 || header.ptr[1] != ENCODING_PCREL_SDATA4 ||
        header.ptr[2] != ENCODING_UDATA4 || header.ptr[3] != ENCODING_DATAREL_SDATA4 ||
        !elf_find_section(elf, ".eh_frame", &s))
        return false;
    const struct region frames = region_of(elf, &s);
    uint32_t row;
    uint64_t len;
    if (!find_row(&header, address, &row) || !fde_length(&frames, row_value(&header, row, 4), &len))
        return false;
    const uint64_t start = row_value(&header, row, 0);
    if (address - start >= len)
        return false;
    *ret_start = start;
    return true;
}
