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
