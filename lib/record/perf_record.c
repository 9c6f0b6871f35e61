// SPDX-License-Identifier: MIT
#include "record/perf_record.h"

#include <linux/perf_event.h>
#include <string.h>

/* The rest of a record; every take fails for good once the bytes are used up. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct cursor *c, size_t len)
{
    if (c->bad || len > c->left) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *at = c->at;
    c->at += len;
    c->left -= len;
    return at;
}

static uint64_t take_u64(struct cursor *c)
{
    uint64_t value = 0;
    const uint8_t *at = take(c, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t take_u32(struct cursor *c)
{
    uint32_t value = 0;
    const uint8_t *at = take(c, sizeof value);
    if (at)
        memcpy(&value, at, sizeof value);
    return value;
}

/* Text up to its zero, or all that is left. */
static struct slice take_text(struct cursor *c)
{
    const struct slice all = { (const char *)c->at, c->bad ? 0 : c->left };
    return (struct slice){ all.ptr, slice_find(all, '\0') };
}

/* ---- ids ---- */

void perf_event_ids_add(struct perf_event_ids *ids, uint64_t id, uint32_t event)
{
    const struct perf_event_id row = { id, event };
    vec_push(&ids->ids, row);
    /* The kernel counts up, so this is a look at one neighbour. */
    for (size_t i = ids->ids.len - 1; i > 0 && ids->ids.ptr[i - 1].id > id; i--) {
        ids->ids.ptr[i] = ids->ids.ptr[i - 1];
        ids->ids.ptr[i - 1] = row;
    }
}

void perf_event_ids_remove(struct perf_event_ids *ids, uint32_t event)
{
    size_t kept = 0;
    for (size_t i = 0; i < ids->ids.len; i++)
        if (ids->ids.ptr[i].event != event)
            ids->ids.ptr[kept++] = ids->ids.ptr[i];
    ids->ids.len = kept;
}

bool perf_event_ids_find(const struct perf_event_ids *ids, uint64_t id, uint32_t *ret_event)
{
    size_t from = 0, to = ids->ids.len;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (ids->ids.ptr[middle].id < id)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == ids->ids.len || ids->ids.ptr[from].id != id)
        return false;
    *ret_event = ids->ids.ptr[from].event;
    return true;
}

void perf_event_ids_done(struct perf_event_ids *ids)
{
    vec_done(&ids->ids);
}

/* ---- records ---- */

uint64_t perf_record_sample_type(void)
{
    return PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN |
           PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
}

uint64_t perf_sample_chain(const struct perf_sample *s, size_t index)
{
    uint64_t value;
    memcpy(&value, s->chain + index * sizeof value, sizeof value);
    return value;
}

size_t perf_sample_chain_addresses(const struct perf_sample *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->chain_len; i++)
        count += perf_sample_chain(s, i) < (uint64_t)PERF_CONTEXT_MAX;
    return count;
}

static void decode_regs(struct cursor *c, struct perf_sample *s)
{
    const uint64_t abi = take_u64(c);
    if (abi == PERF_SAMPLE_REGS_ABI_NONE)
        return;
    const int count = __builtin_popcountll(arch_regs_mask());
    for (int i = 0; i < count; i++)
        s->regs[i] = take_u64(c);
    s->has_regs = abi == PERF_SAMPLE_REGS_ABI_64;
    s->is_32bit = abi == PERF_SAMPLE_REGS_ABI_32;
}

static void decode_stack(struct cursor *c, struct perf_sample *s)
{
    const uint64_t size = take_u64(c);
    if (size == 0 || size > c->left)
        return; /* size 0: no user stack, and no dyn_size behind it */
    s->stack = take(c, size);
    const uint64_t copied = take_u64(c);
    s->stack_wanted = size;
    s->stack_len = copied < size ? copied : size;
}

static void decode_chain(struct cursor *c, struct perf_sample *s)
{
    const uint64_t chain_len = take_u64(c);
    if (chain_len > c->left / sizeof(uint64_t)) {
        c->bad = true;
        return;
    }
    s->chain_len = chain_len;
    s->chain = take(c, chain_len * sizeof(uint64_t));
}

static void decode_raw(struct cursor *c, struct perf_sample *s)
{
    const uint32_t size = take_u32(c);
    const uint8_t *at = take(c, size);
    if (at)
        s->raw = (struct slice){ (const char *)at, size };
}

/* False: an event that has been closed since. */
static bool decode_event(struct cursor *c, const struct perf_event_ids *ids, struct perf_record *r)
{
    const uint64_t id = take_u64(c);
    if (c->bad || !perf_event_ids_find(ids, id, &r->event))
        return false;
    r->kind = r->event == 0 ? PERF_SAMPLE : PERF_EVENT;
    return true;
}

