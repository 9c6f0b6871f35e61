// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "build.h"

static struct profile *p;

static void open_profile(void)
{
    p = profile_new();
}

static void close_profile(void)
{
    profile_free(p);
}

TestSuite(tables, .init = open_profile, .fini = close_profile);

Test(tables, id_zero_is_the_empty_string)
{
    cr_assert(slice_is(profile_string(p, (struct string_id){ 0 }), ""));
    cr_assert(eq(u32, profile_add_string(p, slice_of("")).i, 0));
}

Test(tables, equal_strings_share_an_id)
{
    struct string_id a = profile_add_string(p, slice_of("alpha"));
    struct string_id b = profile_add_string(p, slice_of("beta"));
    cr_assert(ne(u32, a.i, b.i));
    cr_assert(eq(u32, profile_add_string(p, (struct slice){ "alphabet", 5 }).i, a.i));
}

Test(tables, equal_prefixes_share_stacks)
{
    struct stack_id left = build_stack(p, "main;work;left");
    struct stack_id right = build_stack(p, "main;work;right");
    cr_assert(eq(u32, profile_stack(p, left).caller.i, profile_stack(p, right).caller.i));
    cr_assert(eq(u32, profile_stack_count(p), 5));
    cr_assert(eq(u32, build_stack(p, "main;work;left").i, left.i));
}

Test(tables, a_caller_has_a_smaller_id_than_its_callee)
{
    build_stack(p, "a;b;c");
    build_stack(p, "b;a");
    for (uint32_t i = 1; i < profile_stack_count(p); i++)
        cr_assert(lt(u32, profile_stack(p, (struct stack_id){ i }).caller.i, i));
}

Test(tables, a_frame_keeps_the_first_names_it_gets)
{
    struct module module = { .path = profile_add_string(p, slice_of("/bin/x")),
        .kind = MODULE_ELF };
    struct frame_id frame = profile_add_frame(p, profile_add_module(p, &module), 0x1234, 0);
    cr_assert(profile_frame_lines(p, frame) == NULL);
    struct func func = { .name = profile_add_string(p, slice_of("first")) };
    struct line line = { .func = profile_add_func(p, &func), .line = 10 };
    profile_resolve_frame(p, frame, &line, 1);
    struct line other = { .func = { 0 }, .line = 11 };
    profile_resolve_frame(p, frame, &other, 1);
    cr_assert(eq(u32, profile_frame_lines(p, frame)->line, 10));
}

Test(tables, unresolved_frames_are_named_by_module_and_address)
{
    struct module module = { .path = profile_add_string(p, slice_of("/lib/libx.so")) };
    struct frame_id in = profile_add_frame(p, profile_add_module(p, &module), 0x1234, 0);
    struct frame_id out = profile_add_frame(p, (struct module_id){ 0 }, 0xdead, 0);
    profile_name_unresolved(p);
    const struct func *f = profile_func(p, profile_frame_lines(p, in)->func);
    cr_assert(slice_is(profile_string(p, f->name), "libx.so+0x1234"));
    f = profile_func(p, profile_frame_lines(p, out)->func);
    cr_assert(slice_is(profile_string(p, f->name), "0xdead"));
}

Test(tables, saying_a_thing_twice_notes_it_once)
{
    profile_add_note(p, "what", "why", "how");
    profile_add_note(p, "what", "why", "how");
    profile_add_note(p, "what", "why", NULL);
    cr_assert(eq(u32, profile_note_count(p), 2));
}

Test(tables, points_belong_to_their_series)
{
    struct series cpu = { .name = profile_add_string(p, slice_of("cpu")) };
    struct series rss = { .name = profile_add_string(p, slice_of("rss")) };
    profile_add_point(p, profile_add_series(p, &cpu), 1, 10);
    profile_add_point(p, profile_add_series(p, &rss), 1, 20);
    profile_add_point(p, profile_add_series(p, &cpu), 2, 30);
    uint32_t count;
    const struct series_point *points = profile_points(p, profile_add_series(p, &cpu), &count);
    cr_assert(eq(u32, count, 2));
    cr_assert(points[1].value > 29 && points[1].value < 31);
}

Test(tables, meta_text_can_be_replaced_by_a_part_of_itself)
{
    struct profile_meta *m = profile_meta(p);
    meta_set_text(&m->command, slice_of("a b c"));
    meta_set_text(&m->command, slice_skip(slice_of(m->command), 2));
    cr_assert(eq(str, m->command, "b c"));
}
