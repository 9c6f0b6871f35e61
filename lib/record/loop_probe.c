// SPDX-License-Identifier: MIT
#include "record/loop_probe.h"

#include "profile/evidence.h"

void loop_probe_stop(struct loop_probe *probe)
{
    probe->fired_ns = 0;
}

static void fire(struct loop_probe *probe, uint64_t time_ns, struct histogram *h)
{
    histogram_add(h, time_ns - probe->fired_ns);
    probe->fired_ns = time_ns;
}

void loop_probe_waited(
    struct loop_probe *probe, uint64_t from_ns, uint64_t to_ns, struct histogram *h)
{
    if (!probe->fired_ns)
        probe->fired_ns = from_ns;
    while (probe->fired_ns + LOOP_PROBE_INTERVAL_NS <= to_ns)
        fire(probe, probe->fired_ns + LOOP_PROBE_INTERVAL_NS, h);
}

void loop_probe_turned(struct loop_probe *probe, uint64_t end_ns, struct histogram *h)
{
    if (probe->fired_ns && probe->fired_ns + LOOP_PROBE_INTERVAL_NS <= end_ns)
        fire(probe, end_ns, h);
}
