// SPDX-License-Identifier: MIT
/* Whole recordings of small programs with a known truth. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/record/child.h"

static void expect_share(struct record_session *s, const char *function, double want)
{
    const double share = child_share(s, function);
    cr_expect(
        share > want - 0.08 && share < want + 0.08, "%s: %.2f, wanted %.2f", function, share, want);
}

/* All but what starting takes, which is more under a sanitizer. */
static void expect_nearly_all(struct record_session *s, const char *function)
{
    const double share = child_share(s, function);
    cr_expect(share > 0.8, "%s: %.2f, wanted nearly all", function, share);
}

Test(session, shares_are_those_of_the_program)
{
    struct record_outcome outcome;
    const struct record_options o = child_options("shares");
    struct record_session *s = child_record(&o, &outcome);
    expect_share(s, "child_sixty", 0.6);
    expect_share(s, "child_forty", 0.4);
    cr_expect(outcome.exited && WIFEXITED(outcome.wait_status));
    cr_expect_eq(WEXITSTATUS(outcome.wait_status), 7);
    const struct profile_meta *meta = profile_meta_get(record_session_profile(s));
    cr_expect_gt(child_samples(s), 100);
    cr_expect_gt(meta->target_user_ns, 100 * NS_PER_MS);
    cr_expect_gt(meta->self_cpu_ns, 0);
    cr_expect_str_eq(meta->ended, "exit 7");
    cr_expect_str_eq(meta->sampler, "perf");
    record_session_free(s);
}

Test(session, threads_and_children_are_followed)
{
    static const char *const names[] = { "threads", "forks" };
    for (size_t i = 0; i < 2; i++) {
        struct record_outcome outcome;
        const struct record_options o = child_options(names[i]);
        struct record_session *s = child_record(&o, &outcome);
        expect_share(s, "child_sixty", 0.6);
        expect_share(s, "child_forty", 0.4);
        const struct profile *p = record_session_profile(s);
        cr_expect_eq(profile_thread_count(p), 3, "%s: row 0 and two threads", names[i]);
        cr_expect_eq(profile_process_count(p), i == 0 ? 2 : 3, "%s", names[i]);
        record_session_free(s);
    }
}

Test(session, children_are_left_out_on_demand)
{
    struct record_outcome outcome;
    struct record_options o = child_options("forks");
    o.no_children = true;
    struct record_session *s = child_record(&o, &outcome);
    expect_nearly_all(s, "child_forty");
    record_session_free(s);
}

Test(session, a_daemon_is_followed_into_the_background)
{
    struct record_outcome outcome;
    const struct record_options o = child_options("daemon");
    struct record_session *s = child_record(&o, &outcome);
    expect_nearly_all(s, "child_forty");
    cr_expect_eq(WEXITSTATUS(outcome.wait_status), 0, "the status of what was launched");
    record_session_free(s);
}

Test(session, a_killed_target_loses_nothing)
{
    struct record_outcome outcome;
    const struct record_options o = child_options("killed");
    struct record_session *s = child_record(&o, &outcome);
    expect_nearly_all(s, "child_forty");
    cr_expect(WIFSIGNALED(outcome.wait_status) && WTERMSIG(outcome.wait_status) == SIGKILL);
    cr_expect_str_eq(profile_meta_get(record_session_profile(s))->ended, "signal 9 (Killed)");
    record_session_free(s);
}

Test(session, a_brief_target_gives_a_profile_of_its_own)
{
    struct record_outcome outcome;
    const struct record_options o = child_options("brief");
    struct record_session *s = child_record(&o, &outcome);
    cr_expect_eq(WEXITSTATUS(outcome.wait_status), 7);
    cr_expect_geq(profile_process_count(record_session_profile(s)), 2);
    record_session_free(s);
}

Test(session, a_stack_deeper_than_any_copy_is_not_cut)
{
    struct record_outcome outcome;
    const struct record_options o = child_options("deep");
    struct record_session *s = child_record(&o, &outcome);
    const struct profile_meta *meta = profile_meta_get(record_session_profile(s));
    const uint64_t stacks = meta->stacks_complete + meta->stacks_truncated + meta->stacks_broken;
    cr_expect_gt(meta->stacks_complete * 10, stacks * 8, "%llu of %llu are complete",
        (unsigned long long)meta->stacks_complete, (unsigned long long)stacks);
    record_session_free(s);
}

