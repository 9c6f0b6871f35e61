// SPDX-License-Identifier: MIT
#include "record/loop_entries.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "record/libc_functions.h"
#include "record/perf_extra.h"
#include "record/procfs_read.h"
#include "record/source.h"
#include "record/thread_state.h"

enum {
    PROCESSES = BREAKPOINT_PROCESSES, /* looked at in one burst */
    KNOWN_MAX = 64,                   /* processes whose addresses are remembered */
    ENTRY_COST_NS = 1700,             /* of one stop at least: on a machine of its own */
    RING_FDS = 32,
};

#define REFRESH_NS (250 * NS_PER_MS)
#define ASK_NS NS_PER_S
#define ALL_NS NS_PER_S
#define NARROWED_NS (3 * NS_PER_S)

/* A function, and its argument that says how many descriptors or events there may be: one means
 * that the thread talks to one peer. libc has no function for io_uring: those who enter it do so by
 * its syscall(), which others use for what they do often (Rust's locks), so that it is watched only
 * where there is a ring. */
static const struct entry {
    const char *name;
    uint32_t number; /* tells the calls of one thread apart */
    uint8_t many_argument;
    uint8_t at_least;
    bool of_rings; /* argument 0 has to be the number of io_uring_enter */
    bool of_epoll; /* argument 0 is its descriptor */
} entries[] = {
    { "epoll_wait", 1, 2, 2, false, true },
    { "epoll_pwait", 2, 2, 2, false, true },
    { "poll", 3, 1, 2, false, false },
    { "syscall", 4, 3, 1, true, false },
};

enum { ENTRIES = PROF_ARRAY_LEN(entries) };

struct known_process {
    pid_t pid;
    uint64_t generation; /* of its maps when the addresses were found */
    uint64_t addresses[ENTRIES];
    uint64_t asked_ns;        /* when they were looked for */
    uint32_t called, watched; /* bits of entries: since the last change, and while narrowed */
    bool narrowed;
    uint64_t looked_ns; /* since the last change */
};

struct place {
    struct known_process *known; /* NULL: empty */
    uint64_t generation;         /* of it: its row may have become another's */
    uint64_t addresses[ENTRIES]; /* that its events are aimed at; 0: none */
};

struct loop_entries {
    struct recorder *recorder;
    uint32_t events[PROCESSES][ENTRIES];
    struct place places[PROCESSES];
    uint64_t refreshed_ns;
    struct known_process known[KNOWN_MAX];
    size_t next_known;
};

/* ---- addresses ---- */

static bool has_any(const struct known_process *k)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (k->addresses[i])
            return true;
    return false;
}

static void find_addresses(struct known_process *k, uint64_t now_ns)
{
    const char *names[ENTRIES];
    for (size_t i = 0; i < ENTRIES; i++)
        names[i] = entries[i].name;
    libc_functions_find(k->pid, names, ENTRIES, k->addresses);
    k->asked_ns = now_ns;
}

/* Mappings come and go; libc stays where it is until the next exec. Soon after that it may be yet
 * to come. */
static struct known_process *addresses_of(struct loop_entries *le, const struct tracked_process *p)
{
    const uint64_t generation = libc_functions_generation(p), now_ns = le->refreshed_ns;
    struct known_process *k = NULL;
    for (size_t i = 0; i < KNOWN_MAX && !k; i++)
        if (le->known[i].pid == p->pid && le->known[i].generation == generation)
            k = &le->known[i];
    if (k && (has_any(k) || !libc_functions_may_come(p, now_ns) || now_ns - k->asked_ns < ASK_NS))
        return k;
    if (!k)
        k = &le->known[le->next_known++ % KNOWN_MAX];
    *k = (struct known_process){ .pid = p->pid, .generation = generation };
    find_addresses(k, now_ns);
    return k;
}

/* ---- which processes ---- */

struct busy_process {
    size_t index; /* of processes.list */
    uint64_t cpu_ns;
};

static int by_cpu(const void *a, const void *b)
{
    const struct busy_process *x = a, *y = b;
    return (x->cpu_ns < y->cpu_ns) - (x->cpu_ns > y->cpu_ns);
}

