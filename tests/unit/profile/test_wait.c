// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/compiler.h"
#include "profile/wait.h"

static const struct text_case {
    enum wait_kind kind;
    const char *operation, *object, *text, *name;
} text_cases[] = {
    { WAIT_FILE, "read", "/srv/a b.csv", "read file /srv/a b.csv",
        "waiting for file /srv/a b.csv (read)" },
    { WAIT_TCP, "recvfrom", "10.0.0.7:5432", "recvfrom tcp 10.0.0.7:5432",
        "waiting for TCP peer 10.0.0.7:5432 (recvfrom)" },
    { WAIT_LOOP, "epoll_wait", "", "epoll_wait loop", "waiting for events (epoll_wait)" },
    { WAIT_FUTEX, "futex", "0x7f12ab34", "futex lock 0x7f12ab34",
        "waiting for a lock or condition 0x7f12ab34 (futex)" },
    { WAIT_QUEUE, "queue", "", "queue cpu", "waiting for a CPU (queue)" },
    { WAIT_SLEEP, "nanosleep", "", "nanosleep sleep", "sleeping (nanosleep)" },
    { WAIT_UNKNOWN, "", "", "wait unknown", "waiting, reason unknown" },
};

Test(wait, text_forms_and_names)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(text_cases); i++) {
        const struct text_case *c = &text_cases[i];
        struct wait w = { c->kind, slice_of(c->operation), slice_of(c->object) };
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        wait_text(&w, &text);
        cr_assert(eq(str, text.ptr, (char *)c->text));
        struct wait back = wait_parse(strbuf_slice(&text));
        cr_assert(eq(int, (int)back.kind, (int)c->kind), "%s", c->text);
        cr_assert(slice_is(back.object, c->object), "%s", c->text);
        struct profile *p = profile_new();
        struct frame_id frame = wait_frame(p, &w);
        const struct func *f = profile_func(p, profile_frame_lines(p, frame)->func);
        cr_assert(eq(str, (char *)profile_string(p, f->name).ptr, (char *)c->name));
        profile_free(p);
    }
}

Test(wait, every_kind_has_an_id_of_its_own)
{
    for (int i = 0; i < WAIT_KINDS; i++)
        cr_assert(eq(int, (int)wait_kind_of(slice_of(wait_kind_id((enum wait_kind)i))), i));
    cr_assert(eq(int, (int)wait_kind_of(slice_of("nonsense")), WAIT_UNKNOWN));
}

Test(wait, any_text_can_be_parsed)
{
    static const char *const texts[] = { "", " ", "  ", "read", "read ", " file", "read file ",
        "a b c d e", "read file", "\xff\xfe \x01" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(texts); i++) {
        struct wait w = wait_parse(slice_of(texts[i]));
        cr_assert(w.operation.len + w.object.len <= strlen(texts[i]), "'%s'", texts[i]);
    }
}

Test(wait, the_leaf_of_a_stack_tells_what_it_waits_for)
{
    struct profile *p = profile_new();
    struct func main_func = { .name = profile_add_string(p, slice_of("main")), .kind = FUNC_APP };
    struct line line = { .func = profile_add_func(p, &main_func) };
    struct stack_id outer =
        profile_add_stack(p, (struct stack_id){ 0 }, profile_add_frame_lines(p, &line, 1));
    struct wait w = { WAIT_PIPE, slice_of("write"), slice_of("stdout") };
    struct stack_id leaf = profile_add_stack(p, outer, wait_frame(p, &w));
    cr_assert(wait_frame(p, &w).i == profile_stack(p, leaf).frame.i, "frames are interned");
    struct wait got;
    cr_assert(wait_of_stack(p, leaf, &got));
    cr_assert(got.kind == WAIT_PIPE && slice_is(got.object, "stdout"));
    cr_assert(slice_is(got.operation, "write"));
    cr_assert_not(wait_of_stack(p, outer, &got));
    cr_assert_not(wait_of_stack(p, (struct stack_id){ 0 }, &got));
    profile_free(p);
}
