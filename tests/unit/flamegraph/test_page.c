// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flamegraph/assets.h"
#include "flamegraph/hottest.h"
#include "flamegraph/html.h"
#include "flamegraph/page_tree.h"
#include "flamegraph/programs.h"
#include "flamegraph/report.h"
#include "flamegraph/sha256.h"
#include "flamegraph/source.h"
#include "flamegraph/timeline.h"

/* ---- helpers ---- */

/* One sample of a stack written "main>fib>fib"; names in [] are of a library. */
static void add_sample(
    struct profile *p, const char *path, uint64_t time_ns, struct thread_id thread, uint64_t weight)
{
    struct stack_id stack = { 0 };
    struct slice rest = slice_of(path), name;
    while (slice_split(&rest, '>', &name)) {
        const struct func f = { .name = profile_add_string(p, name),
            .kind = slice_starts(name, "[") ? FUNC_STDLIB : FUNC_APP };
        const struct line line = { .func = profile_add_func(p, &f) };
        stack = profile_add_stack(p, stack, profile_add_frame_lines(p, &line, 1));
    }
    profile_add_sample(p,
        &(struct sample){
            .time_ns = time_ns, .thread = thread, .stack = stack, .count = 1, .weight = weight });
}

static const char *node_name(const struct profile *p, const struct page_tree *t, uint32_t node)
{
    const struct func *f = profile_func(p, (struct func_id){ t->nodes[node].func });
    return profile_string(p, f->name).ptr;
}

static bool keep_bytes(void *ctx, const void *bytes, size_t len, struct err *e)
{
    (void)e;
    strbuf_add(ctx, bytes, len);
    return true;
}

static void write_page(const struct profile *p, struct strbuf *out)
{
    const struct format_sink sink = { .write = keep_bytes, .ctx = out };
    struct err e = { 0 };
    cr_assert(report_write(p, &(struct report_options){ 0 }, &sink, &e));
}

/* ---- SHA-256 ---- */

Test(sha256, agrees_with_the_vectors_of_fips_180)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          "lmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    };
    for (size_t r = 0; r < PROF_ARRAY_LEN(rows); r++) {
        uint8_t digest[SHA256_BYTES];
        char hex[2 * SHA256_BYTES + 1];
        sha256(slice_of(rows[r].text), digest);
        for (int i = 0; i < SHA256_BYTES; i++)
            sprintf(hex + 2 * i, "%02x", digest[i]);
        cr_expect_str_eq(hex, rows[r].hex, "'%s'", rows[r].text);
    }
}

Test(sha256, takes_a_million_letters)
{
    struct strbuf text = STRBUF_INIT;
    for (int i = 0; i < 1000000; i++)
        strbuf_addc(&text, 'a');
    uint8_t digest[SHA256_BYTES];
    sha256(strbuf_slice(&text), digest);
    static const uint8_t wanted[] = { 0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92 };
    cr_expect_arr_eq(digest, wanted, sizeof wanted);
    strbuf_done(&text);
}

/* ---- text ---- */

Test(html, text_cannot_leave_its_place)
{
    struct strbuf out = STRBUF_INIT;
    html_text(&out, slice_of("<b a=\"x\" c='y'>&\x01\xff\xe2\x80\xae"));
    cr_expect_str_eq(
        out.ptr, "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;\\x01\xef\xbf\xbd\\u{202e}");
    strbuf_done(&out);
}

Test(html, long_names_are_cut_at_a_character)
{
    struct strbuf name = STRBUF_INIT, out = STRBUF_INIT;
    for (int i = 0; i < 3000; i++)
        strbuf_adds(&name, "é");
    text_clean(&out, strbuf_slice(&name), 4095);
    cr_expect(strstr(out.ptr, "(6000 bytes)"));
    cr_expect_null(strstr(out.ptr, "\xef\xbf\xbd"), "no character is cut in two");
    strbuf_clear(&out);
    text_middle(&out, strbuf_slice(&name), 21);
    cr_expect_null(strstr(out.ptr, "\xef\xbf\xbd"));
    cr_expect_leq(out.len, 21 + strlen("…"));
    strbuf_done(&name);
    strbuf_done(&out);
}

Test(html, base64_pads)
{
    static const char *const rows[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
        { "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" } };
    for (size_t r = 0; r < PROF_ARRAY_LEN(rows); r++) {
        struct strbuf out = STRBUF_INIT;
        base64_add(&out, (const uint8_t *)rows[r][0], strlen(rows[r][0]));
        cr_expect_str_eq(out.ptr, rows[r][1]);
        strbuf_done(&out);
    }
}

