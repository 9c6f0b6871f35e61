// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/prof-file-XXXXXX";

static void make_folder(void)
{
    cr_assert(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
    PROF_CLEANUP(strbuf_done) struct strbuf command = STRBUF_INIT;
    strbuf_addf(&command, "rm -rf '%s'", folder);
    cr_assert(eq(int, system(command.ptr), 0));
}

static char *path_of(const char *name)
{
    struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "%s/%s", folder, name);
    return strbuf_take(&path);
}

TestSuite(file, .init = make_folder, .fini = remove_folder);

Test(file, output_appears_whole_and_private_when_committed)
{
    char *path = path_of("out");
    struct file_out f;
    cr_assert(file_out_open(&f, path, NULL));
    cr_assert(file_write_all(f.fd, "hello", 5, NULL));
    cr_assert(ne(int, access(path, F_OK), 0));
    cr_assert(file_out_commit(&f, NULL));
    struct stat st;
    cr_assert(eq(int, stat(path, &st), 0));
    cr_assert(eq(int, (int)(st.st_mode & 0777), 0600));
    file_out_done(&f);
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    cr_assert(file_read(path, 100, &text, NULL));
    cr_assert(eq(str, text.ptr, "hello"));
    free(path);
}

Test(file, output_that_is_not_committed_leaves_the_old_file_and_no_other)
{
    char *path = path_of("keep");
    FILE *old = fopen(path, "w");
    fputs("old", old);
    fclose(old);
    struct file_out f;
    cr_assert(file_out_open(&f, path, NULL));
    cr_assert(file_write_all(f.fd, "new", 3, NULL));
    char *temp = path_of(slice_basename(slice_of(f.temp_path)).ptr);
    file_out_done(&f);
    cr_assert(ne(int, access(temp, F_OK), 0));
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    cr_assert(file_read(path, 100, &text, NULL));
    cr_assert(eq(str, text.ptr, "old"));
    free(temp);
    free(path);
}

/* Only where the file system has files without names; an old overlay has none. */
Test(file, output_of_a_process_that_is_killed_leaves_nothing_behind)
{
    char *path = path_of("killed");
    struct file_out f;
    cr_assert(file_out_open(&f, path, NULL));
    cr_assert(file_write_all(f.fd, "half", 4, NULL));
    if (f.nameless)
        cr_assert(ne(int, access(f.temp_path, F_OK), 0));
    struct stat st;
    cr_assert(eq(int, fstat(f.fd, &st), 0));
    cr_assert(eq(int, (int)st.st_nlink, f.nameless ? 0 : 1));
    cr_assert(file_out_commit(&f, NULL));
    cr_assert(eq(int, access(path, F_OK), 0));
    file_out_done(&f);
    free(path);
}

Test(file, a_name_of_the_greatest_length_is_refused_at_once_or_written)
{
    char name[NAME_MAX + 1];
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    char *path = path_of(name);
    struct file_out f;
    if (file_out_open(&f, path, NULL))
        cr_assert(file_out_commit(&f, NULL));
    file_out_done(&f);
    free(path);
}

Test(file, a_missing_folder_is_an_error_with_a_hint)
{
    struct err e = { 0 };
    struct file_out f;
    cr_assert(not(file_out_open(&f, "/nonexistent/x.html", &e)));
    cr_assert(eq(str, e.message, "cannot write '/nonexistent/x.html': no such file or directory"));
    cr_assert(e.hint != NULL);
    err_done(&e);
}

Test(file, reading_stops_at_the_limit)
{
    struct err e = { 0 };
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    cr_assert(not(file_read("/dev/zero", 1000, &text, &e)));
    cr_assert(eq(int, e.code, ERR_LIMIT));
    err_done(&e);
}

Test(file, reads_files_of_unknown_size)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    cr_assert(file_read("/proc/self/stat", 4096, &text, NULL));
    cr_assert(gt(sz, text.len, 20));
}
