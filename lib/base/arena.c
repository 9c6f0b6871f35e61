// SPDX-License-Identifier: MIT
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { BLOCK_BYTES = 64 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    alignas(ARENA_ALIGN) unsigned char bytes[];
};

static struct arena_block *block_new(struct arena *a, size_t want)
{
    size_t cap = want > BLOCK_BYTES / 4 ? want : BLOCK_BYTES - sizeof(struct arena_block);
    struct arena_block *block = xcalloc(1, sizeof *block + cap);
    block->cap = cap;
    /* A large item gets a block of its own behind the head, which stays open for small ones. */
    if (a->head && want > BLOCK_BYTES / 4) {
        block->next = a->head->next;
        a->head->next = block;
    } else {
        block->next = a->head;
        a->head = block;
    }
    return block;
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
    size_t want;
    if (__builtin_add_overflow(size_bytes, ARENA_ALIGN - 1, &want))
        want = SIZE_MAX - BLOCK_BYTES; /* the allocator reports it */
    want &= ~(size_t)(ARENA_ALIGN - 1);
    struct arena_block *block = a->head;
    if (!block || block->cap - block->used < want)
        block = block_new(a, want);
    void *ptr = block->bytes + block->used;
    block->used += want;
    return ptr;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, s.len + 1);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct slice){ .ptr = copy, .len = s.len };
}

void arena_done(struct arena *a)
{
    struct arena_block *block = a->head;
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *a = (struct arena){ 0 };
}
