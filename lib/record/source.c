// SPDX-License-Identifier: MIT
#include "record/source.h"

#include <string.h>

#include "base/strbuf.h"

/* Best sampler first. */
static const struct source *const table[] = {
    &source_perf,
    &source_procfs,
};

const struct source *const *source_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(table);
    return table;
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
