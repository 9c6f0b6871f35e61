// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/clock.h"
#include "profile/evidence.h"
#include "record/loop_probe.h"

#define MS(n) ((uint64_t)(n)*NS_PER_MS)

struct probed {
    struct profile *p;
    struct histogram *h;
    struct loop_probe probe;
};

static struct probed probed_new(void)
{
    struct profile *p = profile_new();
    return (
        struct probed){ .p = p, .h = profile_histogram(p, "loop_delay", (struct thread_id){ 0 }) };
}

Test(loop_probe, a_loop_that_waits_is_called_every_ten_milliseconds)
{
    struct probed t = probed_new();
    loop_probe_waited(&t.probe, MS(100), MS(1105), t.h);
    cr_expect(eq(u64, t.h->count, 100));
    cr_expect(eq(u64, t.h->max_ns, MS(10)));
    profile_free(t.p);
}

Test(loop_probe, a_long_turn_is_one_long_call)
{
    struct probed t = probed_new();
    loop_probe_waited(&t.probe, MS(100), MS(114), t.h); /* called at 110 */
    loop_probe_turned(&t.probe, MS(164), t.h);          /* due at 120, called at 164 */
    loop_probe_waited(&t.probe, MS(164), MS(175), t.h); /* and at 174 */
    cr_expect(eq(u64, t.h->count, 3));
    cr_expect(eq(u64, t.h->max_ns, MS(54)));
    profile_free(t.p);
}

Test(loop_probe, turns_that_end_before_it_is_due_do_not_matter)
{
    struct probed t = probed_new();
    loop_probe_waited(&t.probe, MS(100), MS(101), t.h);
    for (uint64_t at = 102; at < 110; at++)
        loop_probe_turned(&t.probe, MS(at), t.h);
    cr_expect(eq(u64, t.h->count, 0));
    loop_probe_turned(&t.probe, MS(111), t.h);
    cr_expect(eq(u64, t.h->max_ns, MS(11)));
    profile_free(t.p);
}

Test(loop_probe, what_was_not_looked_at_is_no_delay)
{
    struct probed t = probed_new();
    loop_probe_waited(&t.probe, MS(100), MS(101), t.h);
    loop_probe_stop(&t.probe);
    loop_probe_turned(&t.probe, MS(900), t.h);
    cr_expect(eq(u64, t.h->count, 0));
    loop_probe_waited(&t.probe, MS(900), MS(911), t.h);
    cr_expect(eq(u64, t.h->max_ns, MS(10)));
    profile_free(t.p);
}
