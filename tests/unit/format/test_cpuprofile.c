// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "format/format.h"
#include "sample_profile.h"
#include "wrong_text.h"

#define FRAME(name, url, line)                                                                     \
    "\"callFrame\":{\"functionName\":\"" name "\",\"scriptId\":\"1\",\"url\":\"" url               \
    "\",\"lineNumber\":" line ",\"columnNumber\":0}"

static struct profile *read_ok(const char *text)
{
    struct err e = { 0 };
    struct profile *p = format_by_name("cpuprofile")->read(slice_of(text), &e);
    cr_assert_not_null(p, "%s", e.message);
    return p;
}

static uint64_t weight_of(const struct profile *p, const char *leaf)
{
    uint64_t weight = 0;
    struct sample_iter it = sample_iter(profile_samples(p));
    struct sample s;
    while (sample_iter_next(&it, &s)) {
        const struct line *line = profile_frame_lines(p, profile_stack(p, s.stack).frame);
        if (line && slice_is(profile_string(p, profile_func(p, line->func)->name), leaf))
            weight += s.weight;
    }
    sample_iter_done(&it);
    return weight;
}

/* A child may stand before its caller; samples: a, b, idle, b. */
static const char flat[] = "{\"nodes\":[{\"id\":3," FRAME("b", "file:///s/b.js",
    "41") "},"
          "{\"id\":1," FRAME("(root)", "",
              "-1") ",\"children\":[2,4,5]},"
                    "{\"id\":2," FRAME("a", "file:///s/a.js",
                        "0") ",\"children\":[3]},"
                             "{\"id\":4," FRAME("(idle)", "",
                                 "-1") "},"
                                       "{\"id\":5," FRAME("(garbage collector)", "",
                                           "-1") "}],"
                                                 "\"startTime\":1000,\"endTime\":2000,"
                                                 "\"samples\":[2,3,4,3,5],\"timeDeltas\":[100,50,"
                                                 "200,100,300]}";

Test(cpuprofile, a_sample_lasts_until_the_next_one)
{
    struct profile *p = read_ok(flat);
    cr_assert(eq(u64, weight_of(p, "a"), 50000));
    cr_assert(eq(u64, weight_of(p, "b"), 200000 + 300000));
    cr_assert(eq(u64, weight_of(p, "(garbage collector)"), 250000), "until endTime");
    cr_assert(eq(u64, profile_meta(p)->start_ns, 1100000));
    cr_assert(eq(u64, profile_meta(p)->end_ns, 2000000));
    profile_free(p);
}

Test(cpuprofile, idle_time_is_left_out_and_said)
{
    struct profile *p = read_ok(flat);
    cr_assert(eq(u64, sample_log_count(profile_samples(p)), 4));
    cr_assert(eq(u32, profile_note_count(p), 1));
    cr_assert(slice_starts(profile_string(p, profile_note(p, 0).what), "0.1 ms of idle time"));
    profile_free(p);
}

Test(cpuprofile, functions_have_their_file_line_and_kind)
{
    struct profile *p = read_ok(flat);
    static const struct {
        const char *name, *file;
        uint32_t line;
        enum func_kind kind;
    } want[] = { { "a", "/s/a.js", 1, FUNC_APP }, { "b", "/s/b.js", 42, FUNC_APP },
        { "(garbage collector)", "", 0, FUNC_GC } };
    cr_assert(eq(u32, profile_func_count(p), 4));
    for (uint32_t i = 0; i < PROF_ARRAY_LEN(want); i++) {
        const struct func *f = profile_func(p, (struct func_id){ i + 1 });
        cr_expect(slice_is(profile_string(p, f->name), want[i].name), "%s", want[i].name);
        cr_expect(slice_is(profile_string(p, f->file), want[i].file), "%s", want[i].name);
        cr_expect(f->line == want[i].line, "%s", want[i].name);
        cr_expect(f->kind == want[i].kind, "%s", want[i].name);
    }
    profile_free(p);
}

