// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "format/format.h"
#include "format/gunzip.h"
#include "sample_profile.h"

Test(table, names_and_endings_are_unique_and_lead_to_their_row)
{
    size_t count;
    const struct format *rows = format_table(&count);
    for (size_t i = 0; i < count; i++) {
        cr_expect(format_by_name(rows[i].name) == &rows[i], "%s", rows[i].name);
        cr_expect(rows[i].write || rows[i].read, "%s does nothing", rows[i].name);
        bool both = !rows[i].read == !rows[i].sniff;
        cr_expect(both, "%s: reading needs sniffing", rows[i].name);
        struct slice rest = slice_of(rows[i].endings), ending;
        while (slice_split(&rest, ' ', &ending)) {
            char path[64];
            snprintf(path, sizeof path, "/tmp/x.y%.*s", SLICE_ARG(ending));
            cr_expect(format_by_path(path) == &rows[i], "%s", path);
        }
    }
    cr_assert_null(format_by_name("nonsense"));
    cr_assert_null(format_by_path("profile.docx"));
    cr_assert_null(format_by_path(".folded"), "a name, not an ending");
}

Test(table, the_longest_ending_wins)
{
    cr_assert(eq(str, (char *)format_by_path("a.json")->name, "json"));
    cr_assert(eq(str, (char *)format_by_path("a.speedscope.json")->name, "speedscope"));
}

static const struct sniff_case {
    const char *text, *path, *tool;
} sniff_cases[] = {
    { "main;work 3\n", "x", "folded stacks" },
    { "# comment\napp 1/1 [000] 1.500000: 10 cpu-clock:u:\n\t10 main (/x)\n", "x", "perf script" },
    { "app 1 1.500000: 10 cpu-clock:u: 10 main+0x1 (/x)\n", "x.folded", "perf script" },
    { "{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"a\"},\"hitCount\":2}]}", "x",
        ".cpuprofile" },
};

Test(table, content_decides_before_the_ending)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(sniff_cases); i++) {
        const struct sniff_case *c = &sniff_cases[i];
        struct err e = { 0 };
        struct profile *p = format_read(slice_of(c->text), c->path, &e);
        cr_assert_not_null(p, "%s: %s", c->tool, e.message);
        cr_expect(eq(str, profile_meta(p)->tool, (char *)c->tool));
        cr_expect(eq(str, profile_meta(p)->title, (char *)c->path));
        profile_free(p);
    }
}

static const struct stranger_case {
    const char *text, *path, *message, *hint;
} stranger_cases[] = {
    { "", "a.prof", "cannot read 'a.prof': the file is empty", NULL },
    { "PERFILE2xxxx", "perf.data", "it is a perf.data file", "perf script" },
    { "\x1f\x8b\x08", "a.gz", "cannot read 'a.gz': the gzip file ends early", NULL },
    { "\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a.gz", "the gzip file is damaged",
        NULL },
    { "x", "a.pb.gz", "pprof is written, but not read", "--save" },
    { "\x7f"
      "ELF\x02",
        "a.out", "a program", "prof flame" },
    { "<!DOCTYPE html><html>", "a.html", "a report", "--save" },
    { "hello there", "a.xyz", "none of the formats", "folded" },
    { "hello there", "a.folded", "cannot read 'a.folded' as folded: line 1: expected", NULL },
    { "{\"a\":", "a.cpuprofile", "as cpuprofile: line 1, column 5: expected JSON", NULL },
    { "junk", "a.prof", "cannot read 'a.prof' as prof: byte 0: expected the header", NULL },
};

Test(table, what_cannot_be_read_is_named_with_a_hint)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(stranger_cases); i++) {
        const struct stranger_case *c = &stranger_cases[i];
        struct err e = { 0 };
        cr_expect_null(format_read(slice_of(c->text), c->path, &e), "%s", c->path);
        cr_expect_not_null(strstr(e.message, c->message), "%s: %s", c->path, e.message);
        if (c->hint)
            cr_expect_not_null(strstr(e.hint, c->hint), "%s: %s", c->path, e.hint);
        err_done(&e);
    }
}

static bool refuse(void *ctx, const void *bytes, size_t len, struct err *e)
{
    (void)bytes;
    (void)len;
    ++*(int *)ctx;
    return err_set(e, ERR_IO, "no room");
}

