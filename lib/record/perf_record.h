// SPDX-License-Identifier: MIT
/*
 * One record of a perf ring, decoded with bounds checks. The layout is that of
 * <linux/perf_event.h> for the attributes that perf_open.c asks for:
 *
 *     sample:   header | ip | pid tid | time | nr ips[nr] | abi regs[] | size bytes[size] dyn_size
 *     others:   header | body | pid tid | time                          (sample_id_all)
 *
 * Pure: bytes in, a struct out; the struct's pointers borrow from the bytes.
 */
#ifndef PROF_RECORD_PERF_RECORD_H
#define PROF_RECORD_PERF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "record/arch.h"

/* perf_event_attr.sample_type of every event that prof opens. */
uint64_t perf_record_sample_type(void);

enum perf_record_kind {
    PERF_SAMPLE,
    PERF_MAP,
    PERF_NAME,
    PERF_FORK,
    PERF_EXIT,
    PERF_LOST,
    PERF_OTHER, /* known to the kernel, of no use here */
};

struct perf_sample {
    uint64_t ip;
    const uint8_t *chain; /* chain_len numbers of 8 bytes, unaligned */
    size_t chain_len;
    bool has_regs; /* of a 64-bit user context */
    bool is_32bit;
    uint64_t regs[ARCH_REGS_MAX];
    const uint8_t *stack; /* what was copied of the user's stack, from SP up */
    size_t stack_len;
    size_t stack_wanted; /* size asked for */
};

struct perf_map {
    uint64_t start, len, offset;
    uint32_t major, minor; /* valid when build_id is empty */
    uint64_t inode;
    struct slice build_id;
    uint32_t prot;
    struct slice path;
};

struct perf_record {
    enum perf_record_kind kind;
    uint32_t pid, tid; /* of the thread concerned; of the child for PERF_FORK */
    uint64_t time_ns;  /* 0: unknown */
    union {
        struct perf_sample sample;
        struct perf_map map;
        struct {
            struct slice text;
            bool exec;
        } name;
        struct {
            uint32_t parent_pid;
        } fork;
        uint64_t lost;
    };
};

/* bytes[0, len) is one whole record, header included. False: the bytes contradict themselves. */
bool perf_record_decode(const uint8_t *bytes, size_t len, struct perf_record *ret_record);

/* The chain's number at index < chain_len. */
uint64_t perf_sample_chain(const struct perf_sample *s, size_t index);

/* How many of the chain's numbers are addresses; the others tell kernel and user apart. */
size_t perf_sample_chain_addresses(const struct perf_sample *s);

#endif
