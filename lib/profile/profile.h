// SPDX-License-Identifier: MIT
/*
 * The model: what a profile is. Everything else reads or fills one of these.
 *
 *     string <- func <- line <- frame <- stack <- sample -> thread -> process
 *                                  |
 *                               module
 *
 * - Strings are interned: equal ids mean equal text. Id 0 is "".
 * - A func is a function as a person knows it: name, file, line of its definition, kind.
 * - A frame is one place in the code (an address in a module, or a line of an imported profile).
 *   When it has been resolved it has one or more lines, outermost caller first: lines[0] is the
 *   physical function, the ones behind it were inlined. (pprof calls this a location.)
 *   A frame without lines has no name yet.
 * - A stack is a node of a prefix tree, (caller stack, frame): a sample stores one number.
 *   A caller's id is always smaller than its callee's. Id 0 is the empty stack.
 * - All tables only ever grow, and ids are dense from 0, so that a writer can append what is new.
 * - Samples are kept packed (sample_log.h): an hour at 499 Hz on two cores is about 20 MB.
 *
 * The profile owns all its memory; slices and pointers that it hands out live until the next call
 * that adds to the same table (strings: until profile_free). One thread at a time.
 */
#ifndef PROF_PROFILE_PROFILE_H
#define PROF_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "profile/meta.h"

struct string_id {
    uint32_t i;
};
struct func_id {
    uint32_t i;
}; /* 0: none */
struct frame_id {
    uint32_t i;
}; /* 0: none */
struct stack_id {
    uint32_t i;
}; /* 0: the empty stack */
struct module_id {
    uint32_t i;
}; /* 0: none */
struct process_id {
    uint32_t i;
}; /* 0: unknown process */
struct thread_id {
    uint32_t i;
}; /* 0: unknown thread */
struct series_id {
    uint32_t i;
};

struct profile;

struct profile *profile_new(void);
void profile_free(struct profile *p);

struct profile_meta *profile_meta(struct profile *p);
const struct profile_meta *profile_meta_get(const struct profile *p);

/* ---- strings ---- */

struct string_id profile_add_string(struct profile *p, struct slice text);
struct slice profile_string(const struct profile *p, struct string_id id); /* zero-terminated */
uint32_t profile_string_count(const struct profile *p);

/* ---- modules: mapped files, the kernel, the vdso, generated code of one process ---- */

enum module_kind {
    MODULE_UNKNOWN, /* memory that belongs to no file and no known JIT */
    MODULE_ELF,     /* an executable or shared library; frame addresses are ELF virtual addresses */
    MODULE_VDSO,    /* as ELF, from the kernel */
    MODULE_KERNEL,  /* frame addresses are absolute */
    MODULE_JIT,     /* anonymous executable memory of `process`; addresses are absolute */
    MODULE_KINDS,
};

enum { MODULE_BUILD_ID_MAX = 20 };

struct module {
    struct string_id path; /* as the target sees it; "[kernel]", "[vdso]", "[jit]" */
    enum module_kind kind;
    struct process_id process; /* MODULE_JIT only */
    bool deleted;              /* the file was removed or replaced while mapped */
    bool no_symbols;           /* looked for names, found none: set by the symboliser */
    uint8_t build_id_len;
    uint8_t build_id[MODULE_BUILD_ID_MAX];
};

/* Interned by path, kind, process and build id. The flags of an existing row stay. */
struct module_id profile_add_module(struct profile *p, const struct module *m);
const struct module *profile_module(const struct profile *p, struct module_id id);
struct module *profile_module_edit(struct profile *p, struct module_id id);
uint32_t profile_module_count(const struct profile *p);

/* ---- funcs ---- */

/* Whose code it is: the colour in the report. One letter each (func_kind_info). */
enum func_kind {
    FUNC_UNKNOWN,    /* no symbol, no file */
    FUNC_APP,        /* the program's own code */
    FUNC_DEPENDENCY, /* other libraries, node_modules, site-packages, cargo registry */
    FUNC_STDLIB,     /* libc, libstdc++, Rust std, Go's packages, Python's lib */
    FUNC_RUNTIME,    /* the language runtime: node core and V8, CPython, JVM */
    FUNC_JIT,        /* generated code whose source is not known */
    FUNC_GC,         /* garbage collection and allocation */
    FUNC_KERNEL,
    FUNC_MARKER, /* ours: [truncated], [incomplete] */
    FUNC_WAIT,   /* no code: what a thread off the CPU waits for (wait.h) */
    FUNC_KINDS,
};

struct func_kind_info {
    const char *id;    /* "app": in JSON, FILE.prof and URLs */
    const char *title; /* "application" */
    char letter;
};

const struct func_kind_info *func_kind_info(enum func_kind kind);

/* How far a runtime has optimised the code; shown as a tag, not part of the name. */
enum func_tier {
    TIER_NONE,
    TIER_INTERPRETED, /* V8 ~ */
    TIER_BASELINE,    /* V8 ^ */
    TIER_MID,         /* V8 + */
    TIER_OPTIMISED,   /* V8 * */
    TIER_BUILTIN,
    TIERS,
};

const char *func_tier_name(enum func_tier tier); /* "" for TIER_NONE */

struct func {
    struct string_id name;        /* for people: demangled, without parameters' noise */
    struct string_id system_name; /* as in the symbol table; 0 when equal to name */
    struct string_id file;        /* path as in the debug data; 0 unknown */
    uint32_t line;                /* of the definition; 0 unknown */
    struct module_id module;
    enum func_kind kind;
};

