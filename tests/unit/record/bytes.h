// SPDX-License-Identifier: MIT
/* Builds perf records byte by byte, as <linux/perf_event.h> draws them. */
#ifndef PROF_TESTS_RECORD_BYTES_H
#define PROF_TESTS_RECORD_BYTES_H

#include <linux/perf_event.h>
#include <stdint.h>
#include <string.h>

#include "base/strbuf.h"
#include "record/arch.h"

static inline void put_u64(struct strbuf *b, uint64_t value)
{
    strbuf_add(b, &value, sizeof value);
}

static inline void put_u32(struct strbuf *b, uint32_t value)
{
    strbuf_add(b, &value, sizeof value);
}

/* Header with a size that put_end() fills in; returns where the record begins. */
static inline size_t put_header(struct strbuf *b, uint32_t type, uint16_t misc)
{
    const struct perf_event_header header = { .type = type, .misc = misc };
    const size_t at = b->len;
    strbuf_add(b, &header, sizeof header);
    return at;
}

static inline void put_end(struct strbuf *b, size_t at)
{
    const uint16_t size = (uint16_t)(b->len - at);
    memcpy(b->ptr + at + offsetof(struct perf_event_header, size), &size, sizeof size);
}

/* Trailer of every record but samples. */
static inline void put_trailer(struct strbuf *b, size_t at, uint32_t pid, uint32_t tid, uint64_t ns)
{
    put_u32(b, pid);
    put_u32(b, tid);
    put_u64(b, ns);
    put_end(b, at);
}

/* Text padded with zeros to a multiple of eight. */
static inline void put_text(struct strbuf *b, const char *text)
{
    const size_t len = strlen(text) + 1;
    strbuf_add(b, text, len);
    for (size_t i = len; i % 8 != 0; i++)
        strbuf_addc(b, '\0');
}

static inline void put_fork(
    struct strbuf *b, uint32_t pid, uint32_t parent, uint32_t tid, uint32_t parent_tid, uint64_t ns)
{
    const size_t at = put_header(b, PERF_RECORD_FORK, 0);
    put_u32(b, pid);
    put_u32(b, parent);
    put_u32(b, tid);
    put_u32(b, parent_tid);
    put_u64(b, ns);
    put_trailer(b, at, pid, tid, ns);
}

static inline void put_exit(struct strbuf *b, uint32_t pid, uint32_t tid, uint64_t ns)
{
    const size_t at = put_header(b, PERF_RECORD_EXIT, 0);
    put_u32(b, pid);
    put_u32(b, 1);
    put_u32(b, tid);
    put_u32(b, 1);
    put_u64(b, ns);
    put_trailer(b, at, pid, tid, ns);
}

static inline void put_comm(
    struct strbuf *b, uint32_t pid, uint32_t tid, const char *name, bool exec, uint64_t ns)
{
    const size_t at = put_header(b, PERF_RECORD_COMM, exec ? PERF_RECORD_MISC_COMM_EXEC : 0);
    put_u32(b, pid);
    put_u32(b, tid);
    put_text(b, name);
    put_trailer(b, at, pid, tid, ns);
}

static inline void put_mmap2(struct strbuf *b, uint32_t pid, uint64_t start, uint64_t len,
    uint64_t offset, const char *path, uint64_t ns)
{
    const size_t at = put_header(b, PERF_RECORD_MMAP2, 0);
    put_u32(b, pid);
    put_u32(b, pid);
    put_u64(b, start);
    put_u64(b, len);
    put_u64(b, offset);
    put_u32(b, 8);    /* major */
    put_u32(b, 1);    /* minor */
    put_u64(b, 4711); /* inode */
    put_u64(b, 0);    /* generation */
    put_u32(b, 5);    /* PROT_READ | PROT_EXEC */
    put_u32(b, 2);    /* MAP_PRIVATE */
    put_text(b, path);
    put_trailer(b, at, pid, pid, ns);
}

/* A sample with a kernel chain of two, registers counting from 100, and a stack of `stack` bytes of
 * which `copied` were. */
static inline void put_sample(
    struct strbuf *b, uint32_t pid, uint32_t tid, uint64_t ns, uint64_t stack, uint64_t copied)
{
    const size_t at = put_header(b, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_KERNEL);
    put_u64(b, 0xffffffff81000010);
    put_u32(b, pid);
    put_u32(b, tid);
    put_u64(b, ns);
    put_u64(b, 3);
    put_u64(b, (uint64_t)PERF_CONTEXT_KERNEL);
    put_u64(b, 0xffffffff81000010);
    put_u64(b, 0xffffffff81000020);
    put_u64(b, PERF_SAMPLE_REGS_ABI_64);
    for (int i = 0; i < __builtin_popcountll(arch_regs_mask()); i++)
        put_u64(b, 100 + (uint64_t)i);
    put_u64(b, stack);
    for (uint64_t i = 0; i < stack; i++)
        strbuf_addc(b, (char)i);
    if (stack > 0)
        put_u64(b, copied);
    put_end(b, at);
}

#endif
