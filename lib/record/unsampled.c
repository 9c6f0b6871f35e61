// SPDX-License-Identifier: MIT
/*
 * The sampler of last resort takes no samples: where neither perf events nor ptrace(2) are allowed,
 * the doctor still has what threads wait for, /proc and what runtimes say of themselves. A flame
 * graph has nothing without samples, so that it is refused.
 */
#include "record/source.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/family_watch.h"
#include "record/procfs_read.h"

struct unsampled {
    struct recorder *recorder;
    struct family_watch family;
};

/* Somebody else's: nothing worth a report can be read of it. */
static bool may_look(pid_t pid, struct err *e)
{
    PROF_CLEANUP(strbuf_done) struct strbuf exe = STRBUF_INIT;
    if (procfs_link(pid, "exe", &exe))
        return true;
    err_set(e, ERR_PERMISSION, "process %d may not be looked at", (int)pid);
    return err_hint(e, "it must be yours, or run prof as root");
}

static void *unsampled_start(struct recorder *r, struct err *e)
{
    if (!r->options->doctor) {
        err_set(e, ERR_PERMISSION, "a flame graph needs samples, and nothing here may take any");
        err_hint(e, "prof check says what would allow it");
        return NULL;
    }
    if (!processes_add_running(&r->processes, r->target, clock_monotonic_ns())) {
        err_set(e, ERR_NOT_FOUND, "process %d has ended", (int)r->target);
        return NULL;
    }
    if (!may_look(r->target, e))
        return NULL;
    struct unsampled *u = xcalloc(1, sizeof *u);
    u->recorder = r;
    r->level = LEVEL_NONE;
    r->event = "none";
    return u;
}

static void unsampled_drain(void *state, uint64_t now_ns, bool last)
{
    struct unsampled *u = state;
    u->recorder->drained_ns = now_ns;
    if (!last)
        family_watch_look(&u->family, u->recorder, now_ns);
}

static void unsampled_stop(void *state)
{
    struct unsampled *u = state;
    if (!u)
        return;
    family_watch_done(&u->family);
    free(u);
}

const struct source source_unsampled = {
    .name = "none",
    .role = SOURCE_SAMPLER,
    .without = "samples of any kind",
    .start = unsampled_start,
    .drain = unsampled_drain,
    .stop = unsampled_stop,
};
