// SPDX-License-Identifier: MIT
#include "symbol/demangle.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct row {
    const char *symbol;
    const char *name; /* NULL: stays as it is */
};

static void check(const struct row *rows, size_t count)
{
    struct demangler d;
    demangler_init(&d);
    for (size_t i = 0; i < count; i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
        const bool ok = demangle(&d, slice_of(rows[i].symbol), &out);
        cr_expect_eq(ok, rows[i].name != NULL, "%s: %s", rows[i].symbol, out.ptr);
        if (rows[i].name)
            cr_expect_str_eq(out.ptr, rows[i].name, "%s: %s", rows[i].symbol, out.ptr);
        else
            cr_expect_eq(out.len, 0u, "%s left %s", rows[i].symbol, out.ptr);
    }
}

Test(demangle, plain_names_stay)
{
    static const struct row rows[] = { { "main", NULL }, { "_start", NULL }, { "", NULL },
        { "_Z", NULL }, { "_R", NULL }, { "_RINvC", NULL }, { "_ZN", NULL }, { "_ZNE", NULL } };
    check(rows, PROF_ARRAY_LEN(rows));
}

Test(demangle, cxx_names_lose_results_and_parameters)
{
    struct demangler d;
    demangler_init(&d);
    if (!d.cxx)
        cr_skip("libstdc++.so.6 is not installed");
    static const struct row rows[] = {
        { "_ZN2ns5Class6methodEi", "ns::Class::method" },
        { "_ZNK2ns5Class6methodEPKc", "ns::Class::method" },
        { "_ZN2ns3SetIiE4findIcEERiPKc", "ns::Set<int>::find<char>" },
        { "_ZNSt6vectorIiSaIiEE9push_backERKi",
            "std::vector<int, std::allocator<int> >::push_back" },
        { "_Znwm", "operator new" },
        { "_ZdlPv", "operator delete" },
        { "_ZN1AclEi", "A::operator()" },
        { "_ZN1AixEm", "A::operator[]" },
        { "_ZN1AcvbEv", "A::operator bool" },
        { "_ZlsRSoi", "operator<<" },
        { "_ZNK1AptEv", "A::operator->" },
        { "_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo" },
        { "_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()" },
        { "_ZZN2ns1fEiENKUlvE_clEv", "ns::f::{lambda()#1}::operator()" },
        { "_ZN3fooEi.constprop.0", "foo" },
        { "_ZN2ns5Class6methodEi.isra.0.cold", "ns::Class::method" },
        { "_Z3catNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE", "cat" },
        { "_Z3getINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEET_v", "get<std::string>" },
    };
    check(rows, PROF_ARRAY_LEN(rows));
}

Test(demangle, rust_legacy_names_lose_their_hash)
{
    static const struct row rows[] = {
        { "_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write" },
        { "_ZN60_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..Drop$GT$"
          "4drop17h0123456789abcdefE",
            "<alloc::vec::Vec<T> as core::ops::Drop>::drop" },
        { "_ZN3app4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
            "app::main::{{closure}}" },
        { "_ZN3app4work17h0123456789abcdefE.llvm.1234567", "app::work" },
    };
    check(rows, PROF_ARRAY_LEN(rows));
}

Test(demangle, rust_v0_names_follow_the_grammar)
{
    static const struct row rows[] = {
        { "_RNvC7mycrate3foo", "mycrate::foo" },
        { "_RNvNtCs1234_7mycrate3bar3foo", "mycrate::bar::foo" },
        { "_RNvMC7mycrateNtC7mycrate3Foo3new", "<mycrate::Foo>::new" },
        { "_RINvC7mycrate3foomE", "mycrate::foo::<u32>" },
        { "_RINvC7mycrate3fooRehE", "mycrate::foo::<&str, u8>" },
        { "_RINvC7mycrate3fooTmhEE", "mycrate::foo::<(u32, u8)>" },
        { "_RINvC7mycrate3fooAhj4_E", "mycrate::foo::<[u8; 4]>" },
        { "_RINvC7mycrate3fooFhEmE", "mycrate::foo::<fn(u8) -> u32>" },
        { "_RINvC7mycrate3fooKb1_E", "mycrate::foo::<true>" },
        { "_RNCNvC7mycrate4main0", "mycrate::main::{closure#0}" },
        { "_RNCNvC7mycrate4mains_0", "mycrate::main::{closure#1}" },
        { "_RNvC7mycrateu8gdel_5qa", "mycrate::g\xc3\xb6"
                                     "del" },
        { "_RNvYNtNtNtNtCsjrHSEGnQ3l9_3std3sys5stdio4unix6StderrNtNtBa_2io5Write9write_fmtBa_",
            "<std::sys::stdio::unix::Stderr as std::io::Write>::write_fmt" },
    };
    check(rows, PROF_ARRAY_LEN(rows));
}

Test(demangle, hostile_names_end)
{
    static const char *const hostile[] = { "_RB_", "_RNvB_3foo", "_RYTB_B_B_B_E",
        "_RC99999999999999", "_RINvC1a1bTTTTTTTTTTTTTTTTTTTTTTTTTTTT", "_RNvC1au5zzzzz",
        "_RNvC1aG_", "_RINvC1a1bDG_E", "_ZN99999999999999999999E", "_ZN3fo", "_RINvC1a1bL0_E",
        "_RNvCs___________3foo1b" };
    struct demangler d;
    demangler_init(&d);
    for (size_t i = 0; i < PROF_ARRAY_LEN(hostile); i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
        demangle(&d, slice_of(hostile[i]), &out);
        cr_expect_leq(out.len, (size_t)DEMANGLE_OUTPUT_MAX + DEMANGLE_INPUT_MAX, "%s", hostile[i]);
    }
}

Test(demangle, deep_nesting_is_refused)
{
    PROF_CLEANUP(strbuf_done) struct strbuf deep = STRBUF_INIT, out = STRBUF_INIT;
    strbuf_adds(&deep, "_RINvC1a1b");
    for (int i = 0; i < 5000; i++)
        strbuf_addc(&deep, 'S');
    strbuf_adds(&deep, "hE");
    cr_expect_not(rust_demangle_v0(strbuf_slice(&deep), &out));
    cr_expect_eq(out.len, 0u);
}

Test(demangle, exponential_references_are_cut)
{
    /* Each tuple prints the one before it three times. */
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
    strbuf_adds(&text, "_RINvC1a1bThhhE");
    int back = 8;
    for (int i = 0; i < 3; i++) {
        const int at = (int)text.len - 2;
        const char digit = (char)(back - 1 < 10 ? '0' + back - 1 : 'a' + back - 11);
        strbuf_addf(&text, "TB%c_B%c_B%c_E", digit, digit, digit);
        back = at;
    }
    strbuf_adds(&text, "E");
    rust_demangle_v0(strbuf_slice(&text), &out);
    cr_expect_leq(out.len, (size_t)DEMANGLE_OUTPUT_MAX + 64);
}

Test(demangle, copies_of_a_function_share_its_name)
{
    static const struct row rows[] = { { "foo.constprop.0", "foo" }, { "foo.part.0.cold", "foo" },
        { "foo.isra.12", "foo" }, { "foo", "foo" }, { "foo.bar", "foo.bar" },
        { "main.main", "main.main" }, { ".cold", ".cold" },
        { "runtime.mallocgc", "runtime.mallocgc" } };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++)
        cr_expect(
            slice_is(symbol_base(slice_of(rows[i].symbol)), rows[i].name), "%s", rows[i].symbol);
}
