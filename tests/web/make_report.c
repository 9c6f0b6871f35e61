// SPDX-License-Identifier: MIT
/*
 * A recorded or imported profile -> the page, without the rest of the program: for tests of the
 * page and for looking at it while it is being changed.
 *
 *     make_report IN OUT.html
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "flamegraph/report.h"
#include "format/format.h"

static bool write_file(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct file_out *out = ctx;
    return file_write_all(out->fd, bytes, len, e);
}

static int failed(const struct err *e)
{
    fprintf(stderr, "make_report: %s\n", e->message ? e->message : "unknown error");
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: make_report IN OUT.html\n");
        return 2;
    }
    struct err e = { 0 };
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = STRBUF_INIT;
    if (!file_read(argv[1], (size_t)4 << 30, &bytes, &e))
        return failed(&e);
    const uint64_t start = clock_process_cpu_ns();
    struct profile *p = format_read(strbuf_slice(&bytes), argv[1], &e);
    if (!p)
        return failed(&e);
    profile_name_unresolved(p);
    const uint64_t read = clock_process_cpu_ns();
    struct file_out out;
    if (!file_out_open(&out, argv[2], &e))
        return failed(&e);
    const struct format_sink sink = { .write = write_file, .ctx = &out };
    const bool ok =
        report_write(p, &(struct report_options){ 0 }, &sink, &e) && file_out_commit(&out, &e);
    file_out_done(&out);
    profile_free(p);
    if (!ok)
        return failed(&e);
    fprintf(stderr, "read %.0f ms, page %.0f ms CPU\n", (double)(read - start) / 1e6,
        (double)(clock_process_cpu_ns() - read) / 1e6);
    return 0;
}
