// SPDX-License-Identifier: MIT
#include "record/source.h"

#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "profile/evidence.h"

/* Best sampler first. */
static const struct source *const table[] = {
    &source_perf,
    &source_wall, /* before switches: sees the end of a thread first */
    &source_switches,
    &source_loops, /* uses the thread states of switches */
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

const struct source *source_start_sampler(
    struct recorder *r, const char *name, void **ret_state, struct err *e)
{
    const bool any = !name || strcmp(name, "auto") == 0;
    bool found = false;
    for (size_t i = 0; i < PROF_ARRAY_LEN(table); i++) {
        if (table[i]->role != SOURCE_SAMPLER || (!any && strcmp(name, table[i]->name) != 0))
            continue;
        found = true;
        err_done(e);
        *ret_state = table[i]->start(r, e);
        if (*ret_state)
            return table[i];
    }
    if (!found)
        unknown_sampler(e, name);
    return NULL;
}
