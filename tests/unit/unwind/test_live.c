// SPDX-License-Identifier: MIT
/*
 * The tables against libunwind on real samples of this very process: at least 99 % of the stacks
 * equal, and where they differ ours goes on where libunwind stopped.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/compiler.h"
#include "tests/unit/unwind/capture.h"

enum { FRAMES_MAX = 8192, WORK_MS = 400 };

/* ---- programs to sample ---- */

static volatile uint64_t sink;

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static __attribute__((noinline)) uint64_t burn(uint64_t rounds)
{
    uint64_t x = sink + 1;
    for (uint64_t i = 0; i < rounds; i++)
        x = x * UINT64_C(6364136223846793005) + i;
    sink = x;
    return x;
}

static __attribute__((noinline)) uint64_t descend(unsigned depth)
{
    volatile char room[40];
    room[depth % sizeof room] = 1;
    const uint64_t below = depth ? descend(depth - 1) : burn(2000);
    return below + (uint64_t)room[depth % sizeof room] + burn(20);
}

static void deep_recursion(void *arg)
{
    const unsigned *depth = arg;
    for (const uint64_t end = now_ms() + WORK_MS; now_ms() < end;)
        descend(*depth);
}

static int compare_words(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    burn(3);
    return x < y ? -1 : x > y;
}

static void sorting(void *arg)
{
    (void)arg;
    enum { COUNT = 4096 };
    uint32_t *words = calloc(COUNT, sizeof *words);
    for (const uint64_t end = now_ms() + WORK_MS; now_ms() < end;) {
        for (uint32_t i = 0; i < COUNT; i++)
            words[i] = i * 2654435761U;
        qsort(words, COUNT, sizeof *words, compare_words);
    }
    free(words);
}

static void on_signal(int number)
{
    (void)number;
    burn(20000);
}

static void signals(void *arg)
{
    (void)arg;
    const struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGUSR1, &action, NULL);
    for (const uint64_t end = now_ms() + WORK_MS; now_ms() < end;) {
        raise(SIGUSR1);
        burn(5000);
    }
}

static void reading_clocks(void *arg)
{
    (void)arg;
    for (const uint64_t end = now_ms() + WORK_MS; now_ms() < end;)
        continue;
}

static void *thread_body(void *arg)
{
    unsigned depth = 20;
    (void)arg;
    deep_recursion(&depth);
    return NULL;
}

static void threads(void *arg)
{
    (void)arg;
    pthread_t ids[4];
    for (size_t i = 0; i < PROF_ARRAY_LEN(ids); i++)
        pthread_create(&ids[i], NULL, thread_body, NULL);
    for (size_t i = 0; i < PROF_ARRAY_LEN(ids); i++)
        pthread_join(ids[i], NULL);
}

static ucontext_t main_context, fiber_context;

static void fiber_body(void)
{
    unsigned depth = 5;
    deep_recursion(&depth);
}

static void fibers(void *arg)
{
    static char stack[128 * 1024];
    (void)arg;
    getcontext(&fiber_context);
    fiber_context.uc_stack.ss_sp = stack;
    fiber_context.uc_stack.ss_size = sizeof stack;
    fiber_context.uc_link = &main_context;
    makecontext(&fiber_context, fiber_body, 0);
    swapcontext(&main_context, &fiber_context);
}

static __attribute__((noinline)) uint64_t realign(unsigned depth, size_t size)
{
    alignas(128) volatile char wide[256];
    char *room = __builtin_alloca(size);
    memset(room, 1, size);
    wide[depth] = room[size / 2];
    const uint64_t below = depth ? realign(depth - 1, size) : burn(500);
    return below + (uint64_t)wide[depth] + burn(20);
}

static void realigned(void *arg)
{
    (void)arg;
    for (const uint64_t end = now_ms() + WORK_MS; now_ms() < end;)
        realign(8, 100 + sink % 100);
}

/* ---- comparing ---- */

struct comparison {
    size_t samples, equal, ours_longer, complete, truncated, broken;
    size_t in_module;   /* stacks with a frame in the module that the program is about */
    size_t interrupted; /* stacks with a frame that a signal interrupted */
};

static bool is_prefix(const struct unwind_frame *a, const struct unwind_frame *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (a[i].pc != b[i].pc || a[i].lookup != b[i].lookup || a[i].tag != b[i].tag)
            return false;
    return true;
}

static uint32_t tag_of(const struct capture *c, const char *module)
{
    for (size_t i = 0; i < c->modules.len; i++)
        if (strstr(c->modules.ptr[i].path, module))
            return (uint32_t)i + 1;
    return 0;
}

