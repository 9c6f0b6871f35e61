// SPDX-License-Identifier: MIT
#include "profile/sample_log.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/varint.h"
#include "base/vec.h"

enum { COLUMNS = 5, NUMBER_MAX_BYTES = 10, ZLIB_LEVEL = 6 };
enum { COLUMNS_MAX_BYTES = SAMPLE_BLOCK_MAX * COLUMNS * NUMBER_MAX_BYTES };

struct packed_block {
    char *bytes;
    size_t len;
    uint32_t count;
};

struct sample_log {
    VEC(struct packed_block) sealed;
    VEC(struct sample) open;
    uint64_t sealed_samples;
};

struct sample_log *sample_log_new(void)
{
    return xcalloc(1, sizeof(struct sample_log));
}

void sample_log_free(struct sample_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < log->sealed.len; i++)
        free(log->sealed.ptr[i].bytes);
    vec_done(&log->sealed);
    vec_done(&log->open);
    free(log);
}

void sample_log_add(struct sample_log *log, const struct sample *s)
{
    vec_push(&log->open, *s);
    if (log->open.len == SAMPLE_BLOCK_MAX)
        sample_log_seal(log);
}

uint64_t sample_log_count(const struct sample_log *log)
{
    return log->sealed_samples + log->open.len;
}

uint32_t sample_log_block_count(const struct sample_log *log)
{
    return (uint32_t)log->sealed.len;
}

struct slice sample_log_block(const struct sample_log *log, uint32_t index)
{
    const struct packed_block *block = &log->sealed.ptr[index];
    return (struct slice){ .ptr = block->bytes, .len = block->len };
}

/* ---- packing ---- */

static void add_columns(struct strbuf *out, const struct sample *s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        varint_add_signed(out, (int64_t)(s[i].time_ns - (i ? s[i - 1].time_ns : 0)));
    for (size_t i = 0; i < count; i++)
        varint_add_signed(out, (int64_t)s[i].thread.i - (i ? s[i - 1].thread.i : 0));
    for (size_t i = 0; i < count; i++)
        varint_add_signed(out, (int64_t)s[i].stack.i - (i ? s[i - 1].stack.i : 0));
    for (size_t i = 0; i < count; i++)
        varint_add(out, s[i].count);
    for (size_t i = 0; i < count; i++)
        varint_add_signed(out, (int64_t)(s[i].weight - (i ? s[i - 1].weight : 0)));
}

bool sample_log_pack_open(const struct sample_log *log, struct strbuf *out)
{
    if (log->open.len == 0)
        return false;
    PROF_CLEANUP(strbuf_done) struct strbuf columns = STRBUF_INIT;
    add_columns(&columns, log->open.ptr, log->open.len);
    varint_add(out, log->open.len);
    varint_add(out, columns.len);
    uLongf packed_len = compressBound(columns.len);
    Bytef *at = (Bytef *)strbuf_reserve(out, packed_len);
    if (compress2(at, &packed_len, (const Bytef *)columns.ptr, columns.len, ZLIB_LEVEL) != Z_OK)
        abort(); /* only for lack of memory */
    out->len += packed_len;
    out->ptr[out->len] = '\0';
    return true;
}

void sample_log_seal(struct sample_log *log)
{
    struct strbuf bytes = STRBUF_INIT;
    if (!sample_log_pack_open(log, &bytes))
        return;
    struct packed_block block = { .len = bytes.len, .count = (uint32_t)log->open.len };
    block.bytes = xmemdupz(bytes.ptr, bytes.len); /* without the buffer's spare room */
    strbuf_done(&bytes);
    vec_push(&log->sealed, block);
    log->sealed_samples += log->open.len;
    vec_clear(&log->open);
}

/* ---- unpacking ---- */

/* The columns of a block, decompressed: owned. NULL when the bytes are not a block. */
static uint8_t *inflate_columns(struct slice bytes, uint32_t *ret_count, size_t *ret_len)
{
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    const uint8_t *end = at + bytes.len;
    uint64_t count, len;
    if (!varint_read(&at, end, &count) || !varint_read(&at, end, &len))
        return NULL;
    if (count == 0 || count > SAMPLE_BLOCK_MAX || len > COLUMNS_MAX_BYTES)
        return NULL;
    uint8_t *columns = xmalloc(len);
    uLongf got = len;
    if (uncompress(columns, &got, at, (uLong)(end - at)) != Z_OK || got != len) {
        free(columns);
        return NULL;
    }
    *ret_count = (uint32_t)count;
    *ret_len = len;
    return columns;
}

