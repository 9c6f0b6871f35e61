// SPDX-License-Identifier: MIT
/*
 * One record of a perf ring, decoded with bounds checks. The layout is that of
 * <linux/perf_event.h> for the attributes that perf_open.c and perf_extra.c ask for:
 *
 *     sample:   header | ip | pid tid | time | nr ips[nr] | abi regs[] | size bytes[size] dyn_size
 *     others:   header | body | pid tid | time                          (sample_id_all)
 *
 * Where several events share a ring (struct perf_event_ids), each record names its event, samples
 * first of all and others last of all, and the event's sample_type says what a sample carries:
 *
 *     sample:   header | id | ip? | pid tid | time | addr? | nr ips[nr]? | size raw[size]? | ...
 *     others:   header | body | pid tid | time | id
 *
 * Pure: bytes in, a struct out; the struct's pointers borrow from the bytes.
 */
#ifndef PROF_RECORD_PERF_RECORD_H
#define PROF_RECORD_PERF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/vec.h"
#include "record/arch.h"

/* perf_event_attr.sample_type of the clock event; with ids when other events share its rings. */
uint64_t perf_record_sample_type(void);

enum { PERF_EVENTS_MAX = 32 }; /* event 0 is the clock */

/* Which event a record is from: the kernel's number of each open descriptor -> event. */
struct perf_event_ids {
    VEC(struct perf_event_id {
        uint64_t id;
        uint32_t event;
    })
    ids; /* ascending */
    uint64_t sample_types[PERF_EVENTS_MAX];
};

void perf_event_ids_add(struct perf_event_ids *ids, uint64_t id, uint32_t event);
void perf_event_ids_remove(struct perf_event_ids *ids, uint32_t event); /* all of an event */
bool perf_event_ids_find(const struct perf_event_ids *ids, uint64_t id, uint32_t *ret_event);
void perf_event_ids_done(struct perf_event_ids *ids);

enum perf_record_kind {
    PERF_SAMPLE, /* of the clock */
    PERF_EVENT,  /* a sample of another event: perf_record.event */
    PERF_SWITCH,
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
    uint64_t address;    /* PERF_EVENT with addresses */
    struct slice raw;    /* PERF_EVENT of a tracepoint: its fields */
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
    uint32_t event;    /* PERF_SAMPLE, PERF_EVENT: index as in perf_event_ids */
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
            uint32_t parent_pid, parent_tid;
        } fork;
        struct {
            bool out;       /* the thread leaves its CPU; else it gets one */
            bool preempted; /* with out: it could have gone on */
        } switched;
        uint64_t lost;
    };
};

/*
 * bytes[0, len) is one whole record, header included. ids NULL: the clock is the only event and
 * records carry no ids. False: the bytes contradict themselves.
 */
bool perf_record_decode(const uint8_t *bytes, size_t len, const struct perf_event_ids *ids,
    struct perf_record *ret_record);

/* The chain's number at index < chain_len. */
uint64_t perf_sample_chain(const struct perf_sample *s, size_t index);

/* How many of the chain's numbers are addresses; the others tell kernel and user apart. */
size_t perf_sample_chain_addresses(const struct perf_sample *s);

#endif
