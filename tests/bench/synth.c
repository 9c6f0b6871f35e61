// SPDX-License-Identifier: MIT
/*
 * synth FILE.prof SAMPLES STACKS [FRAMES [RATE_HZ]]: a recording that did not happen, written as
 * one that did: samples of two threads go into the model in the order of time, and every simulated
 * second what is new is appended to the file. For measuring memory, sizes and the making of
 * reports. Prints its own peak memory and CPU time.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "format/native.h"
#include "profile/profile.h"

enum { THREADS = 2, FUNCTIONS = 4000, FRAMES_MAX = 200 };

struct plan {
    uint64_t samples;
    uint32_t stacks, frames, rate_hz;
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static struct frame_id add_frame(struct profile *p, struct module_id module, uint32_t index)
{
    char name[64], file[64];
    snprintf(name, sizeof name, "namespace_%u::function_%u", index % 40, index);
    snprintf(file, sizeof file, "/usr/src/program/part_%u.c", index % 200);
    const struct func func = { .name = profile_add_string(p, slice_of(name)),
        .file = profile_add_string(p, slice_of(file)),
        .line = 10 + index % 900,
        .module = module,
        .kind = index % 7 == 0 ? FUNC_DEPENDENCY : FUNC_APP };
    const struct line line = { .func = profile_add_func(p, &func), .line = func.line + index % 30 };
    struct frame_id frame = profile_add_frame(p, module, 0x1000 + index * 16ul, 0);

    profile_resolve_frame(p, frame, &line, 1);
    return frame;
}

/* Stacks share long prefixes with the one before, as real ones do. */
static struct stack_id *add_stacks(
    struct profile *p, const struct plan *plan, const struct frame_id *frames)
{
    struct stack_id *stacks = malloc(plan->stacks * sizeof *stacks);
    struct stack_id path[FRAMES_MAX + 1] = { { 0 } };
    uint32_t seed = 7;

    if (stacks == NULL)
        abort();
    for (uint32_t i = 0; i < plan->stacks; i++) {
        uint32_t keep = i == 0 ? 0 : plan->frames - 1 - next_random(&seed) % 8;
        for (uint32_t depth = keep; depth < plan->frames; depth++)
            path[depth + 1] =
                profile_add_stack(p, path[depth], frames[next_random(&seed) % FUNCTIONS]);
        stacks[i] = path[plan->frames];
    }
    return stacks;
}

static void add_threads(struct profile *p, struct thread_id *threads)
{
    const struct process process = { .pid = 4242,
        .name = profile_add_string(p, slice_of("synth")) };
    struct process_id id = profile_add_process(p, &process);

    for (int i = 0; i < THREADS; i++) {
        const struct thread row = { .process = id, .tid = 4242 + i, .name = process.name };
        threads[i] = profile_add_thread(p, &row);
    }
}

static void fill_meta(struct profile *p, const struct plan *plan)
{
    struct profile_meta *meta = profile_meta(p);

    meta_set_text(&meta->command, slice_of("synth"));
    meta_set_text(&meta->event, slice_of("cpu-clock"));
    meta_set_text(&meta->level, slice_of("full"));
    meta->weight_unit = WEIGHT_NANOSECONDS;
    meta->rate_hz = plan->rate_hz;
    meta->period_ns = 1000000000u / plan->rate_hz;
    meta->cpus = THREADS;
    meta->stacks_complete = plan->samples;
    meta->end_ns = plan->samples / THREADS * meta->period_ns;
}

static bool record(struct profile *p, struct native_writer *writer, const struct plan *plan,
    const struct frame_id *frames, struct err *e)
{
    struct thread_id threads[THREADS];
    uint64_t period_ns = 1000000000u / plan->rate_hz;
    uint32_t seed = 1;
    bool ok = true;

    add_threads(p, threads);
    struct stack_id *stacks = add_stacks(p, plan, frames);
    for (uint64_t i = 0; ok && i < plan->samples; i++) {
        uint32_t hot = next_random(&seed), cold = next_random(&seed);
        const struct sample sample = { .time_ns = i / THREADS * period_ns + hot % 20000,
            .thread = threads[i % THREADS],
            .stack = stacks[hot % 4 == 0 ? cold % plan->stacks : cold % (plan->stacks / 20 + 1)],
            .count = 1,
            .weight = period_ns };
        profile_add_sample(p, &sample);
        if (i % (THREADS * plan->rate_hz) == 0)
            ok = native_writer_flush(writer, p, e);
    }
    free(stacks);
    fill_meta(p, plan);
    return ok && native_writer_finish(writer, p, e);
}

static void print_cost(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"peak_kb\": %ld, \"cpu_s\": %.3f}\n", usage.ru_maxrss, seconds);
}

int main(int argc, char **argv)
{
    struct plan plan = { 0 };
    struct frame_id frames[FUNCTIONS];
    struct err e = { 0 };

    if (argc < 4) {
        fprintf(stderr, "usage: synth FILE.prof SAMPLES STACKS [FRAMES [RATE_HZ]]\n");
        return 2;
    }
    plan.samples = strtoull(argv[2], NULL, 10);
    plan.stacks = (uint32_t)strtoul(argv[3], NULL, 10);
    plan.frames = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 36;
    plan.rate_hz = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 499;
    if (plan.stacks == 0 || plan.rate_hz == 0 || plan.frames < 9 || plan.frames > FRAMES_MAX)
        return 2;

    int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    struct native_writer *writer = fd < 0 ? NULL : native_writer_new(fd, &e);
    struct profile *p = profile_new();
    const struct module module = { .path = profile_add_string(p, slice_of("/usr/bin/synth")),
        .kind = MODULE_ELF };
    struct module_id id = profile_add_module(p, &module);
    for (uint32_t i = 0; i < FUNCTIONS; i++)
        frames[i] = add_frame(p, id, i);

    bool ok = writer != NULL && record(p, writer, &plan, frames, &e);
    if (!ok)
        fprintf(stderr, "synth: cannot write %s\n", argv[1]);
    else
        print_cost();
    native_writer_free(writer);
    profile_free(p);
    close(fd);
    return ok ? 0 : 1;
}
