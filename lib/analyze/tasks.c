// SPDX-License-Identifier: MIT
#include "analyze/tasks.h"

#include "analyze/observed_inner.h"
#include "analyze/waits.h"
#include "base/alloc.h"
#include "base/clock.h"

/* ---- kinds: the first function that says what a task is for ---- */

static bool starts_any(struct slice name)
{
    return slice_starts(name, "runtime.goexit") || slice_is(name, "runtime.main");
}

/* A caller comes before whom it calls, and a marker for callers that are missing is as good. */
void observe_tasks(struct observed *o)
{
    const struct profile *p = o->profile;
    const uint32_t count = profile_stack_count(p);
    if (o->sums->groups[CHANNEL_TASKS].rows.len == 0)
        return;
    uint32_t *entries = o->sums->task_entries = xcalloc(count, sizeof *entries);
    for (uint32_t i = 1; i < count; i++) {
        const struct stack s = profile_stack(p, (struct stack_id){ i });
        entries[i] = entries[s.caller.i];
        const struct line *lines = profile_frame_lines(p, s.frame);
        for (uint32_t k = 0; entries[i] == 0 && k < profile_frame(p, s.frame)->line_count; k++)
            if (!starts_any(profile_string(p, profile_func(p, lines[k].func)->name)))
                entries[i] = lines[k].func.i;
    }
}

/* Collector, finalizers, timers: what they do, others have asked for. */
static bool is_runtimes_own(const struct profile *p, struct func_id entry)
{
    return entry.i == 0 ||
           slice_starts(profile_string(p, profile_func(p, entry)->name), "runtime.");
}

static struct task_kind *kind_of(
    struct task_kinds *kinds, struct process_id process, struct func_id entry)
{
    for (size_t i = 0; i < kinds->rows.len; i++)
        if (kinds->rows.ptr[i].entry.i == entry.i && kinds->rows.ptr[i].process.i == process.i)
            return &kinds->rows.ptr[i];
    const struct task_kind fresh = { .process = process, .entry = entry };
    vec_push(&kinds->rows, fresh);
    return &kinds->rows.ptr[kinds->rows.len - 1];
}

/* ---- what a stack says ---- */

static bool is_lock(uint8_t kind, trait_set traits)
{
    return kind == WAIT_FUTEX && traits & TRAIT(LOCK) && !(traits & (TRAIT(AWAIT) | TRAIT(GC)));
}

/* Channels are how work is waited for, and so are sockets; unless it is an answer that the task
 * itself has asked for, or the collector makes it wait. */
static bool is_idle(uint8_t kind, trait_set traits)
{
    const bool condition = kind == WAIT_FUTEX && !(traits & TRAIT(LOCK));
    const trait_set asks = TRAIT(ASK) | TRAIT(SQL) | TRAIT(DNS) | TRAIT(CONNECT) | TRAIT(GC);
    return kind < WAIT_KINDS && (condition || WAITS_IDLE >> kind & 1) && !(traits & asks);
}

static void add(const struct observed *o, struct task_kind *t, const struct group *g)
{
    const uint8_t kind = o->sums->wait_kinds[g->stack.i];
    const trait_set traits = o->stack_traits[g->stack.i];
    const struct amount amount = g->steady;
    const struct observed_process *process = observed_process(o, t->process);
    t->lived_ns += amount.weight;
    if (kind >= WAIT_KINDS)
        t->running_ns += amount.weight;
    if (is_idle(kind, traits))
        t->idle_ns += amount.weight;
    if (is_lock(kind, traits)) {
        t->lock_ns += amount.weight;
        t->locks += amount.count;
    }
    if (kind == WAIT_SLEEP) {
        t->sleep_ns += amount.weight;
        t->sleeps += amount.count;
    }
    t->listens |= process && process->serves && (kind == WAIT_LOOP || kind == WAIT_ACCEPT) &&
                  is_idle(kind, traits);
}

/* ---- for rules ---- */

void task_kinds_of(const struct observed *o, struct task_kinds *ret)
{
    const struct groups *groups = &o->sums->groups[CHANNEL_TASKS];
    *ret = (struct task_kinds){ 0 };
    for (size_t i = 0; i < groups->rows.len; i++) {
        const struct group *g = &groups->rows.ptr[i];
        const struct func_id entry = { o->sums->task_entries[g->stack.i] };
        const struct process_id process = profile_thread(o->profile, g->thread)->process;
        if (g->steady.weight && !is_runtimes_own(o->profile, entry))
            add(o, kind_of(ret, process, entry), g);
    }
}

void task_kinds_done(struct task_kinds *kinds)
{
    vec_done(&kinds->rows);
}

uint64_t task_kind_active_ns(const struct task_kind *kind)
{
    return kind->lived_ns - kind->idle_ns;
}

bool has_tasks(const struct observed *o, struct process_id process)
{
    return observed_sum(o, &(struct selection){ .channel = CHANNEL_TASKS, .process = process })
               .weight > 0;
}

struct selection tasks_at_locks(struct process_id process)
{
    return (struct selection){ .channel = CHANNEL_TASKS,
        .process = process,
        .any_frame = TRAIT(LOCK),
        .no_frame = TRAIT(AWAIT) | TRAIT(GC),
        .wait_kinds = WAITS(FUTEX),
        .steady = true };
}

double tasks_waiting_for_locks(const struct observed *o)
{
    const struct selection at_locks = tasks_at_locks((struct process_id){ 0 });
    const double seconds = o->steady_seconds;
    return seconds > 0 ? (double)observed_sum(o, &at_locks).weight / NS_PER_S / seconds : 0;
}
