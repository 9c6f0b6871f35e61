// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <unistd.h>

#include "record/syscall_trace.h"

static const char format[] = "name: sys_enter\n"
                             "ID: 349\n"
                             "format:\n"
                             "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
                             "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
                             "\n"
                             "\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n"
                             "\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;\n"
                             "\n"
                             "print fmt: \"NR %ld\", REC->id\n";

Test(syscall_trace, a_format_gives_number_and_fields)
{
    struct tracepoint tp;
    cr_assert(tracepoint_parse(slice_of(format), &tp));
    cr_expect_eq(tp.id, 349);
    uint64_t raw[8] = { 0, 232, 1, 2, 3, 4, 5, 6 };
    const struct slice bytes = { (const char *)raw, sizeof raw };
    cr_expect_eq(tracepoint_number(&tp, "id", 0, bytes), 232);
    cr_expect_eq(tracepoint_number(&tp, "args", 0, bytes), 1);
    cr_expect_eq(tracepoint_number(&tp, "args", 5, bytes), 6);
    cr_expect_eq(tracepoint_number(&tp, "args", 6, bytes), 0, "behind the array");
    cr_expect_eq(tracepoint_number(&tp, "ret", 0, bytes), 0, "no such field");
}

Test(syscall_trace, a_record_that_was_cut_gives_zeros)
{
    struct tracepoint tp;
    cr_assert(tracepoint_parse(slice_of(format), &tp));
    uint64_t raw[8] = { 0, 232, 1, 2, 3, 4, 5, 6 };
    for (size_t len = 0; len < sizeof raw; len++) {
        const struct slice bytes = { (const char *)raw, len };
        cr_expect_eq(tracepoint_number(&tp, "id", 0, bytes), len >= 16 ? 232 : 0);
        cr_expect_eq(tracepoint_number(&tp, "args", 5, bytes), 0);
    }
}

Test(syscall_trace, a_format_that_makes_no_sense_is_refused)
{
    struct tracepoint tp;
    cr_expect_not(tracepoint_parse(slice_of(""), &tp));
    cr_expect_not(tracepoint_parse(slice_of("field:int x;\toffset:70000;\tsize:4;"), &tp));
    cr_expect(tracepoint_parse(slice_of("ID: 7\n\tfield:;\toffset:0;\tsize:4;\n"), &tp));
    cr_expect_eq(tp.field_count, 0);
}

Test(syscall_trace, tracefs_is_found_mounted_or_not_by_those_who_may)
{
    struct err e = { 0 };
    struct tracepoint tp;
    const int dir = tracefs_open(&e);
    if (geteuid() != 0 && dir < 0) {
        cr_expect_not_null(e.hint);
        err_done(&e);
        cr_skip_test("needs root: tracefs is not readable for this user");
    }
    if (dir < 0) {
        err_done(&e);
        cr_skip_test("this kernel has no tracefs, or root is confined");
    }
    cr_assert(tracepoint_find(dir, "raw_syscalls/sys_enter", &tp, &e));
    cr_expect_gt(tp.id, 0);
    cr_expect_not(tracepoint_find(dir, "raw_syscalls/none", &tp, &e));
    err_done(&e);
    close(dir);
}