Test(assets, squeezing_leaves_code_alone)
{
    struct strbuf out = STRBUF_INIT;
    asset_squeeze(
        &out, slice_of("// one\n/* two\n   three */\n\n    a = '// b';  \n  /* c */\nd\n"));
    cr_expect_str_eq(out.ptr, "a = '// b';\nd\n");
    strbuf_done(&out);
}

static void page_says(struct profile *p, const char *want)
{
    PROF_CLEANUP(strbuf_done) struct strbuf page = STRBUF_INIT;
    write_page(p, &page);
    cr_expect(strstr(page.ptr, want) != NULL, "the page does not say: %s", want);
    profile_free(p);
}

Test(page, a_hot_library_function_is_blamed_on_the_own_code_that_calls_it)
{
    struct profile *p = profile_new();
    add_sample(p, "main>lower>[tolower]>[strlen]", 0, (struct thread_id){ 0 }, 70);
    add_sample(p, "main>other>[strlen]", 0, (struct thread_id){ 0 }, 20);
    add_sample(p, "main>lower", 0, (struct thread_id){ 0 }, 10);
    page_says(p, "in <b>[strlen]</b>, mostly called from <b>lower</b>.");
}

Test(page, an_own_hot_function_has_no_one_else_to_blame)
{
    struct profile *p = profile_new();
    add_sample(p, "main>fib>fib", 0, (struct thread_id){ 0 }, 9);
    page_says(p, "in <b>fib</b>.");
}

/* ---- tree ---- */

Test(page_tree, direct_recursion_is_one_node_with_its_depth)
{
    struct profile *p = profile_new();
    add_sample(p, "main>fib>fib>fib", 0, (struct thread_id){ 0 }, 1);
    add_sample(p, "main>fib", 0, (struct thread_id){ 0 }, 1);
    add_sample(p, "main>fib>fib>log", 0, (struct thread_id){ 0 }, 5);
    struct page_tree t;
    page_tree_build(p, &(struct page_filter){ 0 }, &t);
    cr_assert_eq(t.len, 4);
    cr_expect_str_eq(node_name(p, &t, 2), "fib");
    cr_expect_eq(t.nodes[2].repeat, 3);
    cr_expect_eq(t.nodes[2].self_weight, 2);
    cr_expect_eq(t.nodes[2].total_weight, 7);
    cr_expect_eq(t.nodes[0].end, 4);
    cr_expect(t.recursive);
    cr_expect_eq(t.member_len, 6, "the root, main, three fib and log");
    page_tree_done(&t);
    profile_free(p);
}

Test(page_tree, the_heaviest_child_comes_first)
{
    struct profile *p = profile_new();
    add_sample(p, "main>light", 0, (struct thread_id){ 0 }, 1);
    add_sample(p, "main>heavy>x", 0, (struct thread_id){ 0 }, 9);
    struct page_tree t;
    page_tree_build(p, &(struct page_filter){ 0 }, &t);
    cr_expect_str_eq(node_name(p, &t, 2), "heavy");
    cr_expect_str_eq(node_name(p, &t, 4), "light");
    page_tree_done(&t);
    profile_free(p);
}

Test(hottest, a_function_counts_once_per_stack_in_its_total)
{
    struct profile *p = profile_new();
    add_sample(p, "a>b>a>b", 0, (struct thread_id){ 0 }, 10);
    struct page_tree t;
    struct hottest h;
    page_tree_build(p, &(struct page_filter){ 0 }, &t);
    hottest_build(p, &t, &h);
    cr_assert_eq(h.len, 2);
    cr_expect_eq(h.rows[0].self_weight, 10);
    cr_expect_eq(h.rows[0].total_weight, 10);
    cr_expect_eq(h.rows[1].total_weight, 10);
    hottest_done(&h);
    page_tree_done(&t);
    profile_free(p);
}

