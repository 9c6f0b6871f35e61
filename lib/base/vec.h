// SPDX-License-Identifier: MIT
/*
 * Typed growing arrays. A vector is {0} when empty; release with vec_done().
 *
 *     VEC(uint64_t) pcs = { 0 };
 *     vec_push(&pcs, pc);
 *     for (size_t i = 0; i < pcs.len; i++) use(pcs.ptr[i]);
 *     vec_done(&pcs);
 *
 * The vector argument is evaluated more than once. Not thread-safe.
 */
#ifndef PROF_BASE_VEC_H
#define PROF_BASE_VEC_H

#include <stddef.h>
#include <stdlib.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *ptr;                                                                                 \
        size_t len;                                                                                \
        size_t cap;                                                                                \
    }

/* Grows ptr so that it holds at least want items; updates *cap. Aborts when out of memory. */
void *vec_grow(void *ptr, size_t *cap, size_t want, size_t item_bytes);

#define vec_reserve(v, want)                                                                       \
    ((v)->ptr = (want) > (v)->cap ? vec_grow((v)->ptr, &(v)->cap, (want), sizeof *(v)->ptr)        \
                                  : (v)->ptr)

#define vec_push(v, item)                                                                          \
    do {                                                                                           \
        vec_reserve((v), (v)->len + 1);                                                            \
        (v)->ptr[(v)->len++] = (item);                                                             \
    } while (0)

#define vec_clear(v) ((void)((v)->len = 0))

#define vec_done(v)                                                                                \
    do {                                                                                           \
        free((v)->ptr);                                                                            \
        (v)->ptr = NULL;                                                                           \
        (v)->len = (v)->cap = 0;                                                                   \
    } while (0)

#endif
