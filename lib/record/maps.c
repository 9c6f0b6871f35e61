// SPDX-License-Identifier: MIT
#include "record/maps.h"

#include <sys/mman.h>

/* "12ab-34cd": two hexadecimal numbers. */
static bool parse_pair(struct slice word, char between, uint64_t *ret_a, uint64_t *ret_b)
{
    const size_t at = slice_find(word, between);
    if (at == word.len)
        return false;
    return slice_to_u64((struct slice){ word.ptr, at }, 16, ret_a) &&
           slice_to_u64(slice_skip(word, at + 1), 16, ret_b);
}

static uint32_t parse_prot(struct slice perms)
{
    uint32_t prot = 0;
    for (size_t i = 0; i < perms.len; i++) {
        prot |= perms.ptr[i] == 'r' ? PROT_READ : 0;
        prot |= perms.ptr[i] == 'w' ? PROT_WRITE : 0;
        prot |= perms.ptr[i] == 'x' ? PROT_EXEC : 0;
    }
    return prot;
}

bool maps_parse_line(struct slice line, struct perf_map *ret_map)
{
    struct perf_map m = { 0 };
    uint64_t end = 0, major = 0, minor = 0;
    if (!parse_pair(slice_take_word(&line), '-', &m.start, &end) || end <= m.start)
        return false;
    m.len = end - m.start;
    m.prot = parse_prot(slice_take_word(&line));
    if (!slice_to_u64(slice_take_word(&line), 16, &m.offset) ||
        !parse_pair(slice_take_word(&line), ':', &major, &minor) ||
        !slice_to_u64(slice_take_word(&line), 10, &m.inode))
        return false;
    m.major = (uint32_t)major;
    m.minor = (uint32_t)minor;
    while (line.len > 0 && line.ptr[0] == ' ')
        line = slice_skip(line, 1);
    m.path = line.len > 0 ? line : slice_of("//anon"); /* as MMAP2 names anonymous memory */
    *ret_map = m;
    return true;
}
