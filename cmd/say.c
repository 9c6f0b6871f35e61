// SPDX-License-Identifier: MIT
#include "cmd/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "base/utf8.h"

/* One write(2) per line, so that lines of prof and of the target do not mix. */
static void put_line(const char *prefix, const char *text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
    strbuf_adds(&line, prefix);
    utf8_add_printable(&line, slice_of(text));
    strbuf_addc(&line, '\n');
    file_write_all(STDERR_FILENO, line.ptr, line.len, NULL);
}

void say_error(const struct err *e)
{
    put_line("prof: ", e->message ? e->message : "unknown error");
    if (e->hint)
        put_line("hint: ", e->hint);
}

void say_warning(const char *fmt, ...)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(&text, fmt, args);
    va_end(args);
    put_line("prof: warning: ", text.ptr);
}

void say(const char *fmt, ...)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(&text, fmt, args);
    va_end(args);
    put_line("", text.ptr);
}

bool say_flush_stdout(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    struct err e = { 0 };
    err_sys(&e, errno, "cannot write to standard output");
    say_error(&e);
    err_done(&e);
    return false;
}
