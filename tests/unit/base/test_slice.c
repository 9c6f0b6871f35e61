// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/compiler.h"
#include "base/slice.h"

Test(slice, splits_at_each_separator)
{
    struct slice rest = slice_of("a;;b");
    struct slice part;
    cr_assert(slice_split(&rest, ';', &part) && slice_is(part, "a"));
    cr_assert(slice_split(&rest, ';', &part) && slice_is(part, ""));
    cr_assert(slice_split(&rest, ';', &part) && slice_is(part, "b"));
    cr_assert(not(slice_split(&rest, ';', &part)));
}

Test(slice, reads_numbers_and_refuses_what_is_not_one)
{
    static const struct {
        const char *text;
        int base;
        bool ok;
        uint64_t value;
    } rows[] = {
        { "0", 10, true, 0 },
        { "18446744073709551615", 10, true, UINT64_MAX },
        { "18446744073709551616", 10, false, 0 },
        { "ffffffffffffffff", 16, true, UINT64_MAX },
        { "10000000000000000", 16, false, 0 },
        { "-1", 10, false, 0 },
        { "", 10, false, 0 },
        { "12x", 10, false, 0 },
        { "1a", 10, false, 0 },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        uint64_t value = 0;
        bool ok = slice_to_u64(slice_of(rows[i].text), rows[i].base, &value);
        cr_expect(ok == rows[i].ok && value == rows[i].value, "row '%s'", rows[i].text);
    }
}

Test(slice, basename_is_what_follows_the_last_slash)
{
    cr_assert(slice_is(slice_basename(slice_of("/usr/bin/env")), "env"));
    cr_assert(slice_is(slice_basename(slice_of("env")), "env"));
    cr_assert(slice_is(slice_basename(slice_of("/usr/")), ""));
}

Test(slice, words_stand_between_any_number_of_blanks)
{
    struct slice rest = slice_of("  12ab-34cd r-xp  00 ");
    cr_expect(slice_is(slice_take_word(&rest), "12ab-34cd"));
    cr_expect(slice_is(slice_take_word(&rest), "r-xp"));
    cr_expect(slice_is(slice_take_word(&rest), "00"));
    cr_expect(slice_is(slice_take_word(&rest), ""), "nothing is left");
    cr_expect(slice_is(slice_take_word(&rest), ""), "and stays so");
}
