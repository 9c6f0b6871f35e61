// SPDX-License-Identifier: MIT
#include "record/duty.h"

enum {
    BUDGET_PERCENT = 3,
    RETURN_PERCENT = 2, /* lower, so as not to go back and forth */
    IDLE_PERCENT = 5,   /* of one CPU: what a target uses at least, for its share to matter */
};

void duty_start(struct duty *d, uint64_t now_ns)
{
    *d = (struct duty){ .open = true, .since_ns = now_ns };
}

static void begin(struct duty *d, bool open, uint64_t now_ns, uint64_t cost_ns, uint64_t cpu_ns)
{
    d->open = open;
    d->since_ns = now_ns;
    d->cost_from_ns = cost_ns;
    d->cpu_from_ns = cpu_ns;
}

/* So long that the cost of the last look, spread over both, keeps the budget. */
static uint64_t pause_for(uint64_t look_ns, uint64_t cost_ns, uint64_t cpu_ns)
{
    const uint64_t budget_ns = cpu_ns * BUDGET_PERCENT / 100;
    const double times = (double)cost_ns / (double)(budget_ns > 0 ? budget_ns : 1);
    const double pause_ns = times > 1 ? (double)look_ns * (times - 1) : 0;
    if (pause_ns > (double)DUTY_PAUSE_MAX_NS)
        return DUTY_PAUSE_MAX_NS;
    return pause_ns < (double)DUTY_PAUSE_MIN_NS ? DUTY_PAUSE_MIN_NS : (uint64_t)pause_ns;
}

static uint64_t length_ns(const struct duty *d)
{
    if (!d->open)
        return d->pause_ns;
    return d->in_bursts ? DUTY_BURST_NS : DUTY_WINDOW_NS;
}

bool duty_wants_open(
    struct duty *d, uint64_t now_ns, uint64_t cost_ns, uint64_t cpu_ns, bool useful)
{
    const uint64_t elapsed_ns = now_ns - d->since_ns;
    if (elapsed_ns < length_ns(d))
        return d->open;
    const uint64_t cost = cost_ns - d->cost_from_ns;
    const uint64_t used = cpu_ns > d->cpu_from_ns ? cpu_ns - d->cpu_from_ns : 0;
    const uint64_t least = elapsed_ns * IDLE_PERCENT / 100;
    const uint64_t cpu = used > least ? used : least;
    const uint64_t limit = d->in_bursts ? RETURN_PERCENT : BUDGET_PERCENT;
    const bool over = cost * 100 > cpu * limit;
    const bool was_open = d->open;
    if (was_open) {
        d->in_bursts = over || !useful;
        d->costly |= over;
        d->pause_ns = over ? pause_for(elapsed_ns, cost, cpu) : DUTY_PAUSE_IDLE_NS;
    }
    begin(d, !was_open || !d->in_bursts, now_ns, cost_ns, cpu_ns);
    return d->open;
}

void duty_rest(struct duty *d, uint64_t now_ns)
{
    d->open = false;
    d->in_bursts = true;
    d->since_ns = now_ns;
    d->pause_ns = DUTY_PAUSE_IDLE_NS;
}
