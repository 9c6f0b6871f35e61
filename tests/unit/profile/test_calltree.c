// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/strbuf.h"
#include "build.h"
#include "profile/calltree.h"

static struct profile *p;

static void open_profile(void)
{
    p = profile_new();
}

static void close_profile(void)
{
    profile_free(p);
}

TestSuite(calltree, .init = open_profile, .fini = close_profile);
TestSuite(totals, .init = open_profile, .fini = close_profile);

/* "name:self/total(child child)" of the whole tree. */
static void draw(const struct calltree *t, uint32_t at, struct strbuf *out)
{
    const struct calltree_node *n = &t->nodes[at];
    struct slice name = profile_string(p, profile_func(p, n->func)->name);
    strbuf_addf(out, "%.*s:%lu/%lu", SLICE_ARG(name), (unsigned long)n->self_weight,
        (unsigned long)n->total_weight);
    if (n->end == at + 1)
        return;
    strbuf_addc(out, '(');
    for (uint32_t child = at + 1; child < n->end; child = t->nodes[child].end) {
        cr_assert(eq(u32, t->nodes[child].parent, at));
        cr_assert(eq(u32, t->nodes[child].depth, n->depth + 1));
        if (child > at + 1)
            strbuf_addc(out, ' ');
        draw(t, child, out);
    }
    strbuf_addc(out, ')');
}

static void expect_tree(bool collapse_recursion, const char *want)
{
    struct calltree t;
    calltree_build(p, collapse_recursion, &t);
    PROF_CLEANUP(strbuf_done) struct strbuf drawn = STRBUF_INIT;
    draw(&t, 0, &drawn);
    cr_expect(eq(str, drawn.ptr, (char *)(uintptr_t)want));
    calltree_done(&t);
}

Test(calltree, an_empty_profile_is_a_root_alone)
{
    expect_tree(false, ":0/0");
}

Test(calltree, adds_up_from_the_leaves_with_the_heaviest_child_first)
{
    build_sample(p, "main;light", 1);
    build_sample(p, "main;heavy", 5);
    build_sample(p, "main;heavy;deep", 3);
    build_sample(p, "main", 2);
    expect_tree(false, ":0/11(main:2/11(heavy:5/8(deep:3/3) light:1/1))");
}

Test(calltree, a_function_that_calls_itself_is_one_node_when_collapsed)
{
    build_sample(p, "main;fib;fib;fib", 3);
    build_sample(p, "main;fib", 1);
    build_sample(p, "main;fib;fib;leaf", 2);
    expect_tree(true, ":0/6(main:0/6(fib:4/6(leaf:2/2)))");
}

Test(calltree, a_million_deep_stack_needs_no_recursion)
{
    struct func func = { .name = profile_add_string(p, slice_of("f")) };
    struct line line = { .func = profile_add_func(p, &func) };
    struct frame_id frame = profile_add_frame_lines(p, &line, 1);
    struct stack_id stack = { 0 };
    for (int i = 0; i < 1000000; i++)
        stack = profile_add_stack(p, stack, frame);
    profile_add_sample(p, &(struct sample){ .stack = stack, .count = 1, .weight = 1 });
    struct calltree t;
    calltree_build(p, false, &t);
    cr_assert(eq(u32, t.max_depth, 1000000));
    calltree_done(&t);
}

Test(totals, a_function_counts_once_per_stack)
{
    build_sample(p, "main;fib;fib;fib", 3);
    build_sample(p, "main;other", 2);
    struct func_totals totals;
    func_totals_build(p, &totals);
    cr_assert(eq(u64, totals.weight, 5));
    cr_assert(eq(u32, totals.len, 3));
    cr_assert(slice_is(profile_string(p, profile_func(p, totals.rows[0].func)->name), "fib"));
    cr_assert(eq(u64, totals.rows[0].self_weight, 3));
    cr_assert(eq(u64, totals.rows[0].total_weight, 3));
    cr_assert(slice_is(profile_string(p, profile_func(p, totals.rows[2].func)->name), "main"));
    cr_assert(eq(u64, totals.rows[2].total_weight, 5));
    func_totals_done(&totals);
}

Test(totals, an_inlined_function_has_its_own_self_time)
{
    struct func outer = { .name = profile_add_string(p, slice_of("outer")) };
    struct func inner = { .name = profile_add_string(p, slice_of("inner")) };
    struct line lines[] = {
        { .func = profile_add_func(p, &outer), .line = 10 },
        { .func = profile_add_func(p, &inner), .line = 3 },
    };
    struct stack_id stack =
        profile_add_stack(p, (struct stack_id){ 0 }, profile_add_frame_lines(p, lines, 2));
    profile_add_sample(p, &(struct sample){ .stack = stack, .count = 1, .weight = 7 });
    struct line_totals by_line;
    line_totals_build(p, &by_line);
    cr_assert(eq(u32, by_line.len, 2));
    cr_assert(eq(u32, by_line.rows[0].line, 10));
    cr_assert(eq(u64, by_line.rows[0].self_weight, 0));
    cr_assert(eq(u64, by_line.rows[0].total_weight, 7));
    cr_assert(eq(u64, by_line.rows[1].self_weight, 7));
    line_totals_done(&by_line);
    struct calltree t;
    calltree_build(p, false, &t);
    cr_assert(eq(u32, t.len, 3));
    cr_assert(t.nodes[2].inlined && !t.nodes[1].inlined);
    calltree_done(&t);
}
