// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/jit_maps.h"

static void path_of(char *path, size_t len)
{
    snprintf(path, len, "/tmp/perf-%d.map", (int)getpid());
    unlink(path);
}

static void write_map(const char *path)
{
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs("1000 10 f\n", file);
    fclose(file);
}

Test(jit_maps, a_map_is_opened_as_soon_as_it_is_there)
{
    char path[64];
    struct jit_maps maps = { 0 };
    path_of(path, sizeof path);
    jit_maps_add(&maps, getpid(), (struct module_id){ 1 });
    cr_expect_eq(jit_maps_missing(&maps), 1);
    write_map(path);
    jit_maps_retry(&maps);
    cr_expect_eq(jit_maps_missing(&maps), 0);
    struct symbol_source_list sources = { 0 };
    jit_maps_add_sources(&maps, &sources);
    cr_expect_eq(sources.len, 1);
    vec_done(&sources);
    jit_maps_done(&maps);
    unlink(path);
}

Test(jit_maps, links_and_pipes_are_not_opened)
{
    char path[64];
    path_of(path, sizeof path);
    struct jit_maps maps = { 0 };
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    jit_maps_add(&maps, getpid(), (struct module_id){ 1 });
    cr_expect_eq(jit_maps_missing(&maps), 1, "a link");
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    jit_maps_retry(&maps);
    cr_expect_eq(jit_maps_missing(&maps), 1, "a pipe");
    jit_maps_done(&maps);
    unlink(path);
}

Test(jit_maps, a_map_of_another_user_is_neither_read_nor_removed)
{
    char path[64];
    if (getuid() != 0)
        cr_skip_test("only root can give a file away");
    path_of(path, sizeof path);
    struct jit_maps maps = { .ours = true };
    write_map(path);
    cr_assert_eq(chown(path, 1234, 1234), 0);
    jit_maps_add(&maps, getpid(), (struct module_id){ 1 });
    cr_expect_eq(jit_maps_missing(&maps), 1);
    jit_maps_end(&maps, getpid());
    cr_expect_eq(access(path, F_OK), 0);
    jit_maps_done(&maps);
    unlink(path);
}

Test(jit_maps, only_maps_made_for_us_are_removed)
{
    char path[64];
    path_of(path, sizeof path);
    struct jit_maps maps = { .since_s = (int64_t)(clock_realtime_ns() / NS_PER_S) };
    write_map(path);
    jit_maps_end(&maps, getpid());
    cr_expect_eq(access(path, F_OK), 0, "the user's own");
    maps.ours = true;
    maps.since_s += 1000;
    jit_maps_end(&maps, getpid());
    cr_expect_eq(access(path, F_OK), 0, "older than the recording");
    maps.since_s -= 1000;
    jit_maps_end(&maps, getpid());
    cr_expect_neq(access(path, F_OK), 0);
    jit_maps_done(&maps);
    unlink(path);
}
