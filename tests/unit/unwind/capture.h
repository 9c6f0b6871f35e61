// SPDX-License-Identifier: MIT
/*
 * Real samples for tests and benchmarks: runs a function in a forked child, samples it with
 * perf_event_open (user registers and stack copies) and keeps all samples in memory, beside a space
 * that describes the child: it has the parent's mappings, because it is a fork.
 */
#ifndef PROF_TESTS_UNWIND_CAPTURE_H
#define PROF_TESTS_UNWIND_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/vec.h"
#include "symbol/elf.h"
#include "unwind/unwind.h"

struct capture_sample {
    struct unwind_regs regs;
    struct unwind_stack stack; /* bytes are owned */
};

/* A module's file; text and eh_frame of its table lie in it. */
struct capture_module {
    char *path;
    struct file_map file;
    struct elf *elf;
    struct unwind_table *table;
};

struct capture {
    VEC(struct capture_sample) samples;
    VEC(struct capture_module) modules;
    struct unwind_space *space;
    uint64_t lost;
};

struct capture_options {
    uint32_t rate_hz;
    uint32_t stack_bytes;
    size_t samples_max;
};

/* Fills the space with this process's code (or another's: 0 is this one). */
bool capture_modules(struct capture *c, int pid);

/* Samples body(arg) until it returns. False: the kernel refuses, *ret_errno says why. */
bool capture_run(struct capture *c, const struct capture_options *options, void (*body)(void *),
    void *arg, int *ret_errno);

void capture_done(struct capture *c);

#endif
