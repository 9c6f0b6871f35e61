// SPDX-License-Identifier: MIT
#include "record/rare_event.h"

#include <linux/perf_event.h>

#include "base/clock.h"
#include "record/source.h"
#include "record/tracepoint.h"

#define LOOK_INTERVAL_NS (500 * NS_PER_MS)
#define PAUSE_NS (4500 * NS_PER_MS)

bool rare_event_start(struct rare_event *ret_event, struct recorder *r,
    const struct extra_event *event, struct err *e)
{
    struct extra_event tracepoint = *event;
    if (!recorder_has_events(r, LEVEL_FULL, e))
        return false;
    if (!tracepoint_id(event->name, &tracepoint.config, e))
        return false;
    ret_event->of_calls = event->of_calls;
    tracepoint.type = PERF_TYPE_TRACEPOINT;
    tracepoint.period = 1;
    ret_event->recorder = r;
    ret_event->event = extra_events_add(r->extras, &tracepoint);
    ret_event->refused = !extra_events_open(r->extras, ret_event->event);
    ret_event->looked_ns = clock_monotonic_ns();
    return true;
}

static uint64_t seen_ns(const struct rare_event *s, uint64_t now_ns)
{
    const struct recorder *r = s->recorder;
    const uint64_t from_ns = s->looked_ns > r->from_ns ? s->looked_ns : r->from_ns;
    const uint64_t to_ns = now_ns < r->to_ns ? now_ns : r->to_ns;
    return !s->paused_ns && !s->refused && to_ns > from_ns ? to_ns - from_ns : 0;
}

/* As many as one interval allows; there is no need to wait for its end. */
static bool allowance_used(const struct rare_event *s)
{
    const uint64_t more = extra_events_count(s->recorder->extras, s->event) - s->counted;
    return !s->paused_ns && more > s->rate_max_hz * LOOK_INTERVAL_NS / NS_PER_S;
}

static void keep_rate(struct rare_event *s, uint64_t now_ns)
{
    struct extra_events *extras = s->recorder->extras;
    const uint64_t count = extra_events_count(extras, s->event);
    const uint64_t more = count - s->counted;
    if (extra_events_crowded(extras, s->event)) {
        s->paused_ns = now_ns;
    } else if (s->paused_ns && now_ns - s->paused_ns >= PAUSE_NS) {
        s->paused_ns = 0;
        s->refused = !extra_events_open(extras, s->event);
    } else if (!s->paused_ns && more * NS_PER_S > s->rate_max_hz * (now_ns - s->looked_ns)) {
        extra_events_close(extras, s->event);
        s->paused_ns = now_ns;
        if (!s->said)
            recorder_step_down(s->recorder, s->what, now_ns);
        s->said = true;
    }
    s->looked_ns = now_ns;
    s->counted = count;
}

static bool should_rest(const struct rare_event *s)
{
    return s->of_calls && extra_events_calls_rest(s->recorder->extras);
}

/* Open again when calls are looked at again. */
static void follow_rest(struct rare_event *s, uint64_t now_ns)
{
    struct extra_events *extras = s->recorder->extras;
    s->rests = should_rest(s);
    if (s->rests)
        extra_events_close(extras, s->event);
    else
        s->refused = !extra_events_open(extras, s->event);
    s->paused_ns = s->rests ? now_ns : 0;
    s->looked_ns = now_ns;
    s->counted = extra_events_count(extras, s->event);
}

uint64_t rare_event_look(struct rare_event *s, uint64_t now_ns, bool last)
{
    const bool early = now_ns - s->looked_ns < LOOK_INTERVAL_NS;
    const bool turns = !last && !s->refused && s->rests != should_rest(s);
    if (!last && !turns && (s->refused || s->rests || (early && !allowance_used(s))))
        return 0;
    const uint64_t ns = seen_ns(s, now_ns);
    if (turns)
        follow_rest(s, now_ns);
    else if (!last)
        keep_rate(s, now_ns);
    return ns;
}
