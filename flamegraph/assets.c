// SPDX-License-Identifier: MIT
#include "flamegraph/assets.h"

#include <stdbool.h>

extern const char prof_page_boot[], prof_page_boot_end[];
extern const char prof_page_script[], prof_page_script_end[];
extern const char prof_page_flame_script[], prof_page_flame_script_end[];
extern const char prof_page_doctor_script[], prof_page_doctor_script_end[];
extern const char prof_page_style[], prof_page_style_end[];
extern const char prof_page_doctor_style[], prof_page_doctor_style_end[];
extern const char prof_page_app_style[], prof_page_app_style_end[];
extern const char prof_page_flame_app_style[], prof_page_flame_app_style_end[];
extern const char prof_page_doctor_app_style[], prof_page_doctor_app_style_end[];

struct slice asset_text(enum asset asset)
{
    static const struct {
        const char *from, *to;
    } texts[ASSETS] = {
        [ASSET_BOOT] = { prof_page_boot, prof_page_boot_end },
        [ASSET_SCRIPT] = { prof_page_script, prof_page_script_end },
        [ASSET_FLAME_SCRIPT] = { prof_page_flame_script, prof_page_flame_script_end },
        [ASSET_DOCTOR_SCRIPT] = { prof_page_doctor_script, prof_page_doctor_script_end },
        [ASSET_STYLE] = { prof_page_style, prof_page_style_end },
        [ASSET_DOCTOR_STYLE] = { prof_page_doctor_style, prof_page_doctor_style_end },
        [ASSET_APP_STYLE] = { prof_page_app_style, prof_page_app_style_end },
        [ASSET_FLAME_APP_STYLE] = { prof_page_flame_app_style, prof_page_flame_app_style_end },
        [ASSET_DOCTOR_APP_STYLE] = { prof_page_doctor_app_style, prof_page_doctor_app_style_end },
    };
    return (struct slice){ texts[asset].from, (size_t)(texts[asset].to - texts[asset].from) };
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

void asset_squeeze(struct strbuf *out, struct slice source)
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
