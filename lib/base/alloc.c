// SPDX-License-Identifier: MIT
#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PROF_NORETURN void out_of_memory(size_t size_bytes)
{
    fprintf(stderr, "prof: out of memory (%zu bytes wanted)\n", size_bytes);
    abort();
}

void *xmalloc(size_t size_bytes)
{
    void *ptr = malloc(size_bytes ? size_bytes : 1);
    if (!ptr)
        out_of_memory(size_bytes);
    return ptr;
}

void *xcalloc(size_t count, size_t item_bytes)
{
    void *ptr = calloc(count ? count : 1, item_bytes ? item_bytes : 1);
    if (!ptr)
        out_of_memory(count * item_bytes);
    return ptr;
}

void *xreallocarray(void *ptr, size_t count, size_t item_bytes)
{
    size_t size_bytes;
    if (__builtin_mul_overflow(count, item_bytes, &size_bytes))
        out_of_memory(SIZE_MAX);
    void *bigger = realloc(ptr, size_bytes ? size_bytes : 1);
    if (!bigger)
        out_of_memory(size_bytes);
    return bigger;
}

char *xstrdup(const char *text)
{
    return xmemdupz(text, strlen(text));
}

char *xmemdupz(const void *ptr, size_t len)
{
    size_t size_bytes;
    if (__builtin_add_overflow(len, 1, &size_bytes))
        out_of_memory(SIZE_MAX);
    char *copy = xmalloc(size_bytes);
    if (len)
        memcpy(copy, ptr, len);
    copy[len] = '\0';
    return copy;
}

void free_ptr(void *pointer_to_pointer)
{
    void *ptr;
    memcpy(&ptr, pointer_to_pointer, sizeof ptr);
    free(ptr);
}
