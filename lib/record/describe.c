// SPDX-License-Identifier: MIT
#include "record/describe.h"

#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "profile/evidence.h"
#include "record/interpreters.h"
#include "record/perf_extra.h"
#include "record/perf_open.h"

/* Shares below this are not worth a line. */
enum { NOTE_PERCENT = 5, NOTE_MIN_NS = 20000000 };

static void set_text(char **field, const char *text)
{
    meta_set_text(field, slice_of(text));
}

static void set_program(struct recorder *r, struct profile_meta *meta)
{
    const struct tracked_process *p = processes_find(&r->processes, r->target);
    struct slice program = slice_of("");
    if (r->options->argv)
        program = slice_basename(slice_of(r->options->argv[0]));
    else if (p && p->exe.i)
        program = slice_basename(profile_string(r->profile, p->exe));
    else if (p)
        program = profile_string(r->profile, p->name);
    meta_set_text(&meta->program, program);
    meta_set_text(&meta->command, program); /* arguments may hold secrets: cmd/ adds what is safe */
}

void describe_start(struct recorder *r, const char *sampler)
{
    struct profile_meta *meta = profile_meta(r->profile);
    struct utsname os;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    if (uname(&os) == 0) {
        set_text(&meta->kernel, os.release);
        set_text(&meta->machine, os.machine);
    }
    set_program(r, meta);
    set_text(&meta->tool, "prof " PROF_VERSION);
    set_text(&meta->host, host);
    set_text(&meta->level, record_level_name(r->level));
    set_text(&meta->event, r->event);
    set_text(&meta->sampler, sampler);
    set_text(&meta->unwinder, r->stacks.unwinder->name);
    meta->weight_unit = WEIGHT_NANOSECONDS;
    meta->start_realtime_ns = clock_realtime_ns();
    meta->rate_hz = r->period_ns ? NS_PER_S / r->period_ns : 0; /* 0: no samples are taken */
    meta->period_ns = r->period_ns;
    meta->cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
}

/* ---- notes ---- */

static void note(struct recorder *r, const char *what, const char *how, const char *why_format, ...)
    PROF_PRINTF(4, 5);

static void note(struct recorder *r, const char *what, const char *how, const char *why_format, ...)
{
    PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
    va_list args;
    va_start(args, why_format);
    strbuf_vaddf(&why, why_format, args);
    va_end(args);
    profile_add_note(r->profile, what, why.ptr, how);
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static void note_kernel(struct recorder *r, struct profile_meta *meta)
{
    if (r->level == LEVEL_NONE && r->samples > 0)
        note(r, "kernel frames were not recorded", perf_refused_hint(),
            "threads were stopped for a moment to see their stacks: time in the kernel counts for "
            "the function that called it");
    if (r->level != LEVEL_USER)
        return;
    static const char how[] = "sudo sysctl kernel.perf_event_paranoid=1, or run prof as root";
    const uint64_t timed_ns = profile_tally_sum(r->profile, "timed").ns;
    meta->kernel_unsampled_ns =
        meta->target_kernel_ns > timed_ns ? meta->target_kernel_ns - timed_ns : 0;
    const uint64_t cpu_ns = meta->target_user_ns + meta->target_kernel_ns;
    const double share = percent(meta->kernel_unsampled_ns, cpu_ns);
    if (share >= 1)
        note(r, "time in the kernel was not sampled", how,
            "%.0f %% of the CPU time (%.1f s) was spent in the kernel, which this user may not "
            "sample",
            share, (double)meta->kernel_unsampled_ns / (double)NS_PER_S);
    else
        note(r, "kernel frames were not recorded", how, "this user may not sample the kernel");
}

static void note_unsampled(struct recorder *r, const struct profile_meta *meta)
{
    const uint64_t cpu_ns =
        meta->target_user_ns + (r->level == LEVEL_USER ? 0 : meta->target_kernel_ns);
    const uint64_t seen_ns =
        r->sampled_ns ? r->sampled_ns : (r->samples + r->lost) * meta->period_ns;
    if (r->period_ns == 0 || r->options->delay_ns || cpu_ns <= seen_ns + NOTE_MIN_NS ||
        percent(cpu_ns - seen_ns, cpu_ns) < NOTE_PERCENT * 2)
        return;
    note(r, RECORD_NOTE_UNSAMPLED, "sample more often, -F 4999",
        "%.0f ms of %.0f ms: a thread that lives shortly loses up to one sampling period",
        (double)(cpu_ns - seen_ns) / NS_PER_MS, (double)cpu_ns / NS_PER_MS);
}

static void note_losses(struct recorder *r, const struct profile_meta *meta)
{
    const struct stacks *s = &r->stacks;
    const uint64_t stacks = s->complete + s->truncated + s->broken;
    if (r->lost > 0)
        note(r, "records were lost", "a lower rate: -F 99",
            "%llu records (%.1f %%): prof was not "
            "given the CPU in time to read the kernel's buffer",
            (unsigned long long)r->lost, percent(r->lost, r->lost + r->samples));
    if (s->truncated > 0)
        note(r, "some stacks are cut short", "--stack-size 65528",
            "%llu of %llu stacks were deeper than the bytes copied, and had changed before the "
            "rest could be read; they are rooted under [truncated]",
            (unsigned long long)s->truncated, (unsigned long long)stacks);
    if (s->lengthened > 0)
        note(r, "the outer part of some stacks was read late", NULL,
            "%llu of %llu stacks were deeper than the bytes copied, or held pages that were never "
            "touched; the rest was read from the process some milliseconds later, after checking "
            "that it had not changed",
            (unsigned long long)s->lengthened, (unsigned long long)stacks);
    if (s->followed > 0)
        note(r, "what signal handlers interrupted was read late", NULL,
            "%llu of %llu stacks are of handlers that run on a stack of their own; the interrupted "
            "one was read from the process some milliseconds later and may have changed",
            (unsigned long long)s->followed, (unsigned long long)stacks);
    if (percent(s->broken, stacks) >= NOTE_PERCENT)
        note(r, "some stacks are incomplete", NULL,
            "unwinding stopped early in %.0f %% of the stacks: code without unwind data, compiled "
            "without frame pointers; they are rooted under [incomplete]",
            percent(s->broken, stacks));
    if (s->only_leaf > 0)
        note(r, "32-bit processes show their innermost function only", NULL,
            "%llu samples: prof unwinds 64-bit code", (unsigned long long)s->only_leaf);
    if (meta->rate_hz && meta->period_ns != NS_PER_S / meta->rate_hz)
        note(r, "prof lowered its sampling rate", "-F HZ keeps the rate",
            "%llu Hz would have cost the target more than %d %%%s",
            (unsigned long long)meta->rate_hz, SAMPLING_BUDGET_PERCENT,
            r->level == LEVEL_NONE ? ", or prof much of a CPU: it looks at each thread" : "");
}

static void note_jit(struct recorder *r)
{
    const uint32_t missing = jit_maps_missing(&r->jit_maps);
    if (missing > 0)
        note(r, "generated code has no names", "node --perf-basic-prof, python3.12 -X perf",
            "%u process%s wrote no /tmp/perf-PID.map", missing, missing == 1 ? "" : "es");
}

static void note_orphans(struct recorder *r, const struct target *t)
{
    if (t->launched && t->ended && !t->childless && r->processes.live > 0)
        note(r, "processes it started were still running", "-d SECONDS, or stop them before",
            "%u of them when the recording ended", r->processes.live);
}

/* ---- end ---- */

static void set_ended(struct profile_meta *meta, const struct target *t, bool stopped_by_us)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (!t->launched)
        strbuf_adds(&text, t->ended ? "the process ended" : "detached");
    else if (stopped_by_us)
        strbuf_adds(&text, "stopped by prof");
    else if (!t->ended)
        strbuf_adds(&text, "still running");
    else if (WIFSIGNALED(t->wait_status))
        strbuf_addf(
            &text, "signal %d (%s)", WTERMSIG(t->wait_status), strsignal(WTERMSIG(t->wait_status)));
    else
        strbuf_addf(&text, "exit %d", WEXITSTATUS(t->wait_status));
    meta_set_text(&meta->ended, strbuf_slice(&text));
}