/* Among the first descriptors: a loop makes its ring when it begins. */
bool loop_entries_has_ring(pid_t pid)
{
    static const char ring[] = "anon_inode:[io_uring]";
    for (int fd = 0; fd < RING_FDS; fd++) {
        PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
        PROF_CLEANUP(strbuf_done) struct strbuf link = STRBUF_INIT;
        strbuf_addf(&name, "fd/%d", fd);
        if (procfs_link(pid, name.ptr, &link) && slice_is(strbuf_slice(&link), ring))
            return true;
    }
    return false;
}

static uint64_t wanted_address(const struct known_process *k, size_t entry, bool ring)
{
    const bool looks = !k->narrowed || k->watched >> entry & 1;
    return looks && (ring || !entries[entry].of_rings) ? k->addresses[entry] : 0;
}

/* What is aimed right already goes on. */
static void aim_one(
    struct loop_entries *le, size_t place, size_t entry, pid_t pid, uint64_t address)
{
    struct extra_events *extras = le->recorder->extras;
    const uint32_t event = le->events[place][entry];
    uint64_t *aimed = &le->places[place].addresses[entry];
    if (address && address == *aimed && extra_events_is_open(extras, event))
        return;
    extra_events_close(extras, event);
    extra_events_aim(extras, event, pid, address);
    *aimed = address;
    if (address)
        extra_events_open(extras, event);
}

/* k NULL: the place stays empty. */
static void aim(struct loop_entries *le, size_t place, struct known_process *k)
{
    struct breakpoint_share *share = &le->recorder->breakpoints;
    struct place *at = &le->places[place];
    const pid_t pid = k ? k->pid : 0;
    const bool ring = k && loop_entries_has_ring(pid);
    uint64_t wanted[ENTRIES];
    uint32_t used = 0;
    for (size_t i = 0; i < ENTRIES; i++) {
        wanted[i] = k ? wanted_address(k, i, ring) : 0;
        used += wanted[i] != 0;
    }
    if (at->known != k || (k && at->generation != k->generation))
        memset(at->addresses, 0, sizeof at->addresses);
    at->known = k;
    at->generation = k ? k->generation : 0;
    share->loops[place].pid = pid;
    share->loops[place].used = used;
    if (k)
        breakpoints_take_back(share, le->recorder->extras, pid, used);
    for (size_t i = 0; i < ENTRIES; i++)
        aim_one(le, place, i, pid, wanted[i]);
}

/* The busiest processes that have such functions. Returns how many. */
static size_t find_busiest(struct loop_entries *le, struct known_process *ret[PROCESSES])
{
    const struct recorder *r = le->recorder;
    VEC(struct busy_process) busy = { 0 };
    for (size_t i = 0; i < r->processes.list.len && busy.len < KNOWN_MAX; i++) {
        const struct tracked_process *p = &r->processes.list.ptr[i];
        const struct busy_process row = { i, thread_states_process_cpu_ns(r->threads, p->pid) };
        if (p->alive)
            vec_push(&busy, row);
    }
    if (busy.len > 1)
        qsort(busy.ptr, busy.len, sizeof *busy.ptr, by_cpu);
    size_t count = 0;
    for (size_t i = 0; i < busy.len && count < PROCESSES; i++) {
        struct known_process *k = addresses_of(le, &r->processes.list.ptr[busy.ptr[i].index]);
        if (has_any(k))
            ret[count++] = k;
    }
    vec_done(&busy);
    return count;
}

static bool is_among(const struct known_process *k, struct known_process *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == k)
            return true;
    return false;
}

static size_t place_of(const struct loop_entries *le, const struct known_process *k)
{
    size_t place = 0;
    while (place < PROCESSES && le->places[place].known != k)
        place++;
    return place;
}

/* Who stays keeps its place: in two at a time it would need more breakpoints than there are.
 * Returns how many processes are aimed at. */
static size_t choose(struct loop_entries *le)
{
    struct known_process *busiest[PROCESSES];
    const size_t count = find_busiest(le, busiest);
    for (size_t i = 0; i < PROCESSES; i++)
        if (!is_among(le->places[i].known, busiest, count))
            aim(le, i, NULL);
    for (size_t i = 0; i < count; i++) {
        const size_t own = place_of(le, busiest[i]);
        aim(le, own < PROCESSES ? own : place_of(le, NULL), busiest[i]);
    }
    return count;
}

/* ---- which functions ---- */

/* All of them for a while, then those that were called, or none. */
static void narrow(struct known_process *k, uint64_t looked_ns)
{
    k->looked_ns += looked_ns;
    if (k->looked_ns < (k->narrowed ? NARROWED_NS : ALL_NS))
        return;
    k->looked_ns = 0;
    k->narrowed = !k->narrowed;
    k->watched = k->called;
    k->called = 0;
}

