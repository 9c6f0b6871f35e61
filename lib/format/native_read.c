// SPDX-License-Identifier: MIT
/*
 * The reader of FILE.prof: finds whole chunks by length and CRC and inflates them. The first one
 * that is not whole ends the reading, with a note in the profile. A whole chunk whose content is
 * wrong was not made by a cut, so it is an error that names the chunk's offset.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "format/formats.h"
#include "format/native_payload.h"
#include "format/native_wire.h"

struct reader {
    struct native_payload payload;
    struct slice file;
    struct strbuf raw; /* an inflated payload */
    uint64_t inflated; /* bytes so far */
    struct err *e;
};

static bool inflate_payload(struct reader *r, const uint8_t *stored, uint32_t len, uint32_t raw_len)
{
    r->inflated += raw_len;
    if (raw_len > NATIVE_CHUNK_BYTES_MAX || r->inflated > NATIVE_INFLATED_BYTES_MAX)
        return err_set(r->e, ERR_LIMIT, "it inflates to more than a reader accepts");
    strbuf_clear(&r->raw);
    uLongf got = raw_len;
    Bytef *out = (Bytef *)strbuf_reserve(&r->raw, raw_len);
    if (uncompress(out, &got, stored, len) != Z_OK || got != raw_len)
        return err_set(r->e, ERR_FORMAT, "its compressed bytes are damaged");
    r->payload.at = out;
    r->payload.end = out + raw_len;
    return true;
}

/* A chunk whose bytes are as they were written. */
static bool read_chunk(struct reader *r, const uint8_t *header)
{
    char type[NATIVE_TYPE_BYTES + 1] = { 0 };
    memcpy(type, header, NATIVE_TYPE_BYTES);
    if (!native_payload_knows(type))
        return true;
    uint32_t stored_len = native_get_u32(header + 4);
    uint32_t raw_len = native_get_u32(header + 8);
    const uint8_t *stored = header + NATIVE_CHUNK_HEADER_BYTES;
    r->payload.at = stored;
    r->payload.end = stored + stored_len;
    return (!raw_len || inflate_payload(r, stored, stored_len, raw_len)) &&
           native_payload_read(&r->payload, type);
}

/* Length of the whole chunk at `at`, or 0 and the reason why it is not whole. */
static size_t whole_chunk(const struct reader *r, size_t at, const char **ret_why)
{
    const uint8_t *header = (const uint8_t *)r->file.ptr + at;
    size_t left = r->file.len - at;
    if (left < NATIVE_CHUNK_HEADER_BYTES) {
        *ret_why = "a chunk's header is cut";
        return 0;
    }
    uint64_t stored_len = native_get_u32(header + 4);
    if (stored_len > left - NATIVE_CHUNK_HEADER_BYTES) {
        *ret_why = "a chunk is cut or its length is damaged";
        return 0;
    }
    uLong crc = crc32(0, header, 12);
    crc = crc32_z(crc, header + NATIVE_CHUNK_HEADER_BYTES, stored_len);
    if (crc != native_get_u32(header + 12)) {
        *ret_why = "a chunk does not match its checksum";
        return 0;
    }
    return NATIVE_CHUNK_HEADER_BYTES + stored_len;
}

static void note_early_end(struct reader *r, size_t at, const char *why)
{
    PROF_CLEANUP(strbuf_done) struct strbuf what = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf reason = STRBUF_INIT;
    strbuf_addf(&what, "the file ends early: what was recorded after byte %zu is missing", at);
    strbuf_addf(&reason,
        "%s; the recording was killed, the disk was full, or the file was copied "
        "in part",
        why);
    profile_add_note(r->payload.p, what.ptr, reason.ptr, "");
}

static bool read_chunks(struct reader *r)
{
    size_t at = NATIVE_HEADER_BYTES;
    const char *why = "it has no end chunk";
    while (!r->payload.ended && at < r->file.len) {
        size_t len = whole_chunk(r, at, &why);
        if (len == 0)
            break;
        if (!read_chunk(r, (const uint8_t *)r->file.ptr + at))
            return err_wrap(r->e, "byte %zu, chunk '%.4s'", at, r->file.ptr + at);
        at += len;
    }
    if (!r->payload.ended)
        note_early_end(r, at, why);
    return true;
}

/* ---- the whole ---- */

/* A parent that a cut took away is unknown; a ring of parents (only a made-up file has one) is cut
 * open, so that walking up always ends. Each walk marks its way with the number of its start. */
static void settle_parents(struct profile *p)
{
    uint32_t count = profile_process_count(p);
    PROF_CLEANUP(free_ptr) uint32_t *seen_from = xcalloc(count, sizeof *seen_from);
    profile_process_edit(p, (struct process_id){ 0 })->parent.i = 0;
    for (uint32_t start = 1; start < count; start++) {
        uint32_t i = start;
        while (i && !seen_from[i]) {
            seen_from[i] = start;
            struct process *row = profile_process_edit(p, (struct process_id){ i });
            if (row->parent.i >= count || seen_from[row->parent.i] == start)
                row->parent.i = 0;
            i = row->parent.i;
        }
    }
}

static bool check_header(struct slice bytes, struct err *e)
{
    if (bytes.len < NATIVE_HEADER_BYTES ||
        memcmp(bytes.ptr, NATIVE_MAGIC, NATIVE_MAGIC_BYTES) != 0) {
        err_set(e, ERR_FORMAT, "byte 0: expected the header of a prof file");
        return err_hint(e, "its beginning is damaged or of another file: take a whole copy");
    }
    uint32_t major = native_get_u16((const uint8_t *)bytes.ptr + 8);
    if (major == NATIVE_MAJOR)
        return true;
    err_set(e, ERR_FORMAT,
        "the file has version %" PRIu32 " of the format, this prof reads version %d", major,
        NATIVE_MAJOR);
    return err_hint(e, "read it with the version of prof that made it, or a newer one");
}

bool native_sniff(struct slice head)
{
    return head.len >= NATIVE_MAGIC_BYTES &&
           memcmp(head.ptr, NATIVE_MAGIC, NATIVE_MAGIC_BYTES) == 0;
}

struct profile *native_read(struct slice bytes, struct err *e)
{
    if (!check_header(bytes, e))
        return NULL;
    struct reader r = { .file = bytes, .raw = STRBUF_INIT, .e = e };
    r.payload = (struct native_payload){ .p = profile_new(), .e = e };
    bool ok = read_chunks(&r);
    if (ok)
        settle_parents(r.payload.p);
    native_payload_done(&r.payload);
    strbuf_done(&r.raw);
    if (ok)
        return r.payload.p;
    profile_free(r.payload.p);
    return NULL;
}