Test(session, the_duration_ends_a_target_that_would_go_on)
{
    struct record_outcome outcome;
    struct record_options o = child_options("sleeps");
    o.duration_ns = 200 * NS_PER_MS;
    struct record_session *s = child_record(&o, &outcome);
    cr_expect(outcome.stopped_by_us);
    cr_expect(WIFSIGNALED(outcome.wait_status) && WTERMSIG(outcome.wait_status) == SIGTERM);
    record_session_free(s);
}

Test(session, an_attached_process_goes_on_after_detaching)
{
    const struct record_options launch = child_options("sleeps");
    const pid_t pid = fork();
    if (pid == 0) {
        execve("/proc/self/exe", launch.argv, launch.env);
        _exit(1);
    }
    struct record_outcome outcome;
    const struct record_options o = { .pid = pid, .duration_ns = 100 * NS_PER_MS, .save_fd = -1 };
    struct record_session *s = child_record(&o, &outcome);
    cr_expect_not(outcome.exited);
    cr_expect_str_eq(profile_meta_get(record_session_profile(s))->ended, "detached");
    cr_expect_eq(kill(pid, 0), 0);
    record_session_free(s);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

Test(session, the_time_of_an_attached_process_includes_its_children)
{
    const pid_t pid = fork();
    if (pid == 0) {
        const pid_t parent = getpid();
        if (fork() == 0)
            while (getppid() == parent)
                ;
        else
            pause();
        _exit(1);
    }
    usleep(20000);
    struct record_outcome outcome;
    const struct record_options o = { .pid = pid, .duration_ns = 500 * NS_PER_MS, .save_fd = -1 };
    struct record_session *s = child_record(&o, &outcome);
    const struct profile_meta *meta = profile_meta_get(record_session_profile(s));
    cr_expect_gt(child_samples(s), 10);
    cr_expect_gt(meta->target_user_ns + meta->target_kernel_ns, 40 * NS_PER_MS);
    record_session_free(s);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

Test(session, a_program_that_cannot_be_run_is_told_apart)
{
    static char missing[] = "/nonexistent/program", folder[] = "/tmp";
    char *const programs[] = { missing, folder };
    const int errnos[] = { ENOENT, EACCES };
    for (size_t i = 0; i < 2; i++) {
        char *argv[] = { programs[i], NULL };
        const struct record_options o = { .argv = argv, .save_fd = -1 };
        struct err e = { 0 };
        struct record_outcome outcome;
        struct record_session *s = record_session_new(&o, &e);
        if (!s)
            cr_skip("sampling is refused here: %s", e.message);
        cr_expect_not(record_session_run(s, NULL, &outcome, &e));
        cr_expect_eq(outcome.exec_errno, errnos[i]);
        cr_expect_eq(e.code, ERR_TARGET);
        cr_expect(e.hint != NULL);
        err_done(&e);
        record_session_free(s);
    }
}

Test(session, wrong_options_fail_before_anything_runs)
{
    static char program[] = "/bin/true";
    char *argv[] = { program, NULL };
    const struct record_options rows[] = {
        { .argv = argv, .rate_hz = RECORD_RATE_MAX_HZ + 1, .save_fd = -1 },
        { .argv = argv, .stack_bytes = 1u << 20, .save_fd = -1 },
        { .argv = argv, .unwinder = "guess", .save_fd = -1 },
        { .argv = argv, .sampler = "guess", .save_fd = -1 },
        { .pid = 4194200, .save_fd = -1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = { 0 };
        cr_expect_null(record_session_new(&rows[i], &e), "row %zu", i);
        cr_expect(e.message && e.hint, "row %zu", i);
        err_done(&e);
    }
}

Test(session, what_is_recorded_is_saved_meanwhile)
{
    struct record_outcome outcome;
    struct record_options o = child_options("shares");
    char path[] = "/tmp/prof-test-XXXXXX";
    o.save_fd = mkstemp(path);
    cr_assert_geq(o.save_fd, 0);
    unlink(path);
    struct record_session *s = child_record(&o, &outcome);
    struct err e = { 0 };
    cr_expect(record_session_finish_save(s, &e), "%s", e.message);
    cr_expect_gt(lseek(o.save_fd, 0, SEEK_END), 1000);
    record_session_free(s);
    close(o.save_fd);
}

Test(session, a_full_disk_does_not_end_the_recording)
{
    struct record_outcome outcome;
    struct record_options o = child_options("shares");
    o.save_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    cr_assert_geq(o.save_fd, 0);
    struct record_session *s = child_record(&o, &outcome);
    cr_expect_gt(child_samples(s), 100);
    struct err e = { 0 };
    cr_expect_not(record_session_finish_save(s, &e));
    cr_expect(e.message != NULL);
    err_done(&e);
    record_session_free(s);
}
