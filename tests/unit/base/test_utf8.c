// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/compiler.h"
#include "base/utf8.h"

Test(utf8, shows_control_and_direction_characters_as_escapes)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "plain", "plain" },
        { "\x1b[31m", "\\x1b[31m" },
        { "a\nb", "a\\x0ab" },
        { "\xe2\x80\xae"
          "gpj.exe",
            "\\u{202e}gpj.exe" },
        { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
        { "\xc3", "\xef\xbf\xbd" },
        { "\xf0\x9f\x94\xa5", "\xf0\x9f\x94\xa5" },
        { "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
        utf8_add_printable(&out, slice_of(rows[i].text));
        cr_expect(slice_is(strbuf_slice(&out), rows[i].want), "row %zu: %s", i, out.ptr);
    }
}
