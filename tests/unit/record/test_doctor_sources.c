// SPDX-License-Identifier: MIT
/* Whole recordings for the doctor: waits and growth of programs with a known truth. */
#include <criterion/criterion.h>

#include <sys/wait.h>

#include "base/clock.h"
#include "profile/evidence.h"
#include "profile/sample_log.h"
#include "profile/wait.h"
#include "tests/unit/record/child.h"

static struct record_session *record_doctor(const char *name)
{
    struct record_outcome outcome;
    struct record_options o = child_options(name);
    o.doctor = true;
    struct record_session *s = child_record(&o, &outcome);
    cr_expect(outcome.exited && WEXITSTATUS(outcome.wait_status) == 7, "the target is unharmed");
    return s;
}

static bool passes_through(const struct profile *p, struct stack_id id, const char *function)
{
    for (; id.i != 0; id = profile_stack(p, id).caller) {
        const struct frame_id frame = profile_stack(p, id).frame;
        const struct line *lines = profile_frame_lines(p, frame);
        for (uint32_t i = 0; i < profile_frame(p, frame)->line_count; i++)
            if (slice_is(profile_string(p, profile_func(p, lines[i].func)->name), function))
                return true;
    }
    return false;
}

/* Weight of a channel's samples in a function; with waits of one kind only, unless WAIT_KINDS. */
static uint64_t weight_in(
    const struct profile *p, enum channel channel, const char *function, enum wait_kind kind)
{
    struct sample_iter it = sample_iter(profile_channel(p, channel));
    struct sample s;
    struct wait w;
    uint64_t sum = 0;
    while (sample_iter_next(&it, &s)) {
        const bool right = kind == WAIT_KINDS || (wait_of_stack(p, s.stack, &w) && w.kind == kind);
        if (right && passes_through(p, s.stack, function))
            sum += s.weight;
    }
    sample_iter_done(&it);
    return sum;
}

/* Nine of ten parts: the first and last piece of a wait may be missed. More only if the machine is
 * so busy that threads are woken late. */
static void expect_second(uint64_t ns, const char *what)
{
    cr_expect(ns > 850 * NS_PER_MS && ns < 3 * NS_PER_S, "%s: %.3f s, wanted about 1", what,
        (double)ns / (double)NS_PER_S);
}

Test(doctor_sources, waits_have_the_stack_the_call_and_the_time)
{
    struct record_session *s = record_doctor("waits");
    const struct profile *p = record_session_profile(s);
    expect_second(weight_in(p, CHANNEL_WAIT, "child_reads_pipe", WAIT_PIPE), "reading");
    expect_second(weight_in(p, CHANNEL_WAIT, "child_sleeps", WAIT_SLEEP), "sleeping");
    cr_expect_eq(weight_in(p, CHANNEL_WAIT, "child_sleeps", WAIT_PIPE), 0);
    cr_expect_eq(weight_in(p, CHANNEL_WAIT, "child_reads_pipe", WAIT_SLEEP), 0);
    record_session_free(s);
}

Test(doctor_sources, growth_has_the_stack_and_the_bytes)
{
    struct record_session *s = record_doctor("grows");
    const struct profile *p = record_session_profile(s);
    const uint64_t bytes = weight_in(p, CHANNEL_FAULTS, "child_grows", WAIT_KINDS);
    cr_expect(
        bytes > 48 << 20 && bytes < 80 << 20, "%.1f MiB, wanted 64", (double)bytes / (1 << 20));
    record_session_free(s);
}
