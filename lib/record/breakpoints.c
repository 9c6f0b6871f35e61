// SPDX-License-Identifier: MIT
#include "record/breakpoints.h"

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/file.h"
#include "record/perf_extra.h"
#include "record/perf_open.h"
#include "record/perf_ring.h"

enum { TRIAL_STOPS = 8, TRIAL_ROUNDS = 4 };

uint32_t breakpoints_left(const struct breakpoint_share *b, pid_t pid)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(b->loops); i++)
        if (b->loops[i].pid == pid)
            return BREAKPOINTS_OF_THREAD - b->loops[i].used;
    return BREAKPOINTS_OF_THREAD;
}

void breakpoints_take_back(
    struct breakpoint_share *b, struct extra_events *extras, pid_t pid, uint32_t wanted)
{
    if (b->lent_pid != pid || wanted + b->lent_count <= BREAKPOINTS_OF_THREAD)
        return;
    for (uint32_t i = 0; i < b->lent_count; i++)
        extra_events_close(extras, b->lent[i]);
    b->lent_pid = 0;
    b->lent_count = 0;
}

/* ---- what a stop costs here ---- */

__attribute__((noinline)) static void stop_here(void)
{
    __asm__ volatile("nop\n\tnop");
}

static uint64_t time_stops(void)
{
    const uint64_t from_ns = clock_thread_cpu_ns();
    for (int i = 0; i < TRIAL_STOPS; i++)
        stop_here();
    return (clock_thread_cpu_ns() - from_ns) / TRIAL_STOPS;
}

/* In a virtual machine a stop may leave it several times and cost ten times as much as without. The
 * least disturbed round counts. */
uint64_t breakpoint_stop_ns(void)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_BREAKPOINT,
        .size = sizeof attr,
        .sample_period = 1,
        .sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
        .exclude_kernel = 1,
        .bp_type = HW_BREAKPOINT_X,
        .bp_addr = (uint64_t)(uintptr_t)stop_here,
        .bp_len = sizeof(long),
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
    };
    struct perf_ring ring;
    uint64_t best_ns = UINT64_MAX;
    PROF_CLEANUP(close_fd) int fd = perf_open_attr(&attr, 0, -1);
    if (fd < 0 || !perf_ring_map(&ring, fd, RING_BYTES_MIN))
        return 0;
    for (int i = 0; i < TRIAL_ROUNDS; i++) {
        const uint64_t ns = time_stops();
        best_ns = ns < best_ns ? ns : best_ns;
    }
    perf_ring_unmap(&ring);
    return best_ns;
}
