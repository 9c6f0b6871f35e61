// SPDX-License-Identifier: MIT
/*
 * The writer of FILE.prof: frames chunks, remembers how far each table has been written, and keeps
 * the file whole when a write fails. What is in the chunks is native_rows.c's business.
 */
#include "format/native.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/varint.h"
#include "base/vec.h"
#include "format/formats.h"
#include "format/native_rows.h"
#include "format/native_wire.h"
#include "profile/sample_log.h"

enum {
    PACK_LEVEL = 6,                /* of zlib */
    PACK_MIN_BYTES = 48,           /* shorter payloads do not shrink */
    STRINGS_CHUNK_BYTES = 1 << 20, /* text in one chunk */
    FLUSH_SAMPLES = 8192,          /* a block of them packs well; smaller ones cost room */
};
static const uint64_t FLUSH_NS = 5 * NS_PER_S; /* what kill -9 may cost at low rates */

/* ---- the writer ---- */

struct native_writer {
    struct format_sink sink;
    int fd;           /* when the sink is our own; else -1 */
    off_t start, end; /* of what has been written whole; start -1: not seekable */
    bool failed;
    uint64_t next_flush_ns;
    uint64_t flushed_samples;

    uint32_t written[TABLES]; /* rows */
    VEC(uint64_t) hashes[TABLES];
    VEC(uint8_t) named;   /* per frame: its lines are in the file */
    VEC(uint64_t) points; /* per series: points ever added when it was written */
    VEC(uint64_t) meta;   /* hash of each meta row as written */
    uint32_t blocks[CHANNELS];

    struct strbuf raw;    /* payload under construction */
    struct strbuf packed; /* chunk under construction */
};

static void writer_init(struct native_writer *w, const struct format_sink *sink)
{
    *w = (struct native_writer){
        .sink = *sink, .fd = -1, .start = -1, .raw = STRBUF_INIT, .packed = STRBUF_INIT
    };
    for (int i = 0; i < TABLES; i++)
        w->written[i] = native_tables[i].first;
}

static void writer_done(struct native_writer *w)
{
    for (int i = 0; i < TABLES; i++)
        vec_done(&w->hashes[i]);
    vec_done(&w->named);
    vec_done(&w->points);
    vec_done(&w->meta);
    strbuf_done(&w->raw);
    strbuf_done(&w->packed);
}

static bool emit(struct native_writer *w, const void *ptr, size_t len, struct err *e)
{
    if (w->sink.write(w->sink.ctx, ptr, len, e)) {
        w->end += (off_t)len;
        return true;
    }
    w->failed = true;
    return false;
}

static bool write_header(struct native_writer *w, struct err *e)
{
    uint8_t header[NATIVE_HEADER_BYTES] = { 0 };
    memcpy(header, NATIVE_MAGIC, NATIVE_MAGIC_BYTES);
    native_put_u16(header + 8, NATIVE_MAJOR);
    native_put_u16(header + 10, NATIVE_MINOR);
    return emit(w, header, sizeof header, e);
}

/* Compresses payload behind the room for the header; 0 when it would not shrink. */
static size_t pack_payload(struct strbuf *chunk, struct slice payload)
{
    if (payload.len < PACK_MIN_BYTES)
        return 0;
    uLongf len = compressBound(payload.len);
    char *at = strbuf_reserve(chunk, len);
    int status = compress2((Bytef *)at, &len, (const Bytef *)payload.ptr, payload.len, PACK_LEVEL);
    return status == Z_OK && len < payload.len ? len : 0;
}

static bool write_chunk(
    struct native_writer *w, const char *type, struct slice payload, bool pack, struct err *e)
{
    if (payload.len > NATIVE_CHUNK_BYTES_MAX) {
        w->failed = true; /* later rows may lean on these */
        return err_set(e, ERR_LIMIT, "cannot save: a %s chunk of %zu bytes is over the limit of %d",
            type, payload.len, NATIVE_CHUNK_BYTES_MAX);
    }
    struct strbuf *chunk = &w->packed;
    strbuf_clear(chunk);
    strbuf_reserve(chunk, NATIVE_CHUNK_HEADER_BYTES);
    chunk->len = NATIVE_CHUNK_HEADER_BYTES;
    size_t packed_len = pack ? pack_payload(chunk, payload) : 0;
    if (packed_len)
        chunk->len += packed_len;
    else
        strbuf_addslice(chunk, payload);