static bool read_ids(const uint8_t **at, const uint8_t *end, uint32_t *ids, uint32_t count)
{
    int64_t id = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t delta;
        if (!varint_read_signed(at, end, &delta) || __builtin_add_overflow(id, delta, &id) ||
            id < 0 || id > UINT32_MAX)
            return false;
        ids[i] = (uint32_t)id;
    }
    return true;
}

static bool read_columns(
    const uint8_t *at, const uint8_t *end, struct sample *samples, uint32_t *ids, uint32_t count)
{
    uint64_t running = 0;
    int64_t delta;
    for (uint32_t i = 0; i < count; i++) {
        if (!varint_read_signed(&at, end, &delta))
            return false;
        samples[i].time_ns = running += (uint64_t)delta;
    }
    if (!read_ids(&at, end, ids, count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        samples[i].thread.i = ids[i];
    if (!read_ids(&at, end, ids, count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        samples[i].stack.i = ids[i];
    for (uint32_t i = 0; i < count; i++) {
        if (!varint_read(&at, end, &samples[i].count))
            return false;
    }
    running = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!varint_read_signed(&at, end, &delta))
            return false;
        samples[i].weight = running += (uint64_t)delta;
    }
    return at == end;
}

/* Owned array of samples, or NULL when the bytes are not a valid block. */
static struct sample *unpack(struct slice bytes, uint32_t *ret_count)
{
    uint32_t count;
    size_t len;
    uint8_t *columns = inflate_columns(bytes, &count, &len);
    if (!columns)
        return NULL;
    struct sample *samples = xcalloc(count, sizeof *samples);
    uint32_t *ids = xcalloc(count, sizeof *ids);
    bool ok = read_columns(columns, columns + len, samples, ids, count);
    free(ids);
    free(columns);
    if (!ok) {
        free(samples);
        return NULL;
    }
    *ret_count = count;
    return samples;
}

bool sample_log_add_block(struct sample_log *log, struct slice bytes, uint32_t thread_limit,
    uint32_t stack_limit, struct err *e)
{
    uint32_t count;
    struct sample *samples = unpack(bytes, &count);
    if (!samples)
        return err_set(e, ERR_FORMAT, "a block of samples is damaged");
    bool known = true;
    for (uint32_t i = 0; i < count; i++)
        known = known && samples[i].thread.i < thread_limit && samples[i].stack.i < stack_limit;
    free(samples);
    if (!known)
        return err_set(
            e, ERR_FORMAT, "a sample names a thread or stack that the file does not have");
    sample_log_seal(log); /* keeps the order of arrival */
    struct packed_block block = { .len = bytes.len, .count = count };
    block.bytes = xmemdupz(bytes.ptr, bytes.len);
    vec_push(&log->sealed, block);
    log->sealed_samples += count;
    return true;
}

/* ---- reading ---- */

struct sample_iter sample_iter(const struct sample_log *log)
{
    return (struct sample_iter){ .log = log };
}

/* Unpacks the next block with samples in it; the open block comes last. */
static bool next_block(struct sample_iter *it)
{
    const struct sample_log *log = it->log;
    free(it->samples);
    it->samples = NULL;
    it->at = it->count = 0;
    if (it->block < log->sealed.len) {
        it->samples = unpack(sample_log_block(log, it->block), &it->count);
    } else if (it->block == log->sealed.len && log->open.len) {
        it->count = (uint32_t)log->open.len;
        it->samples = xcalloc(it->count, sizeof *it->samples);
        memcpy(it->samples, log->open.ptr, it->count * sizeof *it->samples);
    } else {
        return false;
    }
    it->block++;
    return it->samples != NULL; /* sealed blocks are ours or were checked when added */
}

bool sample_iter_next(struct sample_iter *it, struct sample *ret_sample)
{
    while (it->at == it->count) {
        if (!next_block(it))
            return false;
    }
    *ret_sample = it->samples[it->at++];
    return true;
}

void sample_iter_done(struct sample_iter *it)
{
    free(it->samples);
    *it = (struct sample_iter){ 0 };
}
