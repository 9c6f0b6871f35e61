// SPDX-License-Identifier: MIT
/*
 * Which threads are event loops, which belong to a pool of equal workers, and which the runtime
 * made for itself. By what they do; names only where the runtime gives its own helpers names.
 */
#include <string.h>

#include "analyze/observed_inner.h"
#include "base/alloc.h"

enum { LOOP_WAITS_MIN = 20, LOOP_BLOCKED_PERCENT = 80, LOOP_SAMPLES_PERCENT = 50 };

/* Their kernel names, which are cut after 15 bytes. */
static const char *const helper_names[] = {
    "V8Worker",
    "DelayedTaskSche",
    "SignalInspector", /* node */
    "GC Thread#",
    "G1 ",
    "C1 Compiler",
    "C2 Compiler",
    "VM Thread",
    "VM Periodic",
    "Signal Dispatch",
    "Finalizer",
    "Reference Handl",
    "Common-Cleaner",
    "Monitor Deflati",
    "Service Thread",
    "Notification Th",
    "Sweeper thread", /* JVM */
    ".NET GC",
    ".NET Server GC",
    ".NET Tiered",
    ".NET Finalizer",
    ".NET SigHandler",
    ".NET EventPipe",
};

/* First functions of threads that say nothing of what the thread is for: how libraries and
 * runtimes start any thread. */
static const char *const starters[] = {
    "start_thread",
    "clone",
    "__clone",
    "clone3",
    "__clone3",
    "thread_start",
    "_start",
    "__libc_start_main",
    "__libc_start_call_main",
    "ret_from_fork",
    "ret_from_fork_asm",
    "start",
    "uv__thread_start",
    "execute_native_thread_routine",
    "std::thread::_State_impl",
    "std::thread::_Invoker",
    "std::__invoke",
    "std::__invoke_impl",
    "thread_native_entry",
    "Thread::call_run",
    "JavaThread::run",
    "JavaThread::thread_main_inner",
    "thread_entry",
    "JavaCalls::",
    "call_stub",
    "java.lang.Thread.run",
    "std::sys::",
    "std::sys_common::",
    "core::ops::function::",
    "<alloc::boxed::Box",
    "alloc::boxed::Box",
    "std::thread::Builder",
    "std::thread::lifecycle",
    "std::panic",
    "std::panicking",
    "<core::panic",
    "core::panic",
    "threadentry", /* Go with cgo, and what every thread of Go begins with */
    "crosscall",
    "runtime/cgo",
    "_cgo_",
    "runtime.mstart",
    "pythread_wrapper",
    "thread_run",
    "t_bootstrap",
    "Thread._bootstrap",
    "Thread.run",
    "_bootstrap",
    "_PyEval_",
    "PyEval_",
    "_PyFunction_",
    "PyObject_",
    "_PyObject_",
    "method_vectorcall",
    "py_",
};

/* Threads of these run whatever there is to run: equal beginnings do not make a pool of them. */
static const char *const schedulers[] = { "runtime.", "_rt0_", "main" };

static bool begins_with_one(struct slice text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_starts(text, list[i]))
            return true;
    return false;
}

#define BEGINS_WITH_ONE(text, list) begins_with_one((text), (list), PROF_ARRAY_LEN(list))

/* ---- entries: the first function of a thread that says what it is for ---- */

static uint32_t *entries_by_stack(const struct profile *p)
{
    uint32_t count = profile_stack_count(p);
    uint32_t *entries = xcalloc(count, sizeof *entries);
    for (uint32_t i = 1; i < count; i++) {
        struct stack s = profile_stack(p, (struct stack_id){ i });
        entries[i] = entries[s.caller.i];
        const struct line *lines = profile_frame_lines(p, s.frame);
        for (uint32_t k = 0; entries[i] == 0 && k < profile_frame(p, s.frame)->line_count; k++) {
            const struct func *f = profile_func(p, lines[k].func);
            bool counts = f->kind != FUNC_KERNEL && f->kind != FUNC_WAIT && f->kind != FUNC_MARKER;
            if (counts && !BEGINS_WITH_ONE(profile_string(p, f->name), starters))
                entries[i] = lines[k].func.i;
        }
    }
    return entries;
}

struct entry {
    uint32_t func;
    uint64_t weight;
};

/* The heaviest run of one entry; a thread has one, but for stacks that were cut. */
static struct entry *entries_by_thread(const struct observed *o)
{
    uint32_t *by_stack = entries_by_stack(o->profile);
    struct entry *entries = xcalloc(o->thread_count, sizeof *entries);
    for (int c = CHANNEL_CPU; c <= CHANNEL_WAIT; c++) {
        const struct groups *groups = &o->sums->groups[c];
        for (size_t i = 0; i < groups->rows.len; i++) {
            const struct group *g = &groups->rows.ptr[i];
            uint32_t func = by_stack[g->stack.i];
            if (g->thread.i == 0 || func == 0)
                continue;
            struct entry *e = &entries[g->thread.i - 1];
            if (e->func == func)
                e->weight += g->all.weight;
            else if (e->weight < g->all.weight)
                *e = (struct entry){ func, g->all.weight };
        }
    }
    free(by_stack);
    return entries;
}

/* ---- loops ---- */

static uint64_t loop_waits(const struct observed *o, struct thread_id thread)
{
    uint32_t count;
    const struct tally *rows = profile_tallies(o->profile, &count);
    uint64_t waits = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].thread.i != thread.i ||
            !slice_is(profile_string(o->profile, rows[i].name), "wait"))
            continue;
        if (wait_parse(profile_string(o->profile, rows[i].what)).kind == WAIT_LOOP)
            waits += rows[i].count;
    }
    struct selection sampled = {
        .channel = CHANNEL_WAIT,
        .thread = thread,
        .wait_kinds = 1u << WAIT_LOOP,
    };
    uint64_t samples = observed_sum(o, &sampled).count;
    return waits > samples ? waits : samples;
}

