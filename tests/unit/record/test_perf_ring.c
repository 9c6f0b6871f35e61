// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <stdlib.h>

#include "record/perf_ring.h"
#include "tests/unit/record/bytes.h"

enum { RING_BYTES = 4096 };

/* A ring whose reader stands at `at`, filled from there. */
static struct perf_ring ring_with(const struct strbuf *b, uint64_t at)
{
    struct perf_ring ring = { .data = malloc(RING_BYTES), .size = RING_BYTES, .tail = at };
    memset(ring.data, 0xee, RING_BYTES);
    for (size_t i = 0; i < b->len; i++)
        ring.data[(at + i) % RING_BYTES] = (uint8_t)b->ptr[i];
    ring.head = at + b->len;
    return ring;
}

static void ring_done(struct perf_ring *ring)
{
    free(ring->data);
    free(ring->wrapped);
}

Test(perf_ring, records_come_whole_wherever_the_ring_wraps)
{
    struct strbuf b = STRBUF_INIT;
    put_comm(&b, 1, 1, "first", false, 10);
    put_sample(&b, 1, 2, 20, 512, 512);
    put_exit(&b, 1, 2, 30);
    for (uint64_t at = 0; at < 3 * RING_BYTES; at += 8) {
        struct perf_ring ring = ring_with(&b, at);
        const struct perf_record *r = perf_ring_peek(&ring);
        cr_assert(r && r->kind == PERF_NAME && r->time_ns == 10, "at %zu", (size_t)at);
        perf_ring_skip(&ring);
        r = perf_ring_peek(&ring);
        cr_assert(r && r->kind == PERF_SAMPLE && r->sample.stack[511] == 255, "at %zu", (size_t)at);
        perf_ring_skip(&ring);
        r = perf_ring_peek(&ring);
        cr_assert(r && r->kind == PERF_EXIT, "at %zu", (size_t)at);
        perf_ring_skip(&ring);
        cr_assert_null(perf_ring_peek(&ring));
        cr_assert_eq(ring.tail, ring.head);
        ring_done(&ring);
    }
    strbuf_done(&b);
}

Test(perf_ring, peeking_twice_gives_the_same_record)
{
    struct strbuf b = STRBUF_INIT;
    put_exit(&b, 1, 2, 30);
    struct perf_ring ring = ring_with(&b, 0);
    cr_expect_eq(perf_ring_peek(&ring), perf_ring_peek(&ring));
    ring_done(&ring);
    strbuf_done(&b);
}

Test(perf_ring, a_record_without_a_size_ends_the_round)
{
    struct strbuf b = STRBUF_INIT;
    put_exit(&b, 1, 2, 30);
    const uint16_t sizes[] = { 0, 7, 5000 };
    for (size_t i = 0; i < 3; i++) {
        memcpy(b.ptr + offsetof(struct perf_event_header, size), &sizes[i], sizeof sizes[i]);
        struct perf_ring ring = ring_with(&b, 8);
        cr_expect_null(perf_ring_peek(&ring), "size %u", sizes[i]);
        cr_expect_eq(ring.malformed, 1, "size %u", sizes[i]);
        cr_expect_eq(ring.tail, ring.head, "size %u", sizes[i]);
        ring_done(&ring);
    }
    strbuf_done(&b);
}

Test(perf_ring, a_senseless_record_does_not_hide_the_next)
{
    struct strbuf b = STRBUF_INIT;
    const size_t at = put_header(&b, PERF_RECORD_SAMPLE, 0);
    put_u64(&b, 1);
    put_end(&b, at);
    put_exit(&b, 1, 2, 30);
    struct perf_ring ring = ring_with(&b, 0);
    const struct perf_record *r = perf_ring_peek(&ring);
    cr_assert(r && r->kind == PERF_EXIT);
    cr_expect_eq(ring.malformed, 1);
    ring_done(&ring);
    strbuf_done(&b);
}
