// SPDX-License-Identifier: MIT
#include "analyze/askers.h"

enum { SAMPLES_LEAST = 5, BLAMED_MOST = 3 };

/* The function that is blamed first is the program's own. */
static bool leads_to_own_code(const struct observed *o, const struct selection *s)
{
    struct func_amounts functions;
    observed_functions(o, s, BLAME_OWN, &functions);
    uint64_t own = 0;
    for (size_t i = 0; i < functions.len; i++)
        if (profile_func(o->profile, functions.ptr[i].func)->kind == FUNC_APP)
            own += functions.ptr[i].amount.count;
    func_amounts_done(&functions);
    return own >= SAMPLES_LEAST;
}

static bool blame(struct finding *f, const struct observed *o, const struct selection *s)
{
    if (!leads_to_own_code(o, s))
        return false;
    finding_blame(f, o, s, BLAMED_MOST);
    return true;
}

bool blame_writers(struct finding *f, const struct observed *o, struct process_id process)
{
    const struct selection writes = {
        .process = process, .any_frame = TRAIT(SEND), .steady = true
    };
    return blame(f, o, &writes);
}

bool blame_askers(struct finding *f, const struct observed *o, struct process_id process)
{
    /* Goroutines wait where they ask. */
    const struct selection tasks = { .channel = CHANNEL_TASKS,
        .process = process,
        .any_frame = TRAIT(ASK) | TRAIT(CONNECT) | TRAIT(SQL) | TRAIT(SEND),
        .steady = true };
    const struct selection clients = {
        .process = process, .any_frame = TRAIT(ASK) | TRAIT(CONNECT) | TRAIT(SQL), .steady = true
    };
    return blame(f, o, &tasks) || blame(f, o, &clients) || blame_writers(f, o, process);
}

bool blame_submitters(
    struct finding *f, const struct observed *o, const struct observed_thread *t, trait_set work)
{
    const struct selection calls = { .thread = t->id, .any_frame = work, .steady = true };
    return blame(f, o, &calls);
}