/* The order is that of perf_output_sample() in the kernel's events/core.c. */
static void decode_sample(struct cursor *c, const struct perf_event_ids *ids, struct perf_record *r)
{
    struct perf_sample *s = &r->sample;
    r->kind = PERF_SAMPLE;
    if (ids && !decode_event(c, ids, r)) {
        r->kind = PERF_OTHER;
        return;
    }
    const uint64_t type = ids ? ids->sample_types[r->event] : perf_record_sample_type();
    if (type & PERF_SAMPLE_IP)
        s->ip = take_u64(c);
    r->pid = take_u32(c);
    r->tid = take_u32(c);
    r->time_ns = take_u64(c);
    if (type & PERF_SAMPLE_ADDR)
        s->address = take_u64(c);
    if (type & PERF_SAMPLE_CALLCHAIN)
        decode_chain(c, s);
    if (type & PERF_SAMPLE_RAW)
        decode_raw(c, s);
    if (type & PERF_SAMPLE_REGS_USER)
        decode_regs(c, s);
    if (type & PERF_SAMPLE_STACK_USER)
        decode_stack(c, s);
}

static void decode_map(struct cursor *c, uint16_t misc, struct perf_record *r)
{
    struct perf_map *m = &r->map;
    r->kind = PERF_MAP;
    r->pid = take_u32(c);
    r->tid = take_u32(c);
    m->start = take_u64(c);
    m->len = take_u64(c);
    m->offset = take_u64(c);
    /* One union: device and inode, or a build id behind its length. */
    enum { FILE_BYTES = 24, BUILD_ID_MAX = 20 };
    struct cursor file = { .at = take(c, FILE_BYTES), .left = FILE_BYTES, .bad = c->bad };
    if (misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
        const uint32_t len = take_u32(&file) & 0xff;
        m->build_id =
            (struct slice){ (const char *)file.at, file.bad || len > BUILD_ID_MAX ? 0 : len };
    } else {
        m->major = take_u32(&file);
        m->minor = take_u32(&file);
        m->inode = take_u64(&file);
    }
    m->prot = take_u32(c);
    take_u32(c); /* flags */
    m->path = take_text(c);
}

static void decode_name(struct cursor *c, uint16_t misc, struct perf_record *r)
{
    r->kind = PERF_NAME;
    r->pid = take_u32(c);
    r->tid = take_u32(c);
    r->name.exec = misc & PERF_RECORD_MISC_COMM_EXEC;
    r->name.text = take_text(c);
}

static void decode_task(struct cursor *c, uint32_t type, struct perf_record *r)
{
    r->kind = type == PERF_RECORD_FORK ? PERF_FORK : PERF_EXIT;
    r->pid = take_u32(c);
    r->fork.parent_pid = take_u32(c);
    r->tid = take_u32(c);
    r->fork.parent_tid = take_u32(c);
}

static void decode_switch(uint16_t misc, struct perf_record *r)
{
    r->kind = PERF_SWITCH;
    r->switched.out = misc & PERF_RECORD_MISC_SWITCH_OUT;
    r->switched.preempted = misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
}

static void decode_lost(struct cursor *c, uint32_t type, struct perf_record *r)
{
    r->kind = PERF_LOST;
    if (type == PERF_RECORD_LOST)
        take_u64(c); /* event id */
    r->lost = take_u64(c);
}

/* Cuts the trailer (pid tid, time, perhaps an id) off and reads thread and time. */
static void decode_trailer(struct cursor *c, bool with_id, struct perf_record *r)
{
    const size_t trailer_bytes = with_id ? 24 : 16;
    if (c->left < trailer_bytes) {
        c->bad = true;
        return;
    }
    c->left -= trailer_bytes;
    memcpy(&r->pid, c->at + c->left, sizeof r->pid);
    memcpy(&r->tid, c->at + c->left + 4, sizeof r->tid);
    memcpy(&r->time_ns, c->at + c->left + 8, sizeof r->time_ns);
}

static void decode_other(
    struct cursor *c, const struct perf_event_header *header, struct perf_record *r)
{
    switch (header->type) {
    case PERF_RECORD_MMAP2:
        decode_map(c, header->misc, r);
        break;
    case PERF_RECORD_COMM:
        decode_name(c, header->misc, r);
        break;
    case PERF_RECORD_FORK:
    case PERF_RECORD_EXIT:
        decode_task(c, header->type, r);
        break;
    case PERF_RECORD_LOST:
    case PERF_RECORD_LOST_SAMPLES:
        decode_lost(c, header->type, r);
        break;
    case PERF_RECORD_SWITCH:
    case PERF_RECORD_SWITCH_CPU_WIDE: /* and whom to or from, which is told there too */
        decode_switch(header->misc, r);
        break;
    default:
        break;
    }
}

bool perf_record_decode(const uint8_t *bytes, size_t len, const struct perf_event_ids *ids,
    struct perf_record *ret_record)
{
    struct perf_event_header header;
    if (len < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    if (header.size != len)
        return false;
    struct cursor c = { .at = bytes + sizeof header, .left = len - sizeof header };
    struct perf_record r = { .kind = PERF_OTHER };
    if (header.type == PERF_RECORD_SAMPLE) {
        decode_sample(&c, ids, &r);
    } else {
        decode_trailer(&c, ids != NULL, &r);
        decode_other(&c, &header, &r);
    }
    if (c.bad)
        return false;
    *ret_record = r;
    return true;
}