/* By place; 0: nobody, or none of its functions. */
struct looked_at {
    pid_t pid[PROCESSES];
    size_t count;
};

static struct looked_at what_is_looked_at(const struct loop_entries *le)
{
    struct looked_at at = { 0 };
    for (size_t i = 0; i < PROCESSES; i++) {
        if (le->recorder->breakpoints.loops[i].used > 0)
            at.pid[i] = le->recorder->breakpoints.loops[i].pid;
        at.count += at.pid[i] != 0;
    }
    return at;
}

bool loop_entries_refresh(
    struct loop_entries *le, uint64_t now_ns, loop_entries_turn *turn_to, void *ctx)
{
    const uint64_t looked_ns = now_ns - le->refreshed_ns;
    const struct looked_at before = what_is_looked_at(le);
    if (looked_ns < REFRESH_NS)
        return before.count > 0;
    le->refreshed_ns = now_ns;
    for (size_t i = 0; i < PROCESSES; i++)
        if (le->places[i].known)
            narrow(le->places[i].known, looked_ns);
    choose(le);
    const struct looked_at now = what_is_looked_at(le);
    for (size_t i = 0; i < PROCESSES; i++) {
        if (before.pid[i] == now.pid[i])
            continue;
        if (before.pid[i])
            turn_to(ctx, before.pid[i], false);
        if (now.pid[i])
            turn_to(ctx, now.pid[i], true);
    }
    return now.count > 0;
}

/* ---- events ---- */

static uint64_t stop_cost_ns(void)
{
    const uint64_t ns = breakpoint_stop_ns();
    return ns < ENTRY_COST_NS ? ENTRY_COST_NS : ns;
}

struct loop_entries *loop_entries_new(struct recorder *r, struct err *e)
{
    if (!recorder_has_events(r, LEVEL_USER, e))
        return NULL;
    struct loop_entries *le = xcalloc(1, sizeof *le);
    const uint64_t cost_ns = stop_cost_ns();
    le->recorder = r;
    for (size_t i = 0; i < PROCESSES; i++) {
        for (size_t k = 0; k < ENTRIES; k++) {
            const struct extra_event event = {
                .name = entries[k].name,
                .type = PERF_TYPE_BREAKPOINT,
                .period = 1,
                .exclude_kernel = true,
                .with_registers = true,
                .one_process = true,
                .cost_ns = cost_ns,
            };
            le->events[i][k] = extra_events_add(r->extras, &event);
        }
    }
    return le;
}

void loop_entries_free(struct loop_entries *le)
{
    free(le);
}

bool loop_entries_open(struct loop_entries *le, uint64_t now_ns)
{
    le->refreshed_ns = now_ns;
    return choose(le) > 0;
}

void loop_entries_close(struct loop_entries *le)
{
    for (size_t i = 0; i < PROCESSES; i++)
        aim(le, i, NULL);
}

uint64_t loop_entries_cost_ns(const struct loop_entries *le)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < PROCESSES; i++)
        for (size_t k = 0; k < ENTRIES; k++)
            sum += extra_events_cost_of(le->recorder->extras, le->events[i][k]);
    return sum;
}

bool loop_entries_match(
    struct loop_entries *le, const struct perf_record *r, struct loop_call *ret_call)
{
    for (size_t i = 0; i < PROCESSES; i++) {
        for (size_t k = 0; k < ENTRIES; k++) {
            if (r->event != le->events[i][k] || !r->sample.has_regs)
                continue;
            struct unwind_regs regs = { 0 };
            arch_regs_decode(r->sample.regs, &regs);
            *ret_call = (struct loop_call){
                .number = entries[k].number,
                .object = entries[k].of_epoll ? (int)arch_argument(&regs, 0) + 1 : 0,
                .entries_only = true,
            };
            const bool known = le->places[i].known && (pid_t)r->pid == le->places[i].known->pid;
            if (known)
                le->places[i].known->called |= 1u << k;
            if (entries[k].of_rings && (uint32_t)arch_argument(&regs, 0) != SYS_io_uring_enter)
                return false;
            return (int32_t)arch_argument(&regs, entries[k].many_argument) >=
                   (int32_t)entries[k].at_least;
        }
    }
    return false;
}