static uint64_t known_waits_ns(const struct observed_thread *t)
{
    uint64_t sum = 0;
    for (int k = 0; k < WAIT_KINDS; k++)
        if (k != WAIT_QUEUE)
            sum += t->wait_ns[k];
    return sum;
}

/* A thread most of whose samples lie below a known loop's own function. Stacks that were cut short
 * do not say. */
static bool lies_below_a_loop(
    const struct observed *o, const struct observed_thread *t, enum channel channel)
{
    struct selection whole = { .channel = channel, .thread = t->id, .no_frame = TRAIT(CUT) };
    struct selection below = whole;
    below.any_frame = TRAIT(EVENT_LOOP);
    below.no_frame |= TRAIT(EXEC); /* which waits for a child's output in a loop of its own */
    uint64_t known = observed_sum(o, &whole).count;
    return known >= LOOP_WAITS_MIN &&
           observed_sum(o, &below).count * 100 >= known * LOOP_SAMPLES_PERCENT;
}

static bool runs_a_known_loop(const struct observed *o, const struct observed_thread *t)
{
    return lies_below_a_loop(o, t, CHANNEL_CPU);
}

/* However rarely they get to wait for events: node's main thread runs a loop, and so does one of
 * asyncio, which may compute or wait for something else in its handlers nearly all the time. */
static bool is_loop_of_runtime(const struct observed *o, const struct observed_thread *t)
{
    const struct observed_process *process = observed_process(o, t->process);
    if (!process)
        return false;
    if (process->runtime == RUNTIME_NODE)
        return t->is_main && runs_a_known_loop(o, t);
    return process->runtime == RUNTIME_PYTHON &&
           (runs_a_known_loop(o, t) || lies_below_a_loop(o, t, CHANNEL_WAIT));
}

/* Go's scheduler waits for events on whichever thread has nothing else to do: none of them is a
 * loop that a slow handler would hold up. */
static bool is_of_a_scheduler(const struct observed *o, const struct observed_thread *t)
{
    const struct observed_process *process = observed_process(o, t->process);
    return process && process->runtime == RUNTIME_GO;
}

/* The loop of a worker thread waits for jobs: to be blocked by them is what it is there for. */
static bool is_node_worker(const struct observed *o, const struct observed_thread *t)
{
    const struct observed_process *process = observed_process(o, t->process);
    return process && process->runtime == RUNTIME_NODE && !t->is_main;
}

static bool is_loop(const struct observed *o, const struct observed_thread *t)
{
    if (is_of_a_scheduler(o, t) || is_node_worker(o, t))
        return false;
    if (t->turns >= LOOP_WAITS_MIN)
        return true;
    if (is_loop_of_runtime(o, t))
        return true;
    uint64_t waited = known_waits_ns(t);
    if (waited == 0)
        return !o->has_waits && runs_a_known_loop(o, t);
    if (loop_waits(o, t->id) < LOOP_WAITS_MIN)
        return false;
    /* A loop that is blocked in other calls is one still, if its own code is seen above the work.
     */
    return t->wait_ns[WAIT_LOOP] * 100 >= waited * LOOP_BLOCKED_PERCENT || runs_a_known_loop(o, t);
}

/* ---- helpers and pools ---- */

static bool is_helper(const struct observed *o, const struct observed_thread *t, struct entry entry)
{
    const struct profile *p = o->profile;
    struct slice name = profile_string(p, profile_thread(p, t->id)->name);
    if (!t->is_main && BEGINS_WITH_ONE(name, helper_names))
        return true;
    struct slice first = profile_string(p, profile_func(p, (struct func_id){ entry.func })->name);
    return slice_starts(first, "node::(anonymous namespace)::PlatformWorkerThread") ||
           slice_starts(first, "node::WorkerThreadsTaskRunner::") ||
           slice_starts(first, "node::inspector::") || slice_starts(first, "runtime.sysmon") ||
           slice_starts(first, "background_thread_entry");
}

static bool may_be_pool(
    const struct observed *o, const struct observed_thread *t, struct entry entry)
{
    if (t->role != ROLE_OTHER || t->is_main || entry.func == 0)
        return false;
    struct func_id func = { entry.func };
    struct slice first = profile_string(o->profile, profile_func(o->profile, func)->name);
    return !BEGINS_WITH_ONE(first, schedulers);
}

static void find_pools(struct observed *o, const struct entry *entries)
{
    uint32_t pools = 0;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct observed_thread *first = &o->threads[i];
        if (!may_be_pool(o, first, entries[i]))
            continue;
        for (uint32_t k = i + 1; k < o->thread_count; k++) {
            struct observed_thread *other = &o->threads[k];
            if (entries[k].func != entries[i].func || other->process.i != first->process.i ||
                !may_be_pool(o, other, entries[k]))
                continue;
            if (first->role != ROLE_POOL)
                first->pool = ++pools;
            first->role = other->role = ROLE_POOL;
            other->pool = first->pool;
        }
    }
}

void observe_roles(struct observed *o)
{
    struct entry *entries = entries_by_thread(o);
    for (uint32_t i = 0; i < o->thread_count; i++) {
        struct observed_thread *t = &o->threads[i];
        if (is_helper(o, t, entries[i]))
            t->role = ROLE_HELPER;
        else if (is_loop(o, t))
            t->role = ROLE_LOOP;
        if (t->role == ROLE_LOOP && (!o->loop || t->on_cpu_ns > o->loop->on_cpu_ns))
            o->loop = t;
    }
    find_pools(o, entries);
    free(entries);
}
