// SPDX-License-Identifier: MIT
#include "symbol/perfmap.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/strbuf.h"

struct row {
    const char *text;
    const char *name;
    const char *file;
    uint32_t line;
    enum func_tier tier;
};

Test(perfmap, names_of_runtimes_are_taken_apart)
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
        const struct found_line l = perfmap_name(&arena, slice_of(rows[i].text));
        cr_expect(slice_is(l.name, rows[i].name), "%s: name %.*s", rows[i].text, SLICE_ARG(l.name));
        cr_expect(slice_is(l.file, rows[i].file), "%s: file %.*s", rows[i].text, SLICE_ARG(l.file));
        cr_expect_eq(l.func_line, rows[i].line, "%s", rows[i].text);
        cr_expect_eq(l.tier, rows[i].tier, "%s", rows[i].text);
        arena_done(&arena);
    }
}

Test(perfmap, tiers_of_one_function_are_one_identity)
{
    struct arena arena = { 0 };
    const struct found_line a = perfmap_name(&arena, slice_of("JS:~f /a.js:1:5"));
    const struct found_line b = perfmap_name(&arena, slice_of("JS:*f /a.js:1:5"));
    const struct found_line c = perfmap_name(&arena, slice_of("JS:*f /a.js:1:90"));
    cr_expect(slice_equal(a.system_name, b.system_name));
    cr_expect_not(slice_equal(b.system_name, c.system_name), "other column, other function");
    arena_done(&arena);
}

static const uint64_t addresses[] = { 0x1000, 0x1010, 0x2000, 0x3000 };

static void expect_name(const struct lookup *l, uint32_t i, const char *name)
{
    if (!name) {
        cr_expect_eq(l->found[i].len, 0u, "address %u", i);
        return;
    }
    cr_assert_eq(l->found[i].len, 1u, "address %u has no name", i);
    cr_expect(slice_is(l->found[i].lines[0].name, name), "address %u: %.*s", i,
        SLICE_ARG(l->found[i].lines[0].name));
}

Test(perfmap, later_lines_win_and_wrong_ones_are_skipped)
{
    struct lookup l;
    lookup_init(&l, addresses, PROF_ARRAY_LEN(addresses));
    perfmap_match_text(slice_of("1000 20 old\n"
                                "0x1010 0x10 new\n"
                                "junk\n"
                                "2000 0 empty\n"
                                "0 ffffffffffffffff everything\n"
                                "ffffffffffffff00 1000 wraps\n"
                                "2000 10\n"
                                "zz 10 not a number\n"
                                "3000 10 last without newline"),
        &l);
    expect_name(&l, 0, "old");
    expect_name(&l, 1, "new");
    expect_name(&l, 2, NULL);
    expect_name(&l, 3, "last without newline");
    lookup_done(&l);
}

Test(perfmap, a_name_of_a_megabyte_is_cut_and_the_next_line_still_read)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_adds(&text, "1000 10 ");
    for (int i = 0; i < 1 << 20; i++)
        strbuf_addc(&text, 'x');
    strbuf_adds(&text, "\n2000 10 after\n");
    char path[] = "/tmp/prof-unit-map-XXXXXX";
    PROF_CLEANUP(close_fd) int fd = mkstemp(path);
    unlink(path);
    cr_assert(file_write_all(fd, text.ptr, text.len, NULL));
    struct lookup l;
    lookup_init(&l, addresses, PROF_ARRAY_LEN(addresses));
    cr_assert(perfmap_match(fd, path, &l, NULL));
    cr_assert_eq(l.found[0].len, 1u);
    cr_expect_leq(l.found[0].lines[0].name.len, (size_t)PERFMAP_NAME_MAX);
    expect_name(&l, 2, "after");
    lookup_done(&l);
}

/* ---- who may have written the map ---- */

static char folder[] = "/tmp/prof-unit-XXXXXX";

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void expect_refused(const char *path, int32_t owner, const char *word)
{
    struct err e = { 0 };
    PROF_CLEANUP(close_fd) int fd = perfmap_open(path, owner, &e);
    cr_expect_lt(fd, 0, "%s was opened", path);
    cr_assert_not_null(e.message);
    cr_expect_not_null(strstr(e.message, word), "%s", e.message);
    err_done(&e);
}

Test(perfmap, links_fifos_folders_and_strangers_are_refused, .init = make_folder)
{
    PROF_CLEANUP(strbuf_done)
    struct strbuf map = STRBUF_INIT, link = STRBUF_INIT, fifo = STRBUF_INIT;
    strbuf_addf(&map, "%s/perf-1.map", folder);
    strbuf_addf(&link, "%s/perf-2.map", folder);
    strbuf_addf(&fifo, "%s/perf-3.map", folder);
    PROF_CLEANUP(close_fd) int made = open(map.ptr, O_CREAT | O_WRONLY, 0644);
    cr_assert_geq(made, 0);
    cr_assert_eq(symlink(map.ptr, link.ptr), 0);
    cr_assert_eq(mkfifo(fifo.ptr, 0644), 0);
    PROF_CLEANUP(close_fd) int fd = perfmap_open(map.ptr, (int32_t)geteuid(), NULL);
    cr_expect_geq(fd, 0, "our own map is fine");
    expect_refused(link.ptr, (int32_t)geteuid(), "symbolic link");
    expect_refused(fifo.ptr, (int32_t)geteuid(), "not a regular file");
    expect_refused(folder, (int32_t)geteuid(), "not a regular file");
    if (geteuid() == 0) {
        cr_assert_eq(chown(map.ptr, 12345, 12345), 0);
        expect_refused(map.ptr, 54321, "belongs to uid 12345");
    }
    unlink(map.ptr);
    unlink(link.ptr);
    unlink(fifo.ptr);
    rmdir(folder);
}
