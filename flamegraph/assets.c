// SPDX-License-Identifier: MIT
#include "flamegraph/assets.h"

#include <stdbool.h>

extern const char prof_page_script[], prof_page_script_end[];
extern const char prof_page_style[], prof_page_style_end[];

struct slice assets_script(void)
{
    return (struct slice){ prof_page_script, (size_t)(prof_page_script_end - prof_page_script) };
}

struct slice assets_style(void)
{
    return (struct slice){ prof_page_style, (size_t)(prof_page_style_end - prof_page_style) };
}

/* A line of a comment: "//", or one of a block that starts a line. */
static bool is_comment(struct slice line, bool *in_block)
{
    if (*in_block || slice_starts(line, "/*")) {
        *in_block = !slice_ends(line, "*/");
        return true;
    }
    return slice_starts(line, "//");
}

void assets_squeeze(struct strbuf *out, struct slice source)
{
    bool in_block = false;
    struct slice line;
    while (slice_split(&source, '\n', &line)) {
        line = slice_trim(line);
        if (line.len == 0 || is_comment(line, &in_block))
            continue;
        strbuf_addslice(out, line);
        strbuf_addc(out, '\n');
    }
}
