// SPDX-License-Identifier: MIT
#include "cmd/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyze/rule.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "cmd/attach.h"
#include "cmd/gates.h"
#include "cmd/invoker.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/redact.h"
#include "cmd/say.h"
#include "cmd/status.h"
#include "cmd/summary.h"
#include "cmd/verdict.h"
#include "profile/sample_log.h"
#include "record/record.h"

struct run {
    const struct command *command;
    const struct settings *settings;
    enum output_view view;
    struct gates gates;
    struct diagnosis diagnosis; /* in the doctor's view, once the target has ended */
    struct invoker invoker;
    struct target_words target;
    struct outputs outputs;
    struct record_session *session;
    struct record_outcome outcome;
    struct progress progress;
    bool recorded; /* the run ended without an error of ours */
    bool saved;    /* the streamed FILE.prof is whole, or none was asked for */
};

static bool check_settings(const struct run *run, struct err *e)
{
    const struct settings *s = run->settings;
    bool launch = s->operand_count > 0;
    if (s->pid && launch) {
        err_set(e, ERR_USAGE, "both --pid and a program to run were given");
        return err_hint(e, "either -p %llu or -- %s", (unsigned long long)s->pid, s->operands[0]);
    }
    if (!s->pid && !launch) {
        err_set(e, ERR_USAGE, "no program to run");
        return err_hint(e, "prof %s -- PROGRAM [args], or -p PID; 'prof %s --help' has examples",
            run->command->name, run->command->name);
    }
    if (s->pid && s->on_port) {
        err_set(e, ERR_USAGE, "--on-port waits for a launched target, not for --pid");
        return err_hint(e, "start the load yourself while prof is attached");
    }
    return true;
}

/* Everything that can go wrong before the target has run an instruction. */
static bool prepare(struct run *run, struct err *e)
{
    const struct settings *s = run->settings;
    if (!check_settings(run, e) || !gates_init(&run->gates, s, e))
        return false;
    bool found = s->pid ? target_words_attach(&run->target, (pid_t)s->pid, e)
                        : invoker_find_program(&run->invoker, s->operands[0], e);
    if (!found)
        return false;
    if (!s->pid)
        target_words_launch(&run->target, s->operands, (size_t)s->operand_count);
    return true;
}

static bool open_outputs(struct run *run, const char *default_format, struct err *e)
{
    const struct output_plan plan = {
        .settings = run->settings,
        .invoker = &run->invoker,
        .command = run->command->name,
        .program = run->target.program.ptr,
        .view = run->view,
        .default_format = default_format,
        .stream = true,
    };
    return outputs_open(&run->outputs, &plan, e);
}

static void set_meta(struct run *run)
{
    const struct settings *s = run->settings;
    struct profile_meta *meta = profile_meta(record_session_profile(run->session));
    meta_set_text(&meta->kind, slice_of(run->command->name));
    PROF_CLEANUP(strbuf_done) struct strbuf shown = STRBUF_INIT;
    redact_command(run->target.args.ptr, run->target.args.len, s->show_args, &shown);
    meta_set_text(&meta->command, strbuf_slice(&shown));
    meta_set_text(&meta->title, s->title ? slice_of(s->title) : strbuf_slice(&shown));
}

static bool start(struct run *run, struct err *e)
{
    const struct settings *s = run->settings;
    const struct record_options options = {
        .argv = s->pid ? NULL : s->operands,
        .pid = (pid_t)s->pid,
        .on_port = s->on_port,
        .duration_ns = s->duration_ns,
        .delay_ns = s->delay_ns,
        .rate_hz = (uint32_t)s->rate_hz,
        .stack_bytes = (uint32_t)s->stack_bytes,
        .no_children = s->no_children,
        .no_runtime_env = s->no_runtime_env,
        .sampler = s->sampler,
        .unwinder = s->unwinder,
        .save_fd = run->outputs.stream_fd,
        .run_as = run->invoker.sudo ? &run->invoker.user : NULL,
        .env = environ,
        .no_inline = s->no_inline,
        .doctor = run->view == VIEW_DOCTOR,
    };
    run->session = record_session_new(&options, e);
    if (!run->session)
        return false;
    set_meta(run);
    return true;
}

/* ---- from the target's end to the written report ---- */

/* The target is gone and the report under way: an impatient third Ctrl-C must not lose it. */
static void on_late_interrupt(int signum)
{
    static const char text[] = "prof: writing the report; Ctrl-\\ gives it up\n";
    int errnum = errno;
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    (void)signum;
    errno = errnum;
}

static void on_passed_over(int signum)
{
    (void)signum;
}

static void protect_report(void)
{
    struct sigaction act = { .sa_handler = on_late_interrupt, .sa_flags = SA_RESTART };
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    /* Errors that are said, not deaths. Handlers, because programs inherit what is ignored. */
    struct sigaction pass = { .sa_handler = on_passed_over, .sa_flags = SA_RESTART };
    static const int numbers[] = { SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(numbers); i++)
        sigaction(numbers[i], &pass, NULL);
}

static void say_result(const struct run *run, const struct profile *p)
{
    if (run->view == VIEW_DOCTOR) {
        if (!run->settings->quiet)
            verdict_say(p, &run->diagnosis);
        return;
    }
    if (sample_log_count(profile_samples(p)) > 0) {
        if (!run->settings->quiet)
            summary_say(p);
        return;
    }
    const struct profile_meta *meta = profile_meta_get(p);
    say_warning("no samples: the target used %.1f ms of CPU while it was observed",
        (double)(meta->target_user_ns + meta->target_kernel_ns) / NS_PER_MS);
    say("hint: let it run longer or under load, or sample more often with -F 4999");
}

