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

bool duty_wants_open(
    struct duty *d, uint64_t now_ns, uint64_t cost_ns, uint64_t cpu_ns, bool useful)
{
    const uint64_t length_ns = !d->open       ? DUTY_PERIOD_NS - DUTY_BURST_NS
                               : d->in_bursts ? DUTY_BURST_NS
                                              : DUTY_WINDOW_NS;
    if (now_ns - d->since_ns < length_ns)
        return d->open;
    const uint64_t cost = cost_ns - d->cost_from_ns;
    const uint64_t used = cpu_ns > d->cpu_from_ns ? cpu_ns - d->cpu_from_ns : 0;
    const uint64_t least = (now_ns - d->since_ns) * IDLE_PERCENT / 100;
    const uint64_t limit = d->in_bursts ? RETURN_PERCENT : BUDGET_PERCENT;
    const bool over = cost * 100 > (used > least ? used : least) * limit;
    const bool was_open = d->open;
    if (was_open) {
        d->in_bursts = over || !useful;
        d->costly |= over;
    }
    begin(d, !was_open || !d->in_bursts, now_ns, cost_ns, cpu_ns);
    return d->open;
}
