// SPDX-License-Identifier: MIT
#include "profile/jit_name.h"

#include <criterion/criterion.h>

#include "base/compiler.h"

struct row {
    const char *text;
    const char *name;
    const char *file;
    uint32_t line;
    enum func_tier tier;
};

Test(jit_name, names_of_runtimes_are_taken_apart)
{
    static const struct row rows[] = {
        { "JS:*fib /app/fib.js:2:19", "fib", "/app/fib.js", 2, TIER_OPTIMISED },
        { "JS:~fib /app/fib.js:2:19", "fib", "/app/fib.js", 2, TIER_INTERPRETED },
        { "JS:^fib /app/fib.js:2:19", "fib", "/app/fib.js", 2, TIER_BASELINE },
        { "JS:+fib /app/fib.js:2:19", "fib", "/app/fib.js", 2, TIER_MID },
        { "LazyCompile:*fib /app/fib.js:2:19", "fib", "/app/fib.js", 2, TIER_OPTIMISED },
        { "JS:~ /app/a b/x.js:1:1", "(anonymous)", "/app/a b/x.js", 1, TIER_INTERPRETED },
        { "JS:*get size file:///app/m.mjs:7:3", "get size", "/app/m.mjs", 7, TIER_OPTIMISED },
        { "JS:~emit node:events:460:44", "emit", "node:events", 460, TIER_INTERPRETED },
        { "LazyCompile:~f /a/i.js:7", "f", "/a/i.js", 7, TIER_INTERPRETED },
        { "JS:*lonely", "lonely", "", 0, TIER_OPTIMISED },
        { "Builtin:ArrayMap", "Builtins_ArrayMap", "", 0, TIER_BUILTIN },
        { "BytecodeHandler:LdaSmi", "Builtins_LdaSmiHandler", "", 0, TIER_BUILTIN },
        { "RegExp:[a-z]+", "RegExp:[a-z]+", "", 0, TIER_NONE },
        { "JS:*wasm-function[3]-turbofan", "wasm-function[3]", "", 0, TIER_OPTIMISED },
        { "py::fib:/app/fib.py", "fib", "/app/fib.py", 0, TIER_NONE },
        { "py::", "py::", "", 0, TIER_NONE },
        { "[Tier0]", "[Tier0]", "", 0, TIER_BASELINE },
        { "py::lonely", "lonely", "", 0, TIER_NONE },
        { "java.lang.String com.shop.Cart.total(int)", "com.shop.Cart.total", "", 0, TIER_NONE },
        { "int32 [app] Shop.Cart::Total(int32)[OptimizedTier1]", "Shop.Cart::Total", "", 0,
            TIER_OPTIMISED },
        { "Interpreter", "Interpreter", "", 0, TIER_NONE },
        { "()", "()", "", 0, TIER_NONE },
        { "JS:", "(anonymous)", "", 0, TIER_NONE },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        struct arena arena = { 0 };
        const struct jit_name n = jit_name(&arena, slice_of(rows[i].text));
        cr_expect(slice_is(n.name, rows[i].name), "%s: name %.*s", rows[i].text, SLICE_ARG(n.name));
        cr_expect(slice_is(n.file, rows[i].file), "%s: file %.*s", rows[i].text, SLICE_ARG(n.file));
        cr_expect_eq(n.line, rows[i].line, "%s", rows[i].text);
        cr_expect_eq(n.tier, rows[i].tier, "%s", rows[i].text);
        arena_done(&arena);
    }
}

Test(jit_name, tiers_of_one_function_are_one_identity)
{
    struct arena arena = { 0 };
    const struct jit_name a = jit_name(&arena, slice_of("JS:~f /a.js:1:5"));
    const struct jit_name b = jit_name(&arena, slice_of("JS:*f /a.js:1:5"));
    const struct jit_name c = jit_name(&arena, slice_of("JS:*f /a.js:1:90"));
    cr_expect(slice_equal(a.system_name, b.system_name));
    cr_expect_not(slice_equal(b.system_name, c.system_name), "other column, other function");
    arena_done(&arena);
}

Test(jit_name, symbols_of_other_origin_are_not_a_script_s)
{
    static const char *const others[] = { "main", "wasm_compile", "java.lang.String a.b(int)", "",
        "std::map<int>::find(int)", "JSON_parse" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(others); i++) {
        struct arena arena = { 0 };
        struct jit_name n;
        cr_expect_not(jit_name_of_script(&arena, slice_of(others[i]), &n), "%s", others[i]);
        arena_done(&arena);
    }
}
