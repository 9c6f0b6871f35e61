// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "profile/sample_log.h"

static struct sample nth_sample(uint64_t n)
{
    uint64_t noise = hash_u64(n);
    return (struct sample){
        .time_ns = n * 2004008 + noise % 5000,
        .thread = { (uint32_t)(noise >> 40 & 3) },
        .stack = { (uint32_t)(noise >> 8 & 1023) },
        .count = 1 + (noise >> 30 & 1),
        .weight = 2004008,
    };
}

static bool same_sample(const struct sample *a, const struct sample *b)
{
    return a->time_ns == b->time_ns && a->thread.i == b->thread.i && a->stack.i == b->stack.i &&
           a->count == b->count && a->weight == b->weight;
}

static void expect_samples(const struct sample_log *log, uint64_t count)
{
    struct sample_iter it = sample_iter(log);
    struct sample got;
    uint64_t n = 0;
    while (sample_iter_next(&it, &got)) {
        struct sample want = nth_sample(n++);
        cr_assert(same_sample(&got, &want), "sample %lu", (unsigned long)n);
    }
    sample_iter_done(&it);
    cr_assert(eq(u64, n, count));
}

static struct sample_log *filled(uint64_t count)
{
    struct sample_log *log = sample_log_new();
    for (uint64_t n = 0; n < count; n++) {
        struct sample s = nth_sample(n);
        sample_log_add(log, &s);
    }
    return log;
}

Test(sample_log, gives_back_every_sample_in_order)
{
    static const uint64_t counts[] = { 0, 1, SAMPLE_BLOCK_MAX - 1, SAMPLE_BLOCK_MAX,
        2 * SAMPLE_BLOCK_MAX + 77 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(counts); i++) {
        struct sample_log *log = filled(counts[i]);
        cr_assert(eq(u64, sample_log_count(log), counts[i]));
        expect_samples(log, counts[i]);
        sample_log_free(log);
    }
}

Test(sample_log, blocks_copied_to_another_log_hold_the_same_samples)
{
    struct sample_log *from = filled(SAMPLE_BLOCK_MAX + 500);
    sample_log_seal(from);
    struct sample_log *to = sample_log_new();
    for (uint32_t i = 0; i < sample_log_block_count(from); i++)
        cr_assert(sample_log_add_block(to, sample_log_block(from, i), 4, 1024, NULL));
    expect_samples(to, SAMPLE_BLOCK_MAX + 500);
    sample_log_free(from);
    sample_log_free(to);
}

Test(sample_log, refuses_ids_that_the_profile_does_not_have)
{
    struct sample_log *from = filled(1000);
    sample_log_seal(from);
    struct sample_log *to = sample_log_new();
    cr_assert(not(sample_log_add_block(to, sample_log_block(from, 0), 3, 1024, NULL)));
    cr_assert(not(sample_log_add_block(to, sample_log_block(from, 0), 4, 1000, NULL)));
    cr_assert(eq(u64, sample_log_count(to), 0));
    sample_log_free(from);
    sample_log_free(to);
}

Test(sample_log, refuses_damaged_blocks)
{
    struct sample_log *from = filled(1000);
    sample_log_seal(from);
    struct slice good = sample_log_block(from, 0);
    for (size_t cut = 0; cut < good.len; cut += 17) {
        struct sample_log *to = sample_log_new();
        struct slice bad = { good.ptr, cut };
        cr_expect(not(sample_log_add_block(to, bad, 4, 1024, NULL)), "cut at %zu", cut);
        sample_log_free(to);
    }
    sample_log_free(from);
}

Test(sample_log, an_hour_on_two_cores_packs_below_twenty_megabytes)
{
    struct sample_log *log = sample_log_new();
    uint64_t bytes = 0;
    for (uint64_t n = 0; n < 10 * SAMPLE_BLOCK_MAX; n++) {
        struct sample s = nth_sample(n);
        s.count = 1;
        sample_log_add(log, &s);
    }
    for (uint32_t i = 0; i < sample_log_block_count(log); i++)
        bytes += sample_log_block(log, i).len;
    double per_sample = (double)bytes / (10.0 * SAMPLE_BLOCK_MAX);
    cr_assert(lt(dbl, per_sample * 3600 * 499 * 2, 20e6));
    sample_log_free(log);
}
