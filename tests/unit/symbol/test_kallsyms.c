// SPDX-License-Identifier: MIT
#include "symbol/kallsyms.h"

#include <criterion/criterion.h>

#include "base/compiler.h"

Test(kallsyms, addresses_belong_to_the_last_symbol_before_them)
{
    static const uint64_t addresses[] = { 0xffffffff81000010, 0xffffffff81000100,
        0xffffffffc0000005, 0xffffffffd0000000 };
    struct lookup l;
    lookup_init(&l, addresses, PROF_ARRAY_LEN(addresses));
    cr_assert(kallsyms_match_text(slice_of("ffffffff81000100 T second.isra.0\n"
                                           "ffffffff81000000 T first\n"
                                           "ffffffff81000004 D data\n"
                                           "nonsense\n"
                                           "ffffffffc0000000 t mod_func\t[mod]\n"),
        &l, NULL));
    cr_expect(slice_is(l.found[0].lines[0].name, "first"));
    cr_expect(slice_is(l.found[1].lines[0].name, "second"));
    cr_expect(slice_is(l.found[2].lines[0].name, "mod_func"));
    cr_expect(slice_is(l.found[2].lines[0].file, "[mod]"));
    cr_expect_eq(l.found[3].len, 0u, "too far behind the last symbol");
    lookup_done(&l);
}

Test(kallsyms, hidden_addresses_are_said_to_be_hidden)
{
    static const uint64_t addresses[] = { 0xffffffff81000010 };
    struct lookup l;
    struct err e = { 0 };
    lookup_init(&l, addresses, 1);
    cr_expect_not(kallsyms_match_text(
        slice_of("0000000000000000 T first\n0000000000000000 T second\n"), &l, &e));
    cr_expect_eq(e.code, ERR_PERMISSION);
    cr_expect_not_null(e.hint);
    err_done(&e);
    lookup_done(&l);
}
