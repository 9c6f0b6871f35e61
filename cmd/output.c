// SPDX-License-Identifier: MIT
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "analyze/write.h"
#include "base/compiler.h"
#include "cmd/say.h"
#include "flamegraph/doctor.h"
#include "flamegraph/report.h"

enum { PROGRAM_NAME_MAX = 40, SAME_SECOND_MAX = 99, SINK_BUFFER_BYTES = 256 * 1024 };

/* lib/format knows nothing of the page: its row stands here, written by report_write(). */
static const struct format html_format = {
    .name = "html",
    .endings = ".html .htm",
};

static const char native_name[] = "prof";

/* ---- choosing a format ---- */

/* The doctor's own row of that name; NULL: the doctor writes it as the flame does, or not at all.
 */
static const struct format *doctor_format_named(const char *name)
{
    size_t count;
    const struct diagnosis_format *rows = diagnosis_format_table(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].row.name, name) == 0)
            return &rows[i].row;
    return NULL;
}

void output_add_format_names(struct strbuf *out, uint32_t command_bit)
{
    size_t count;
    const struct format *rows = format_table(&count);
    strbuf_adds(out, html_format.name);
    for (size_t i = 0; i < count; i++)
        if (rows[i].write)
            strbuf_addf(out, " %s", rows[i].name);
    const struct diagnosis_format *doctors = diagnosis_format_table(&count);
    for (size_t i = 0; i < count && (command_bit & (ON_DOCTOR | ON_REPORT)); i++)
        if (!format_by_name(doctors[i].row.name))
            strbuf_addf(out, " %s", doctors[i].row.name);
}

static const struct format *format_named(const char *name, enum output_view view)
{
    if (strcmp(name, html_format.name) == 0)
        return &html_format;
    const struct format *own = view == VIEW_DOCTOR ? doctor_format_named(name) : NULL;
    return own ? own : format_by_name(name);
}

static const struct format *format_of_path(const char *path, enum output_view view)
{
    if (format_ending(&html_format, path) > 0)
        return &html_format;
    const struct format *format = format_by_path(path);
    size_t count;
    const struct diagnosis_format *rows = diagnosis_format_table(&count);
    for (size_t i = 0; i < count && view == VIEW_DOCTOR; i++) {
        size_t ending = format_ending(&rows[i].row, path);
        if (ending > 0 && (!format || ending >= format_ending(format, path)))
            return &rows[i].row;
    }
    return format && format->write ? format : NULL;
}

static bool unknown_ending(const char *path, enum output_view view, struct err *e)
{
    err_set(e, ERR_USAGE, "no output format is known by the ending of '%s'", path);
    PROF_CLEANUP(strbuf_done) struct strbuf names = STRBUF_INIT;
    output_add_format_names(&names, view == VIEW_DOCTOR ? ON_DOCTOR : ON_FLAME);
    return err_hint(e, "add --format with one of: %s", names.ptr);
}