Test(table, every_writer_gives_up_at_the_first_failure)
{
    struct profile *p = sample_profile(5000);
    size_t count;
    const struct format *rows = format_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].write)
            continue;
        int calls = 0;
        struct err e = { 0 };
        struct format_sink sink = { .write = refuse, .ctx = &calls };
        cr_expect(rows[i].write(p, &sink, &e) == false, "%s", rows[i].name);
        cr_expect(calls == 1, "%s tried %d times", rows[i].name, calls);
        cr_expect(eq(str, e.message, "no room"));
        err_done(&e);
    }
    profile_free(p);
}

Test(table, every_writer_writes_an_empty_profile)
{
    struct profile *p = profile_new();
    size_t count;
    const struct format *rows = format_table(&count);
    for (size_t i = 0; i < count; i++) {
        struct strbuf out = STRBUF_INIT;
        struct err e = { 0 };
        if (rows[i].write)
            cr_expect(rows[i].write(p, MEMORY_SINK(&out), &e), "%s", rows[i].name);
        strbuf_done(&out);
    }
    profile_free(p);
}

/* ---- gzip ---- */

static struct strbuf gzipped(const char *text)
{
    struct strbuf out = STRBUF_INIT;
    size_t room = 1 << 16;
    PROF_CLEANUP(free_ptr) char *copy = xstrdup(text);
    z_stream z = { .next_in = (Bytef *)copy, .avail_in = (uInt)strlen(text) };
    cr_assert(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_out = (Bytef *)strbuf_reserve(&out, room);
    z.avail_out = (uInt)room;
    cr_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out.len = room - z.avail_out;
    deflateEnd(&z);
    return out;
}

Test(table, gzip_is_undone_and_a_cut_one_refused)
{
    PROF_CLEANUP(strbuf_done) struct strbuf gzip = gzipped("main;work 3\n");
    PROF_CLEANUP(strbuf_done) struct strbuf more = gzipped("main;rest 4\n");
    strbuf_addslice(&gzip, strbuf_slice(&more));
    struct err e = { 0 };
    struct profile *p = format_read(strbuf_slice(&gzip), "x.folded.gz", &e);
    cr_assert_not_null(p, "%s", e.message);
    cr_assert(eq(u64, sample_log_count(profile_samples(p)), 2));
    profile_free(p);
    for (size_t len = 3; len < gzip.len; len++) {
        p = format_read((struct slice){ gzip.ptr, len }, "x.folded.gz", &e);
        cr_expect(p == NULL || len == gzip.len - more.len, "cut at %zu", len);
        profile_free(p);
        err_done(&e);
    }
}

Test(table, a_gzip_bomb_is_refused)
{
    PROF_CLEANUP(strbuf_done) struct strbuf zeros = STRBUF_INIT, out = STRBUF_INIT;
    memset(strbuf_reserve(&zeros, 1 << 20), '0', 1 << 20);
    zeros.ptr[1 << 20] = '\0';
    PROF_CLEANUP(strbuf_done) struct strbuf gzip = gzipped(zeros.ptr);
    struct err e = { 0 };
    cr_assert_not(gunzip(strbuf_slice(&gzip), 1000, &out, &e));
    cr_assert(eq(int, e.code, ERR_LIMIT));
    err_done(&e);
}

/* ---- the golden FILE.prof ---- */

static const char golden_path[] = "tests/golden/input/sample.prof";
enum { GOLDEN_SAMPLES = 100 };

static void update_golden(const struct profile *p)
{
    struct strbuf bytes = STRBUF_INIT;
    struct file_out file;
    cr_assert(format_by_name("prof")->write(p, MEMORY_SINK(&bytes), NULL));
    cr_assert(file_out_open(&file, golden_path, NULL));
    cr_assert(file_write_all(file.fd, bytes.ptr, bytes.len, NULL));
    cr_assert(file_out_commit(&file, NULL));
    file_out_done(&file);
    strbuf_done(&bytes);
}

Test(table, the_golden_file_reads_as_the_profile_it_was_made_from)
{
    struct profile *p = sample_profile(GOLDEN_SAMPLES);
    if (getenv("PROF_UPDATE_GOLDEN"))
        update_golden(p);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = STRBUF_INIT;
    struct err e = { 0 };
    cr_assert(file_read(golden_path, SIZE_MAX / 2, &bytes, &e), "%s", e.message);
    struct profile *q = format_read(strbuf_slice(&bytes), golden_path, &e);
    cr_assert_not_null(q, "%s", e.message);
    PROF_CLEANUP(strbuf_done) struct strbuf want = dump_profile(p);
    PROF_CLEANUP(strbuf_done) struct strbuf got = dump_profile(q);
    cr_assert(eq(str, got.ptr, want.ptr));
    profile_free(p);
    profile_free(q);
}
