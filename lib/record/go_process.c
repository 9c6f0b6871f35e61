// SPDX-License-Identifier: MIT
#include "record/go_process.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/map.h"
#include "profile/evidence.h"

enum {
    SLOTS_MAX = 1 << 18, /* goroutines that are looked at, 8 MB */
    SUMS_MAX = 4096,     /* stacks until they are said */
    OWN_STARTS_MAX = 16,
    TRIES_BEFORE_NOTE = 20,
    ADDRESSES_AT_ONCE = 512,
    STRIDE_SHARE = 619, /* of 1000: the golden section spreads looks best */
    SAY_INTERVAL_NS = 250000000,
};

/* A goroutine as it was at the last look. */
struct slot {
    uint64_t address, id, sp;
    struct stack_id stack;
    uint8_t state, left;
};

struct sum {
    struct stack_id stack;
    uint64_t ns, count;
};

/* What one look has found. */
struct seen {
    struct stack_id stack;
    bool is_new; /* not the wait of the look before */
};

struct go_process {
    pid_t pid;
    uint64_t start_ns; /* with the pid: which process */
    struct thread_id row;
    struct go_symbols symbols; /* of the file, since the first try */
    struct go_runtime rt;
    enum go_opened opened;
    uint32_t tries;
    VEC(struct slot) slots; /* by index in the runtime's list */
    uint64_t next;          /* number of the next look */
    uint64_t looked_ns, said_ns;
    VEC(struct seen) seen; /* in this round */
    VEC(struct sum) sums;
    struct map sums_index;               /* by stack */
    uint64_t own_starts[OWN_STARTS_MAX]; /* first functions of the runtime's own */
    uint32_t own_count;
};

struct go_process *go_process_new(const struct tracked_process *process, uint64_t now_ns)
{
    struct go_process *p = xcalloc(1, sizeof *p);
    p->pid = process->pid;
    p->start_ns = process->start_ns;
    p->opened = GO_NOT_YET;
    p->looked_ns = p->said_ns = now_ns;
    return p;
}

void go_process_free(struct go_process *p)
{
    if (!p)
        return;
    vec_done(&p->slots);
    vec_done(&p->seen);
    vec_done(&p->sums);
    map_done(&p->sums_index);
    free(p);
}

pid_t go_process_pid(const struct go_process *p)
{
    return p->pid;
}

bool go_process_is(const struct go_process *p, const struct tracked_process *process)
{
    return process && process->alive && process->pid == p->pid &&
           process->start_ns == p->start_ns && process->go_place != 0;
}

/* ---- where they are ---- */

static void try_to_open(
    struct go_looker *l, struct go_process *p, const struct tracked_process *process)
{
    const uint32_t index = process->go_place - 1;
    struct modules *modules = l->recorder->modules;
    const struct code_place *place = modules_load(modules, index, p->pid);
    const struct elf *elf = modules_elf(modules, index);
    if (p->tries++ == 0 && elf)
        p->symbols = go_symbols_find(elf);
    p->opened = go_runtime_open(&p->rt, p->pid, &p->symbols, place->bias);
}

static void add_slots(struct go_process *p, const uint64_t *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct slot slot = { .address = addresses[i] };
        vec_push(&p->slots, slot);
    }
}

/* A list that is shorter than before is another program's: the process has called exec. */
static bool find_goroutines(struct go_process *p)
{
    uint64_t count = go_runtime_count(&p->rt);
    count = count < SLOTS_MAX ? count : SLOTS_MAX;
    if (count < p->slots.len) {
        vec_clear(&p->slots);
        p->opened = GO_NOT_YET;
        p->tries = 0;
        return false;
    }
    while (p->slots.len < count) {
        uint64_t addresses[ADDRESSES_AT_ONCE];
        const uint64_t left = count - p->slots.len;
        const size_t some = left < ADDRESSES_AT_ONCE ? (size_t)left : ADDRESSES_AT_ONCE;
        if (!go_runtime_addresses(&p->rt, p->slots.len, some, addresses))
            break;
        add_slots(p, addresses, some);
    }
    return p->slots.len > 0;
}

/* ---- looks ---- */

/* Goroutines of a batch, and of those that have to be read which slot each is in. */
struct batch {
    size_t count;
    uint32_t slots[GO_BATCH];
    uint64_t addresses[GO_BATCH];
    struct goroutine found[GO_BATCH];
    size_t fresh_count;
    uint32_t fresh[GO_BATCH]; /* indexes of the above */
};

