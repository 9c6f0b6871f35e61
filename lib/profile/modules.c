// SPDX-License-Identifier: MIT
#include <assert.h>
#include <string.h>

#include "profile/tables.h"

static bool same_module(const struct module *a, const struct module *b)
{
    return a->path.i == b->path.i && a->kind == b->kind && a->process.i == b->process.i &&
           a->build_id_len == b->build_id_len &&
           memcmp(a->build_id, b->build_id, a->build_id_len) == 0;
}

/* Tens of modules, added once each per process: a scan from the newest is enough. */
struct module_id profile_add_module(struct profile *p, const struct module *m)
{
    assert(m->build_id_len <= MODULE_BUILD_ID_MAX);
    for (size_t i = p->modules.len; i-- > 1;) {
        if (same_module(&p->modules.ptr[i], m))
            return (struct module_id){ (uint32_t)i };
    }
    vec_push(&p->modules, *m);
    return (struct module_id){ (uint32_t)p->modules.len - 1 };
}

const struct module *profile_module(const struct profile *p, struct module_id id)
{
    assert(id.i < p->modules.len);
    return &p->modules.ptr[id.i];
}

struct module *profile_module_edit(struct profile *p, struct module_id id)
{
    assert(id.i < p->modules.len);
    return &p->modules.ptr[id.i];
}

uint32_t profile_module_count(const struct profile *p)
{
    return (uint32_t)p->modules.len;
}
