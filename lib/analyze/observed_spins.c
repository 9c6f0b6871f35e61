// SPDX-License-Identifier: MIT
/*
 * Stacks that end in a loop which waits, as its machine code says: the facts spins.MODULE.
 *
 * A loop that takes a lock costs time when the lock is free as well. While threads wait for a lock,
 * one holds it: of N threads that use the CPU, at most N - 1 wait at a time, and of one nobody
 * does. What takes more time than that is no wait. This holds as long as the holder gets its share
 * of the CPU.
 */
#include <stdlib.h>

#include "analyze/observed_inner.h"
#include "base/alloc.h"
#include "base/strbuf.h"

#define BUSY_SHARE 0.02 /* of its process: who has less does not hold locks for long */
#define TOLERANCE 0.10

enum loop_kind { LOOP_NONE, LOOP_LOOKS, LOOP_LOCKS };

/* Rows "401136" or "401136 lock", an address in hexadecimal; empty for nearly every module. */
static struct slice rows_of(const struct profile *p, struct module_id module)
{
    PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
    strbuf_adds(&key, "spins.");
    strbuf_addslice(&key, profile_string(p, profile_module(p, module)->path));
    return profile_fact(p, (struct process_id){ 0 }, key.ptr);
}

static struct slice *rows_by_module(const struct profile *p)
{
    uint32_t modules = profile_module_count(p);
    struct slice *rows = xcalloc(modules, sizeof *rows);
    for (uint32_t i = 0; i < modules; i++)
        rows[i] = rows_of(p, (struct module_id){ i });
    return rows;
}

static enum loop_kind kind_at(struct slice rows, uint64_t address)
{
    struct slice row, word;
    uint64_t number;
    while (rows.len && slice_split(&rows, '\n', &row))
        if (slice_split(&row, ' ', &word) && slice_to_u64(word, 16, &number) && number == address)
            return slice_is(row, "lock") ? LOOP_LOCKS : LOOP_LOOKS;
    return LOOP_NONE;
}

/* By stack id. Not below locks that have a name: those spin before they sleep. */
static uint8_t *kinds_of_stacks(const struct observed *o)
{
    const struct profile *p = o->profile;
    struct slice *rows = rows_by_module(p);
    uint8_t *kinds = xcalloc(profile_stack_count(p), sizeof *kinds);
    for (uint32_t i = 1; i < profile_stack_count(p); i++) {
        const struct frame *f = profile_frame(p, profile_stack(p, (struct stack_id){ i }).frame);
        if (!(o->stack_traits[i] & TRAIT(LOCK)))
            kinds[i] = (uint8_t)kind_at(rows[f->module.i], f->address);
    }
    free(rows);
    return kinds;
}

/* ---- loops that take locks ---- */

struct taking {
    uint64_t *by_thread, *by_process; /* on-CPU time */
    uint64_t *locks;                  /* in such loops, by process */
    uint32_t *busy;                   /* threads, by process */
};

static void add_times(const struct observed *o, const uint8_t *kinds, struct taking *t)
{
    const struct groups *groups = &o->sums->groups[CHANNEL_CPU];
    for (size_t i = 0; i < groups->rows.len; i++) {
        const struct group *g = &groups->rows.ptr[i];
        const uint32_t process = profile_thread(o->profile, g->thread)->process.i;
        t->by_thread[g->thread.i] += g->all.weight;
        t->by_process[process] += g->all.weight;
        if (kinds[g->stack.i] == LOOP_LOCKS)
            t->locks[process] += g->all.weight;
    }
}

static void count_busy(const struct observed *o, struct taking *t)
{
    for (uint32_t i = 1; i < profile_thread_count(o->profile); i++) {
        const uint32_t process = profile_thread(o->profile, (struct thread_id){ i })->process.i;
        const double all = (double)t->by_process[process];
        t->busy[process] += t->by_thread[i] > 0 && (double)t->by_thread[i] >= BUSY_SHARE * all;
    }
}

static bool may_wait(const struct taking *t, uint32_t process)
{
    const double busy = t->busy[process];
    const double most = (busy - 1) / busy + TOLERANCE;
    return busy >= 2 && (double)t->locks[process] <= most * (double)t->by_process[process];
}

/* A stack that two processes share waits when it may wait in one of them. */
static bool any_may_wait(const struct observed *o, const uint8_t *kinds)
{
    const uint32_t threads = profile_thread_count(o->profile);
    const uint32_t processes = profile_process_count(o->profile);
    struct taking t = { xcalloc(threads, sizeof(uint64_t)), xcalloc(processes, sizeof(uint64_t)),
        xcalloc(processes, sizeof(uint64_t)), xcalloc(processes, sizeof(uint32_t)) };
    bool any = false;
    add_times(o, kinds, &t);
    count_busy(o, &t);
    for (uint32_t i = 0; i < processes; i++)
        any |= t.locks[i] > 0 && may_wait(&t, i);
    free(t.by_thread);
    free(t.by_process);
    free(t.locks);
    free(t.busy);
    return any;
}

void observe_spins(struct observed *o)
{
    uint8_t *kinds = kinds_of_stacks(o);
    const bool locks = any_may_wait(o, kinds);
    for (uint32_t i = 1; i < profile_stack_count(o->profile); i++)
        if (kinds[i] == LOOP_LOOKS || (kinds[i] == LOOP_LOCKS && locks))
            o->sums->stack_traits[i] |= TRAIT(SPIN);
    free(kinds);
}
