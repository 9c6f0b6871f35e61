// SPDX-License-Identifier: MIT
#include "symbol/x86_64_value.h"

/* splitmix64's finaliser (Steele et al., OOPSLA 2014): distinct places get distinct numbers. */
uint64_t x86_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b + 1;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (x ^ x >> 31) | UINT64_C(1) << 63;
}

struct x86_value x86_number_value(int64_t n)
{
    return (struct x86_value){ FIXED, ORIGIN_NUMBER, (uint64_t)n };
}

bool x86_same_value(const struct x86_value *a, const struct x86_value *b)
{
    return a->kind == b->kind && a->origin == b->origin && a->offset == b->offset;
}

struct x86_value x86_join_values(struct x86_value a, struct x86_value b)
{
    if (x86_same_value(&a, &b))
        return a;
    const enum x86_value_kind worse = a.kind > b.kind ? a.kind : b.kind;
    return (struct x86_value){ worse < SEEN ? SEEN : worse, x86_mix(a.origin, b.origin),
        x86_mix(a.offset, b.offset) };
}

struct x86_value x86_combine(struct x86_value a, struct x86_value b, uint64_t how)
{
    const struct x86_value *main = b.kind > a.kind ? &b : &a;
    const bool read = main->origin >> 63;
    return (struct x86_value){ main->kind, read ? main->origin : x86_mix(main->origin, how),
        x86_mix(x86_mix(a.origin, a.offset), x86_mix(b.origin, b.offset + how)) };
}
