// SPDX-License-Identifier: MIT
#include <assert.h>

#include "profile/tables.h"

void profile_add_note(struct profile *p, const char *what, const char *why, const char *how)
{
    struct note note = {
        .what = profile_add_string(p, slice_of(what)),
        .why = profile_add_string(p, slice_of(why)),
        .how = profile_add_string(p, slice_of(how)),
    };
    for (size_t i = 0; i < p->notes.len; i++) {
        const struct note *have = &p->notes.ptr[i];
        if (have->what.i == note.what.i && have->why.i == note.why.i && have->how.i == note.how.i)
            return;
    }
    vec_push(&p->notes, note);
}

struct note profile_note(const struct profile *p, uint32_t index)
{
    assert(index < p->notes.len);
    return p->notes.ptr[index];
}

uint32_t profile_note_count(const struct profile *p)
{
    return (uint32_t)p->notes.len;
}
