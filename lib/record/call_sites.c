// SPDX-License-Identifier: MIT
#include "record/call_sites.h"

#include <math.h>
#include <stddef.h>

#include "base/clock.h"
#include "profile/evidence.h"

enum {
    CALLS_MAX = 512, /* of one burst at one place */
    STAND_FOR_OTHERS = 3,
};

/* With each burst: one of them is too short to tell what is usual. */
#define FADES 0.8

static void free_site(struct call_site *c)
{
    vec_done(&c->calls);
    *c = (struct call_site){ 0 };
}

void call_sites_done(struct call_sites *s)
{
    for (size_t i = 0; i < CALL_SITES; i++)
        free_site(&s->list[i]);
}

/* ---- who calls ---- */

void call_sites_age(struct call_sites *s)
{
    for (size_t i = 0; i < CALL_SITES; i++)
        s->list[i].hits /= 2;
}

/* One that has something to tell stays. */
static struct call_site *site_of(struct call_sites *s, uint64_t return_address)
{
    struct call_site *rarest = NULL;
    for (size_t i = 0; i < CALL_SITES; i++) {
        struct call_site *c = &s->list[i];
        if (c->return_address == return_address)
            return c;
        if (c->calls.len == 0 && !c->in_burst && (!rarest || c->hits < rarest->hits))
            rarest = c;
    }
    if (!rarest)
        return NULL;
    free_site(rarest);
    rarest->return_address = return_address;
    rarest->told_cpu_ns = s->from_cpu_ns;
    return rarest;
}

void call_sites_add(struct call_sites *s, uint64_t return_address, struct stack_id stack)
{
    struct call_site *c = return_address ? site_of(s, return_address) : NULL;
    if (!c)
        return;
    c->hits++;
    c->stacks[c->next_stack] = stack;
    c->next_stack = (c->next_stack + 1) % SITE_STACKS;
    c->stack_count += c->stack_count < SITE_STACKS;
}

/* ---- how long ---- */

static bool comes_before(const struct call_site *a, const struct call_site *b)
{
    return a->bursts != b->bursts ? a->bursts < b->bursts : a->hits > b->hits;
}

uint32_t call_sites_choose(struct call_sites *s, struct call_site **ret, uint32_t max)
{
    uint32_t count = 0;
    for (size_t i = 0; i < CALL_SITES; i++) {
        struct call_site *c = &s->list[i];
        uint32_t at = count;
        if (c->return_address == 0)
            continue;
        for (; at > 0 && comes_before(c, ret[at - 1]); at--)
            if (at < max)
                ret[at] = ret[at - 1];
        if (at < max)
            ret[at] = c;
        count += count < max;
    }
    return count;
}

/* Those that had no place were like the others. */
static double all_of_burst(const struct call_site *c)
{
    return c->calls.len ? 1 + (double)c->more_calls / (double)c->calls.len : 1;
}

/* How many times the burst goes into the time that it stands for. One or two calls stand for
 * themselves: they may have been the only ones. */
static double times_of(const struct call_site *c, uint64_t stands_for_ns)
{
    if (c->calls.len < STAND_FOR_OTHERS)
        return 1;
    const double times = (double)stands_for_ns / fmax((double)c->burst_cpu_ns, 1);
    return (c->burst_cpu_ns > 0 ? fmax(times, 1) : 1) * all_of_burst(c);
}

static void tell_call(const struct timed_call *call, const struct call_account *a, double times)
{
    const uint64_t weight_ns = (uint64_t)((double)call->on_cpu_ns * times * a->part);
    const struct sample sample = {
        .time_ns = call->time_ns,
        .thread = call->thread,
        .stack = call->stack,
        .count = 1,
        .weight = weight_ns,
    };
    const struct tally tally = {
        .thread = call->thread,
        .name = profile_add_string(a->profile, slice_of("timed")),
        .what = a->what,
        .count = (uint64_t)(times + 0.5),
        .ns = weight_ns,
        .max_ns = call->on_cpu_ns,
    };
    profile_add_tally(a->profile, &tally);
    if (sample.weight > 0)
        profile_add_sample(a->profile, &sample);
}

static void tell(struct call_site *c, const struct call_account *a, uint64_t cpu_ns)
{
    const double times = times_of(c, ns_more_than(cpu_ns, c->told_cpu_ns));
    for (size_t i = 0; i < c->calls.len; i++)
        tell_call(&c->calls.ptr[i], a, times);
    vec_clear(&c->calls);
    c->more_calls = 0;
    c->told_cpu_ns = cpu_ns;
}

void call_site_begin(struct call_site *c, const struct call_account *a)
{
    if (c->bursts > 0)
        tell(c, a, c->burst_to_cpu_ns + ns_more_than(a->cpu_ns, c->burst_to_cpu_ns) / 2);
    c->bursts++;
    c->in_burst = true;
}

void call_site_add(struct call_site *c, struct thread_id thread, uint64_t time_ns, uint64_t ns)
{
    if (c->stack_count == 0)
        return;
    if (c->calls.len >= CALLS_MAX) {
        c->more_calls++;
        return;
    }
    const struct timed_call call = {
        .thread = thread,
        .stack = c->stacks[c->next_call++ % c->stack_count],
        .time_ns = time_ns,
        .on_cpu_ns = ns,
    };
    vec_push(&c->calls, call);
}

void call_site_end(struct call_site *c, uint64_t cpu_ns, uint64_t burst_cpu_ns, uint64_t stop_ns)
{
    uint64_t sum_ns = 0;
    for (size_t i = 0; i < c->calls.len; i++) {
        c->calls.ptr[i].on_cpu_ns = ns_more_than(c->calls.ptr[i].on_cpu_ns, stop_ns);
        sum_ns += c->calls.ptr[i].on_cpu_ns;
    }
    c->burst_to_cpu_ns = cpu_ns;
    c->burst_cpu_ns = burst_cpu_ns;
    if (burst_cpu_ns > 0) {
        c->seen_cpu_ns = c->seen_cpu_ns * FADES + (double)burst_cpu_ns;
        c->calls_cpu_ns *= FADES;
        if (c->calls.len >= STAND_FOR_OTHERS)
            c->calls_cpu_ns += (double)sum_ns * all_of_burst(c);
    }
    c->in_burst = false;
}

double call_sites_rate(const struct call_sites *s)
{
    double sum = 0;
    for (size_t i = 0; i < CALL_SITES; i++)
        sum += fmin(s->list[i].calls_cpu_ns / fmax(s->list[i].seen_cpu_ns, 1), 1);
    return sum;
}

void call_sites_flush(struct call_sites *s, const struct call_account *a)
{
    for (size_t i = 0; i < CALL_SITES; i++)
        if (s->list[i].bursts > 0)
            tell(&s->list[i], a, a->cpu_ns);
}
