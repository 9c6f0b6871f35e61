// SPDX-License-Identifier: MIT
/*
 * Where results go: chooses formats by --format or by the ending of each -o, opens all files before
 * the target starts (so that a folder that is missing or may not be written to costs no recording),
 * and writes them at the end, aside and renamed.
 */
#ifndef PROF_CMD_OUTPUT_H
#define PROF_CMD_OUTPUT_H

#include <stdbool.h>

#include "analyze/finding.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "cmd/invoker.h"
#include "cmd/options.h"
#include "format/format.h"
#include "profile/profile.h"

/* What a recording is shown as: each has a page, and its own text, Markdown and JSON. */
enum output_view { VIEW_FLAME, VIEW_DOCTOR };

/* Appends the names of the formats that a command can write, with blanks between them. */
void output_add_format_names(struct strbuf *out, uint32_t command_bit);

struct output {
    const struct format *format;
    struct file_out file;
    bool streamed; /* FILE.prof that grew while the target ran: nothing is left to write */
    bool written;  /* whole, at its place */
};

struct outputs {
    VEC(struct output) list;
    const struct invoker *invoker;
    int stream_fd; /* -1, or the descriptor that a recording is saved to as it grows */
};

struct output_plan {
    const struct settings *settings;
    const struct invoker *invoker;
    const char *command; /* for names made up by prof */
    const char *program; /* likewise */
    enum output_view view;
    const char *default_format; /* when neither -o nor --format is given */
    bool stream;                /* the first FILE.prof is written while recording */
};

/* outputs may be released with outputs_done() in any case: what was not written is removed. */
bool outputs_open(struct outputs *outputs, const struct output_plan *plan, struct err *e);

/* The target runs: the streamed file takes its place, so that it outlives prof. Again: no effect.
 */
bool outputs_start(struct outputs *outputs, struct err *e);

/* Writes all of them even when one fails; e holds the first failure. d: NULL in the flame's view.
 */
bool outputs_write(struct outputs *outputs, const struct profile *p, const struct diagnosis *d,
    const struct settings *settings, struct err *e);

/*
 * When no output could be written, the disk being full: keeps the recording as a FILE.prof in the
 * first folder that takes it, and gives its path.
 */
bool outputs_rescue(
    const struct outputs *outputs, const struct profile *p, struct strbuf *ret_path);

/* For --open: shows the first page among the written files in the browser; says why it cannot. */
void outputs_show(const struct outputs *outputs);

void outputs_done(struct outputs *outputs);

#endif