    uint8_t *header = (uint8_t *)chunk->ptr;
    memcpy(header, type, NATIVE_TYPE_BYTES);
    native_put_u32(header + 4, (uint32_t)(chunk->len - NATIVE_CHUNK_HEADER_BYTES));
    native_put_u32(header + 8, packed_len ? (uint32_t)payload.len : 0);
    uLong crc = crc32(0, header, 12);
    crc = crc32_z(crc, header + NATIVE_CHUNK_HEADER_BYTES, chunk->len - NATIVE_CHUNK_HEADER_BYTES);
    native_put_u32(header + 12, (uint32_t)crc);
    return emit(w, chunk->ptr, chunk->len, e);
}

/* ---- tables ---- */

/* How many rows go into the next chunk. */
static uint32_t chunk_end(
    const struct profile *p, const struct native_table *t, uint32_t first, uint32_t to)
{
    uint32_t end = to - first > NATIVE_CHUNK_ROWS ? first + NATIVE_CHUNK_ROWS : to;
    if (t != &native_tables[TABLE_STRINGS])
        return end;
    size_t bytes = 0;
    for (uint32_t i = first; i < end; i++) {
        bytes += profile_string(p, (struct string_id){ i }).len;
        if (bytes > STRINGS_CHUNK_BYTES)
            return i > first ? i : first + 1;
    }
    return end;
}

static bool write_rows(struct native_writer *w, const struct profile *p,
    const struct native_table *t, uint32_t first, uint32_t to, struct err *e)
{
    while (first < to) {
        uint32_t end = chunk_end(p, t, first, to);
        strbuf_clear(&w->raw);
        varint_add(&w->raw, first);
        varint_add(&w->raw, end - first);
        t->encode(&(struct native_range){ .p = p, .first = first, .end = end, .out = &w->raw });
        if (!write_chunk(w, t->type, strbuf_slice(&w->raw), true, e))
            return false;
        first = end;
    }
    return true;
}

/* Writes the runs of rows that differ from what the file has. */
static bool write_changes(
    struct native_writer *w, const struct profile *p, int table, uint32_t count, struct err *e)
{
    const struct native_table *t = &native_tables[table];
    uint32_t first = count; /* of the run under way */
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = t->hash(p, i);
        bool known = i < w->hashes[table].len;
        bool same = known && w->hashes[table].ptr[i] == hash;
        if (known)
            w->hashes[table].ptr[i] = hash;
        else
            vec_push(&w->hashes[table], hash);
        if (!same && first == count)
            first = i;
        if (same && first < i) {
            if (!write_rows(w, p, t, first, i, e))
                return false;
            first = count;
        }
        if (same)
            first = count;
    }
    return write_rows(w, p, t, first, count, e);
}

static bool write_table(struct native_writer *w, const struct profile *p, int table, struct err *e)
{
    const struct native_table *t = &native_tables[table];
    uint32_t count = t->count(p);
    uint32_t first = w->written[table];
    w->written[table] = count;
    return t->hash ? write_changes(w, p, table, count, e) : write_rows(w, p, t, first, count, e);
}

/* ---- frames and their lines ---- */

/* Made by profile_add_frame_lines(): it has no address, its lines are what it is. */
static bool is_line_frame(const struct profile *p, uint32_t i)
{
    const struct frame *f = profile_frame(p, (struct frame_id){ i });
    if (f->address || f->flags || f->line_count == 0)
        return false;
    const struct line *lines = profile_frame_lines(p, (struct frame_id){ i });
    return f->module.i == profile_func(p, lines[0].func)->module.i;
}

/* One chunk of lines for the frames ids[]; the first column says which frames they are. */
static bool write_line_chunk(struct native_writer *w, const struct profile *p, const char *type,
    const uint32_t *ids, uint32_t count, struct err *e)
{
    bool whole_frames = strcmp(type, NATIVE_LINE_FRAMES) == 0;
    strbuf_clear(&w->raw);
    varint_add(&w->raw, whole_frames ? ids[0] : 0);
    varint_add(&w->raw, count);
    for (uint32_t i = 0; i < count && !whole_frames; i++)
        varint_add(&w->raw, ids[i] - (i ? ids[i - 1] : 0));
    native_encode_lines(p, ids, count, &w->raw);
    return write_chunk(w, type, strbuf_slice(&w->raw), true, e);
}

