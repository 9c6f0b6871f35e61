// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "base/strbuf.h"

Test(strbuf, is_an_empty_string_before_anything_is_added)
{
    struct strbuf b = STRBUF_INIT;
    cr_assert(eq(str, b.ptr, ""));
    strbuf_clear(&b);
    strbuf_done(&b);
}

Test(strbuf, formats_text_longer_than_its_room)
{
    PROF_CLEANUP(strbuf_done) struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, "head ");
    strbuf_addf(&b, "%0500d|%s", 7, "tail");
    cr_assert(eq(sz, b.len, 5 + 500 + 5));
    cr_assert(eq(str, b.ptr + 505, "|tail"));
}

Test(strbuf, keeps_zero_bytes)
{
    PROF_CLEANUP(strbuf_done) struct strbuf b = STRBUF_INIT;
    strbuf_add(&b, "a\0b", 3);
    cr_assert(eq(sz, b.len, 3));
    cr_assert(eq(chr, b.ptr[2], 'b'));
}

Test(strbuf, hands_its_text_over_and_is_empty_again)
{
    struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, "mine");
    char *text = strbuf_take(&b);
    cr_assert(eq(str, text, "mine"));
    cr_assert(eq(str, b.ptr, ""));
    free(text);
    strbuf_done(&b);
}
