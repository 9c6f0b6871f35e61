// SPDX-License-Identifier: MIT
#include "record/perf_trial.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "record/perf_open.h"

enum {
    TRIAL_RATE_HZ = 20000,
    TRIAL_ROUNDS = 3,
    TRIAL_ROUNDS_MAX = 10,
    TRIAL_ROUND_NS = 700000,
    TRIAL_DOUBT_NS = 40000,  /* a sample that seems to cost more was disturbed: measure again */
    TRIAL_MAX_NS = 40000000, /* when a starved machine delivers nothing */
};

static uint64_t spin_once(void)
{
    uint64_t x = 1;
    for (int i = 0; i < 2000; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        __asm__ volatile("" : "+r"(x));
    }
    return x + (uint64_t)getppid(); /* some of the time is the kernel's */
}

static uint64_t spin(uint64_t rounds)
{
    const uint64_t from = clock_thread_cpu_ns();
    for (uint64_t i = 0; i < rounds; i++)
        spin_once();
    return clock_thread_cpu_ns() - from;
}

static void count_samples(struct perf_ring *ring, struct perf_trial *t)
{
    const struct perf_record *r;
    perf_ring_refresh(ring);
    while ((r = perf_ring_peek(ring))) {
        if (r->kind == PERF_SAMPLE) {
            t->samples++;
            t->with_stack += r->sample.has_regs && r->sample.stack_len > 0;
        }
        perf_ring_skip(ring);
    }
}

/* Interleaved rounds with and without sampling; the smallest time of each is the least disturbed.
 */
static void measure(struct perf_ring *ring, int fd, struct perf_trial *t)
{
    uint64_t rounds = 1;
    while (spin(rounds) < TRIAL_ROUND_NS)
        rounds *= 2;
    uint64_t quiet_ns = UINT64_MAX;
    const uint64_t deadline_ns = clock_monotonic_ns() + TRIAL_MAX_NS;
    for (int i = 0; i < TRIAL_ROUNDS || t->with_stack == 0 ||
                    (t->cost_ns > TRIAL_DOUBT_NS && i < TRIAL_ROUNDS_MAX);
         i++) {
        const uint64_t plain_ns = spin(rounds);
        quiet_ns = plain_ns < quiet_ns ? plain_ns : quiet_ns;
        const uint64_t before = t->samples;
        ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
        const uint64_t busy_ns = spin(rounds);
        ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
        count_samples(ring, t);
        const uint64_t added = t->samples - before;
        const uint64_t extra_ns = busy_ns > quiet_ns ? busy_ns - quiet_ns : 0;
        if (added > 0 && (t->cost_ns == 0 || extra_ns / added < t->cost_ns))
            t->cost_ns = extra_ns / added;
        if (clock_monotonic_ns() > deadline_ns)
            break;
    }
}

bool perf_trial_run(enum record_level level, struct perf_trial *ret_trial, struct err *e)
{
    const struct perf_settings settings = {
        .rate_hz = TRIAL_RATE_HZ, .stack_bytes = RECORD_STACK_BYTES_DEFAULT, .level = level
    };
    PROF_CLEANUP(close_fd) int fd = perf_open_event(&settings, 0, -1);
    if (fd < 0)
        return perf_open_error(e, errno, getpid());
    struct perf_ring ring;
    size_t bytes = RING_BYTES_MAX / 2;
    while (!perf_ring_map(&ring, fd, bytes)) {
        bytes /= 2;
        if (bytes < RING_BYTES_MIN) {
            err_sys(e, errno, "cannot map a perf ring of %d KiB", RING_BYTES_MIN / 1024);
            return err_hint(e, "another profiler of this user has the memory: stop it, or "
                               "sudo sysctl kernel.perf_event_mlock_kb=4096");
        }
    }
    struct perf_trial trial = { 0 };
    measure(&ring, fd, &trial);
    perf_ring_unmap(&ring);
    if (trial.with_stack == 0) {
        err_set(e, ERR_UNSUPPORTED, "perf events open here but deliver no samples with stacks");
        return err_hint(e, "a virtual machine or sandbox may filter them: prof check");
    }
    *ret_trial = trial;
    return true;
}
