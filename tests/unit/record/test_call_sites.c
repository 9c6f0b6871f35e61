// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "profile/evidence.h"
#include "profile/sample_log.h"
#include "record/call_sites.h"

#define MS UINT64_C(1000000)
#define STOP_NS UINT64_C(12000)

static struct stack_id stack_at(struct profile *p, uint64_t address)
{
    const struct frame_id frame = profile_add_frame(p, (struct module_id){ 0 }, address, 0);
    return profile_add_stack(p, (struct stack_id){ 0 }, frame);
}

static struct thread_id thread_of(struct profile *p)
{
    if (profile_thread_count(p) > 1)
        return (struct thread_id){ 1 };
    const struct process process = { .pid = 7 };
    const struct thread thread = { .process = profile_add_process(p, &process), .tid = 7 };
    return profile_add_thread(p, &thread);
}

static struct call_account account_at(struct profile *p, uint64_t cpu_ns, double part)
{
    return (struct call_account){
        .profile = p,
        .cpu_ns = cpu_ns,
        .part = part,
        .what = profile_add_string(p, slice_of("read")),
    };
}

/* One burst of `calls` calls that take ns each. */
static void burst(struct call_site *c, const struct call_account *a, uint64_t length_ns,
    uint32_t calls, uint64_t ns)
{
    call_site_begin(c, a);
    for (uint32_t i = 0; i < calls; i++)
        call_site_add(c, thread_of(a->profile), a->cpu_ns + i, ns + STOP_NS);
    call_site_end(c, a->cpu_ns + length_ns, length_ns, STOP_NS);
}

static uint64_t told_ns(const struct profile *p, struct stack_id stack)
{
    uint64_t sum = 0;
    struct sample s;
    struct sample_iter samples = sample_iter(profile_channel(p, CHANNEL_CPU));
    while (sample_iter_next(&samples, &s))
        sum += stack.i == 0 || s.stack.i == stack.i ? s.weight : 0;
    return sum;
}

static struct call_site *only_site(struct call_sites *s)
{
    struct call_site *list[2];
    cr_assert_eq(call_sites_choose(s, list, 2), 1);
    return list[0];
}

