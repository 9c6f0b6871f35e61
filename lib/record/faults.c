// SPDX-License-Identifier: MIT
/*
 * Page faults with stacks: whoever touches new memory makes the process grow, whichever allocator
 * it came from. A sample stands for `period` faults of a page each; where the kernel hands out huge
 * pages a fault is up to 512 times as much, which only the process's size tells.
 *
 * How many faults make a sample follows their rate: one of a kind of event for each step, of which
 * one is open. An event of threads takes about a microsecond of each switch; where that is more
 * than a hundredth of what the target uses, it is open in turns, and its samples count the more.
 * Needs no right but those of the clock; faults that system calls take on behalf of user code
 * (reading into new memory) are seen at level full only.
 */
#include "record/source.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profile/evidence.h"
#include "record/perf_extra.h"
#include "record/thread_state.h"

enum {
    STEP_FIRST = 2,
    RATE_LOW_HZ = 20, /* samples a second: below it the next smaller period, above ... */
    RATE_HIGH_HZ = 400,
    LOOK_INTERVAL_NS = 500000000,
    LOOK_FIRST_NS = 100000000, /* a storm of switches is noticed soon */
    SWITCH_COST_NS = 800,      /* leaving a CPU and coming back: with two threads and a pipe */
    SWITCHES_PERCENT = 1,      /* of the target's time, that may take */
    REST_LOOKS_MIN = 3,        /* after one with the event open, when it is more */
    REST_LOOKS_MAX = 9,
};

static const uint64_t periods[] = { 1, 10, 100, 1000, 10000 };

struct faults {
    struct recorder *recorder;
    uint32_t events[PROF_ARRAY_LEN(periods)]; /* numbers of extra events */
    size_t step;                              /* which of them is open */
    bool refused;
    uint64_t looked_ns, counted; /* samples of the open one, then */
    uint64_t page_bytes;
    uint64_t switches, cpu_ns; /* of the target, at the last look */
    bool looked;
    uint32_t rest_looks; /* of each turn: closed for so many, open for one; 0: always open */
    uint32_t rested;     /* looks since it was closed; 0: it is open */
};

static bool open_step(struct faults *f, size_t step, uint64_t now_ns)
{
    struct extra_events *extras = f->recorder->extras;
    f->step = step;
    f->looked_ns = now_ns;
    f->counted = extra_events_count(extras, f->events[step]);
    f->refused = !extra_events_open(extras, f->events[step]);
    return !f->refused;
}

static void *faults_start(struct recorder *r, struct err *e)
{
    if (!recorder_has_events(r, LEVEL_USER, e))
        return NULL;
    struct faults *f = xcalloc(1, sizeof *f);
    f->recorder = r;
    f->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < PROF_ARRAY_LEN(periods); i++) {
        const struct extra_event event = {
            .name = "page faults",
            .without = "which code makes the memory grow was not seen",
            .type = PERF_TYPE_SOFTWARE,
            .config = PERF_COUNT_SW_PAGE_FAULTS,
            .period = periods[i],
            .exclude_kernel = r->level != LEVEL_FULL,
            .with_stack = true,
            .stays = true,
            .of_threads = true,
            .cost_ns = r->sample_cost_ns,
        };
        f->events[i] = extra_events_add(r->extras, &event);
    }
    open_step(f, STEP_FIRST, clock_monotonic_ns());
    return f;
}

static bool is_ours(const struct faults *f, uint32_t event, uint64_t *ret_period)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(periods); i++) {
        *ret_period = periods[i];
        if (event == f->events[i])
            return true;
    }
    return false;
}