/* Frames that are addresses and frames that are lines have different columns: chunks by turns. */
static bool write_frames(struct native_writer *w, const struct profile *p, struct err *e)
{
    uint32_t count = profile_frame_count(p);
    uint32_t first = w->written[TABLE_FRAMES];
    w->written[TABLE_FRAMES] = count;
    VEC(uint32_t) run = { 0 };
    bool ok = true;
    while (ok && first < count) {
        bool lines = is_line_frame(p, first);
        vec_clear(&run);
        for (uint32_t i = first; i < count && run.len < NATIVE_CHUNK_ROWS; i++) {
            if (is_line_frame(p, i) != lines)
                break;
            vec_push(&run, i);
            vec_push(&w->named, lines);
        }
        uint32_t end = first + (uint32_t)run.len;
        ok = lines ? write_line_chunk(w, p, NATIVE_LINE_FRAMES, run.ptr, end - first, e)
                   : write_rows(w, p, &native_tables[TABLE_FRAMES], first, end, e);
        first = end;
    }
    vec_done(&run);
    return ok;
}

static bool write_lines(struct native_writer *w, const struct profile *p, struct err *e)
{
    VEC(uint32_t) ids = { 0 };
    bool ok = true;
    for (uint32_t i = 1; ok && i < profile_frame_count(p); i++) {
        if (w->named.ptr[i - 1] || profile_frame(p, (struct frame_id){ i })->line_count == 0)
            continue;
        w->named.ptr[i - 1] = 1;
        vec_push(&ids, i);
        if (ids.len < NATIVE_CHUNK_ROWS)
            continue;
        ok = write_line_chunk(w, p, NATIVE_LINES, ids.ptr, (uint32_t)ids.len, e);
        vec_clear(&ids);
    }
    if (ok && ids.len)
        ok = write_line_chunk(w, p, NATIVE_LINES, ids.ptr, (uint32_t)ids.len, e);
    vec_done(&ids);
    return ok;
}

/* ---- samples, points, meta ---- */

/* A block of the CPU's channel is a chunk as it is; another's has the channel before it. */
static bool write_block(
    struct native_writer *w, enum channel channel, struct slice block, struct err *e)
{
    if (channel == CHANNEL_CPU)
        return write_chunk(w, NATIVE_SAMPLES, block, false, e);
    strbuf_clear(&w->raw);
    varint_add(&w->raw, channel);
    strbuf_addslice(&w->raw, block);
    return write_chunk(w, NATIVE_CHANNELS, strbuf_slice(&w->raw), false, e);
}

static bool write_channel(
    struct native_writer *w, const struct profile *p, enum channel channel, struct err *e)
{
    const struct sample_log *log = profile_channel(p, channel);
    uint32_t *written = &w->blocks[channel];
    while (*written < sample_log_block_count(log)) {
        if (!write_block(w, channel, sample_log_block(log, *written), e))
            return false;
        ++*written;
    }
    PROF_CLEANUP(strbuf_done) struct strbuf open = STRBUF_INIT;
    return !sample_log_pack_open(log, &open) || write_block(w, channel, strbuf_slice(&open), e);
}

static bool write_samples(struct native_writer *w, const struct profile *p, struct err *e)
{
    for (int channel = 0; channel < CHANNELS; channel++) {
        if (!write_channel(w, p, (enum channel)channel, e))
            return false;
    }
    return true;
}

static bool write_points_of(
    struct native_writer *w, const struct profile *p, uint32_t series, struct err *e)
{
    const struct series_id id = { series };
    uint32_t count;
    profile_points(p, id, &count);
    const uint64_t fresh = profile_points_added(p, id) - w->points.ptr[series];
    uint32_t first = fresh < count ? count - (uint32_t)fresh : 0;
    while (first < count) {
        uint32_t end = count - first > NATIVE_CHUNK_ROWS ? first + NATIVE_CHUNK_ROWS : count;
        strbuf_clear(&w->raw);
        varint_add(&w->raw, series);
        varint_add(&w->raw, end - first);
        native_encode_points(p, id, first, end, &w->raw);
        if (!write_chunk(w, NATIVE_POINTS, strbuf_slice(&w->raw), true, e))
            return false;
        first = end;
    }
    w->points.ptr[series] = profile_points_added(p, id);
    return true;
}

static bool write_points(struct native_writer *w, const struct profile *p, struct err *e)
{
    for (uint32_t i = 0; i < profile_series_count(p); i++) {
        if (i == w->points.len)
            vec_push(&w->points, 0);
        if (!write_points_of(w, p, i, e))
            return false;
    }
    return true;
}