Test(cpuprofile, negative_time_deltas_are_put_in_order)
{
    struct profile *p = read_ok("{\"nodes\":[{\"id\":1," FRAME("a", "x", "0") "},{\"id\":2," FRAME(
        "b", "x", "0") "}],\"startTime\":0,\"endTime\":100,"
                       "\"samples\":[1,2],\"timeDeltas\":[50,-20]}");
    cr_assert(eq(u64, weight_of(p, "b"), 20000));
    cr_assert(eq(u64, weight_of(p, "a"), 50000));
    profile_free(p);
}

Test(cpuprofile, the_old_tree_is_read)
{
    struct profile *p = read_ok(
        "{\"head\":{\"functionName\":\"(root)\",\"url\":\"\",\"lineNumber\":0,\"id\":1,"
        "\"children\":["
        "{\"functionName\":\"a\",\"url\":\"/s/a.js\",\"lineNumber\":7,\"id\":2,\"children\":[]}]},"
        "\"startTime\":1,\"endTime\":2,\"samples\":[2,2],\"timestamps\":[1000000,1000500]}");
    cr_assert(eq(u64, weight_of(p, "a"), 500000));
    cr_assert(eq(u32, profile_func(p, (struct func_id){ 1 })->line, 7), "counted from 1");
    profile_free(p);
}

Test(cpuprofile, hits_do_where_there_are_no_samples)
{
    struct profile *p = read_ok("{\"nodes\":[{\"id\":1," FRAME("a", "x", "0") ",\"hitCount\":5}]}");
    cr_assert(eq(u64, weight_of(p, "a"), 5));
    cr_assert(profile_meta(p)->weight_unit == WEIGHT_COUNT);
    profile_free(p);
}

static const struct wrong_text wrong_cases[] = {
    { "not JSON", "{\"nodes\":[}", "line 1, column 11: expected JSON" },
    { "second line", "{\n\"nodes\": nix}", "line 2, column " },
    { "no tree", "{}", "expected 'nodes'" },
    { "no id", "{\"nodes\":[{}]}", "node 0: expected a number as 'id'" },
    { "same id", "{\"nodes\":[{\"id\":1},{\"id\":1}]}", "node 1: its id 1 is that of node 0" },
    { "no child", "{\"nodes\":[{\"id\":1,\"children\":[7]}]}", "child 0 is not the id of a node" },
    { "own child", "{\"nodes\":[{\"id\":1,\"children\":[1]}]}", "two callers" },
    { "two callers", "{\"nodes\":[{\"id\":1,\"children\":[2,2]},{\"id\":2}]}", "two callers" },
    { "ring", "{\"nodes\":[{\"id\":1,\"children\":[2]},{\"id\":2,\"children\":[1]}]}", "ring" },
    { "nothing measured", "{\"nodes\":[{\"id\":1}]}", "expected 'samples'" },
    { "lengths", "{\"nodes\":[{\"id\":1}],\"samples\":[1,1],\"timeDeltas\":[1]}",
        "2 samples, but 1 times" },
    { "unknown node", "{\"nodes\":[{\"id\":1}],\"startTime\":0,\"samples\":[2],\"timeDeltas\":[1]}",
        "samples[0]: expected the id" },
    { "delta", "{\"nodes\":[{\"id\":1}],\"startTime\":0,\"samples\":[1],\"timeDeltas\":[1e30]}",
        "timeDeltas[0]: expected a time" },
    { "start", "{\"nodes\":[{\"id\":1}],\"startTime\":\"x\",\"samples\":[1],\"timeDeltas\":[1]}",
        "startTime[0]: expected a time" },
};

Test(cpuprofile, wrong_content_is_named)
{
    expect_refused("cpuprofile", wrong_cases, PROF_ARRAY_LEN(wrong_cases));
}

Test(cpuprofile, a_chain_that_is_too_deep_is_refused)
{
    struct strbuf text = STRBUF_INIT;
    strbuf_adds(&text, "{\"nodes\":[");
    for (int i = 1; i <= 40000; i++)
        strbuf_addf(&text, "{\"id\":%d,\"children\":[%d]},", i, i + 1);
    strbuf_adds(&text, "{\"id\":40001,\"hitCount\":1}]}");
    struct err e = { 0 };
    cr_assert_null(format_by_name("cpuprofile")->read(strbuf_slice(&text), &e));
    cr_assert_not_null(strstr(e.message, "is deeper than 32768 calls"), "%s", e.message);
    err_done(&e);
    strbuf_done(&text);
}
