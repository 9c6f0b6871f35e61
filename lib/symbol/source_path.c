// SPDX-License-Identifier: MIT
#include "symbol/source_path.h"

#include "base/strbuf.h"

/* Drops the last part of out unless there is none to drop ("", "/", "..", "../.."). */
static bool drop_last(struct strbuf *out)
{
    const struct slice text = strbuf_slice(out);
    const struct slice last = slice_basename(text);
    if (last.len == 0 || slice_is(last, ".."))
        return false;
    out->len -= last.len;
    if (out->len > 1)
        out->len--; /* the slash before it, but not the root */
    return true;
}

static void add_part(struct strbuf *out, struct slice part)
{
    if (out->len && out->ptr[out->len - 1] != '/')
        strbuf_addc(out, '/');
    strbuf_addslice(out, part);
}

struct slice source_path(struct arena *arena, struct slice path)
{
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    const bool absolute = slice_starts(path, "/");
    struct slice rest = path, part;
    if (absolute)
        strbuf_addc(&out, '/');
    while (slice_split(&rest, '/', &part)) {
        if (part.len == 0 || slice_is(part, "."))
            continue;
        if (slice_is(part, "..") && (drop_last(&out) || absolute))
            continue;
        add_part(&out, part);
    }
    return arena_copy(arena, strbuf_slice(&out));
}