static void say_load_status(int status)
{
    if (status == -1 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return;
    if (WIFEXITED(status))
        say_warning("the --on-port command failed with status %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGINT)
        say_warning("the --on-port command was ended by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
}

/* Prof's own and that of the processes that read symbols for it. */
static uint64_t cpu_with_workers_ns(void)
{
    struct rusage ended = { 0 };
    getrusage(RUSAGE_CHILDREN, &ended);
    uint64_t seconds = (uint64_t)(ended.ru_utime.tv_sec + ended.ru_stime.tv_sec);
    uint64_t micros = (uint64_t)(ended.ru_utime.tv_usec + ended.ru_stime.tv_usec);
    return clock_process_cpu_ns() + seconds * NS_PER_S + micros * NS_PER_US;
}

/* A full disk must not cost the recording: unless some output holds it, it is kept elsewhere. */
static void rescue(const struct run *run, const struct profile *p, bool saved)
{
    for (size_t i = 0; i < run->outputs.list.len; i++) {
        const struct output *output = &run->outputs.list.ptr[i];
        if (output->streamed ? saved : output->written)
            return;
    }
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    if (sample_log_count(profile_samples(p)) > 0 && outputs_rescue(&run->outputs, p, &path))
        say("what was recorded is kept: prof report %s -o FILE", path.ptr);
}

static bool write_outputs(struct run *run, const struct profile *p, struct err *e)
{
    const struct diagnosis *d = run->view == VIEW_DOCTOR ? &run->diagnosis : NULL;
    return outputs_write(&run->outputs, p, d, run->settings, e);
}

static bool report(struct run *run, struct err *e)
{
    uint64_t cpu_before_ns = cpu_with_workers_ns();
    record_session_resolve(run->session);
    struct profile *p = record_session_profile(run->session);
    if (run->view == VIEW_DOCTOR)
        diagnose(p, &run->diagnosis);
    profile_meta(p)->report_cpu_ns = cpu_with_workers_ns() - cpu_before_ns;
    struct err save = { 0 };
    bool saved =
        outputs_start(&run->outputs, &save) && record_session_finish_save(run->session, &save);
    run->saved = saved;
    if (!saved)
        err_wrap(&save, "the recording was not saved whole");
    bool written = write_outputs(run, p, e);
    say_result(run, p);
    say_load_status(run->outcome.load_status);
    if (!saved && !written)
        say_error(&save);
    else if (!saved)
        *e = save;
    if (saved || !written)
        err_done(&save);
    return saved && written;
}

/* The target runs by now: an older FILE.prof of that name may go. */
static void on_progress(void *ctx, const struct record_progress *now)
{
    struct run *run = ctx;
    struct err e = { 0 };
    if (!outputs_start(&run->outputs, &e))
        say_error(&e);
    err_done(&e);
    progress_update(&run->progress, now);
}

/* Returns the exit status. */
static int record_and_report(struct run *run)
{
    struct err e = { 0 };
    progress_init(&run->progress, run->settings->quiet);
    const struct record_callbacks callbacks = { .progress = on_progress, .ctx = run };
    protect_report(); /* the session has handlers of its own while it runs */
    run->outcome.load_status = -1;
    run->recorded = record_session_run(run->session, &callbacks, &run->outcome, &e);
    run->progress.interrupted |= run->outcome.interrupts > 0;
    progress_clear(&run->progress);
    if (!run->recorded)
        say_error(&e);
    err_done(&e);
    if (!run->recorded && run->outcome.exec_errno != 0)
        return status_of_exec_errno(run->outcome.exec_errno);
    bool reported = report(run, &e);
    if (!reported) {
        say_error(&e);
        rescue(run, record_session_profile(run->session), run->saved);
    }
    err_done(&e);
    int gate = gates_say(&run->gates, record_session_profile(run->session), &run->diagnosis);
    int status = gate != STATUS_OK ? gate : status_of_outcome(&run->outcome);
    if (reported && run->settings->open)
        outputs_show(&run->outputs);
    if (!run->settings->quiet)
        summary_say_paths(&run->outputs);
    return reported && run->recorded ? status : STATUS_PROF_FAILED;
}

static int status_before_target(const struct err *e)
{
    if (e->code == ERR_TARGET)
        return STATUS_NOT_RUNNABLE;
    return status_of_error(e);
}

int run_target(const struct command *command, const struct settings *settings,
    enum output_view view, const char *default_format)
{
    struct run run = {
        .command = command, .settings = settings, .view = view, .outputs.stream_fd = -1
    };
    invoker_init(&run.invoker);
    struct err e = { 0 };
    int status;
    if (!prepare(&run, &e)) {
        bool missing = e.code == ERR_NOT_FOUND && !settings->pid;
        status = missing ? STATUS_NOT_FOUND : status_before_target(&e);
        say_error(&e);
    } else if (!open_outputs(&run, default_format, &e) || !start(&run, &e)) {
        status = status_before_target(&e);
        say_error(&e);
    } else {
        status = record_and_report(&run);
    }
    err_done(&e);
    diagnosis_done(&run.diagnosis); /* before the profile that it speaks of */
    gates_done(&run.gates);
    record_session_free(run.session);
    outputs_done(&run.outputs);
    target_words_done(&run.target);
    return status;
}
