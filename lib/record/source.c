// SPDX-License-Identifier: MIT
#include "record/source.h"

#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "profile/evidence.h"
#include "record/perf_open.h"

/* Best sampler first. */
static const struct source *const table[] = {
    &source_perf,
    &source_ptrace,
    &source_unsampled,
    &source_wall, /* before switches: sees the end of a thread first */
    &source_switches,
    &source_loops,       /* uses the thread states of switches */
    &source_timed_calls, /* takes the breakpoints that loops leave */
    &source_faults,
    &source_syscalls,
    &source_connects,
    &source_wake,
    &source_goroutines,
    &source_procfs,
    &source_node,
    &source_requests,
};

const struct source *const *source_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(table);
    return table;
}

bool recorder_has_events(const struct recorder *r, enum record_level least, struct err *e)
{
    if (!r->extras) {
        err_set(e, ERR_PERMISSION, "there are no perf events in this recording (level none)");
        return err_hint(e, "%s", perf_refused_hint());
    }
    if (r->level >= least)
        return true;
    err_set(e, ERR_PERMISSION, "the kernel shows them to root and CAP_PERFMON only");
    return err_hint(e, "run prof as root");
}

void recorder_tell(const struct recorder *r, const struct perf_record *record)
{
    for (size_t i = 0; i < r->taker_count; i++)
        if (r->takers[i].kinds >> record->kind & 1)
            r->takers[i].take(r->takers[i].state, record);
}

void recorder_step_down(struct recorder *r, const char *what, uint64_t now_ns)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
    const struct process_id run = { 0 };
    const struct slice before = profile_fact(r->profile, run, "stepped_down");
    const uint64_t after_ns = now_ns > r->from_ns ? now_ns - r->from_ns : 0;
    strbuf_addf(&text, "%.*s%s%s after %.1f s", (int)before.len, before.ptr, before.len ? "; " : "",
        what, (double)after_ns / (double)NS_PER_S);
    profile_set_fact(r->profile, run, "stepped_down", strbuf_slice(&text));
    strbuf_addf(&why, "all of them would have cost the target more than %d %% of its CPU time",
        SAMPLING_BUDGET_PERCENT);
    strbuf_clear(&text);
    strbuf_addf(&text, "%s were looked at in bursts only", what);
    profile_add_note(r->profile, text.ptr, why.ptr, NULL);
}

static bool unknown_sampler(struct err *e, const char *name)
{
    PROF_CLEANUP(strbuf_done) struct strbuf names = STRBUF_INIT;
    for (size_t i = 0; i < PROF_ARRAY_LEN(table); i++)
        if (table[i]->role == SOURCE_SAMPLER)
            strbuf_addf(&names, ", %s", table[i]->name);
    err_set(e, ERR_USAGE, "unknown sampler '%s'", name);
    return err_hint(e, "one of: auto%s", names.ptr);
}

/* A better sampler could not start. What kept the best of all from it is the error, should none. */
static void note_refused(
    struct recorder *r, const struct source *source, struct err *refused, struct err *e)
{
    if (refused->message)
        profile_add_note(r->profile, source->without, refused->message, refused->hint);
    if (e && e->code == ERR_NONE) {
        *e = *refused;
        *refused = (struct err){ 0 };
    }
}

const struct source *source_start_sampler(
    struct recorder *r, const char *name, void **ret_state, struct err *e)
{
    const bool any = !name || strcmp(name, "auto") == 0;
    bool found = false;
    err_done(e);
    for (size_t i = 0; i < PROF_ARRAY_LEN(table); i++) {
        if (table[i]->role != SOURCE_SAMPLER || (!any && strcmp(name, table[i]->name) != 0))
            continue;
        found = true;
        PROF_CLEANUP(err_done) struct err refused = { 0 };
        *ret_state = table[i]->start(r, &refused);
        if (*ret_state) {
            err_done(e);
            return table[i];
        }
        const bool gone = refused.code == ERR_NOT_FOUND; /* the process: no other would find it */
        note_refused(r, table[i], &refused, e);
        if (gone)
            break;
    }
    if (!found)
        unknown_sampler(e, name);
    return NULL;
}