Test(timeline, long_recordings_are_coarsened_and_lose_nothing)
{
    struct profile *p = profile_new();
    const struct thread_id thread = profile_add_thread(p, &(struct thread){ .tid = 1 });
    uint64_t weight = 0;
    for (uint32_t i = 0; i < 3 * TIMELINE_MAX; i++) {
        add_sample(
            p, i % 3 ? "main>a" : "main>b", 1000000000 + (uint64_t)i * 2003001, thread, i % 5);
        weight += i % 5;
    }
    struct page_tree t;
    struct timeline line;
    page_tree_build(p, &(struct page_filter){ 0 }, &t);
    timeline_build(p, &(struct page_filter){ 0 }, &t, &line);
    cr_expect_leq(line.entries.len, TIMELINE_MAX);
    cr_expect_geq(line.entries.len, 4096, "it is not coarser than it need be");
    cr_expect_not(line.thinned);
    for (size_t i = 0; i < line.entries.len; i++)
        weight -= line.entries.ptr[i].weight;
    cr_expect_eq(weight, 0);
    timeline_done(&line);
    page_tree_done(&t);
    profile_free(p);
}

Test(timeline, an_hour_of_many_stacks_keeps_its_minutes_and_its_shares)
{
    struct profile *p = profile_new();
    const struct thread_id thread = profile_add_thread(p, &(struct thread){ .tid = 1 });
    const uint32_t samples = 4 * TIMELINE_MAX, stacks = 5000;
    struct stack_id leaf[5000];
    for (uint32_t i = 0; i < stacks; i++) {
        char path[32];
        snprintf(path, sizeof path, "main>%s_%u", i < stacks / 4 ? "hot" : "cold", i);
        add_sample(p, path, 1000000000, thread, 0);
        leaf[i] = (struct stack_id){ profile_stack_count(p) - 1 };
    }
    for (uint32_t i = 0; i < samples; i++)
        profile_add_sample(p, &(struct sample){ .time_ns = 1000000000 + (uint64_t)i * 4000000,
                                  .thread = thread,
                                  .stack = leaf[(uint64_t)i * 2654435761u % stacks],
                                  .count = 1,
                                  .weight = 7 });
    struct page_tree t;
    struct timeline line;
    page_tree_build(p, &(struct page_filter){ 0 }, &t);
    timeline_build(p, &(struct page_filter){ 0 }, &t, &line);
    cr_expect_leq(line.entries.len, TIMELINE_MAX);
    cr_expect_geq((t.to_ns - t.from_ns) / line.slice_ns, 500);
    uint64_t count = 0, weight = 0;
    for (size_t i = 0; i < line.entries.len; i++) {
        count += line.entries.ptr[i].count;
        weight += line.entries.ptr[i].weight;
    }
    cr_expect(line.thinned);
    cr_expect_eq(count, samples + stacks);
    cr_expect_eq(weight, (uint64_t)samples * 7);
    timeline_done(&line);
    page_tree_done(&t);
    profile_free(p);
}

/* ---- programs ---- */

Test(programs, processes_of_a_name_are_one_row_heaviest_first)
{
    static const struct {
        const char *name;
        uint64_t weight;
    } processes[] = { { "sort", 30 }, { "gcc", 20 }, { "idle", 0 }, { "gcc", 50 } };
    struct profile *p = profile_new();
    for (uint32_t i = 0; i < PROF_ARRAY_LEN(processes); i++) {
        const struct process_id process = profile_add_process(
            p, &(struct process){ .pid = (int32_t)i + 10,
                   .name = profile_add_string(p, slice_of(processes[i].name)) });
        const struct thread_id thread =
            profile_add_thread(p, &(struct thread){ .process = process, .tid = (int32_t)i + 10 });
        if (processes[i].weight > 0)
            add_sample(p, "main", 1000 + i, thread, processes[i].weight);
    }
    struct page_tree t;
    struct timeline line;
    struct programs list;
    page_tree_build(p, &(struct page_filter){ 0 }, &t);
    timeline_build(p, &(struct page_filter){ 0 }, &t, &line);
    programs_build(p, &line, &list);
    cr_assert_eq(list.len, 2);
    cr_expect_eq(list.processes, 3, "a process without samples is not counted");
    cr_expect(slice_is(list.rows[0].name, "gcc"));
    cr_expect_eq(list.rows[0].processes, 2);
    cr_expect_eq(list.rows[0].weight, 70);
    cr_expect_eq(list.rows[1].weight, 30);
    PROF_CLEANUP(strbuf_done) struct strbuf words = STRBUF_INIT;
    programs_sentence(&words, &list, 100);
    cr_expect_str_eq(words.ptr, " <span>Of 2 programs, gcc takes 70.0 %, sort 30.0 %.</span>");
    programs_done(&list);
    timeline_done(&line);
    page_tree_done(&t);
    profile_free(p);
}

