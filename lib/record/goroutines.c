// SPDX-License-Identifier: MIT
/*
 * The wall reader for goroutines: what they do, and what they wait for, which their threads do not
 * show, for those go on with other goroutines meanwhile. Fifty times a second it looks at the
 * goroutines of each Go process (go_process.h), from outside and without stopping anybody.
 *
 * It takes less than a hundredth of a CPU: where there are thousands of goroutines, only some of
 * them are looked at in a round. Without a Go process it does nothing.
 */
#include "record/source.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "record/go_process.h"

enum {
    PERIOD_MIN_NS = 20000000,
    PERIOD_MAX_NS = 160000000,
    SEARCH_INTERVAL_NS = 250000000,
    ADJUST_INTERVAL_NS = 500000000,
    BUDGET_SHARE = 100,  /* a hundredth of a CPU */
    PROCESSES_MAX = 256, /* that are looked at */
};

struct looked_at {
    struct go_process *process; /* owned */
};

struct goroutines {
    struct go_looker looker;
    VEC(struct looked_at) processes;
    int timer;
    uint64_t period_ns, next_ns;
    uint64_t adjusted_ns, cost_ns; /* since then */
    uint64_t searched_ns;
    size_t first; /* whose turn it is */
};

/* ---- the timer, which runs while there is somebody to look at ---- */

static void set_timer(struct goroutines *s)
{
    const long ns = s->processes.len > 0 ? (long)s->period_ns : 0;
    const struct itimerspec every = { .it_interval.tv_nsec = ns, .it_value.tv_nsec = ns };
    timerfd_settime(s->timer, 0, &every, NULL);
}

static void adjust(struct goroutines *s, uint64_t now_ns)
{
    const uint64_t passed = now_ns - s->adjusted_ns;
    if (passed < ADJUST_INTERVAL_NS)
        return;
    const uint64_t before = s->period_ns, share = s->cost_ns * BUDGET_SHARE;
    if (share > passed + passed / 4 && s->period_ns < PERIOD_MAX_NS)
        s->period_ns *= 2;
    else if (share * 3 < passed && s->period_ns > PERIOD_MIN_NS)
        s->period_ns /= 2;
    if (s->period_ns != before)
        set_timer(s);
    s->adjusted_ns = now_ns;
    s->cost_ns = 0;
}

/* ---- whom to look at ---- */

static void end(struct goroutines *s, size_t index, uint64_t now_ns)
{
    struct go_process *p = s->processes.ptr[index].process;
    go_process_say(&s->looker, p, now_ns);
    go_process_note(&s->looker, p);
    go_process_free(p);
    s->processes.ptr[index] = s->processes.ptr[--s->processes.len];
}

static void drop_ended(struct goroutines *s, uint64_t now_ns)
{
    struct processes *ps = &s->looker.recorder->processes;
    for (size_t i = s->processes.len; i-- > 0;) {
        const struct go_process *p = s->processes.ptr[i].process;
        if (!go_process_is(p, processes_find(ps, go_process_pid(p))))
            end(s, i, now_ns);
    }
}

static bool is_known(const struct goroutines *s, const struct tracked_process *process)
{
    for (size_t i = 0; i < s->processes.len; i++)
        if (go_process_is(s->processes.ptr[i].process, process))
            return true;
    return false;
}

static void search(struct goroutines *s, uint64_t now_ns)
{
    const struct processes *ps = &s->looker.recorder->processes;
    const size_t before = s->processes.len;
    if (now_ns - s->searched_ns < SEARCH_INTERVAL_NS)
        return;
    s->searched_ns = now_ns;
    drop_ended(s, now_ns);
    for (size_t i = 0; i < ps->list.len && s->processes.len < PROCESSES_MAX; i++) {
        const struct tracked_process *process = &ps->list.ptr[i];
        if (!process->alive || process->go_place == 0 || is_known(s, process))
            continue;
        const struct looked_at fresh = { go_process_new(process, now_ns) };
        vec_push(&s->processes, fresh);
    }
    if ((before == 0) != (s->processes.len == 0))
        set_timer(s);
}

/* Another one comes first each time, should the budget not suffice for all. */
static void look(struct goroutines *s, uint64_t now_ns)
{
    const size_t count = s->processes.len;
    const uint64_t began = clock_thread_cpu_ns(), until = began + s->period_ns / BUDGET_SHARE;
    s->first++;
    for (size_t i = 0; i < count && (i == 0 || clock_thread_cpu_ns() < until); i++)
        go_process_look(
            &s->looker, s->processes.ptr[(s->first + i) % count].process, now_ns, until);
    s->cost_ns += clock_thread_cpu_ns() - began;
}

/* ---- the source ---- */

static void goroutines_stop(void *state)
{
    struct goroutines *s = state;
    if (!s)
        return;
    for (size_t i = 0; i < s->processes.len; i++)
        go_process_free(s->processes.ptr[i].process);
    vec_done(&s->processes);
    close_fd(&s->timer);
    free(s);
}

static void *goroutines_start(struct recorder *r, struct err *e)
{
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0) {
        err_sys(e, errno, "cannot make a timer");
        return NULL;
    }
    struct goroutines *s = xcalloc(1, sizeof *s);
    s->looker.recorder = r;
    s->timer = timer;
    s->period_ns = PERIOD_MIN_NS;
    return s;
}

static void goroutines_add_polls(void *state, struct poll_list *polls)
{
    const struct goroutines *s = state;
    const struct pollfd poll = { .fd = s->timer, .events = POLLIN };
    vec_push(polls, poll);
}

static void goroutines_drain(void *state, uint64_t now_ns, bool last)
{
    struct goroutines *s = state;
    const struct recorder *r = s->looker.recorder;
    uint64_t ticks;
    if (last) {
        while (s->processes.len > 0)
            end(s, s->processes.len - 1, now_ns < r->to_ns ? now_ns : r->to_ns);
        return;
    }
    /* Whatever woke us: a timer that is left unread would do so again at once. */
    if (read(s->timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN)
        return;
    if (now_ns < r->from_ns || now_ns > r->to_ns || now_ns < s->next_ns)
        return;
    search(s, now_ns);
    s->next_ns = now_ns + s->period_ns - s->period_ns / 4;
    if (s->processes.len == 0)
        return;
    look(s, now_ns);
    adjust(s, now_ns);
}

const struct source source_goroutines = {
    .name = "goroutines",
    .role = SOURCE_COUNTER,
    .without = "what goroutines wait for",
    .start = goroutines_start,
    .add_polls = goroutines_add_polls,
    .drain = goroutines_drain,
    .doctor_only = true,
    .stop = goroutines_stop,
};