/* One that only the doctor has. */
static bool not_in_this_view(const char *name, struct err *e)
{
    err_set(
        e, ERR_USAGE, "%s is a format of diagnoses, and this is the view of a flame graph", name);
    return err_hint(e, "--view doctor asks the doctor about any recording");
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool choose_format(const struct output_plan *plan, const char *path,
    const struct format **ret_format, struct err *e)
{
    const struct format *format = NULL;
    const char *asked = plan->settings->format;
    if (asked)
        format = format_named(asked, plan->view);
    else if (strcmp(path, "-") == 0)
        format = format_named("text", plan->view);
    else if (is_folder(path))
        format = format_named(plan->default_format, plan->view);
    else
        format = format_of_path(path, plan->view);
    if (!format)
        return asked ? not_in_this_view(asked, e) : unknown_ending(path, plan->view, e);
    *ret_format = format;
    return true;
}

/* ---- names made up by prof ---- */

static void add_safe_name(struct strbuf *out, const char *program)
{
    size_t len = strnlen(program, PROGRAM_NAME_MAX);
    for (size_t i = 0; i < len; i++) {
        char c = program[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '+' || (i > 0 && (c == '.' || c == '-'));
        strbuf_addc(out, plain ? c : '_');
    }
}

/* prof-flame-node-20260131-235959.html; the second one within a second gets -2. */
static void make_name(const struct output_plan *plan, const char *folder,
    const struct format *format, struct strbuf *out)
{
    time_t now = time(NULL);
    struct tm local;
    char date[32] = "";
    if (localtime_r(&now, &local))
        strftime(date, sizeof date, "%Y%m%d-%H%M%S", &local);
    struct slice endings = slice_of(format->endings);
    struct slice ending = { endings.ptr, slice_find(endings, ' ') };
    for (int attempt = 1; attempt <= SAME_SECOND_MAX; attempt++) {
        strbuf_clear(out);
        if (folder)
            strbuf_addf(out, "%s/", folder);
        strbuf_addf(out, "prof-%s-", plan->command);
        add_safe_name(out, plan->program);
        strbuf_addf(out, "-%s", date);
        if (attempt > 1)
            strbuf_addf(out, "-%d", attempt);
        strbuf_addslice(out, ending);
        if (access(out->ptr, F_OK) != 0)
            return;
    }
}

/* ---- opening ---- */

static bool open_one(struct outputs *outputs, const struct output_plan *plan,
    const struct format *format, const char *path, struct err *e)
{
    struct output output = { .format = format };
    if (!file_out_open(&output.file, path, e))
        return false;
    if (output.file.temp_path)
        invoker_own(plan->invoker, output.file.fd);
    bool native = strcmp(format->name, native_name) == 0;
    if (plan->stream && native && outputs->stream_fd < 0) {
        output.streamed = true;
        outputs->stream_fd = fcntl(output.file.fd, F_DUPFD_CLOEXEC, 3);
    }
    vec_push(&outputs->list, output);
    return true;
}

static bool open_path(
    struct outputs *outputs, const struct output_plan *plan, const char *path, struct err *e)
{
    const struct format *format = NULL;
    if (!choose_format(plan, path, &format, e))
        return false;
    if (strcmp(path, "-") == 0 || !is_folder(path))
        return open_one(outputs, plan, format, path, e);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    make_name(plan, path, format, &name);
    return open_one(outputs, plan, format, name.ptr, e);
}

/* Without -o: text goes to the terminal, anything else to a file here. */
static bool open_default(struct outputs *outputs, const struct output_plan *plan, struct err *e)
{
    const char *asked = plan->settings->format;
    const struct format *format = format_named(asked ? asked : plan->default_format, plan->view);
    if (!format)
        return not_in_this_view(asked, e);
    if (format->text)
        return open_one(outputs, plan, format, "-", e);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    make_name(plan, NULL, format, &name);
    return open_one(outputs, plan, format, name.ptr, e);
}

bool outputs_open(struct outputs *outputs, const struct output_plan *plan, struct err *e)
{
    *outputs = (struct outputs){ .invoker = plan->invoker, .stream_fd = -1 };
    const struct settings *s = plan->settings;
    if (s->save && !open_one(outputs, plan, format_named(native_name, plan->view), s->save, e))
        return false;
    for (size_t i = 0; i < s->outputs.len; i++)
        if (!open_path(outputs, plan, s->outputs.ptr[i], e))
            return false;
    bool saved = s->save && strcmp(plan->default_format, native_name) == 0 && !s->format;
    return s->outputs.len > 0 || saved || open_default(outputs, plan, e);
}

bool outputs_start(struct outputs *outputs, struct err *e)
{
    for (size_t i = 0; i < outputs->list.len; i++)
        if (outputs->list.ptr[i].streamed && outputs->list.ptr[i].file.fd >= 0 &&
            !file_out_commit(&outputs->list.ptr[i].file, e))
            return false;
    return true;
}

/* ---- writing ---- */

struct file_sink {
    int fd;
    struct strbuf waiting;
};

static bool sink_flush(struct file_sink *sink, struct err *e)
{
    bool ok = file_write_all(sink->fd, sink->waiting.ptr, sink->waiting.len, e);
    strbuf_clear(&sink->waiting);
    return ok;
}

static bool sink_write(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct file_sink *sink = ctx;
    strbuf_add(&sink->waiting, bytes, len);
    return sink->waiting.len < SINK_BUFFER_BYTES || sink_flush(sink, e);
}

static bool write_as(const struct format *format, const struct profile *p,
    const struct diagnosis *d, const struct report_options *page, const struct format_sink *sink,
    struct err *e)
{
    const struct diagnosis_format *own = diagnosis_format_of(format);
    if (own)
        return own->write(p, d, sink, e);
    if (format != &html_format)
        return format->write(p, sink, e);
    return d ? doctor_page_write(p, d, page, sink, e) : report_write(p, page, sink, e);
}

static bool write_one(struct output *output, const struct profile *p, const struct diagnosis *d,
    const struct report_options *page, struct err *e)
{
    struct file_sink file = { .fd = output->file.fd, .waiting = STRBUF_INIT };
    const struct format_sink sink = { .write = sink_write, .ctx = &file };
    bool ok = write_as(output->format, p, d, page, &sink, e);
    ok = ok && sink_flush(&file, e) && file_out_commit(&output->file, e);
    strbuf_done(&file.waiting);
    return ok;
}

bool outputs_write(struct outputs *outputs, const struct profile *p, const struct diagnosis *d,
    const struct settings *settings, struct err *e)
{
    const struct report_options page = {
        .no_source = settings->no_source,
        .no_children = settings->no_children,
        .source_reader = outputs->invoker->sudo ? outputs->invoker->user.uid : 0,
        .title = settings->title,
    };
    bool all = true;
    for (size_t i = 0; i < outputs->list.len; i++) {
        struct output *output = &outputs->list.ptr[i];
        struct err failure = { 0 };
        if (output->streamed) {
            output->written = true; /* as far as it goes: what is missing has been said */
            continue;
        }
        output->written = write_one(output, p, d, &page, &failure);
        if (output->written)
            continue;
        err_wrap(&failure, "'%s' was not written", output->file.path);
        if (!failure.hint)
            err_hint(&failure, "make room there, or choose another place with -o");
        if (!all)
            say_error(e);
        err_done(e);
        *e = failure;
        all = false;
    }
    return all;
}

/* ---- when nothing could be written ---- */

static bool rescue_in(
    const char *folder, const struct outputs *outputs, const struct profile *p, struct strbuf *path)
{
    static const char ending[] = ".prof";
    strbuf_clear(path);
    strbuf_addf(path, "%s/prof-rescued-XXXXXX%s", folder, ending);
    PROF_CLEANUP(close_fd) int fd = mkostemps(path->ptr, sizeof ending - 1, O_CLOEXEC);
    if (fd < 0)
        return false;
    invoker_own(outputs->invoker, fd);
    struct file_sink file = { .fd = fd, .waiting = STRBUF_INIT };
    const struct format_sink sink = { .write = sink_write, .ctx = &file };
    const bool ok = format_by_name(native_name)->write(p, &sink, NULL) && sink_flush(&file, NULL);
    strbuf_done(&file.waiting);
    if (!ok)
        unlink(path->ptr);
    return ok;
}

bool outputs_rescue(const struct outputs *outputs, const struct profile *p, struct strbuf *ret_path)
{
    const char *const folders[] = { getenv("TMPDIR"), "/tmp", "/var/tmp", ".", getenv("HOME") };
    for (size_t i = 0; i < PROF_ARRAY_LEN(folders); i++)
        if (folders[i] && *folders[i] && rescue_in(folders[i], outputs, p, ret_path))
            return true;
    return false;
}

/* ---- showing ---- */

static const char *first_page(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->list.len; i++) {
        const struct output *output = &outputs->list.ptr[i];
        if (output->format == &html_format && strcmp(output->file.path, "-") != 0)
            return output->file.path;
    }
    return NULL;
}

void outputs_show(const struct outputs *outputs)
{
    const char *page = first_page(outputs);
    struct err e = { 0 };
    if (!page)
        say_warning("--open shows html reports only, and none was written");
    else if (!invoker_open(outputs->invoker, page, &e))
        say_error(&e);
    err_done(&e);
}

void outputs_done(struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->list.len; i++)
        file_out_done(&outputs->list.ptr[i].file);
    vec_done(&outputs->list);
    close_fd(&outputs->stream_fd);
}
