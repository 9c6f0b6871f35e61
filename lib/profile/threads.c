// SPDX-License-Identifier: MIT
#include <assert.h>

#include "profile/tables.h"

struct process_id profile_add_process(struct profile *p, const struct process *row)
{
    vec_push(&p->processes, *row);
    return (struct process_id){ (uint32_t)p->processes.len - 1 };
}

struct thread_id profile_add_thread(struct profile *p, const struct thread *row)
{
    assert(row->process.i < p->processes.len);
    vec_push(&p->threads, *row);
    return (struct thread_id){ (uint32_t)p->threads.len - 1 };
}

const struct process *profile_process(const struct profile *p, struct process_id id)
{
    assert(id.i < p->processes.len);
    return &p->processes.ptr[id.i];
}

const struct thread *profile_thread(const struct profile *p, struct thread_id id)
{
    assert(id.i < p->threads.len);
    return &p->threads.ptr[id.i];
}

struct process *profile_process_edit(struct profile *p, struct process_id id)
{
    assert(id.i < p->processes.len);
    return &p->processes.ptr[id.i];
}

struct thread *profile_thread_edit(struct profile *p, struct thread_id id)
{
    assert(id.i < p->threads.len);
    return &p->threads.ptr[id.i];
}

uint32_t profile_process_count(const struct profile *p)
{
    return (uint32_t)p->processes.len;
}

uint32_t profile_thread_count(const struct profile *p)
{
    return (uint32_t)p->threads.len;
}