Test(call_sites, a_burst_stands_for_the_time_since_the_account_began)
{
    struct profile *p = profile_new();
    struct call_sites s = { .from_cpu_ns = 500 * MS };
    call_sites_add(&s, 0x1000, stack_at(p, 0x10));
    struct call_account a = account_at(p, 600 * MS, 1);
    burst(only_site(&s), &a, 100 * MS, 10, MS); /* a tenth of its time */
    a.cpu_ns = 1500 * MS;
    call_sites_flush(&s, &a);
    cr_expect_eq(told_ns(p, (struct stack_id){ 0 }), 100 * MS, "a tenth of 1,000 ms");
    uint32_t count;
    const struct tally *t = profile_tallies(p, &count);
    cr_assert_eq(count, 1);
    cr_expect_eq(t->count, 100, "ten calls, ten times");
    cr_expect_eq(t->ns, 100 * MS);
    call_sites_flush(&s, &a);
    cr_expect_eq(told_ns(p, (struct stack_id){ 0 }), 100 * MS, "told once");
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, two_bursts_share_the_time_between_them)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    const struct stack_id stack = stack_at(p, 0x10);
    call_sites_add(&s, 0x1000, stack);
    struct call_site *c = only_site(&s);
    struct call_account a = account_at(p, 0, 1);
    burst(c, &a, 100 * MS, 10, MS);
    a.cpu_ns = 900 * MS; /* the first one stands for 0 to 500 */
    burst(c, &a, 100 * MS, 20, MS);
    cr_expect_eq(told_ns(p, stack), 50 * MS);
    a.cpu_ns = 1000 * MS;
    call_sites_flush(&s, &a);
    cr_expect_eq(told_ns(p, stack), 150 * MS, "a tenth of the first half, a fifth of the second");
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, a_part_is_told_of_what_is_more_than_can_be)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    call_sites_add(&s, 0x1000, stack_at(p, 0x10));
    struct call_account a = account_at(p, 0, 0.25);
    burst(only_site(&s), &a, 100 * MS, 80, MS);
    cr_expect_float_eq(call_sites_rate(&s), 0.8, 1e-9);
    a.cpu_ns = 1000 * MS;
    call_sites_flush(&s, &a);
    cr_expect_eq(told_ns(p, (struct stack_id){ 0 }), 200 * MS, "a quarter of four fifths");
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, two_calls_stand_for_themselves)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    call_sites_add(&s, 0x1000, stack_at(p, 0x10));
    struct call_account a = account_at(p, 0, 1);
    burst(only_site(&s), &a, 100 * MS, 2, 20 * MS);
    cr_expect_float_eq(call_sites_rate(&s), 0, 1e-9);
    a.cpu_ns = 1000 * MS;
    call_sites_flush(&s, &a);
    cr_expect_eq(told_ns(p, (struct stack_id){ 0 }), 40 * MS, "they may have been the only ones");
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, calls_beyond_the_most_that_are_kept_count)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    call_sites_add(&s, 0x1000, stack_at(p, 0x10));
    struct call_account a = account_at(p, 0, 1);
    burst(only_site(&s), &a, 100 * MS, 5000, 10000);
    cr_expect_float_eq(call_sites_rate(&s), 0.5, 1e-9);
    a.cpu_ns = 100 * MS;
    call_sites_flush(&s, &a);
    const uint64_t told = told_ns(p, (struct stack_id){ 0 });
    cr_expect(told > 49 * MS && told <= 50 * MS, "%llu", (unsigned long long)told);
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, a_burst_without_a_length_says_nothing_of_rates)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    call_sites_add(&s, 0x1000, stack_at(p, 0x10));
    struct call_account a = account_at(p, 0, 1);
    burst(only_site(&s), &a, 0, 10, MS);
    cr_expect_float_eq(call_sites_rate(&s), 0, 1e-9);
    a.cpu_ns = 1000 * MS;
    call_sites_flush(&s, &a);
    cr_expect_eq(told_ns(p, (struct stack_id){ 0 }), 10 * MS, "they stand for themselves");
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, stacks_share_the_calls_as_often_as_they_were_seen)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    const struct stack_id often = stack_at(p, 0x10), seldom = stack_at(p, 0x20);
    for (int i = 0; i < 3; i++)
        call_sites_add(&s, 0x1000, often);
    call_sites_add(&s, 0x1000, seldom);
    struct call_account a = account_at(p, 0, 1);
    burst(only_site(&s), &a, 1000 * MS, 40, MS);
    a.cpu_ns = 1000 * MS;
    call_sites_flush(&s, &a);
    cr_expect_eq(told_ns(p, often), 30 * MS);
    cr_expect_eq(told_ns(p, seldom), 10 * MS);
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, those_timed_least_come_first_and_the_rarest_makes_way)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    struct call_site *list[CALL_SITES];
    for (uint64_t site = 1; site <= CALL_SITES; site++)
        for (uint64_t i = 0; i <= site; i++)
            call_sites_add(&s, site, stack_at(p, 0x10));
    cr_assert_eq(call_sites_choose(&s, list, 2), 2);
    cr_expect_eq(list[0]->return_address, CALL_SITES, "the most frequent one");
    cr_expect_eq(list[1]->return_address, CALL_SITES - 1);
    const struct call_account a = account_at(p, 0, 1);
    burst(list[0], &a, MS, 0, 0);
    cr_assert_eq(call_sites_choose(&s, list, 1), 1);
    cr_expect_eq(list[0]->return_address, CALL_SITES - 1);
    call_sites_add(&s, 99, stack_at(p, 0x10));
    cr_assert_eq(call_sites_choose(&s, list, CALL_SITES), CALL_SITES);
    for (size_t i = 0; i < CALL_SITES; i++)
        cr_expect_neq(list[i]->return_address, 1, "the rarest has made way");
    call_sites_done(&s);
    profile_free(p);
}

Test(call_sites, a_call_from_nowhere_is_no_place)
{
    struct profile *p = profile_new();
    struct call_sites s = { 0 };
    struct call_site *list[1];
    call_sites_add(&s, 0, stack_at(p, 0x10));
    cr_expect_eq(call_sites_choose(&s, list, 1), 0);
    call_sites_done(&s);
    profile_free(p);
}