static bool has_tag(const struct unwind_frame *frames, uint32_t count, uint32_t tag)
{
    for (uint32_t i = 0; i < count; i++)
        if (frames[i].tag == tag)
            return true;
    return false;
}

static bool has_interrupted(const struct unwind_frame *frames, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (frames[i].pc == frames[i].lookup)
            return true;
    return false;
}

static struct comparison compare(const struct capture *c, const char *module)
{
    static struct unwind_frame ours[FRAMES_MAX], theirs[FRAMES_MAX];
    struct comparison sum = { .samples = c->samples.len };
    const struct unwinder *reference = unwinder_libunwind();
    for (size_t i = 0; i < c->samples.len; i++) {
        const struct capture_sample *s = &c->samples.ptr[i];
        const struct unwind_result a =
            unwinder_table.run(c->space, &s->regs, &s->stack, ours, FRAMES_MAX);
        sum.complete += a.end == UNWIND_COMPLETE;
        sum.truncated += a.end == UNWIND_TRUNCATED;
        sum.broken += a.end == UNWIND_BROKEN;
        sum.in_module += has_tag(ours, a.count, tag_of(c, module));
        sum.interrupted += has_interrupted(ours, a.count);
        const struct unwind_result b =
            reference->run(c->space, &s->regs, &s->stack, theirs, FRAMES_MAX);
        if (b.count <= a.count && is_prefix(ours, theirs, b.count)) {
            sum.equal += a.count == b.count;
            sum.ours_longer += a.count > b.count && a.end == UNWIND_COMPLETE;
        }
    }
    return sum;
}

struct program {
    const char *name;
    void (*body)(void *);
    unsigned arg;
    const char *module; /* that most stacks must cross */
    bool interrupted;   /* as must a signal frame */
};

static const struct program programs[] = {
    { "deep recursion", deep_recursion, 45, "/libc.so", false },
    { "qsort callbacks", sorting, 0, "/libc.so", false },
    { "signal handler", signals, 0, "/libc.so", true },
    { "vdso", reading_clocks, 0, "[vdso]", false },
    { "threads", threads, 0, "/libc.so", false },
    { "fibers", fibers, 0, "/libc.so", false },
    { "realigned frames", realigned, 0, "/libc.so", false },
};

static struct comparison sample(const struct program *p)
{
    struct capture c = { 0 };
    const struct capture_options options = {
        .rate_hz = 1999, .stack_bytes = 32768, .samples_max = 4000
    };
    unsigned arg = p->arg;
    int error = 0;
    if (!capture_run(&c, &options, p->body, &arg, &error)) {
        capture_done(&c);
        cr_skip_test("perf_event_open is refused here: %s", strerror(error));
    }
    const struct comparison sum = compare(&c, p->module);
    capture_done(&c);
    cr_log_info("%s: %zu samples, %zu equal, %zu longer, %zu complete, %zu truncated, %zu broken, "
                "%zu in %s, %zu interrupted",
        p->name, sum.samples, sum.equal, sum.ours_longer, sum.complete, sum.truncated, sum.broken,
        sum.in_module, p->module, sum.interrupted);
    return sum;
}

static void judge(const struct program *p, const struct comparison *sum)
{
    const size_t differ = sum->samples - sum->equal - sum->ours_longer;
    cr_expect(sum->samples > 20, "%s: %zu samples", p->name, sum->samples);
    /* libunwind gives up in epilogues (it reads slots below SP, which are not copied), so how many
     * are equal depends on where the samples fall: what it has must be the beginning of a complete
     * stack of ours, and that all of them are. */
    cr_expect(sum->equal * 100 >= sum->samples * 95, "%s: %zu of %zu equal", p->name, sum->equal,
        sum->samples);
    cr_expect_eq(differ, 0, "%s: %zu stacks differ otherwise than by being longer and complete",
        p->name, differ);
    cr_expect(sum->complete * 100 >= sum->samples * 99, "%s: %zu of %zu complete", p->name,
        sum->complete, sum->samples);
    cr_expect(sum->in_module * 2 > sum->samples, "%s: %zu of %zu cross %s", p->name, sum->in_module,
        sum->samples, p->module);
    cr_expect(!p->interrupted || sum->interrupted * 4 > sum->samples,
        "%s: %zu of %zu stacks under a handler", p->name, sum->interrupted, sum->samples);
}

Test(unwind_live, tables_agree_with_libunwind)
{
    if (!unwinder_libunwind())
        cr_skip_test("built without libunwind");
    for (size_t i = 0; i < PROF_ARRAY_LEN(programs); i++) {
        const struct comparison sum = sample(&programs[i]);
        judge(&programs[i], &sum);
    }
}
