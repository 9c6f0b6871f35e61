// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "profile/evidence.h"
#include "record/facts.h"
#include "record/runtime_kind.h"

static struct process_id add_process(struct profile *p)
{
    const struct process row = { .pid = 1 };
    return profile_add_process(p, &row);
}

#define WORDS(text) ((struct slice){ text, sizeof(text) }) /* the last word's zero byte too */

static void expect_flags(const char *runtime, struct slice command, const char *wanted)
{
    PROF_CLEANUP(strbuf_done) struct strbuf found = STRBUF_INIT;
    facts_find_flags(slice_of(runtime), command, &found);
    cr_expect_str_eq(found.ptr, wanted, "'%s' is not '%s'", found.ptr, wanted);
}

Test(facts, only_listed_words_before_the_script_are_kept)
{
    expect_flags("node", WORDS("node\0--inspect\0a.js\0--jitless"), "--inspect");
    expect_flags("node", WORDS("node\0-r\0--inspect\0a.js"), "");
    expect_flags("node", WORDS("node\0--token=secret\0--max-old-space-size=64\0a.js"),
        "--max-old-space-size=64");
    expect_flags("python", WORDS("python3\0-X\0dev\0-O\0a.py\0-OO"), "-X dev -O");
    expect_flags("python", WORDS("python3\0-m\0app\0-O"), "");
    expect_flags("jvm", WORDS("java\0-Xint\0-Xmx512m\0-cp\0x.jar\0Main\0-ea"), "-Xint -Xmx512m");
    expect_flags("native", WORDS("node\0--inspect"), "");
    expect_flags("node", WORDS(""), "");
}

Test(facts, addresses_and_paths_behind_an_option_are_left_out)
{
    expect_flags("node", WORDS("node\0--inspect=10.1.2.3:9229\0a.js"), "--inspect");
    expect_flags("jvm", WORDS("java\0-agentlib:jdwp=transport=dt_socket,address=*:5005\0M"),
        "-agentlib:jdwp");
}

Test(facts, only_listed_variables_are_kept)
{
    struct profile *p = profile_new();
    const struct process_id id = add_process(p);
    facts_take_environment(p, id,
        WORDS(
            "NODE_ENV=production\0SECRET=1\0NODE_ENV2=x\0UV_THREADPOOL_SIZE=8\0"
            "GOMAXPROCS=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    cr_expect_eq(profile_fact_count(p), 2);
    cr_expect(slice_is(profile_fact(p, id, "env.NODE_ENV"), "production"));
    cr_expect(slice_is(profile_fact(p, id, "env.UV_THREADPOOL_SIZE"), "8"));
    profile_free(p);
}

static void expect_runtime(const char *program, const char *wanted)
{
    const char *found = runtime_of_program(slice_of(program));
    cr_expect(wanted ? found && strcmp(found, wanted) == 0 : !found, "%s", program);
}

Test(runtime_kind, programs_are_known_by_name_and_version)
{
    expect_runtime("node", "node");
    expect_runtime("nodejs", "node");
    expect_runtime("node-20.1", "node");
    expect_runtime("python3.11", "python");
    expect_runtime("ruby3.1", "ruby");
    expect_runtime("php-fpm8.2", "php");
    expect_runtime("java", "jvm");
    expect_runtime("nodemon-like", NULL);
    expect_runtime("node_exporter", NULL);
    expect_runtime("javascript-thing", NULL);
    expect_runtime("", NULL);
}

Test(runtime_kind, a_mapped_library_tells_unless_the_program_only_embeds_it)
{
    static const char maps[] =
        "7f00-7f10 r-xp 0 08:01 9 /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0\n";
    cr_expect_str_eq(runtime_of_maps(slice_of("app"), slice_of(maps)), "python");
    cr_expect_null(runtime_of_maps(slice_of("gdb"), slice_of(maps)));
    cr_expect_null(
        runtime_of_maps(slice_of("app"), slice_of("00-01 r-xp 0 0 0 /usr/lib/libc.so.6\n")));
}

static const char *runtime_of_bytes(const void *bytes, size_t len)
{
    FILE *f = tmpfile();
    cr_assert(f && fwrite(bytes, 1, len, f) == len && fflush(f) == 0);
    const char *found = runtime_of_elf(fileno(f));
    fclose(f);
    return found;
}

Test(runtime_kind, executables_that_are_cut_or_wrong_are_read_without_harm)
{
    static unsigned char head[4096];
    FILE *self = fopen("/proc/self/exe", "rb");
    cr_assert(self && fread(head, 1, sizeof head, self) == sizeof head);
    cr_expect_str_eq(runtime_of_elf(fileno(self)), "native");
    fclose(self);
    cr_expect_null(runtime_of_bytes("", 0));
    cr_expect_null(runtime_of_bytes("#!/bin/sh\n", 10));
    cr_expect_str_eq(runtime_of_bytes(head, sizeof head), "native", "its table is not there");
    memset(head + 0x28, 0xff, 8); /* e_shoff */
    cr_expect_str_eq(runtime_of_bytes(head, sizeof head), "native");
    cr_expect_null(runtime_of_bytes(head, 40));
}

Test(facts, of_the_test_itself)
{
    struct profile *p = profile_new();
    const struct process_id id = add_process(p);
    facts_of_process(p, id, getpid(), true);
    cr_expect(slice_is(profile_fact(p, id, "runtime"), "native"));
    profile_free(p);
}
