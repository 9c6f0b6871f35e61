// SPDX-License-Identifier: MIT
#include "record/perf_ring.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"

/* A record's size is a u16 (perf_event_header). */
enum { RECORD_BYTES_MAX = 65536 };

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

bool perf_ring_map(struct perf_ring *ring, int fd, size_t data_bytes)
{
    const size_t len = page_bytes() + data_bytes;
    void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return false;
    *ring = (struct perf_ring){
        .page = map,
        .data = (uint8_t *)map + page_bytes(),
        .size = data_bytes,
    };
    return true;
}

void perf_ring_unmap(struct perf_ring *ring)
{
    if (ring->page)
        munmap(ring->page, page_bytes() + ring->size);
    free(ring->wrapped);
    *ring = (struct perf_ring){ 0 };
}

void perf_ring_refresh(struct perf_ring *ring)
{
    if (ring->page)
        ring->head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
}

static void release(struct perf_ring *ring, size_t len)
{
    ring->tail += len;
    ring->has_record = false;
    if (ring->page)
        __atomic_store_n(&ring->page->data_tail, ring->tail, __ATOMIC_RELEASE);
}

static void copy_out(const struct perf_ring *ring, uint8_t *to, size_t len)
{
    const size_t at = ring->tail & (ring->size - 1);
    const size_t first = len < ring->size - at ? len : ring->size - at;
    memcpy(to, ring->data + at, first);
    memcpy(to + first, ring->data, len - first);
}

/* The record's bytes in one piece. */
static const uint8_t *whole(struct perf_ring *ring, size_t len)
{
    const size_t at = ring->tail & (ring->size - 1);
    if (at + len <= ring->size)
        return ring->data + at;
    if (!ring->wrapped)
        ring->wrapped = xmalloc(RECORD_BYTES_MAX);
    copy_out(ring, ring->wrapped, len);
    return ring->wrapped;
}

const struct perf_record *perf_ring_peek(struct perf_ring *ring)
{
    while (!ring->has_record && ring->head != ring->tail) {
        const uint64_t there = ring->head - ring->tail;
        struct perf_event_header header = { 0 };
        if (there >= sizeof header && there <= ring->size)
            copy_out(ring, (uint8_t *)&header, sizeof header);
        if (header.size < sizeof header || header.size > there) {
            ring->malformed++;
            release(ring, there); /* lost the thread: start afresh at head */
            break;
        }
        if (perf_record_decode(whole(ring, header.size), header.size, ring->ids, &ring->record)) {
            ring->record_len = header.size;
            ring->has_record = true;
        } else {
            ring->malformed++;
            release(ring, header.size);
        }
    }
    return ring->has_record ? &ring->record : NULL;
}

void perf_ring_skip(struct perf_ring *ring)
{
    if (ring->has_record)
        release(ring, ring->record_len);
}