static void faults_take(void *state, const struct perf_record *r)
{
    struct faults *f = state;
    struct recorder *rec = f->recorder;
    uint64_t period;
    if (!is_ours(f, r->event, &period) || r->time_ns < rec->from_ns || r->time_ns > rec->to_ns ||
        (int32_t)r->tid <= 0)
        return;
    const struct tracked_thread *thread =
        processes_thread(&rec->processes, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    if (!thread)
        return;
    struct tracked_process *process = &rec->processes.list.ptr[thread->process];
    const struct sample sample = {
        .time_ns = r->time_ns,
        .thread = thread->row,
        .stack = stacks_intern(&rec->stacks, process, &r->sample),
        .count = 1,
        .weight = period * f->page_bytes * (f->rest_looks + 1),
    };
    profile_add_channel_sample(rec->profile, CHANNEL_FAULTS, &sample);
}

/* Where other events are of CPUs, these alone make switches dearer. */
static uint32_t looks_to_rest(struct faults *f)
{
    const struct recorder *r = f->recorder;
    uint32_t direct;
    const uint64_t switches = extra_events_switches(r->extras, &direct);
    const uint64_t cpu_ns = r->threads ? thread_states_cpu_ns(r->threads, r->drained_ns) : 0;
    const uint64_t cost_ns = (switches - f->switches) * SWITCH_COST_NS;
    const uint64_t used_ns = cpu_ns > f->cpu_ns ? cpu_ns - f->cpu_ns : 0;
    const uint64_t times = cost_ns * 100 / (used_ns * SWITCHES_PERCENT + 1);
    const bool seen = switches != f->switches; /* else nobody looked at switches */
    f->switches = switches;
    f->cpu_ns = cpu_ns;
    if (!seen)
        return f->rest_looks;
    if (times < 1 || !extra_events_per_cpu(r->extras))
        return 0;
    const uint64_t least = times > REST_LOOKS_MIN ? times : REST_LOOKS_MIN;
    return least < REST_LOOKS_MAX ? (uint32_t)least : REST_LOOKS_MAX;
}

/* One step at a time: a burst is over before a change of two would have been right. */
static size_t next_step(const struct faults *f, uint64_t now_ns)
{
    const uint64_t count = extra_events_count(f->recorder->extras, f->events[f->step]);
    const uint64_t rate = (count - f->counted) * NS_PER_S / (now_ns - f->looked_ns);
    if (rate > RATE_HIGH_HZ && f->step + 1 < PROF_ARRAY_LEN(periods))
        return f->step + 1;
    return rate < RATE_LOW_HZ && f->step > 0 ? f->step - 1 : f->step;
}

/* With all the others, which rest. */
static void drop_all(struct faults *f)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(periods); i++)
        extra_events_drop(f->recorder->extras, f->events[i]);
}

/* Nothing is learned from the time before the target runs. */
static bool is_time(struct faults *f, uint64_t now_ns)
{
    const struct recorder *r = f->recorder;
    if (now_ns < r->from_ns) {
        f->looked_ns = now_ns;
        return false;
    }
    return now_ns >= f->looked_ns + (f->looked ? LOOK_INTERVAL_NS : LOOK_FIRST_NS) &&
           !extra_events_crowded(r->extras, f->events[0]); /* else no other could be opened */
}

static void faults_drain(void *state, uint64_t now_ns, bool last)
{
    struct faults *f = state;
    if (last || f->refused || !is_time(f, now_ns))
        return;
    const uint32_t looks = looks_to_rest(f);
    const size_t next = f->rested ? f->step : next_step(f, now_ns);
    if (f->rested == 0)
        f->rest_looks = looks;
    f->looked = true;
    if (f->rested < f->rest_looks) {
        if (f->rested++ == 0)
            drop_all(f);
        f->step = next;
        f->looked_ns = now_ns;
        return;
    }
    if (next != f->step)
        extra_events_close(f->recorder->extras, f->events[f->step]);
    f->rested = 0;
    open_step(f, next, now_ns);
}

const struct source source_faults = {
    .name = "faults",
    .role = SOURCE_COUNTER,
    .without = "which code makes the memory grow",
    .start = faults_start,
    .drain = faults_drain,
    .take = faults_take,
    .takes = 1u << PERF_EVENT,
    .doctor_only = true,
    .stop = free,
};
