// SPDX-License-Identifier: MIT
#include "format/text_lines.h"

#include <inttypes.h>

#include "base/strbuf.h"
#include "base/utf8.h"

enum { SHOWN_BYTES = 60 };

struct text_lines text_lines(struct slice text)
{
    return (struct text_lines){ .rest = text };
}

bool text_lines_next(struct text_lines *l, struct slice *ret_line)
{
    if (l->rest.len == 0)
        return false;
    size_t len = slice_find(l->rest, '\n');
    l->line = (struct slice){ .ptr = l->rest.ptr, .len = len };
    l->rest = slice_skip(l->rest, len < l->rest.len ? len + 1 : len);
    if (slice_ends(l->line, "\r"))
        l->line.len--;
    l->number++;
    *ret_line = l->line;
    return true;
}

bool text_lines_wrong(const struct text_lines *l, struct err *e, const char *fmt, ...)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(&text, fmt, args);
    va_end(args);
    strbuf_adds(&text, ", found '");
    bool cut = l->line.len > SHOWN_BYTES;
    utf8_add_printable(&text, (struct slice){ l->line.ptr, cut ? SHOWN_BYTES : l->line.len });
    strbuf_adds(&text, cut ? "...'" : "'");
    return err_set(e, ERR_FORMAT, "line %" PRIu64 ": expected %s", l->number, text.ptr);
}