static bool write_meta(struct native_writer *w, const struct profile *p, struct err *e)
{
    size_t count;
    const struct meta_row *rows = profile_meta_rows(&count);
    PROF_CLEANUP(free_ptr) bool *keep = xcalloc(count, sizeof *keep);
    uint32_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == w->meta.len)
            vec_push(&w->meta, 0);
        uint64_t hash = native_meta_hash(profile_meta_get(p), &rows[i]);
        keep[i] = hash != w->meta.ptr[i];
        kept += keep[i];
        w->meta.ptr[i] = hash;
    }
    if (!kept)
        return true;
    strbuf_clear(&w->raw);
    varint_add(&w->raw, 0);
    varint_add(&w->raw, kept);
    native_encode_meta(profile_meta_get(p), keep, &w->raw);
    return write_chunk(w, NATIVE_META, strbuf_slice(&w->raw), true, e);
}

/* ---- the whole ---- */

static bool write_news(struct native_writer *w, const struct profile *p, struct err *e)
{
    if (!write_meta(w, p, e))
        return false;
    for (int i = 0; i < TABLES; i++) {
        bool ok = i == TABLE_FRAMES ? write_frames(w, p, e) && write_lines(w, p, e)
                                    : write_table(w, p, i, e);
        if (!ok)
            return false;
    }
    return write_samples(w, p, e) && write_points(w, p, e);
}

static bool write_end(struct native_writer *w, const struct profile *p, struct err *e)
{
    strbuf_clear(&w->raw);
    varint_add(&w->raw, sample_log_count(profile_samples(p)));
    varint_add(&w->raw, profile_stack_count(p));
    return write_chunk(w, NATIVE_END, strbuf_slice(&w->raw), false, e);
}

bool native_write(const struct profile *p, const struct format_sink *sink, struct err *e)
{
    struct native_writer w;
    writer_init(&w, sink);
    bool ok = write_header(&w, e) && write_news(&w, p, e) && write_end(&w, p, e);
    writer_done(&w);
    return ok;
}

/* ---- a file that grows ---- */

/* A chunk that did not fit on the disk must not stay behind as half a chunk. */
static bool write_to_fd(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct native_writer *w = ctx;
    if (file_write_all(w->fd, bytes, len, e))
        return true;
    if (w->start >= 0 && ftruncate(w->fd, w->start + w->end) == 0)
        lseek(w->fd, w->start + w->end, SEEK_SET);
    err_wrap(e, "the recording's file");
    return err_hint(e, "make room on the disk, or save elsewhere with --save; what was written so "
                       "far can be read");
}

struct native_writer *native_writer_new(int fd, struct err *e)
{
    struct native_writer *w = xmalloc(sizeof *w);
    writer_init(w, &(struct format_sink){ .write = write_to_fd, .ctx = w });
    w->fd = fd;
    w->start = lseek(fd, 0, SEEK_CUR);
    if (write_header(w, e))
        return w;
    native_writer_free(w);
    return NULL;
}

static uint64_t all_samples(const struct profile *p)
{
    uint64_t count = 0;
    for (int channel = 0; channel < CHANNELS; channel++)
        count += sample_log_count(profile_channel(p, (enum channel)channel));
    return count;
}

static bool flush(struct native_writer *w, struct profile *p, struct err *e)
{
    if (w->failed)
        return err_set(e, ERR_IO, "the recording's file was given up after a failed write");
    for (int channel = 0; channel < CHANNELS; channel++)
        sample_log_seal(profile_channel_edit(p, (enum channel)channel));
    if (!write_news(w, p, e))
        return false;
    w->flushed_samples = all_samples(p);
    w->next_flush_ns = clock_monotonic_ns() + FLUSH_NS;
    return true;
}

bool native_writer_flush(struct native_writer *w, struct profile *p, struct err *e)
{
    uint64_t waiting = all_samples(p) - w->flushed_samples;
    bool due = waiting >= FLUSH_SAMPLES || clock_monotonic_ns() >= w->next_flush_ns;
    return due || w->failed ? flush(w, p, e) : true;
}

bool native_writer_finish(struct native_writer *w, struct profile *p, struct err *e)
{
    return flush(w, p, e) && write_end(w, p, e);
}

void native_writer_free(struct native_writer *w)
{
    if (!w)
        return;
    writer_done(w);
    free(w);
}
