// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/rule.h"
#include "base/clock.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/gates.h"
#include "cmd/invoker.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/say.h"
#include "cmd/status.h"
#include "cmd/summary.h"
#include "cmd/verdict.h"
#include "format/format.h"
#include "profile/sample_log.h"
#include "symbol/symbol.h"

enum { INPUT_BYTES_MAX = 2000 * 1024 * 1024 };

/* Regular files are mapped, pipes are read. */
static struct profile *read_input(const char *path, struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    PROF_CLEANUP(close_fd)
    int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_sys(e, errno, "cannot open '%s'", path);
        return NULL;
    }
    if (S_ISREG(st.st_mode)) {
        PROF_CLEANUP(file_map_done) struct file_map map = { 0 };
        if (!file_map_fd(fd, path, &map, e))
            return NULL;
        return format_read((struct slice){ (const char *)map.ptr, map.len }, path, e);
    }
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = STRBUF_INIT;
    if (!file_read_fd(fd, path, INPUT_BYTES_MAX, &bytes, e))
        return NULL;
    return format_read(strbuf_slice(&bytes), path, e);
}

/* A recording that was cut has frames without names: this machine may still know them. */
static void name_frames(struct profile *p)
{
    uint64_t before_ns = clock_process_cpu_ns();
    for (uint32_t i = 1; i < profile_frame_count(p); i++) {
        if (profile_frame(p, (struct frame_id){ i })->line_count > 0)
            continue;
        const struct symbol_options options = { 0 };
        symbol_resolve(p, &options);
        profile_meta(p)->report_cpu_ns += clock_process_cpu_ns() - before_ns;
        return;
    }
}

static bool check_operands(const struct settings *s, struct err *e)
{
    if (s->operand_count == 1)
        return true;
    if (s->operand_count == 0) {
        err_set(e, ERR_USAGE, "no file to report on");
        return err_hint(e, "prof report FILE.prof; 'prof report --help' has examples");
    }
    err_set(e, ERR_USAGE, "one file at a time: '%s' is one too many", s->operands[1]);
    return err_hint(
        e, "outputs are given with -o: prof report %s -o %s", s->operands[0], s->operands[1]);
}

/* The recorded program, or the input's name without its ending: for names of files. */
static struct slice name_of(const struct profile *p, const char *file)
{
    const struct profile_meta *meta = profile_meta_get(p);
    if (meta->program && *meta->program)
        return slice_basename(slice_of(meta->program));
    struct slice name = slice_basename(slice_of(file));
    size_t dot = slice_find(name, '.');
    if (dot > 0)
        name.len = dot;
    return name;
}

struct report_run {
    const struct command *command;
    struct invoker invoker;
    struct outputs outputs;
    enum output_view view;
    struct gates gates;
    struct diagnosis diagnosis;
    bool diagnosed; /* in the doctor's view, or because a condition asks */
};

static enum output_view view_of(const struct settings *s, const struct profile *p)
{
    const char *kind = s->view ? s->view : profile_meta_get(p)->kind;
    return kind && strcmp(kind, "doctor") == 0 ? VIEW_DOCTOR : VIEW_FLAME;
}

static bool write_report(
    struct report_run *run, const struct settings *s, struct profile *p, struct err *e)
{
    struct profile_meta *meta = profile_meta(p);
    const char *file = strcmp(s->operands[0], "-") == 0 ? "stdin" : s->operands[0];
    if (s->title)
        meta_set_text(&meta->title, slice_of(s->title));
    else if (!meta->title || !*meta->title)
        meta_set_text(&meta->title, slice_basename(slice_of(file)));
    PROF_CLEANUP(strbuf_done) struct strbuf program = STRBUF_INIT;
    strbuf_addslice(&program, name_of(p, file));
    const struct output_plan plan = {
        .settings = s,
        .invoker = &run->invoker,
        .command = run->command->name,
        .program = program.ptr,
        .view = run->view,
        .default_format = "html",
    };
    if (!outputs_open(&run->outputs, &plan, e))
        return false;
    signal(SIGPIPE, SIG_IGN); /* a closed pipe becomes an error that is said */
    signal(SIGXFSZ, SIG_IGN); /* and so does a file that may not grow */
    name_frames(p);
    run->diagnosed = run->view == VIEW_DOCTOR || run->gates.list.len > 0;
    if (run->diagnosed)
        diagnose(p, &run->diagnosis);
    const struct diagnosis *shown = run->view == VIEW_DOCTOR ? &run->diagnosis : NULL;
    return outputs_write(&run->outputs, p, shown, s, e);
}

static int report(const struct command *command, struct settings *settings)
{
    struct err e = { 0 };
    struct report_run run = { .command = command, .outputs.stream_fd = -1 };
    invoker_init(&run.invoker);
    struct profile *p = NULL;
    bool ok = check_operands(settings, &e) && gates_init(&run.gates, settings, &e) &&
              (p = read_input(settings->operands[0], &e)) != NULL;
    if (ok)
        run.view = view_of(settings, p);
    ok = ok && write_report(&run, settings, p, &e);
    int status = ok ? STATUS_OK : status_of_error(&e);
    if (!ok)
        say_error(&e);
    if (ok && settings->open)
        outputs_show(&run.outputs);
    if (ok && !settings->quiet) {
        if (run.view == VIEW_DOCTOR)
            verdict_say(p, &run.diagnosis);
        else
            summary_say(p);
    }
    if (ok)
        status = gates_say(&run.gates, p, &run.diagnosis);
    if (ok && !settings->quiet)
        summary_say_paths(&run.outputs);
    err_done(&e);
    diagnosis_done(&run.diagnosis);
    gates_done(&run.gates);
    outputs_done(&run.outputs);
    profile_free(p);
    return status;
}

const struct command report_command = {
    .name = "report",
    .summary = "draw a recording, or one made by another tool",
    .synopses = { "FILE [options]" },
    .description =
        "Reads FILE.prof, folded stacks, the output of 'perf script', or a V8 .cpuprofile, and "
        "writes it in any of the output formats. The kind of file is found by its content; - is "
        "standard input. Text goes to the terminal, anything else to a file in this folder, unless "
        "-o says otherwise.",
    .examples = { "prof report server.prof", "prof report server.prof --format text",
        "prof report server.prof -o server.pb.gz", "perf script | prof report - -o perf.html" },
    .bit = ON_REPORT,
    .operand = OPERAND_FILE,
    .run = report,
};
