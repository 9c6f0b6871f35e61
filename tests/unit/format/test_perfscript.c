// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "format/format.h"
#include "sample_profile.h"
#include "wrong_text.h"

static struct profile *read_ok(const char *text)
{
    struct err e = { 0 };
    struct profile *p = format_by_name("perfscript")->read(slice_of(text), &e);
    cr_assert_not_null(p, "%s", e.message);
    return p;
}

static void expect_folded(const char *text, const char *want)
{
    struct profile *p = read_ok(text);
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    cr_assert(format_by_name("folded")->write(p, MEMORY_SINK(&out), NULL));
    cr_expect(eq(str, out.ptr, (char *)want));
    profile_free(p);
}

static const struct header_case {
    const char *line, *comm;
    int32_t pid, tid;
    uint64_t time_ns, weight;
} header_cases[] = {
    { "redis-server 4100/4101 [001] 12345.678901:    2004008 cpu-clock:u: ", "redis-server", 4100,
        4101, UINT64_C(12345678901000), 2004008 },
    { "            bash 11703  3094.430183:    2004008 cpu-clock:pppH: ", "bash", 11703, 11703,
        UINT64_C(3094430183000), 2004008 },
    { "my prog (1) 2  77 [000] 1.5: 10 cpu-clock:", "my prog (1) 2", 77, 77, 1500000000, 10 },
    { "a 1 2 3 77/78 [000] 1.000000001: 10 task-clock:u:", "a 1 2 3", 77, 78, 1000000001, 10 },
    { ":-1 -1 [000] 1.5: 10 cpu-clock:", ":-1", 0, 0, 1500000000, 10 },
    { "app 77 12.5: cpu-clock: ", "app", 77, 77, UINT64_C(12500000000), 1 },
    { "app 77 5000 cpu-clock: ", "app", 77, 77, 0, 5000 },
    { "app 77/78 [001] cpu-clock: ", "app", 77, 78, 0, 1 },
    { "app 77 [001] 1.5: 99 cycles:u: ", "app", 77, 77, 1500000000, 1 },
};

Test(perfscript, headers_are_read_from_what_stands_before_the_time)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(header_cases); i++) {
        const struct header_case *c = &header_cases[i];
        struct profile *p = read_ok(c->line);
        struct sample_iter it = sample_iter(profile_samples(p));
        struct sample s;
        cr_assert(sample_iter_next(&it, &s), "%s", c->line);
        const struct thread *t = profile_thread(p, s.thread);
        cr_expect(slice_is(profile_string(p, t->name), c->comm), "%s", c->line);
        cr_expect(profile_process(p, t->process)->pid == c->pid, "%s", c->line);
        cr_expect(t->tid == c->tid, "%s", c->line);
        cr_expect(s.time_ns == c->time_ns, "%s: %lu", c->line, (unsigned long)s.time_ns);
        cr_expect(s.weight == c->weight, "%s: %lu", c->line, (unsigned long)s.weight);
        sample_iter_done(&it);
        profile_free(p);
    }
}

#define HEADER "app 7/8 [000] 1.5: 10 cpu-clock:\n"

Test(perfscript, frames_are_taken_apart_from_their_right_end)
{
    expect_folded(HEADER "\t  10 leaf+0x1 (/bin/a (deleted))\n"
                         "\t  20 operator new(unsigned long)+0xa (/lib/libstdc++.so.6)\n"
                         "\t  30 a+0x1b::f+0x0 (/bin/a)\n"
                         "\t  40 [unknown] (/lib/libz.so.1)\n"
                         "\t  50 [unknown] ([unknown])\n"
                         "\t  60 main (/bin/a)\n",
        "main;[unknown];[libz.so.1];a+0x1b::f;operator new(unsigned long);leaf 1\n");
}

Test(perfscript, inlined_functions_belong_to_the_next_address)
{
    const char *text = HEADER "\t 10 inner (inlined)\n\t 10 middle (inlined)\n"
                              "\t 10 outer+0x5 (/bin/a)\n\t 20 main (/bin/a)\n";
    struct profile *p = read_ok(text);
    cr_assert(eq(u32, profile_stack_count(p), 3), "two frames, of which one has three lines");
    profile_free(p);
    expect_folded(text, "main;outer;middle;inner 1\n");
    expect_folded(HEADER "\t 10 cut (inlined)\n", "cut 1\n");
}

Test(perfscript, one_line_samples_source_lines_and_comments_are_read)
{
    expect_folded("# comment\n#\napp 7 1.5: 10 cpu-clock:   10 f+0x1 (/bin/a)\n"
                  "app 7 1.6: 10 cpu-clock:   20 g (/bin/a)\n",
        "f 1\ng 1\n");
    expect_folded(
        HEADER "\t 10 f (/bin/a)\n  f.c:12\n\t 20 main (/bin/a)\n  a.c:3\n\n", "main;f 1\n");
}