/* Interned by all fields. */
struct func_id profile_add_func(struct profile *p, const struct func *f);
const struct func *profile_func(const struct profile *p, struct func_id id);
uint32_t profile_func_count(const struct profile *p);

/* ---- frames ---- */

enum {
    FRAME_GUESS = 1u << 0, /* found by a heuristic (leaf rule, stack scan), not by unwind data */
};

struct frame {
    struct module_id module;
    uint64_t address;    /* looked up: pc of the leaf, return address - 1 of a caller; 0 imported */
    uint32_t flags;      /* FRAME_* */
    uint32_t first_line; /* index, for profile_frame_lines() */
    uint32_t line_count; /* 0: not resolved */
};

struct line {
    struct func_id func;
    uint32_t line; /* being executed, in func's file; 0 unknown */
    enum func_tier tier;
};

/* An unresolved frame, interned by module, address and flags. */
struct frame_id profile_add_frame(
    struct profile *p, struct module_id module, uint64_t address, uint32_t flags);

/* A resolved frame without an address, interned by its lines (outermost first). For importers. */
struct frame_id profile_add_frame_lines(
    struct profile *p, const struct line *lines, uint32_t count);

/* Gives a frame its names. Once per frame: a frame that has lines keeps them. */
void profile_resolve_frame(
    struct profile *p, struct frame_id id, const struct line *lines, uint32_t count);

const struct frame *profile_frame(const struct profile *p, struct frame_id id);
const struct line *profile_frame_lines(const struct profile *p, struct frame_id id);
uint32_t profile_frame_count(const struct profile *p);

/* Gives every unresolved frame one line named "module+0xaddress" (or "0xaddress"). */
void profile_name_unresolved(struct profile *p);

/* ---- stacks ---- */

struct stack {
    struct stack_id caller; /* smaller than this stack's own id */
    struct frame_id frame;
};

struct stack_id profile_add_stack(struct profile *p, struct stack_id caller, struct frame_id frame);
struct stack profile_stack(const struct profile *p, struct stack_id id);
uint32_t profile_stack_count(const struct profile *p);

/* ---- processes and threads ---- */

struct process {
    int32_t pid;
    struct process_id parent;
    struct string_id name;     /* comm after the last exec */
    struct string_id exe;      /* path of the main executable; 0 unknown */
    uint64_t start_ns, end_ns; /* 0 unknown */
};

struct thread {
    struct process_id process;
    int32_t tid;
    struct string_id name;
    uint64_t start_ns, end_ns;
    uint64_t cpu_user_ns, cpu_kernel_ns; /* from the kernel's accounting, 0 unknown */
};

/* A pid or tid may come back for another process: rows are never merged by number here. */
struct process_id profile_add_process(struct profile *p, const struct process *row);
struct thread_id profile_add_thread(struct profile *p, const struct thread *row);
const struct process *profile_process(const struct profile *p, struct process_id id);
const struct thread *profile_thread(const struct profile *p, struct thread_id id);
struct process *profile_process_edit(struct profile *p, struct process_id id);
struct thread *profile_thread_edit(struct profile *p, struct thread_id id);
uint32_t profile_process_count(const struct profile *p);
uint32_t profile_thread_count(const struct profile *p);

/* ---- samples ---- */

struct sample {
    uint64_t time_ns; /* CLOCK_MONOTONIC; 0 for imports without time */
    struct thread_id thread;
    struct stack_id stack;
    uint64_t count;  /* how many samples this stands for: 1 when recorded */
    uint64_t weight; /* in meta.weight_unit: on-CPU nanoseconds when recorded */
};

void profile_add_sample(struct profile *p, const struct sample *s);

struct sample_log;
const struct sample_log *profile_samples(const struct profile *p); /* read with sample_log.h */

/* For the native format: seals blocks when writing, adds whole ones when reading. */
struct sample_log *profile_samples_edit(struct profile *p);

/* ---- series: numbers over time ---- */

struct series {
    struct string_id name;     /* "cpu", "rss" */
    struct string_id unit;     /* "ns", "bytes", "count" */
    struct thread_id thread;   /* 0: of the process */
    struct process_id process; /* 0: of the whole run */
};

struct series_point {
    uint64_t time_ns;
    double value;
};

struct series_id profile_add_series(struct profile *p, const struct series *row); /* interned */

/* Points in the order of time. A long series is thinned: see series.c for what stays. */
void profile_add_point(struct profile *p, struct series_id id, uint64_t time_ns, double value);
const struct series *profile_series(const struct profile *p, struct series_id id);
const struct series_point *profile_points(
    const struct profile *p, struct series_id id, uint32_t *ret_count);

/* Points ever added: a writer that appends takes the newest (added - written) of profile_points. */
uint64_t profile_points_added(const struct profile *p, struct series_id id);
uint32_t profile_series_count(const struct profile *p);

/* ---- notes: what is missing from this profile, in plain words ---- */

struct note {
    struct string_id what; /* "kernel frames were not recorded" */
    struct string_id why;  /* "perf_event_paranoid is 2 and prof runs unprivileged" */
    struct string_id how;  /* "sudo sysctl kernel.perf_event_paranoid=1"; 0 when nothing helps */
};

/* Interned by all fields: saying a thing twice shows it once. */
void profile_add_note(struct profile *p, const char *what, const char *why, const char *how);
struct note profile_note(const struct profile *p, uint32_t index);
uint32_t profile_note_count(const struct profile *p);

#endif
