// SPDX-License-Identifier: MIT
#include "cmd/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"

enum { COLUMNS_DEFAULT = 80 };

void progress_init(struct progress *progress, bool quiet)
{
    *progress = (struct progress){ .on = !quiet && isatty(STDERR_FILENO) };
}

static size_t terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    return size.ws_col;
}

void progress_update(void *ctx, const struct record_progress *now)
{
    struct progress *progress = ctx;
    progress->interrupted = now->interrupts > 0;
    if (!progress->on || now->elapsed_ns == 0)
        return;
    double elapsed = (double)now->elapsed_ns;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (now->interrupts > 0)
        strbuf_adds(&text, "waiting for the program to end; Ctrl-C again kills it");
    else
        strbuf_addf(&text, "%.1f s, %llu samples, %llu lost, prof uses %.1f %% of a CPU",
            elapsed / NS_PER_S, (unsigned long long)now->samples, (unsigned long long)now->lost,
            100.0 * (double)now->self_cpu_ns / elapsed);
    size_t columns = terminal_columns();
    if (text.len >= columns)
        return;
    /* At the right edge, and back: a prompt or an unfinished line of the target stays. */
    PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
    size_t width = text.len > progress->width ? text.len : progress->width;
    width = width < columns ? width : columns - 1;
    strbuf_addf(&line, "\0337\033[%zuG\033[K\033[%zuG%s\0338", columns - width, columns - text.len,
        text.ptr);
    file_write_all(STDERR_FILENO, line.ptr, line.len, NULL);
    progress->width = width;
}

void progress_clear(struct progress *progress)
{
    if (progress->width == 0)
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
    const size_t columns = terminal_columns();
    if (progress->interrupted)
        strbuf_adds(&line, "\r\033[K");
    else
        strbuf_addf(&line, "\0337\033[%zuG\033[K\0338",
            columns > progress->width ? columns - progress->width : 1);
    file_write_all(STDERR_FILENO, line.ptr, line.len, NULL);
    progress->width = 0;
}