/* Level user pays for the interrupts in the kernel too, and is not given their samples. */
static uint64_t interrupts(const struct recorder *r, const struct profile_meta *meta)
{
    const uint64_t hidden = r->level == LEVEL_USER ? meta->target_kernel_ns / meta->period_ns : 0;
    return r->samples + r->lost + hidden;
}

/* Of a target that runs on, only those that were recorded are known. */
static uint64_t switches_cost_ns(const struct recorder *r, const struct target *t)
{
    uint32_t direct;
    const uint64_t recorded = extra_events_switches(r->extras, &direct);
    const uint64_t switches = t->switches > recorded ? t->switches : recorded;
    const uint64_t shared = r->switch_cost.shared_ns * direct;
    const uint64_t other = r->switch_cost.other_ns * (1000 - direct);
    return switches * (shared + other) / 1000;
}

void describe_so_far(struct recorder *r, uint64_t self_cpu_ns)
{
    struct profile_meta *meta = profile_meta(r->profile);
    meta->start_ns = r->from_ns;
    const uint64_t now_ns = clock_monotonic_ns();
    meta->end_ns = r->to_ns < now_ns ? r->to_ns : now_ns;
    if (meta->start_ns > meta->end_ns)
        meta->start_ns = meta->end_ns; /* it ended within the delay */
    meta->period_ns = r->period_ns;
    meta->samples_lost = r->lost;
    meta->stacks_complete = r->stacks.complete;
    meta->stacks_truncated = r->stacks.truncated;
    meta->stacks_broken = r->stacks.broken;
    meta->self_cpu_ns = self_cpu_ns;
    meta->overhead_ns = interrupts(r, meta) * r->sample_cost_ns;
    if (r->extras)
        meta->overhead_ns += extra_events_cost_ns(r->extras);
}

void describe_end(
    struct recorder *r, const struct target *t, bool stopped_by_us, uint64_t self_cpu_ns)
{
    struct profile_meta *meta = profile_meta(r->profile);
    if (t->launched) {
        meta->target_user_ns = t->user_ns;
        meta->target_kernel_ns = t->kernel_ns;
    }
    set_ended(meta, t, stopped_by_us);
    describe_so_far(r, self_cpu_ns);
    meta->overhead_ns += switches_cost_ns(r, t);
    note_kernel(r, meta);
    note_unsampled(r, meta);
    note_losses(r, meta);
    note_jit(r);
    interpreters_note(r->profile, r->stacks.python_named > 0);
    note_orphans(r, t);
}
