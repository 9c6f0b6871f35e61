// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "../profile/build.h"
#include "base/alloc.h"
#include "format/format.h"
#include "sample_profile.h"
#include "wrong_text.h"

static struct strbuf written(const struct profile *p)
{
    struct strbuf text = STRBUF_INIT;
    struct err e = { 0 };
    cr_assert(format_by_name("folded")->write(p, MEMORY_SINK(&text), &e), "%s", e.message);
    return text;
}

static struct profile *read_ok(const char *text)
{
    struct err e = { 0 };
    struct profile *p = format_by_name("folded")->read(slice_of(text), &e);
    cr_assert_not_null(p, "%s", e.message);
    return p;
}

Test(folded, import_then_export_is_identity)
{
    const char *text = "a 1\na;b 3\na;b;c 40\na;bb 2\nx y;z 5\n";
    struct profile *p = read_ok(text);
    PROF_CLEANUP(strbuf_done) struct strbuf again = written(p);
    cr_assert(eq(str, again.ptr, (char *)text));
    profile_free(p);
}

Test(folded, export_then_import_then_export_is_identity)
{
    struct profile *p = sample_profile(1000);
    PROF_CLEANUP(strbuf_done) struct strbuf once = written(p);
    struct profile *q = read_ok(once.ptr);
    PROF_CLEANUP(strbuf_done) struct strbuf twice = written(q);
    cr_assert(eq(str, twice.ptr, once.ptr));
    profile_free(p);
    profile_free(q);
}

Test(folded, samples_at_a_lowered_rate_count_for_what_they_stand_for)
{
    struct profile *p = profile_new();
    struct profile_meta *meta = profile_meta(p);
    meta->rate_hz = 500;
    meta->period_ns = 4000000; /* lowered to 250 Hz */
    for (int i = 0; i < 30; i++)
        build_sample(p, i < 20 ? "first" : "later", i < 20 ? 2000000 : 4000000);
    PROF_CLEANUP(strbuf_done) struct strbuf lowered = written(p);
    cr_expect(eq(str, lowered.ptr, (char *)"first 20\nlater 20\n"));
    meta->period_ns = 2000000;
    PROF_CLEANUP(strbuf_done) struct strbuf kept = written(p);
    cr_expect(eq(str, kept.ptr, (char *)"first 20\nlater 10\n"));
    profile_free(p);
}

Test(folded, what_breaks_readers_is_replaced_in_names)
{
    struct profile *p = sample_profile(100);
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p);
    cr_assert_not_null(strstr(text.ptr, ";</script>:a?b?[31m\xef\xbf\xbd \"quoted\" "));
    for (size_t i = 0; i < text.len; i++)
        cr_assert(text.ptr[i] == '\n' || (unsigned char)text.ptr[i] >= 0x20);
    profile_free(p);
}

Test(folded, equal_stacks_are_added_up)
{
    struct profile *p = read_ok("a;b 1\na;c 2\na;b 3\n");
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p);
    cr_assert(eq(str, text.ptr, "a;b 4\na;c 2\n"));
    profile_free(p);
}

Test(folded, blanks_line_ends_and_empty_frames_are_tolerated)
{
    struct profile *p = read_ok("\r\n  main thread;read file 9\r\n\na;;b 2\na;b\t1");
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p);
    cr_assert(eq(str, text.ptr, "main thread;read file 9\na;[unknown];b 2\na;b 1\n"));
    profile_free(p);
}

Test(folded, suffixes_tell_the_kind)
{
    struct profile *p = read_ok("main;sys_read_[k] 1\nmain;js_[j] 1\nmain;[unknown] 1\n");
    static const struct {
        const char *name;
        enum func_kind kind;
    } want[] = { { "main", FUNC_APP }, { "sys_read", FUNC_KERNEL }, { "js", FUNC_JIT },
        { "[unknown]", FUNC_UNKNOWN } };
    for (uint32_t i = 0; i < PROF_ARRAY_LEN(want); i++) {
        const struct func *f = profile_func(p, (struct func_id){ i + 1 });
        cr_expect(slice_is(profile_string(p, f->name), want[i].name));
        cr_expect(f->kind == want[i].kind, "%s", want[i].name);
    }
    profile_free(p);
}

static const struct wrong_text wrong_cases[] = {
    { "no count", "a;b 1\na;b;c\n", "line 2: expected 'frame;frame;frame COUNT', found 'a;b;c'" },
    { "fraction", "a;b 1.5\n", "line 1: expected a whole number" },
    { "negative", "a;b -1\n", "line 1: expected a whole number" },
    { "huge", "a 99999999999999999999\n", "line 1: expected a whole number" },
    { "sum", "a 9223372036854775807\nb 1\n", "line 2: expected counts that add up" },
    { "only a count", "\n 12\n", "line 2: expected 'frame;" },
    { "nothing", "\n\n", "no stacks" },
    { "zeros", "a 0\n", "no stacks" },
    { "escape", "\x1b[31m\n", "found '\\x1b[31m'" },
};

Test(folded, wrong_lines_are_named)
{
    expect_refused("folded", wrong_cases, PROF_ARRAY_LEN(wrong_cases));
}

Test(folded, a_name_of_a_megabyte_and_a_deep_stack_are_read)
{
    struct strbuf text = STRBUF_INIT;
    memset(strbuf_reserve(&text, 1 << 20), 'n', 1 << 20);
    text.len = 1 << 20;
    strbuf_adds(&text, " 1\nr");
    for (int i = 0; i < 20000; i++)
        strbuf_adds(&text, ";r");
    strbuf_adds(&text, " 7\n");
    struct profile *p = read_ok(text.ptr);
    PROF_CLEANUP(strbuf_done) struct strbuf again = written(p);
    cr_assert(eq(sz, again.len, text.len));
    cr_assert(eq(u32, profile_stack_count(p), 20003));
    strbuf_done(&text);
    profile_free(p);
}

Test(folded, too_deep_a_stack_is_an_error)
{
    struct strbuf text = STRBUF_INIT;
    strbuf_adds(&text, "r");
    for (int i = 0; i < 70000; i++)
        strbuf_adds(&text, ";r");
    strbuf_adds(&text, " 7\n");
    struct err e = { 0 };
    cr_assert_null(format_by_name("folded")->read(strbuf_slice(&text), &e));
    cr_assert_not_null(strstr(e.message, "line 1: expected a stack of at most 32768 frames"));
    err_done(&e);
    strbuf_done(&text);
}