/* They have no divisor in common (Euclid). */
static bool are_coprime(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a == 1;
}

/* Neighbours in the list were born together and do the same: looks are spread over it, and come to
 * each goroutine once before they come to one again. */
static void choose(struct go_process *p, size_t most, struct batch *b)
{
    const uint64_t all = p->slots.len;
    uint64_t stride = all * STRIDE_SHARE / 1000 + 1;
    while (!are_coprime(stride, all))
        stride++;
    b->count = b->fresh_count = 0;
    while (b->count < most) {
        const uint32_t at = (uint32_t)(p->next++ * stride % all);
        b->slots[b->count] = at;
        b->addresses[b->count++] = p->slots.ptr[at].address;
    }
}

static bool is_own(const struct go_process *p, const struct goroutine *g)
{
    for (uint32_t i = 0; i < p->own_count; i++)
        if (p->own_starts[i] == g->start)
            return true;
    return false;
}

static bool learn_own(struct go_process *p, const struct goroutine *g)
{
    if (is_own(p, g))
        return true;
    if (g->state != GO_WAITING || !p->rt.reasons[g->reason].own)
        return false;
    if (p->own_count < OWN_STARTS_MAX)
        p->own_starts[p->own_count++] = g->start;
    return true;
}

static void add_seen(struct go_process *p, struct slot *slot, const struct goroutine *g,
    struct stack_id stack, bool is_new)
{
    const struct seen seen = { stack, is_new };
    slot->id = g->id;
    slot->sp = g->sp;
    slot->stack = stack;
    slot->state = (uint8_t)g->state;
    slot->left = g->left;
    vec_push(&p->seen, seen);
}

/* Nothing is read of one that has not moved since the last look. */
static void sort_out(
    struct go_looker *l, struct go_process *p, struct tracked_process *process, struct batch *b)
{
    go_runtime_read(&p->rt, b->addresses, b->count, b->found);
    for (uint32_t i = 0; i < b->count; i++) {
        const struct goroutine *g = &b->found[i];
        struct slot *slot = &p->slots.ptr[b->slots[i]];
        if (g->state == GO_NONE || learn_own(p, g)) {
            slot->state = GO_NONE;
            continue;
        }
        const bool same = slot->state == g->state && slot->id == g->id && slot->left == g->left;
        if (g->state == GO_RUNNING)
            add_seen(p, slot, g, go_running_stack(l, process, g), !same);
        else if (same && slot->sp == g->sp)
            add_seen(p, slot, g, slot->stack, false);
        else
            b->fresh[b->fresh_count++] = i;
    }
}

static bool has_moved(const struct goroutine *before, const struct goroutine *after)
{
    return before->state != after->state || before->id != after->id ||
           before->left != after->left || before->sp != after->sp || before->pc != after->pc;
}

/* A stack counts when its goroutine has not moved meanwhile; else it runs, or just did. */
static void read_fresh(struct go_looker *l, struct go_process *p, struct tracked_process *process,
    const struct batch *b)
{
    struct target_piece pieces[GO_BATCH];
    uint64_t addresses[GO_BATCH];
    struct goroutine after[GO_BATCH];
    if (b->fresh_count == 0)
        return;
    for (size_t i = 0; i < b->fresh_count; i++) {
        const struct goroutine *g = &b->found[b->fresh[i]];
        addresses[i] = b->addresses[b->fresh[i]];
        pieces[i] = (struct target_piece){
            .address = g->sp, .to = l->stacks[i], .len = go_stack_wanted(g)
        };
    }
    target_read_pieces(p->pid, pieces, b->fresh_count);
    go_runtime_read(&p->rt, addresses, b->fresh_count, after);
    for (size_t i = 0; i < b->fresh_count; i++) {
        const struct goroutine *g = &b->found[b->fresh[i]];
        struct slot *slot = &p->slots.ptr[b->slots[b->fresh[i]]];
        const bool still = pieces[i].there && !has_moved(g, &after[i]);
        const bool same_wait =
            slot->state == g->state && slot->id == g->id && slot->left == g->left;
        const struct stack_id stack = still ? go_waiting_stack(l, &p->rt, process, g, l->stacks[i])
                                            : go_running_stack(l, process, g);
        add_seen(p, slot, g, stack, !same_wait);
        slot->state = still ? slot->state : GO_NONE;
    }
}

/* ---- adding up ---- */

