// SPDX-License-Identifier: MIT
/*
 * The wall reader: what threads wait for while they are off the CPU. A hundred times a second it
 * goes through the threads. One that has been off for some milliseconds is looked at: system call,
 * arguments and stack, without stopping it (wall_read.h). One that still waits where it did costs
 * a comparison, and nothing is read.
 *
 * It takes less than a hundredth of a CPU: it comes round less often when it took more, and where
 * there are thousands of threads a round takes several beats.
 */
#include "record/source.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "profile/evidence.h"
#include "record/target_memory.h"
#include "record/thread_state.h"
#include "record/wall_account.h"
#include "record/wall_read.h"

enum {
    PERIOD_MIN_NS = 10000000,
    PERIOD_MAX_NS = 160000000,
    LOOK_AFTER_NS = 5000000, /* off the CPU, or waited in short pieces, for so long */
    SAY_INTERVAL_NS = 250000000,
    ACCOUNT_DELAY_NS = 250000000, /* how long the kernel's account of a thread may be old */
    SAY_PER_THREAD_NS = 2000000,  /* with a thousand threads, 500 samples a second */
    ADJUST_INTERVAL_NS = 500000000,
    BUDGET_SHARE = 100, /* a hundredth of a CPU */
    CLOCK_THREADS = 16, /* how often a round looks at the clock */
    FILES_MAX = 2048,   /* kept open */
    REST_MAX = 4,       /* 2^4 beats between two looks at a thread that only ever waits */
    STACK_BYTES = 32 << 10,
    TOP_BYTES = 1 << 10,
    STACK_SLOTS = 1 << 12,
};

struct stack_slot {
    uint64_t hash; /* 0: empty */
    struct stack_id stack;
};

struct wall {
    struct recorder *recorder;
    struct objects *objects;
    VEC(struct wall_thread) threads; /* by the index of processes.threads */
    struct stack_slot *stacks;       /* by process, place and innermost bytes */
    struct stack_slot *places;       /* the last one by process and place alone */
    uint8_t *bytes;                  /* STACK_BYTES */
    int timer;
    uint64_t period_ns, next_ns;
    uint64_t adjusted_ns, cost_ns; /* since then */
    size_t next_thread;
    uint32_t files, seen; /* threads in the last whole round */
    uint32_t refused;
    uint64_t torn; /* stacks that changed while they were copied */
};

/* ---- one look ---- */

static struct wall_wait as_wait(
    struct profile *p, const struct wait *found, struct stack_id callers)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    struct wait w = *found;
    uint32_t tallies;
    profile_tallies(p, &tallies);
    if (tallies > WALL_TALLIES_MAX)
        w.object = (struct slice){ 0 };
    wait_text(&w, &text);
    return (struct wall_wait){
        .kind = w.kind,
        .what = profile_add_string(p, strbuf_slice(&text)),
        .stack = profile_add_stack(p, callers, wait_frame(p, &w)),
    };
}

/* Code and stack below 4 GiB: a 32-bit process, whose calls have other numbers. */
static bool is_32bit(const struct wall_place *place)
{
    return place->pc <= UINT32_MAX && place->sp <= UINT32_MAX;
}

static struct wait wait_at(
    struct wall *s, pid_t pid, const struct wall_place *place, uint64_t now_ns)
{
    if (!place->in_call)
        return (struct wait){ .kind = WAIT_FAULT, .operation = slice_of("page") };
    if (is_32bit(place))
        return (struct wait){ .kind = WAIT_UNKNOWN, .operation = slice_of("wait") };
    struct call call = { .pid = pid, .number = place->number };
    for (size_t i = 0; i < CALL_ARGS; i++)
        call.args[i] = place->args[i];
    return objects_of_call(s->objects, &call, now_ns);
}

/* A thread that waits for some microseconds only has moved on before its stack is copied, each
 * time. Where it waits now was read in one piece; the stack is the last one seen there. Else long
 * waits alone would count. */
static bool find_last_stack(struct wall *s, uint64_t place_hash, struct stack_id *ret_stack)
{
    const struct stack_slot *last = &s->places[place_hash >> 1 & (STACK_SLOTS - 1)];
    s->torn++;
    if (last->hash != place_hash)
        return false;
    *ret_stack = last->stack;
    return true;
}

/* Copies and unwinds the stack, unless its place and innermost bytes are known. False: the thread
 * has moved on meanwhile, and was not seen there before. */
