// SPDX-License-Identifier: MIT
#include "tests/unit/record/child.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "profile/sample_log.h"

#if __has_attribute(noclone)
#define HOT __attribute__((noinline, noclone))
#else
#define HOT __attribute__((noinline))
#endif

/* ---- the programs ---- */

static volatile uint64_t sink;

static void spin_ms(uint64_t ms)
{
    struct timespec t;
    uint64_t end_ns = 0;
    for (;;) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        const uint64_t now_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
        end_ns = end_ns ? end_ns : now_ns + ms * 1000000;
        if (now_ns >= end_ns)
            return;
        for (int i = 0; i < 20000; i++)
            sink += (uint64_t)i;
    }
}

static HOT void child_sixty(void)
{
    spin_ms(300);
    sink++;
}

static HOT void child_forty(void)
{
    spin_ms(200);
    sink++;
}

static void *child_sixty_thread(void *arg)
{
    child_sixty();
    return arg;
}

static HOT uint64_t child_deep(unsigned depth)
{
    volatile char room[64];
    room[depth % sizeof room] = 1;
    if (depth == 0)
        spin_ms(400);
    return (depth ? child_deep(depth - 1) : 0) + (uint64_t)room[depth % sizeof room];
}

static void run_threads(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, child_sixty_thread, NULL);
    child_forty();
    pthread_join(thread, NULL);
}

static void run_forks(void)
{
    if (fork() == 0) {
        child_sixty();
        _exit(0);
    }
    child_forty();
    wait(NULL);
}

static void run_daemon(bool late)
{
    const struct timespec start_up = { .tv_nsec = late ? 300000000 : 0 };
    nanosleep(&start_up, NULL);
    if (fork() > 0)
        _exit(0);
    setsid();
    child_forty();
}

/* A second for each of two waits, and both in two threads at once. */
static int wait_pipe[2];

static HOT void *child_reads_pipe(void *arg)
{
    char byte;
    for (int i = 0; i < 10; i++)
        sink += (uint64_t)read(wait_pipe[0], &byte, 1);
    return arg;
}

static HOT void child_sleeps(void)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    for (int i = 0; i < 10; i++) {
        nanosleep(&pause, NULL);
        sink += (uint64_t)write(wait_pipe[1], "x", 1);
    }
}

static void run_waits(void)
{
    pthread_t thread;
    if (pipe(wait_pipe) != 0)
        _exit(1);
    pthread_create(&thread, NULL, child_reads_pipe, NULL);
    child_sleeps();
    pthread_join(thread, NULL);
}

/* 64 MiB, slowly enough that the rate of faults can be followed. Neither from malloc nor looked at
 * by a sanitizer, whose notes on memory take pages of their own. */
static HOT __attribute__((no_sanitize("address"))) void child_grows(void)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    for (int i = 0; i < 64; i++) {
        volatile char *room =
            mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED)
            _exit(1);
        madvise((void *)room, 1 << 20, MADV_NOHUGEPAGE);
        for (size_t at = 0; at < 1 << 20; at += 4096)
            room[at] = 1;
        nanosleep(&pause, NULL);
    }
}

__attribute__((constructor)) static void become_child(void)
{
    const char *name = getenv("PROF_TEST_CHILD");
    if (!name)
        return;
    if (strcmp(name, "shares") == 0) {
        child_sixty();
        child_forty();
    } else if (strcmp(name, "threads") == 0) {
        run_threads();
    } else if (strcmp(name, "forks") == 0) {
        run_forks();
    } else if (strcmp(name, "brief") == 0) {
        spin_ms(1);
    } else if (strcmp(name, "killed") == 0) {
        child_forty();
        raise(SIGKILL);
    } else if (strcmp(name, "deep") == 0) {
        sink += child_deep(5000);
    } else if (strcmp(name, "sleeps") == 0) {
        sleep(60);
    } else if (strcmp(name, "waits") == 0) {
        run_waits();
    } else if (strcmp(name, "grows") == 0) {
        child_grows();
    } else if (strcmp(name, "daemon") == 0) {
        run_daemon(false);
    } else if (strcmp(name, "late_daemon") == 0) {
        run_daemon(true);
    }
    _exit(7);
}

/* ---- running them ---- */

struct record_options child_options(const char *name)
{
    static char self[] = "/proc/self/exe", variable[64];
    static char *argv[] = { self, NULL };
    static VEC(char *) env;
    vec_clear(&env);
    snprintf(variable, sizeof variable, "PROF_TEST_CHILD=%s", name);
    for (char **at = environ; *at; at++)
        vec_push(&env, *at);
    vec_push(&env, variable);
    vec_push(&env, NULL);
    return (struct record_options){ .argv = argv, .env = env.ptr, .save_fd = -1 };
}

struct record_session *child_record(
    const struct record_options *options, struct record_outcome *ret_outcome)
{
    struct err e = { 0 };
    struct record_session *s = record_session_new(options, &e);
    if (!s && (e.code == ERR_PERMISSION || e.code == ERR_UNSUPPORTED))
        cr_skip("sampling is refused here: %s", e.message);
    cr_assert(s, "%s", e.message);
    cr_assert(record_session_run(s, NULL, ret_outcome, &e), "%s", e.message);
    record_session_resolve(s);
    return s;
}

static bool passes(const struct profile *p, struct stack_id id, const char *function)
{
    while (id.i) {
        const struct stack stack = profile_stack(p, id);
        const struct frame *frame = profile_frame(p, stack.frame);
        const struct line *lines = profile_frame_lines(p, stack.frame);
        for (uint32_t i = 0; i < frame->line_count; i++)
            if (slice_is(profile_string(p, profile_func(p, lines[i].func)->name), function))
                return true;
        id = stack.caller;
    }
    return false;
}

double child_share(struct record_session *s, const char *function)
{
    const struct profile *p = record_session_profile(s);
    struct sample_iter it = sample_iter(profile_samples(p));
    struct sample sample;
    uint64_t all = 0, through = 0;
    while (sample_iter_next(&it, &sample)) {
        all += sample.weight;
        through += passes(p, sample.stack, function) ? sample.weight : 0;
    }
    sample_iter_done(&it);
    return all ? (double)through / (double)all : 0;
}

uint64_t child_samples(struct record_session *s)
{
    return sample_log_count(profile_samples(record_session_profile(s)));
}
