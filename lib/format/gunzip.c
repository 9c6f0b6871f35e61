// SPDX-License-Identifier: MIT
#include "format/gunzip.h"

#include <zlib.h>

enum { STEP_BYTES = 256 * 1024 };

bool gunzip_sniff(struct slice head)
{
    return slice_starts(head, "\x1f\x8b\x08");
}

/* One piece of output. Z_OK: there is more; Z_STREAM_END: a member ended. */
static int inflate_step(z_stream *z, struct strbuf *out)
{
    z->next_out = (Bytef *)strbuf_reserve(out, STEP_BYTES);
    z->avail_out = STEP_BYTES;
    int status = inflate(z, Z_NO_FLUSH);
    out->len += STEP_BYTES - z->avail_out;
    out->ptr[out->len] = '\0';
    return status;
}

static bool inflate_all(z_stream *z, size_t limit_bytes, struct strbuf *out, struct err *e)
{
    size_t start = out->len;
    for (;;) {
        int status = inflate_step(z, out);
        if (out->len - start > limit_bytes)
            return err_set(e, ERR_LIMIT, "it inflates to more than %zu bytes", limit_bytes);
        if (status == Z_STREAM_END && z->avail_in == 0)
            return true;
        if (status == Z_STREAM_END && inflateReset(z) == Z_OK)
            continue; /* files that were put one behind the other */
        if (status == Z_BUF_ERROR || (status == Z_OK && z->avail_in == 0 && z->avail_out))
            return err_set(e, ERR_FORMAT, "the gzip file ends early");
        if (status != Z_OK)
            return err_set(e, ERR_FORMAT, "the gzip file is damaged");
    }
}

bool gunzip(struct slice bytes, size_t limit_bytes, struct strbuf *out, struct err *e)
{
    union { /* zlib only reads it */
        const char *in;
        Bytef *out;
    } input = { .in = bytes.ptr };
    z_stream z = { .next_in = input.out, .avail_in = (uInt)bytes.len };
    const int gzip_window = 15 + 16; /* zlib.h: 16 more asks for a gzip header */
    if (bytes.len > UINT32_MAX)
        return err_set(e, ERR_LIMIT, "a gzip file of over 4 GiB");
    if (inflateInit2(&z, gzip_window) != Z_OK)
        return err_set(e, ERR_LIMIT, "cannot start gzip: out of memory");
    bool ok = inflate_all(&z, limit_bytes, out, e);
    inflateEnd(&z);
    return ok;
}