/* ---- page ---- */

Test(page, the_policy_names_the_hash_of_the_script_in_the_page)
{
    struct profile *p = profile_new();
    add_sample(p, "main", 0, (struct thread_id){ 0 }, 1);
    struct strbuf html = STRBUF_INIT, wanted = STRBUF_INIT;
    write_page(p, &html);
    const char *from = strstr(html.ptr, "<script>"), *to = strstr(html.ptr, "</script>");
    cr_assert(from && to && from < to);
    from += strlen("<script>");
    uint8_t digest[SHA256_BYTES];
    sha256((struct slice){ from, (size_t)(to - from) }, digest);
    strbuf_adds(&wanted, "script-src 'sha256-");
    base64_add(&wanted, digest, sizeof digest);
    cr_expect(strstr(html.ptr, wanted.ptr));
    strbuf_done(&wanted);
    strbuf_done(&html);
    profile_free(p);
}

Test(page, names_cannot_close_an_element)
{
    struct profile *p = profile_new();
    add_sample(p, "main></script><img src=x onerror=alert(1)", 0, (struct thread_id){ 0 }, 1);
    meta_set_text(&profile_meta(p)->title, slice_of("</title><script>alert(2)</script>"));
    profile_add_note(p, "<i>what</i>", "<i>why</i>", "<i>how</i>");
    struct strbuf html = STRBUF_INIT;
    write_page(p, &html);
    cr_expect_null(strstr(html.ptr, "<img"));
    cr_expect_null(strstr(html.ptr, "<i>what"));
    cr_expect_null(strstr(html.ptr, "<script>alert"));
    strbuf_done(&html);
    profile_free(p);
}

Test(page, a_small_profile_is_a_small_file)
{
    struct profile *p = profile_new();
    for (int i = 0; i < 1200; i++) {
        char path[64];
        snprintf(path, sizeof path, "main>work_%d>step_%d", i % 40, i);
        add_sample(p, path, 0, (struct thread_id){ 0 }, 1);
    }
    struct strbuf html = STRBUF_INIT;
    write_page(p, &html);
    cr_expect_leq(html.len, 110 * 1000);
    strbuf_done(&html);
    profile_free(p);
}

Test(page, without_samples_it_says_what_to_do)
{
    struct profile *p = profile_new();
    struct strbuf html = STRBUF_INIT;
    write_page(p, &html);
    cr_expect(strstr(html.ptr, "No samples"));
    cr_expect(strstr(html.ptr, "prof flame -F"));
    cr_expect_null(strstr(html.ptr, "<script>"));
    strbuf_done(&html);
    profile_free(p);
}

/* ---- source ---- */

Test(source, files_are_read_with_the_readers_eyes)
{
    char folder[] = "/tmp/prof-source-XXXXXX";
    cr_assert(mkdtemp(folder));
    struct strbuf file = STRBUF_INIT, link_path = STRBUF_INIT, bytes = STRBUF_INIT;
    strbuf_addf(&file, "%s/a.c", folder);
    strbuf_addf(&link_path, "%s/link.c", folder);
    FILE *f = fopen(file.ptr, "w");
    fputs("int main;\n", f);
    fclose(f);
    cr_assert_eq(symlink(file.ptr, link_path.ptr), 0);
    const uid_t somebody = 4242;
    chmod(folder, 0755);
    chmod(file.ptr, 0644);
    cr_expect(source_read(file.ptr, somebody, &bytes), "what all may read is read");
    cr_expect_not(source_read(link_path.ptr, 0, &bytes), "links are not followed");
    cr_expect_not(source_read(folder, 0, &bytes), "a folder is not a file");
    cr_expect_not(source_read("a.c", 0, &bytes), "a relative path is nobody's");
    chmod(file.ptr, 0600);
    cr_expect_not(source_read(file.ptr, somebody, &bytes), "another's private file");
    cr_expect(source_read(file.ptr, getuid(), &bytes), "one's own");
    chmod(file.ptr, 0644);
    chmod(folder, 0700);
    cr_expect_not(source_read(file.ptr, somebody, &bytes), "a file behind a closed folder");
    unlink(link_path.ptr);
    unlink(file.ptr);
    rmdir(folder);
    strbuf_done(&file);
    strbuf_done(&link_path);
    strbuf_done(&bytes);
}
