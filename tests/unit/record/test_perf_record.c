// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "record/perf_record.h"
#include "tests/unit/record/bytes.h"

static bool decode(const struct strbuf *b, struct perf_record *r)
{
    return perf_record_decode((const uint8_t *)b->ptr, b->len, NULL, r);
}

Test(perf_record, a_sample_has_its_chain_registers_and_stack)
{
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    put_sample(&b, 41, 42, 1234, 64, 40);
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.kind, PERF_SAMPLE);
    cr_expect_eq(r.pid, 41);
    cr_expect_eq(r.tid, 42);
    cr_expect_eq(r.time_ns, 1234);
    cr_expect_eq(r.sample.chain_len, 3);
    cr_expect_eq(perf_sample_chain_addresses(&r.sample), 2, "a marker is no address");
    cr_expect_eq(perf_sample_chain(&r.sample, 2), 0xffffffff81000020);
    cr_expect(r.sample.has_regs);
    cr_expect_eq(r.sample.regs[1], 101);
    cr_expect_eq(r.sample.stack_wanted, 64);
    cr_expect_eq(r.sample.stack_len, 40);
    cr_expect_eq(r.sample.stack[39], 39);
    strbuf_done(&b);
}

Test(perf_record, a_kernel_thread_has_neither_registers_nor_stack)
{
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    const size_t at = put_header(&b, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_KERNEL);
    put_u64(&b, 0xffffffff81000010);
    put_u64(&b, 0);
    put_u64(&b, 5);
    put_u64(&b, 0); /* empty chain */
    put_u64(&b, PERF_SAMPLE_REGS_ABI_NONE);
    put_u64(&b, 0); /* stack size */
    put_end(&b, at);
    cr_assert(decode(&b, &r));
    cr_expect_not(r.sample.has_regs);
    cr_expect_eq(r.sample.stack_len, 0);
    strbuf_done(&b);
}

Test(perf_record, more_copied_than_asked_for_is_not_believed)
{
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    put_sample(&b, 1, 1, 1, 64, 1u << 30);
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.sample.stack_len, 64);
    strbuf_done(&b);
}

Test(perf_record, every_cut_of_a_sample_is_refused)
{
    struct strbuf b = STRBUF_INIT;
    put_sample(&b, 1, 1, 1, 64, 64);
    for (size_t len = 0; len < b.len; len++) {
        struct perf_record r;
        uint16_t size = (uint16_t)len;
        if (len >= sizeof(struct perf_event_header))
            memcpy(b.ptr + offsetof(struct perf_event_header, size), &size, sizeof size);
        /* A sample may end before its stack; the parts that are there must be within the bytes. */
        if (perf_record_decode((const uint8_t *)b.ptr, len, NULL, &r))
            cr_expect_leq(r.sample.stack_len, len, "cut at %zu", len);
    }
    strbuf_done(&b);
}

Test(perf_record, a_chain_longer_than_the_record_is_refused)
{
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    put_sample(&b, 1, 1, 1, 8, 8);
    const uint64_t huge = UINT64_MAX / 8;
    memcpy(b.ptr + 32, &huge, sizeof huge);
    cr_expect_not(decode(&b, &r));
    strbuf_done(&b);
}

Test(perf_record, a_mapping_has_inode_or_build_id)
{
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    put_mmap2(&b, 7, 0x1000, 0x2000, 0x3000, "/usr/lib/libx.so", 99);
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.kind, PERF_MAP);
    cr_expect_eq(r.map.start, 0x1000);
    cr_expect_eq(r.map.offset, 0x3000);
    cr_expect_eq(r.map.inode, 4711);
    cr_expect_eq(r.map.prot, 5);
    cr_expect_eq(r.time_ns, 99);
    cr_expect(slice_is(r.map.path, "/usr/lib/libx.so"));

    const uint16_t misc = PERF_RECORD_MISC_MMAP_BUILD_ID;
    memcpy(b.ptr + offsetof(struct perf_event_header, misc), &misc, sizeof misc);
    b.ptr[40] = 20; /* length of the build id, where major was */
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.map.build_id.len, 20);
    cr_expect_eq(r.map.inode, 0);
    b.ptr[40] = 21;
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.map.build_id.len, 0, "an impossible length");
    strbuf_done(&b);
}

Test(perf_record, names_forks_and_losses)
{
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    put_comm(&b, 3, 4, "worker", true, 10);
    cr_assert(decode(&b, &r));
    cr_expect(slice_is(r.name.text, "worker"));
    cr_expect(r.name.exec);

    strbuf_clear(&b);
    put_fork(&b, 9, 3, 9, 4, 11);
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.kind, PERF_FORK);
    cr_expect_eq(r.pid, 9);
    cr_expect_eq(r.fork.parent_pid, 3);
    cr_expect_eq(r.time_ns, 11);

    strbuf_clear(&b);
    const size_t at = put_header(&b, PERF_RECORD_LOST, 0);
    put_u64(&b, 1);
    put_u64(&b, 17);
    put_trailer(&b, at, 0, 0, 12);
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.kind, PERF_LOST);
    cr_expect_eq(r.lost, 17);
    strbuf_done(&b);
}