static bool find_stack(struct wall *s, struct wall_thread *w, struct tracked_process *process,
    const struct wall_place *place, struct stack_id *ret_stack)
{
    struct wall_place after;
    size_t len = target_read(w->pid, place->sp, s->bytes, TOP_BYTES);
    const uint64_t top = slice_hash((struct slice){ (const char *)s->bytes, len });
    const uint64_t at = hash_mix(hash_mix(hash_u64(process->generation), place->sp), place->pc) | 1;
    const uint64_t hash = hash_mix(at, top) | 1;
    struct stack_slot *slot = &s->stacks[hash >> 1 & (STACK_SLOTS - 1)];
    w->top_hash = top;
    /* Which Python function waits is not in the bytes: its frame is on the heap. */
    if (slot->hash != hash || process->python) {
        len = target_read(w->pid, place->sp, s->bytes, STACK_BYTES);
        const struct blocked_stack blocked = {
            .pc = place->pc,
            .sp = place->sp,
            .bytes = s->bytes,
            .len = len,
            .wanted = STACK_BYTES,
        };
        if (wall_read(w->pid, w->tid, w->fd, &after) != WALL_BLOCKED ||
            !wall_same_place(place, &after))
            return find_last_stack(s, at, ret_stack);
        const struct stack_id stack =
            stacks_intern_blocked(&s->recorder->stacks, process, &blocked);
        *slot = (struct stack_slot){ hash, stack };
        s->places[at >> 1 & (STACK_SLOTS - 1)] = (struct stack_slot){ at, stack };
    }
    *ret_stack = slot->stack;
    return true;
}

static void keep_file(struct wall *s, struct wall_thread *w)
{
    if (w->fd >= 0 || w->refused || s->files >= FILES_MAX)
        return;
    w->fd = wall_open(w->pid, w->tid);
    s->files += w->fd >= 0;
    if (w->fd < 0 && (errno == EACCES || errno == EPERM)) {
        w->refused = true;
        s->refused++;
    }
}

static enum wall_state look(
    struct wall *s, struct wall_thread *w, uint64_t since_ns, uint64_t now_ns)
{
    struct wall_place place;
    struct stack_id stack;
    keep_file(s, w);
    if (w->refused)
        return WALL_GONE;
    const enum wall_state state = wall_read(w->pid, w->tid, w->fd, &place);
    if (state != WALL_BLOCKED)
        return state;
    struct processes *ps = &s->recorder->processes;
    const struct tracked_thread *t = processes_thread(ps, w->pid, w->tid, now_ns);
    if (!t)
        return WALL_GONE;
    w->row = t->row;
    if (!find_stack(s, w, &ps->list.ptr[t->process], &place, &stack))
        return WALL_RUNNING;
    const bool same = wall_same_place(&place, &w->place);
    const struct wait found = wait_at(s, w->pid, &place, now_ns);
    const struct wall_wait wait = as_wait(s->recorder->profile, &found, stack);
    w->rests = same && w->rests < REST_MAX ? w->rests + 1 : 0;
    w->place = place;
    wall_account_found(s->recorder->profile, w, &wait, since_ns, now_ns);
    return WALL_BLOCKED;
}

/* ---- one thread ---- */

static uint64_t say_interval(const struct wall *s)
{
    const uint64_t by_threads = (uint64_t)s->seen * SAY_PER_THREAD_NS;
    return by_threads > SAY_INTERVAL_NS ? by_threads : SAY_INTERVAL_NS;
}

/* By its switches: a wait that is known already is looked at now and then only, should a switch
 * have been lost. */
static void visit_known(
    struct wall *s, struct wall_thread *w, const struct thread_state *state, uint64_t now_ns)
{
    wall_account_switches(s->recorder->profile, w, s->recorder->threads, state, now_ns);
    const bool off = state->run == THREAD_BLOCKED && now_ns - state->since_ns >= LOOK_AFTER_NS;
    const bool known = state->since_ns == w->since_ns && now_ns - w->looked_ns < say_interval(s);
    if ((!off || known) && w->loose_ns < LOOK_AFTER_NS)
        return;
    if (look(s, w, off ? state->since_ns : 0, now_ns) == WALL_RUNNING)
        w->since_ns = 0;
}

/* Looks find a thread waiting too often when we can only run because it does. The kernel's account,
 * which comes a little later, bounds what they say. */
