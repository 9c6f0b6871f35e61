// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "record/thread_filter.h"

Test(thread_filter, lets_the_named_threads_pass)
{
    pid_t tids[] = { 41, 42, 4000000 };
    const struct pid_list list = { .ptr = tids, .len = 3, .cap = 3 };
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    thread_filter_text(&list, NULL, &text);
    cr_expect(eq(str, text.ptr, "(common_pid == 41 || common_pid == 42 || common_pid == 4000000)"));
}

Test(thread_filter, keeps_the_event_s_own_condition)
{
    pid_t tids[] = { 7 };
    const struct pid_list list = { .ptr = tids, .len = 1, .cap = 1 };
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    thread_filter_text(&list, "id == 232 || id == 7", &text);
    cr_expect(eq(str, text.ptr, "(id == 232 || id == 7) && (common_pid == 7)"));
}
