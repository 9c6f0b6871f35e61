// SPDX-License-Identifier: MIT
#include "base/slice.h"

#include <string.h>

#include "base/map.h"

struct slice slice_of(const char *text)
{
    return (struct slice){ .ptr = text ? text : "", .len = text ? strlen(text) : 0 };
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_of(text));
}

bool slice_starts(struct slice s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && memcmp(s.ptr, prefix, len) == 0;
}

bool slice_ends(struct slice s, const char *suffix)
{
    size_t len = strlen(suffix);
    return s.len >= len && memcmp(s.ptr + s.len - len, suffix, len) == 0;
}

struct slice slice_skip(struct slice s, size_t count)
{
    if (count > s.len)
        count = s.len;
    return (struct slice){ .ptr = s.ptr + count, .len = s.len - count };
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len && is_space(s.ptr[0]))
        s = slice_skip(s, 1);
    while (s.len && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

size_t slice_find(struct slice s, char c)
{
    const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return at ? (size_t)(at - s.ptr) : s.len;
}

size_t slice_rfind(struct slice s, char c)
{
    const char *at = s.len ? memrchr(s.ptr, c, s.len) : NULL;
    return at ? (size_t)(at - s.ptr) : s.len;
}

bool slice_split(struct slice *rest, char c, struct slice *ret_part)
{
    if (rest->len == 0)
        return false;
    size_t at = slice_find(*rest, c);
    *ret_part = (struct slice){ .ptr = rest->ptr, .len = at };
    *rest = slice_skip(*rest, at + 1);
    return true;
}

struct slice slice_take_word(struct slice *rest)
{
    while (rest->len && rest->ptr[0] == ' ')
        *rest = slice_skip(*rest, 1);
    const struct slice word = { rest->ptr, slice_find(*rest, ' ') };
    *rest = slice_skip(*rest, word.len);
    return word;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

bool slice_to_u64(struct slice s, int base, uint64_t *ret_value)
{
    if (s.len == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        int digit = digit_value(s.ptr[i]);
        if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

/* Eight bytes a step, each mixed by a multiply; good enough for tables we compare fully anyway. */
uint64_t slice_hash(struct slice s)
{
    uint64_t hash = s.len * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        uint64_t word;
        memcpy(&word, s.ptr + i, 8);
        hash = hash_mix(hash, word);
    }
    if (i < s.len) {
        uint64_t word = 0;
        memcpy(&word, s.ptr + i, s.len - i);
        hash = hash_mix(hash, word);
    }
    return hash_u64(hash);
}

struct slice slice_basename(struct slice path)
{
    size_t at = slice_rfind(path, '/');
    return at == path.len ? path : slice_skip(path, at + 1);
}