static const struct kind_case {
    const char *frame, *name, *file;
    enum func_kind kind;
    enum func_tier tier;
    uint32_t line;
} kind_cases[] = {
    { "10 main (/bin/a)", "main", "", FUNC_APP, TIER_NONE, 0 },
    { "10 read+0x1 (/usr/lib/libc.so.6)", "read", "", FUNC_STDLIB, TIER_NONE, 0 },
    { "10 inflate (/usr/lib/libz.so.1)", "inflate", "", FUNC_DEPENDENCY, TIER_NONE, 0 },
    { "10 do_sys ([kernel.kallsyms])", "do_sys", "", FUNC_KERNEL, TIER_NONE, 0 },
    { "10 nf_hook ([nf_conntrack])", "nf_hook", "", FUNC_KERNEL, TIER_NONE, 0 },
    { "10 x (/lib/modules/6.1/x.ko.xz)", "x", "", FUNC_KERNEL, TIER_NONE, 0 },
    { "10 [unknown] (/bin/a)", "[a]", "", FUNC_UNKNOWN, TIER_NONE, 0 },
    { "10 _PyEval (/usr/bin/python3.11)", "_PyEval", "", FUNC_RUNTIME, TIER_NONE, 0 },
    { "10 JS:*fib file:///a/b.js:2:19 (/tmp/perf-9.map)", "fib", "/a/b.js", FUNC_APP,
        TIER_OPTIMISED, 2 },
    { "10 LazyCompile:~f /a/node_modules/m/i.js:7 (/tmp/perf-9.map)", "f", "/a/node_modules/m/i.js",
        FUNC_DEPENDENCY, TIER_INTERPRETED, 7 },
    { "10 JS:^ node:internal/timers:1:2 (/tmp/perf-9.map)", "(anonymous)", "node:internal/timers",
        FUNC_RUNTIME, TIER_BASELINE, 1 },
    { "10 Builtin:ArrayMap (/tmp/perf-9.map)", "Builtins_ArrayMap", "", FUNC_RUNTIME, TIER_BUILTIN,
        0 },
    { "10 py::work:/srv/app.py (/tmp/perf-9.map)", "work", "/srv/app.py", FUNC_APP, TIER_NONE, 0 },
    { "10 Ljava/lang/String;::hash (/tmp/perf-9.map)", "Ljava/lang/String;::hash", "", FUNC_JIT,
        TIER_NONE, 0 },
};

Test(perfscript, names_and_files_tell_whose_code_it_is)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(kind_cases); i++) {
        const struct kind_case *c = &kind_cases[i];
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        strbuf_addf(&text, HEADER "\t%s\n", c->frame);
        struct profile *p = read_ok(text.ptr);
        const struct line *line = profile_frame_lines(p, (struct frame_id){ 1 });
        const struct func *f = profile_func(p, line->func);
        cr_expect(slice_is(profile_string(p, f->name), c->name), "%s", c->frame);
        cr_expect(slice_is(profile_string(p, f->file), c->file), "%s", c->frame);
        cr_expect(f->kind == c->kind, "%s: %s", c->frame, func_kind_info(f->kind)->id);
        cr_expect(line->tier == c->tier, "%s", c->frame);
        cr_expect(f->line == c->line, "%s", c->frame);
        profile_free(p);
    }
}

Test(perfscript, only_the_first_event_counts_and_the_rest_is_said)
{
    struct profile *p = read_ok("a 1 1.5: 10 cycles:\n\t10 f (/a)\n\n"
                                "a 1 1.6: 7 instructions:\n\t10 g (/a)\n  g.c:3\n\n"
                                "a 1 1.7: 10 cycles:\n\t10 f (/a)\n");
    cr_assert(eq(u64, sample_log_count(profile_samples(p)), 2));
    cr_assert(eq(u32, profile_note_count(p), 1));
    cr_assert(
        slice_starts(profile_string(p, profile_note(p, 0).what), "1 samples of other events"));
    cr_assert(profile_meta(p)->weight_unit == WEIGHT_COUNT, "cycles are no time");
    profile_free(p);
}

static const struct wrong_text wrong_cases[] = {
    { "no header", "what\n",
        "line 1: expected 'COMMAND PID/TID [CPU] TIME: PERIOD EVENT:', found" },
    { "no frame", HEADER "\tzz main (/x)\n", "line 2: expected an address, a function" },
    { "second header", HEADER "\n\njunk\n", "line 4: expected 'COMMAND" },
    { "nothing", "# comment\n\n", "there is no sample" },
    { "huge time", "a 1 99999999999999.5: 1 cycles:\n", "line 1: expected" },
    { "huge pid", "a 99999999999 1.5: 1 cycles:\n", "line 1: expected" },
};

Test(perfscript, wrong_lines_are_named)
{
    expect_refused("perfscript", wrong_cases, PROF_ARRAY_LEN(wrong_cases));
}
