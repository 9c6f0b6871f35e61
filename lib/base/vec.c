// SPDX-License-Identifier: MIT
#include "base/vec.h"

#include <stdint.h>

#include "base/alloc.h"

void *vec_grow(void *ptr, size_t *cap, size_t want, size_t item_bytes)
{
    size_t grown = *cap + *cap / 2 + 8;
    if (grown < want)
        grown = want;
    ptr = xreallocarray(ptr, grown, item_bytes);
    *cap = grown;
    return ptr;
}
