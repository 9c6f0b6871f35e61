// SPDX-License-Identifier: MIT
#include "cmd/verdict.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyze/write.h"
#include "base/file.h"
#include "base/strbuf.h"

enum { PLAIN_WIDTH = 80, WIDTH_MAX = 120 /* longer lines are hard to read */ };

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return PLAIN_WIDTH;
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* https://no-color.org */
static bool colour_wanted(void)
{
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return !(none && *none) && terminal && strcmp(terminal, "dumb") != 0;
}

void verdict_say(const struct profile *p, const struct diagnosis *d)
{
    bool terminal = isatty(STDERR_FILENO);
    const struct diagnosis_text layout = {
        .width = terminal ? terminal_width() : PLAIN_WIDTH,
        .colour = terminal && colour_wanted(),
        .brief = true,
    };
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    diagnosis_add_text(&text, p, d, &layout);
    strbuf_addc(&text, '\n');
    file_write_all(STDERR_FILENO, text.ptr, text.len, NULL);
}