Test(perf_record, unknown_types_are_passed_over)
{
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    const size_t at = put_header(&b, 999, 0);
    put_u64(&b, 1);
    put_trailer(&b, at, 1, 1, 5);
    cr_assert(decode(&b, &r));
    cr_expect_eq(r.kind, PERF_OTHER);
    strbuf_done(&b);
}

/* ---- several events in one ring ---- */

static bool decode_with(
    const struct strbuf *b, const struct perf_event_ids *ids, struct perf_record *r)
{
    return perf_record_decode((const uint8_t *)b->ptr, b->len, ids, r);
}

Test(perf_record, ids_are_found_in_any_order_and_forgotten_by_event)
{
    struct perf_event_ids ids = { 0 };
    uint32_t event;
    perf_event_ids_add(&ids, 50, 1);
    perf_event_ids_add(&ids, 70, 2);
    perf_event_ids_add(&ids, 60, 1);
    perf_event_ids_add(&ids, 10, 0);
    cr_assert(perf_event_ids_find(&ids, 60, &event));
    cr_expect_eq(event, 1);
    cr_assert(perf_event_ids_find(&ids, 10, &event));
    cr_expect_eq(event, 0);
    perf_event_ids_remove(&ids, 1);
    cr_expect_not(perf_event_ids_find(&ids, 50, &event));
    cr_expect_not(perf_event_ids_find(&ids, 60, &event));
    cr_assert(perf_event_ids_find(&ids, 70, &event));
    cr_expect_eq(event, 2);
    perf_event_ids_done(&ids);
}

Test(perf_record, a_sample_of_another_event_has_what_its_type_says)
{
    struct perf_event_ids ids = { 0 };
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    ids.sample_types[3] = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
                          PERF_SAMPLE_ADDR | PERF_SAMPLE_RAW;
    perf_event_ids_add(&ids, 77, 3);
    const size_t at = put_header(&b, PERF_RECORD_SAMPLE, 0);
    put_u64(&b, 77);
    put_u32(&b, 41);
    put_u32(&b, 42);
    put_u64(&b, 1234);
    put_u64(&b, 0xabcd000);
    put_u32(&b, 4);
    put_u32(&b, 0x11223344);
    put_end(&b, at);
    cr_assert(decode_with(&b, &ids, &r));
    cr_expect_eq(r.kind, PERF_EVENT);
    cr_expect_eq(r.event, 3);
    cr_expect_eq(r.tid, 42);
    cr_expect_eq(r.time_ns, 1234);
    cr_expect_eq(r.sample.address, 0xabcd000);
    cr_expect_eq(r.sample.raw.len, 4);
    perf_event_ids_remove(&ids, 3);
    cr_assert(decode_with(&b, &ids, &r));
    cr_expect_eq(r.kind, PERF_OTHER, "its event has been closed");
    strbuf_done(&b);
    perf_event_ids_done(&ids);
}

Test(perf_record, raw_bytes_longer_than_the_record_are_refused)
{
    struct perf_event_ids ids = { 0 };
    struct strbuf b = STRBUF_INIT;
    struct perf_record r;
    ids.sample_types[1] =
        PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW;
    perf_event_ids_add(&ids, 7, 1);
    const size_t at = put_header(&b, PERF_RECORD_SAMPLE, 0);
    put_u64(&b, 7);
    put_u32(&b, 1);
    put_u32(&b, 1);
    put_u64(&b, 1);
    put_u32(&b, 5000);
    put_u32(&b, 0);
    put_end(&b, at);
    cr_expect_not(decode_with(&b, &ids, &r));
    strbuf_done(&b);
    perf_event_ids_done(&ids);
}

Test(perf_record, a_switch_says_which_way_and_why)
{
    static const struct {
        uint32_t type;
        uint16_t misc;
        bool out, preempted;
    } rows[] = {
        { PERF_RECORD_SWITCH, 0, false, false },
        { PERF_RECORD_SWITCH, PERF_RECORD_MISC_SWITCH_OUT, true, false },
        { PERF_RECORD_SWITCH, PERF_RECORD_MISC_SWITCH_OUT | PERF_RECORD_MISC_SWITCH_OUT_PREEMPT,
            true, true },
        { PERF_RECORD_SWITCH_CPU_WIDE, 0, false, false },
        { PERF_RECORD_SWITCH_CPU_WIDE, PERF_RECORD_MISC_SWITCH_OUT, true, false },
    };
    const struct perf_event_ids ids = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct strbuf b = STRBUF_INIT;
        struct perf_record r;
        const size_t at = put_header(&b, rows[i].type, rows[i].misc);
        if (rows[i].type == PERF_RECORD_SWITCH_CPU_WIDE)
            put_u64(&b, 0); /* whom to, or from */
        put_u32(&b, 41);
        put_u32(&b, 42);
        put_u64(&b, 99);
        put_u64(&b, 7); /* which event */
        put_end(&b, at);
        cr_assert(decode_with(&b, &ids, &r));
        cr_expect_eq(r.kind, PERF_SWITCH);
        cr_expect_eq(r.tid, 42);
        cr_expect_eq(r.time_ns, 99);
        cr_expect_eq(r.switched.out, rows[i].out, "row %zu", i);
        cr_expect_eq(r.switched.preempted, rows[i].preempted, "row %zu", i);
        strbuf_done(&b);
    }
}
