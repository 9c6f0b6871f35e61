// SPDX-License-Identifier: MIT
/*
 * What was measured, how, where, and what was lost. One struct and one table: the rows of
 * profile_meta_rows() are all that FILE.prof, JSON and the tests need to know of it, so that a new
 * figure is one field and one row. Text fields are owned strings (set with meta_set_text).
 */
#ifndef PROF_PROFILE_META_H
#define PROF_PROFILE_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum weight_unit {
    WEIGHT_NANOSECONDS,
    WEIGHT_COUNT, /* an import that knows only how often */
    WEIGHT_BYTES,
    WEIGHT_UNITS,
};

struct profile_meta {
    char *kind;    /* the command that made it: "flame", "doctor", "record"; empty: an import */
    char *title;   /* shown on top: --title, or the command */
    char *command; /* redacted unless --show-args */
    char *program; /* name of the target's executable */
    char *tool;    /* "prof 0.1.0", or what made an imported file */
    char *host;
    char *kernel;         /* uname -r */
    char *machine;        /* x86_64 */
    char *level;          /* "full", "user", "none"; "imported" */
    char *event;          /* "cpu-clock", "cycles" */
    char *sampler;        /* "perf", "ptrace" */
    char *unwinder;       /* "table", "libunwind" */
    char *runtime_env;    /* what was set for the target, "NODE_OPTIONS=..."; empty if nothing */
    char *ended;          /* how the target ended: "exit 0", "signal 9 (Killed)", "detached" */
    uint64_t weight_unit; /* enum weight_unit */
    uint64_t start_realtime_ns; /* date of the recording */
    uint64_t start_ns, end_ns;  /* CLOCK_MONOTONIC of the first and last moment observed */
    uint64_t rate_hz;           /* asked for */
    uint64_t period_ns;         /* on-CPU time one sample stands for */
    uint64_t cpus;              /* online CPUs */
    uint64_t samples_lost;      /* records the kernel dropped */
    uint64_t stacks_complete;   /* reached the thread's entry */
    uint64_t stacks_truncated;  /* the copied stack bytes ended first */
    uint64_t stacks_broken;     /* unwinding stopped early */
    uint64_t stack_copy_bytes;  /* last size asked for */
    uint64_t target_user_ns;    /* the target's own CPU by the kernel's accounting */
    uint64_t target_kernel_ns;
    uint64_t kernel_unsampled_ns; /* kernel time that the level could not sample */
    uint64_t self_cpu_ns;         /* prof's own CPU while recording */
    uint64_t report_cpu_ns;       /* prof's own CPU from the target's end to the written report */
    uint64_t overhead_ns;         /* estimated CPU added to the target */
};

enum meta_type { META_TEXT, META_NUMBER };

struct meta_row {
    const char *key; /* snake case, stable: in JSON and FILE.prof */
    enum meta_type type;
    size_t offset;
};

const struct meta_row *profile_meta_rows(size_t *ret_count);

void meta_set_text(char **field, struct slice text);
uint64_t *meta_number(struct profile_meta *m, const struct meta_row *row);
char **meta_text(struct profile_meta *m, const struct meta_row *row);
uint64_t meta_get_number(const struct profile_meta *m, const struct meta_row *row);
const char *meta_get_text(const struct profile_meta *m, const struct meta_row *row); /* or NULL */
const char *weight_unit_name(enum weight_unit unit); /* "nanoseconds", "count", "bytes" */

#endif
