// SPDX-License-Identifier: MIT
/*
 * The reading side of one mmap'ed perf ring. Records are handed out where they lie; only one that
 * wraps around the end is copied. The kernel writes at head, we release at tail:
 *
 *     data:  [ .... tail ======= records ======= head .... ]     positions grow without bound
 *
 * One thread.
 */
#ifndef PROF_RECORD_PERF_RING_H
#define PROF_RECORD_PERF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/perf_record.h"

struct perf_event_mmap_page;

struct perf_ring {
    struct perf_event_mmap_page *page; /* NULL: bytes of a test */
    uint8_t *data;
    size_t size; /* power of two */
    uint64_t head, tail;
    uint8_t *wrapped;          /* copy of a record that wraps; owned */
    struct perf_record record; /* the one at tail, when has_record */
    size_t record_len;
    bool has_record;
    uint64_t malformed;               /* records that made no sense, skipped */
    const struct perf_event_ids *ids; /* borrowed; NULL: one event, records without ids */
};

/* Maps the ring of an event; data_bytes is a power of two. False with errno. */
bool perf_ring_map(struct perf_ring *ring, int fd, size_t data_bytes);
void perf_ring_unmap(struct perf_ring *ring);

/* Looks how far the kernel has got. */
void perf_ring_refresh(struct perf_ring *ring);

/* The oldest record that was there at the last refresh; NULL: none. Stays valid until the next
 * skip. */
const struct perf_record *perf_ring_peek(struct perf_ring *ring);

/* Gives the oldest record's bytes back to the kernel. */
void perf_ring_skip(struct perf_ring *ring);

#endif
