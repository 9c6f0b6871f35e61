// SPDX-License-Identifier: MIT
#include "record/switch_trial.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LIMIT_NS (10 * NS_PER_MS) /* of one measurement: on a busy CPU the byte comes back late */

enum { ROUNDS = 100, REPEATS = 4 };

enum trial { TRIAL_PLAIN, TRIAL_SHARED, TRIAL_OTHER, TRIALS };

struct pair {
    int there[2], back[2];
    clockid_t other_clock;
};

/* ---- in a process of its own ---- */

static void stay_here(void)
{
    cpu_set_t cpus;
    const int cpu = sched_getcpu();
    CPU_ZERO(&cpus);
    CPU_SET(cpu < 0 ? 0 : cpu, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
}

/* Lives as long as the other end of its pipe. */
static void answer(const struct pair *p)
{
    char byte;
    close(p->there[1]);
    close(p->back[0]);
    while (read(p->there[0], &byte, 1) == 1 && write(p->back[1], &byte, 1) == 1)
        ;
    _exit(0);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t = { 0 };
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* CPU time of both for one round. 0: it took too long. */
static uint64_t time_rounds(const struct pair *p)
{
    const uint64_t until_ns = clock_monotonic_ns() + LIMIT_NS;
    const uint64_t from_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + clock_ns(p->other_clock);
    char byte = 0;
    for (int i = 0; i < ROUNDS; i++)
        if (write(p->there[1], &byte, 1) != 1 || read(p->back[0], &byte, 1) != 1 ||
            clock_monotonic_ns() > until_ns)
            return 0;
    return (clock_ns(CLOCK_PROCESS_CPUTIME_ID) + clock_ns(p->other_clock) - from_ns) / ROUNDS;
}

static bool open_events(const struct perf_settings *settings)
{
    const int cpu = sched_getcpu();
    const int fd = perf_open_event(settings, 0, cpu < 0 ? 0 : cpu);
    return fd >= 0 && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0;
}

/* Events that are open before the fork are shared. The least disturbed round counts; 0: none. */
static uint64_t try_pair(enum trial trial, const struct perf_settings *settings)
{
    struct pair p;
    uint64_t best_ns = 0;
    stay_here();
    if (pipe(p.there) != 0 || pipe(p.back) != 0 ||
        (trial == TRIAL_SHARED && !open_events(settings)))
        return 0;
    const pid_t other = fork();
    if (other == 0)
        answer(&p);
    close(p.there[0]);
    close(p.back[1]);
    if (other < 0 || clock_getcpuclockid(other, &p.other_clock) != 0 ||
        (trial == TRIAL_OTHER && !open_events(settings)))
        return 0;
    for (int i = 0; i < REPEATS; i++) {
        const uint64_t ns = time_rounds(&p);
        if (ns > 0 && (best_ns == 0 || ns < best_ns))
            best_ns = ns;
    }
    return best_ns;
}

/* ---- here ---- */

static uint64_t try_apart(enum trial trial, const struct perf_settings *settings)
{
    int ends[2];
    uint64_t ns = 0;
    if (pipe(ends) != 0)
        return 0;
    const pid_t child = fork();
    if (child == 0) {
        ns = try_pair(trial, settings);
        _exit(write(ends[1], &ns, sizeof ns) != (ssize_t)sizeof ns);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &ns, sizeof ns) != (ssize_t)sizeof ns)
        ns = 0;
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return ns;
}

struct switch_cost switch_trial_run(const struct perf_settings *settings)
{
    uint64_t round_ns[TRIALS];
    struct perf_settings own = *settings;
    own.inherit = true;
    own.enable_on_exec = own.threads_only = false;
    own.ids = NULL;
    for (int i = 0; i < TRIALS; i++) {
        round_ns[i] = try_apart((enum trial)i, &own);
        if (round_ns[i] == 0)
            return (struct switch_cost){ 0 };
    }
    const uint64_t plain_ns = round_ns[TRIAL_PLAIN];
    const uint64_t shared_ns = round_ns[TRIAL_SHARED], other_ns = round_ns[TRIAL_OTHER];
    return (struct switch_cost){
        .shared_ns = shared_ns > plain_ns ? (shared_ns - plain_ns) / 2 : 0, /* both have events */
        .other_ns = other_ns > plain_ns ? other_ns - plain_ns : 0,
    };
}