static uint64_t not_ahead(const struct wall *s, const struct wall_thread *w,
    const struct thread_state *state, uint64_t passed_ns, uint64_t now_ns)
{
    const uint64_t limit_ns =
        thread_state_times(s->recorder->threads, state, now_ns).blocked_ns + ACCOUNT_DELAY_NS;
    const uint64_t room_ns = limit_ns > w->blocked_ns ? limit_ns - w->blocked_ns : 0;
    return passed_ns < room_ns ? passed_ns : room_ns;
}

/* Without, or while switches are not recorded: each look stands for the time since the last. */
static void visit_unknown(
    struct wall *s, struct wall_thread *w, const struct thread_state *state, uint64_t now_ns)
{
    const uint64_t since_last = now_ns > w->visited_ns ? now_ns - w->visited_ns : 0;
    const uint64_t passed = state ? not_ahead(s, w, state, since_last, now_ns) : since_last;
    if (w->looked_ns && since_last < s->period_ns << w->rests)
        return;
    if (look(s, w, 0, now_ns) != WALL_BLOCKED)
        w->rests = 0;
    else
        wall_account_passed(w, passed, w->rests == 0);
    w->visited_ns = now_ns;
}

static void visit(struct wall *s, struct wall_thread *w, uint64_t now_ns)
{
    struct recorder *r = s->recorder;
    const struct thread_state *found = r->threads ? thread_states_find(r->threads, w->tid) : NULL;
    const struct thread_state *state = found && found->pid == w->pid ? found : NULL;
    if (state && state->run != THREAD_UNKNOWN)
        visit_known(s, w, state, now_ns);
    else
        visit_unknown(s, w, state, now_ns);
    if (now_ns - w->said_ns >= say_interval(s))
        wall_account_say(r->profile, w, now_ns, false);
}

/* ---- all threads ---- */

static void forget(struct wall *s, struct wall_thread *w)
{
    s->files -= w->fd >= 0;
    close_fd(&w->fd);
    *w = (struct wall_thread){ .fd = -1 };
}

/* The slot of a tracked thread; what was in it before has ended. */
static struct wall_thread *slot_of(struct wall *s, size_t index, uint64_t now_ns)
{
    const struct processes *ps = &s->recorder->processes;
    const struct tracked_thread *t = &ps->threads.ptr[index];
    while (s->threads.len <= index)
        vec_push(&s->threads, (struct wall_thread){ .fd = -1 });
    struct wall_thread *w = &s->threads.ptr[index];
    const pid_t pid = ps->list.ptr[t->process].pid;
    if (pid_table_get(&ps->by_tid, t->tid) != index + 1) {
        if (w->tid)
            forget(s, w);
        return NULL;
    }
    if (w->tid != t->tid || w->pid != pid) {
        forget(s, w);
        *w = (struct wall_thread){
            .pid = pid,
            .tid = t->tid,
            .row = t->row,
            .fd = -1,
            .said_ns = now_ns,
            /* The first look stands for the time before it: rounds over thousands take long. */
            .visited_ns = t->start_ns > s->recorder->from_ns ? t->start_ns : s->recorder->from_ns,
        };
    }
    return w;
}

/* On with the round, until it is complete or this beat's budget is used up. */
static void walk(struct wall *s, uint64_t now_ns)
{
    const struct processes *ps = &s->recorder->processes;
    const uint64_t began = clock_thread_cpu_ns(), budget = 2 * s->period_ns / BUDGET_SHARE;
    const size_t count = ps->threads.len;
    uint32_t seen = 0;
    size_t i = 0;
    for (; i < count; i++) {
        if (i % CLOCK_THREADS == CLOCK_THREADS - 1 && clock_thread_cpu_ns() - began > budget)
            break;
        struct wall_thread *w = slot_of(s, s->next_thread++ % count, now_ns);
        if (!w)
            continue;
        visit(s, w, now_ns);
        seen++;
    }
    if (i == count || seen > s->seen)
        s->seen = seen;
    s->cost_ns += clock_thread_cpu_ns() - began;
}

/* ---- the source ---- */

static void set_timer(struct wall *s)
{
    const struct itimerspec every = {
        .it_interval.tv_nsec = (long)s->period_ns,
        .it_value.tv_nsec = (long)s->period_ns,
    };
    timerfd_settime(s->timer, 0, &every, NULL);
}