static struct sum *sum_of(struct go_process *p, struct stack_id stack)
{
    const uint64_t hash = hash_u64(stack.i);
    struct map_probe probe = map_probe(&p->sums_index, hash);
    uint32_t item;
    while (map_next(&probe, &item))
        if (p->sums.ptr[item].stack.i == stack.i)
            return &p->sums.ptr[item];
    const struct sum sum = { .stack = stack };
    map_add(&p->sums_index, hash, (uint32_t)p->sums.len);
    vec_push(&p->sums, sum);
    return &p->sums.ptr[p->sums.len - 1];
}

/* passed_ns: since the round before. looked: how many of all were looked at. */
static void add_up(struct go_process *p, uint64_t passed_ns, uint64_t looked)
{
    const uint64_t each_ns = (uint64_t)((double)passed_ns * (double)p->slots.len / (double)looked);
    for (size_t i = 0; i < p->seen.len; i++) {
        struct sum *sum = sum_of(p, p->seen.ptr[i].stack);
        sum->ns += each_ns;
        sum->count += p->seen.ptr[i].is_new;
    }
    vec_clear(&p->seen);
}

void go_process_say(struct go_looker *l, struct go_process *p, uint64_t now_ns)
{
    for (size_t i = 0; i < p->sums.len && p->row.i; i++) {
        const struct sample sample = {
            .time_ns = now_ns,
            .thread = p->row,
            .stack = p->sums.ptr[i].stack,
            .count = p->sums.ptr[i].count,
            .weight = p->sums.ptr[i].ns,
        };
        profile_add_channel_sample(l->recorder->profile, CHANNEL_TASKS, &sample);
    }
    vec_clear(&p->sums);
    map_done(&p->sums_index);
    p->said_ns = now_ns;
}

/* ---- the whole ---- */

static bool is_ready(struct go_looker *l, struct go_process *p,
    const struct tracked_process *process, uint64_t now_ns)
{
    if (p->opened == GO_UNKNOWN || process->go_place == 0)
        return false;
    if (p->opened == GO_NOT_YET) {
        try_to_open(l, p, process);
        p->looked_ns = now_ns;
        return false;
    }
    return find_goroutines(p);
}

/* Batch after batch, as long as another one as dear as the last fits into the time. Returns how
 * many were looked at. */
static uint64_t look_around(struct go_looker *l, struct go_process *p,
    struct tracked_process *process, uint64_t until_cpu_ns)
{
    struct batch b;
    uint64_t looked = 0, now = clock_thread_cpu_ns(), cost = 0;
    while (looked < p->slots.len && (looked == 0 || now + cost <= until_cpu_ns)) {
        const uint64_t left = p->slots.len - looked, began = now;
        choose(p, left < GO_BATCH ? (size_t)left : GO_BATCH, &b);
        sort_out(l, p, process, &b);
        read_fresh(l, p, process, &b);
        looked += b.count;
        now = clock_thread_cpu_ns();
        cost = now - began;
    }
    return looked;
}

void go_process_look(
    struct go_looker *l, struct go_process *p, uint64_t now_ns, uint64_t until_cpu_ns)
{
    struct processes *ps = &l->recorder->processes;
    const struct tracked_thread *t = processes_thread(ps, p->pid, p->pid, now_ns);
    struct tracked_process *process = t ? &ps->list.ptr[t->process] : NULL;
    if (!process || !is_ready(l, p, process, now_ns))
        return;
    p->row = t->row;
    const uint64_t looked = look_around(l, p, process, until_cpu_ns);
    add_up(p, now_ns - p->looked_ns, looked);
    p->looked_ns = now_ns;
    if (now_ns - p->said_ns >= SAY_INTERVAL_NS || p->sums.len > SUMS_MAX)
        go_process_say(l, p, now_ns);
}

void go_process_note(const struct go_looker *l, const struct go_process *p)
{
    static const char what[] = "what goroutines wait for was not seen";
    struct profile *profile = l->recorder->profile;
    if (p->opened == GO_OPEN || p->tries == 0)
        return;
    if (p->symbols.count == 0)
        profile_add_note(
            profile, what, "the program was built without symbols", "build it without -ldflags=-s");
    else if (p->opened == GO_UNKNOWN)
        profile_add_note(profile, what,
            "this version of Go keeps them in a way that prof does not know",
            "build the program with Go 1.18 to 1.26");
    else if (p->tries >= TRIES_BEFORE_NOTE)
        profile_add_note(profile, what, "the program's memory could not be read",
            "run prof as the program's user and allow process_vm_readv, or as root");
}
