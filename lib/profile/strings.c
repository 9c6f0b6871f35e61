// SPDX-License-Identifier: MIT
#include <assert.h>

#include "profile/tables.h"

struct string_id profile_add_string(struct profile *p, struct slice text)
{
    uint64_t hash = slice_hash(text);
    struct map_probe probe = map_probe(&p->string_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        if (slice_equal(p->strings.ptr[item], text))
            return (struct string_id){ item };
    }
    item = (uint32_t)p->strings.len;
    vec_push(&p->strings, arena_copy(&p->text, text));
    map_add(&p->string_index, hash, item);
    return (struct string_id){ item };
}

struct slice profile_string(const struct profile *p, struct string_id id)
{
    assert(id.i < p->strings.len);
    return p->strings.ptr[id.i];
}

uint32_t profile_string_count(const struct profile *p)
{
    return (uint32_t)p->strings.len;
}
