// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "profile/evidence.h"
#include "profile/sample_log.h"

static struct profile *with_threads(void)
{
    struct profile *p = profile_new();
    profile_add_process(p, &(struct process){ .pid = 7 });
    for (int tid = 1; tid < 4; tid++)
        profile_add_thread(p, &(struct thread){ .tid = tid, .process = { 1 } });
    return p;
}

Test(evidence, each_channel_has_samples_of_its_own)
{
    struct profile *p = with_threads();
    struct sample s = { .time_ns = 5, .thread = { 1 }, .count = 1, .weight = 10 };
    profile_add_sample(p, &s);
    profile_add_channel_sample(p, CHANNEL_WAIT, &s);
    profile_add_channel_sample(p, CHANNEL_WAIT, &s);
    cr_assert(eq(u64, sample_log_count(profile_samples(p)), 1));
    cr_assert(eq(u64, sample_log_count(profile_channel(p, CHANNEL_CPU)), 1));
    cr_assert(eq(u64, sample_log_count(profile_channel(p, CHANNEL_WAIT)), 2));
    cr_assert(eq(u64, sample_log_count(profile_channel(p, CHANNEL_FAULTS)), 0));
    profile_free(p);
}

Test(evidence, tallies_add_up_by_thread_name_and_what)
{
    struct profile *p = with_threads();
    struct tally t = {
        .thread = { 1 }, .count = 2, .ns = 30, .max_ns = 20, .bytes = 5, .small = 1
    };
    t.name = profile_add_string(p, slice_of("wait"));
    t.what = profile_add_string(p, slice_of("read file /x"));
    profile_add_tally(p, &t);
    t.max_ns = 7;
    profile_add_tally(p, &t);
    t.thread.i = 2;
    profile_add_tally(p, &t);
    uint32_t count;
    const struct tally *rows = profile_tallies(p, &count);
    cr_assert(eq(u32, count, 2));
    cr_assert(eq(u64, rows[0].count, 4));
    cr_assert(eq(u64, rows[0].ns, 60));
    cr_assert(eq(u64, rows[0].max_ns, 20), "the longest of all");
    cr_assert(eq(u64, rows[0].bytes, 10));
    cr_assert(eq(u64, rows[0].small, 2));
    cr_assert(eq(u64, rows[1].max_ns, 7));
    profile_free(p);
}

Test(evidence, the_last_value_of_a_fact_stands)
{
    struct profile *p = with_threads();
    struct process_id run = { 0 }, target = { 1 };
    profile_set_fact(p, target, "runtime", slice_of("native"));
    profile_set_fact(p, run, "runtime", slice_of("other"));
    profile_set_fact(p, target, "runtime", slice_of("node"));
    cr_assert(slice_is(profile_fact(p, target, "runtime"), "node"));
    cr_assert(slice_is(profile_fact(p, run, "runtime"), "other"));
    cr_assert(eq(sz, profile_fact(p, target, "listens").len, 0));
    cr_assert(eq(u32, profile_fact_count(p), 2));
    profile_free(p);
}

Test(evidence, many_facts_and_tallies_are_found_again)
{
    struct profile *p = with_threads();
    char text[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            snprintf(text, sizeof text, "%d", i);
            profile_set_fact(p, (struct process_id){ 1 }, text, slice_of(text));
            struct tally t = { .what = profile_add_string(p, slice_of(text)), .count = 1 };
            profile_add_tally(p, &t);
        }
    }
    uint32_t count;
    profile_tallies(p, &count);
    cr_assert(eq(u32, count, 5000));
    cr_assert(eq(u32, profile_fact_count(p), 5000));
    cr_assert(slice_is(profile_fact(p, (struct process_id){ 1 }, "4321"), "4321"));
    profile_free(p);
}

/* ---- histograms ---- */

Test(histogram, buckets_cover_all_values_without_gap)
{
    for (uint32_t i = 1; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t low = histogram_bucket_low_ns(i);
        cr_assert(eq(u32, histogram_bucket(low), i), "bucket %u", i);
        cr_assert(eq(u32, histogram_bucket(low - 1), i - 1), "below bucket %u", i);
        uint64_t width = histogram_bucket_low_ns(i + 1) - low;
        cr_assert(le(u64, width * 16, low), "bucket %u is wider than 1/16", i);
    }
    cr_assert(eq(u32, histogram_bucket(0), 0));
    cr_assert(eq(u32, histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1));
}

Test(histogram, a_histogram_keeps_its_place_when_others_come)
{
    struct profile *p = with_threads();
    struct histogram *first = profile_histogram(p, "turn", (struct thread_id){ 1 });
    for (uint32_t i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "h%u", i);
        profile_histogram(p, name, (struct thread_id){ i % 3 });
    }
    histogram_add(first, 5000);
    cr_assert(profile_histogram(p, "turn", (struct thread_id){ 1 }) == first);
    cr_assert(profile_histogram_at(p, 0) == first);
    cr_assert(eq(u32, profile_histogram_count(p), 101));
    profile_free(p);
}

/* Exact percentiles are known: the values are 1 to 10,000 us, in a mixed order. */
Test(histogram, percentiles_are_within_a_bucket_of_the_truth)
{
    struct profile *p = with_threads();
    struct histogram *h = profile_histogram(p, "turn", (struct thread_id){ 1 });
    cr_assert(eq(u64, histogram_percentile_ns(h, 0.5), 0));
    for (uint64_t i = 0; i < 10000; i++)
        histogram_add(h, (i * 7919 % 10000 + 1) * 1000);
    static const double at[] = { 0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999 };
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        double want = at[i] * 1e7;
        double got = (double)histogram_percentile_ns(h, at[i]);
        cr_assert(le(dbl, got, want * 1.02 + 1000), "%g: %g", at[i], got);
        cr_assert(ge(dbl, got, want * 0.98 - 1000), "%g: %g", at[i], got);
    }
    cr_assert(eq(u64, histogram_percentile_ns(h, 1), 10000000), "the largest is exact");
    cr_assert(eq(u64, h->max_ns, 10000000));
    profile_free(p);
}

Test(histogram, one_value_is_every_percentile)
{
    struct profile *p = with_threads();
    struct histogram *h = profile_histogram(p, "turn", (struct thread_id){ 1 });
    histogram_add(h, 123456789);
    for (double at = 0.5; at <= 1; at += 0.1) {
        uint64_t got = histogram_percentile_ns(h, at);
        cr_assert(got <= 123456789 && got >= 123456789 / 17 * 16, "%g: %lu", at, got);
    }
    profile_free(p);
}
