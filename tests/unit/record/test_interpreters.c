// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "record/interpreters.h"

static uint32_t notes_of(const char *exe, bool generated, bool read, const char **ret_how)
{
    struct profile *p = profile_new();
    const struct process row = { .pid = 7, .exe = profile_add_string(p, slice_of(exe)) };
    const struct process_id process = profile_add_process(p, &row);
    const struct module jit = {
        .path = profile_add_string(p, slice_of("[jit]")), .kind = MODULE_JIT, .process = process
    };
    if (generated)
        profile_add_module(p, &jit);
    interpreters_note(p, read);
    interpreters_note(p, read); /* once is enough */
    const uint32_t count = profile_note_count(p);
    static char how[200];
    how[0] = '\0';
    if (count > 0) {
        const struct slice text = profile_string(p, profile_note(p, 0).how);
        snprintf(how, sizeof how, "%.*s", (int)text.len, text.ptr);
    }
    *ret_how = how;
    profile_free(p);
    return count;
}

Test(interpreters, say_that_their_functions_are_missing_and_how_to_get_them)
{
    static const struct {
        const char *exe;
        bool generated, read;
        uint32_t notes;
        const char *how;
    } rows[] = {
        { "/usr/bin/python3.11", false, false, 1, "process_vm_readv" },
        { "/usr/bin/python3.11", false, true, 0, "" },
        { "/opt/bin/python3.9", false, true, 1, "3.11 or later" },
        { "/usr/bin/python3.12", false, true, 1, "-X perf" },
        { "/usr/bin/python3.13t", false, false, 1, "-X perf" },
        { "/usr/bin/python3.12", true, false, 0, "" },
        { "/usr/bin/perl", false, true, 1, "" },
        { "/usr/bin/python3-config", false, false, 0, "" },
        { "/usr/sbin/nginx", false, false, 0, "" },
        { "", false, false, 0, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *how;
        cr_expect_eq(notes_of(rows[i].exe, rows[i].generated, rows[i].read, &how), rows[i].notes,
            "row %zu", i);
        cr_expect(strstr(how, rows[i].how), "row %zu: '%s'", i, how);
    }
}
