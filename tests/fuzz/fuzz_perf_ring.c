// SPDX-License-Identifier: MIT
/* A perf ring full of hostile bytes: the first two say where the reader stands. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/perf_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RING_BYTES = 1 << 16 };

/* Touches all that a record lends, so that a sanitizer sees it. */
static uint64_t read_all(const struct perf_record *r)
{
    uint64_t sum = r->time_ns;
    if (r->kind == PERF_SAMPLE) {
        for (size_t i = 0; i < r->sample.chain_len; i++)
            sum += perf_sample_chain(&r->sample, i);
        for (size_t i = 0; i < r->sample.stack_len; i++)
            sum += r->sample.stack[i];
    } else if (r->kind == PERF_MAP) {
        sum += slice_hash(r->map.path) + slice_hash(r->map.build_id);
    } else if (r->kind == PERF_NAME) {
        sum += slice_hash(r->name.text);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size - 2 > RING_BYTES)
        return 0;
    uint16_t at;
    memcpy(&at, data, sizeof at);
    struct perf_ring ring = { .size = RING_BYTES, .tail = at, .head = at + size - 2 };
    ring.data = malloc(RING_BYTES);
    memset(ring.data, 0, RING_BYTES);
    for (size_t i = 0; i < size - 2; i++)
        ring.data[(at + i) % RING_BYTES] = data[2 + i];
    uint64_t sum = 0;
    const struct perf_record *r;
    while ((r = perf_ring_peek(&ring))) {
        sum += read_all(r);
        perf_ring_skip(&ring);
    }
    __asm__ volatile("" : : "r"(sum)); /* the reads are the test */
    if (ring.tail != ring.head)
        abort();
    free(ring.data);
    free(ring.wrapped);
    return 0;
}
