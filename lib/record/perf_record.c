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

static void decode_sample(struct cursor *c, struct perf_record *r)
{
    struct perf_sample *s = &r->sample;
    r->kind = PERF_SAMPLE;
    s->ip = take_u64(c);
    r->pid = take_u32(c);
    r->tid = take_u32(c);
    r->time_ns = take_u64(c);
    const uint64_t chain_len = take_u64(c);
    if (chain_len > c->left / sizeof(uint64_t)) {
        c->bad = true;
        return;
    }
    s->chain_len = chain_len;
    s->chain = take(c, chain_len * sizeof(uint64_t));
    decode_regs(c, s);
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
    take_u32(c); /* the parent's thread */
}

static void decode_lost(struct cursor *c, uint32_t type, struct perf_record *r)
{
    r->kind = PERF_LOST;
    if (type == PERF_RECORD_LOST)
        take_u64(c); /* event id */
    r->lost = take_u64(c);
}

/* Cuts the trailer (pid tid, time) off and reads the time. */
static void decode_trailer(struct cursor *c, struct perf_record *r)
{
    const size_t trailer_bytes = 16;
    if (c->left < trailer_bytes) {
        c->bad = true;
        return;
    }
    c->left -= trailer_bytes;
    memcpy(&r->pid, c->at + c->left, sizeof r->pid);
    memcpy(&r->tid, c->at + c->left + 4, sizeof r->tid);
    memcpy(&r->time_ns, c->at + c->left + 8, sizeof r->time_ns);
}

bool perf_record_decode(const uint8_t *bytes, size_t len, struct perf_record *ret_record)
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
        decode_sample(&c, &r);
    } else {
        decode_trailer(&c, &r);
        switch (header.type) {
        case PERF_RECORD_MMAP2:
            decode_map(&c, header.misc, &r);
            break;
        case PERF_RECORD_COMM:
            decode_name(&c, header.misc, &r);
            break;
        case PERF_RECORD_FORK:
        case PERF_RECORD_EXIT:
            decode_task(&c, header.type, &r);
            break;
        case PERF_RECORD_LOST:
        case PERF_RECORD_LOST_SAMPLES:
            decode_lost(&c, header.type, &r);
            break;
        default:
            break;
        }
    }
    if (c.bad)
        return false;
    *ret_record = r;
    return true;
}