static void adjust(struct wall *s, uint64_t now_ns)
{
    const uint64_t passed = now_ns - s->adjusted_ns;
    if (passed < ADJUST_INTERVAL_NS)
        return;
    const uint64_t before = s->period_ns, share = s->cost_ns * BUDGET_SHARE;
    if (share > passed && s->period_ns < PERIOD_MAX_NS)
        s->period_ns *= 2;
    else if (share * 3 < passed && s->period_ns > PERIOD_MIN_NS)
        s->period_ns /= 2;
    if (s->period_ns != before)
        set_timer(s);
    s->adjusted_ns = now_ns;
    s->cost_ns = 0;
}

static void wall_stop(void *state)
{
    struct wall *s = state;
    if (!s)
        return;
    for (size_t i = 0; i < s->threads.len; i++)
        close_fd(&s->threads.ptr[i].fd);
    vec_done(&s->threads);
    objects_free(s->objects);
    close_fd(&s->timer);
    free(s->stacks);
    free(s->places);
    free(s->bytes);
    free(s);
}

static void *wall_start(struct recorder *r, struct err *e)
{
    struct wall_place place;
    if (wall_read(getpid(), getpid(), -1, &place) == WALL_GONE) {
        err_set(e, ERR_UNSUPPORTED, "/proc/PID/syscall cannot be read on this machine");
        err_hint(e, "the kernel needs CONFIG_HAVE_ARCH_TRACEHOOK, and /proc must be mounted");
        return NULL;
    }
    struct wall *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    s->objects = objects_new();
    s->stacks = xcalloc(STACK_SLOTS, sizeof *s->stacks);
    s->places = xcalloc(STACK_SLOTS, sizeof *s->places);
    s->bytes = xmalloc(STACK_BYTES);
    s->period_ns = PERIOD_MIN_NS;
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    set_timer(s);
    return s;
}

static void wall_add_polls(void *state, struct poll_list *polls)
{
    const struct wall *s = state;
    const struct pollfd poll = { .fd = s->timer, .events = POLLIN };
    if (s->timer >= 0)
        vec_push(polls, poll);
}

static void say_all(struct wall *s, uint64_t now_ns)
{
    struct recorder *r = s->recorder;
    for (size_t i = 0; i < s->threads.len; i++) {
        struct wall_thread *w = &s->threads.ptr[i];
        const struct thread_state *state =
            w->tid && r->threads ? thread_states_find(r->threads, w->tid) : NULL;
        if (state && state->pid == w->pid)
            wall_account_switches(r->profile, w, r->threads, state, now_ns);
        wall_account_say(r->profile, w, now_ns, true);
    }
    if (s->refused > 0)
        profile_add_note(r->profile, "what some threads waited for was not seen",
            "their state may not be read: they run as another user, or are protected",
            "run prof as root");
}

static void wall_drain(void *state, uint64_t now_ns, bool last)
{
    struct wall *s = state;
    uint64_t ticks;
    const bool recording = now_ns >= s->recorder->from_ns && now_ns <= s->recorder->to_ns;
    if (last) {
        say_all(s, now_ns < s->recorder->to_ns ? now_ns : s->recorder->to_ns);
        return;
    }
    /* Whatever woke us: a timer that is left unread would do so again at once. */
    if (read(s->timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN)
        return;
    if (!recording || now_ns < s->next_ns)
        return;
    s->next_ns = now_ns + s->period_ns - s->period_ns / 4;
    walk(s, now_ns);
    adjust(s, now_ns);
}

/* A thread ends: its last wait is said while it is still known. */
static void wall_take(void *state, const struct perf_record *record)
{
    struct wall *s = state;
    struct recorder *r = s->recorder;
    const uint32_t found = pid_table_get(&r->processes.by_tid, (pid_t)record->tid);
    if (!found || found > s->threads.len)
        return;
    struct wall_thread *w = &s->threads.ptr[found - 1];
    if (w->tid != (pid_t)record->tid)
        return;
    const struct thread_state *known = r->threads ? thread_states_find(r->threads, w->tid) : NULL;
    if (known && known->pid == w->pid)
        wall_account_switches(r->profile, w, r->threads, known, record->time_ns);
    wall_account_say(r->profile, w, record->time_ns, true);
    forget(s, w);
}

const struct source source_wall = {
    .name = "wall",
    .role = SOURCE_COUNTER,
    .without = "what threads wait for",
    .start = wall_start,
    .add_polls = wall_add_polls,
    .drain = wall_drain,
    .take = wall_take,
    .takes = 1u << PERF_EXIT,
    .doctor_only = true,
    .stop = wall_stop,
};
