// SPDX-License-Identifier: MIT
/* Whole recordings by the sampler that stops threads, of small programs with a known truth. */
#include <criterion/criterion.h>

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "tests/unit/record/child.h"

static struct record_session *record_stopping(const char *name, struct record_outcome *ret_outcome)
{
    struct record_options o = child_options(name);
    o.sampler = "ptrace";
    o.rate_hz = 199;
    return child_record(&o, ret_outcome);
}

static void expect_share(struct record_session *s, const char *function, double want)
{
    const double share = child_share(s, function);
    cr_expect(
        share > want - 0.12 && share < want + 0.12, "%s: %.2f, wanted %.2f", function, share, want);
}

Test(ptrace, shares_are_those_of_the_program)
{
    struct record_outcome outcome;
    struct record_session *s = record_stopping("shares", &outcome);
    expect_share(s, "child_sixty", 0.6);
    expect_share(s, "child_forty", 0.4);
    cr_expect(WIFEXITED(outcome.wait_status) && WEXITSTATUS(outcome.wait_status) == 7);
    const struct profile_meta *meta = profile_meta_get(record_session_profile(s));
    cr_expect_str_eq(meta->sampler, "ptrace");
    cr_expect_str_eq(meta->level, "none");
    cr_expect_gt(meta->target_user_ns, 100 * NS_PER_MS);
    record_session_free(s);
}

Test(ptrace, threads_and_children_are_followed)
{
    static const char *const names[] = { "threads", "forks" };
    for (size_t i = 0; i < 2; i++) {
        struct record_outcome outcome;
        struct record_session *s = record_stopping(names[i], &outcome);
        expect_share(s, "child_sixty", 0.6);
        expect_share(s, "child_forty", 0.4);
        const struct profile *p = record_session_profile(s);
        cr_expect_eq(profile_thread_count(p), 3, "%s: row 0 and two threads", names[i]);
        cr_expect_eq(profile_process_count(p), i == 0 ? 2 : 3, "%s", names[i]);
        record_session_free(s);
    }
}

Test(ptrace, cpu_time_of_children_counts_once)
{
    struct record_outcome outcome;
    struct record_session *s = record_stopping("forks", &outcome);
    const struct profile_meta *meta = profile_meta_get(record_session_profile(s));
    const uint64_t cpu_ns = meta->target_user_ns + meta->target_kernel_ns;
    cr_expect_gt(cpu_ns, 450 * NS_PER_MS);
    cr_expect_lt(cpu_ns, 750 * NS_PER_MS, "300 and 200 ms and what starting takes: %.0f ms",
        (double)cpu_ns / NS_PER_MS);
    record_session_free(s);
}

/* Late: threads are attached only when the program runs, see docs/design.md. */
Test(ptrace, a_daemon_is_followed_into_the_background)
{
    struct record_outcome outcome;
    struct record_session *s = record_stopping("late_daemon", &outcome);
    cr_expect_gt(child_share(s, "child_forty"), 0.8);
    cr_expect_eq(WEXITSTATUS(outcome.wait_status), 0, "the status of what was launched");
    record_session_free(s);
}

Test(ptrace, a_killed_target_keeps_its_status)
{
    struct record_outcome outcome;
    struct record_session *s = record_stopping("killed", &outcome);
    cr_expect_gt(child_share(s, "child_forty"), 0.8);
    cr_expect(WIFSIGNALED(outcome.wait_status) && WTERMSIG(outcome.wait_status) == SIGKILL);
    record_session_free(s);
}

Test(ptrace, a_stack_deeper_than_the_copy_is_not_cut)
{
    struct record_outcome outcome;
    struct record_session *s = record_stopping("deep", &outcome);
    const struct profile_meta *meta = profile_meta_get(record_session_profile(s));
    const uint64_t stacks = meta->stacks_complete + meta->stacks_truncated + meta->stacks_broken;
    cr_expect_gt(meta->stacks_complete * 10, stacks * 8);
    record_session_free(s);
}

Test(ptrace, without_samples_a_doctor_still_records)
{
    struct record_outcome outcome;
    struct record_options o = child_options("waits");
    o.sampler = "none";
    o.doctor = true;
    struct record_session *s = child_record(&o, &outcome);
    const struct profile *p = record_session_profile(s);
    cr_expect_eq(child_samples(s), 0);
    cr_expect_gt(profile_series_count(p), 0);
    cr_expect_str_eq(profile_meta_get(p)->level, "none");
    record_session_free(s);
}

Test(ptrace, without_samples_there_is_no_flame_graph)
{
    struct err e = { 0 };
    struct record_options o = child_options("waits");
    o.sampler = "none";
    cr_expect_null(record_session_new(&o, &e));
    cr_expect_not_null(e.hint);
    err_done(&e);
}
