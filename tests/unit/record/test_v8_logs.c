// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "record/v8_logs.h"

Test(v8_logs, knows_its_files_by_their_names)
{
    static const struct {
        const char *name;
        pid_t pid;
    } rows[] = {
        { "isolate-0x19374320-21761-v8.log", 21761 },
        { "isolate-0x0-1-v8.log", 1 },
        { "isolate-0x-v8.log", 0 },
        { "isolate-0xzz-1-v8.log", 0 },
        { "isolate-0x1-99999999999-v8.log", 0 },
        { "isolate-0x1--1-v8.log", 0 },
        { "v8.log", 0 },
        { "isolate-0x1-1-v8.log.old", 0 },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++)
        cr_expect(eq(int, v8_log_pid(slice_of(rows[i].name)), rows[i].pid), "%s", rows[i].name);
}

static void touch(const char *name)
{
    FILE *file = fopen(name, "w");
    cr_assert(file != NULL);
    fclose(file);
}

Test(v8_logs, removes_those_of_ended_processes_and_no_others)
{
    char folder[] = "/tmp/prof-v8-XXXXXX";
    cr_assert(mkdtemp(folder) && chdir(folder) == 0);
    touch("isolate-0x1-100-v8.log");
    touch("isolate-0x1-101-v8.log");
    touch("notes.txt");
    struct v8_logs logs = { 0 };
    v8_logs_seen(&logs, getpid());
    v8_logs_seen(&logs, getpid());
    cr_expect(eq(sz, logs.folders.len, 1));
    v8_logs_ended(&logs, 100);
    v8_logs_remove(&logs, 0);
    cr_expect(ne(int, access("isolate-0x1-100-v8.log", F_OK), 0));
    cr_expect(eq(int, unlink("isolate-0x1-101-v8.log"), 0));
    cr_expect(eq(int, unlink("notes.txt"), 0));
    v8_logs_done(&logs);
    cr_expect(eq(int, chdir("/") == 0 && rmdir(folder) == 0, 1));
}
