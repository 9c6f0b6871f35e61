// SPDX-License-Identifier: MIT
/*
 * The processes and threads under observation, by their numbers as of now: a number that comes back
 * is a new row. Follows fork, exec, exit, names and executable mappings. Rows in the profile appear
 * with the first sample, so that a storm of short-lived processes costs nothing there.
 */
#ifndef PROF_RECORD_PROCESSES_H
#define PROF_RECORD_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "profile/profile.h"
#include "record/jit_maps.h"
#include "record/modules.h"
#include "record/perf_record.h"
#include "record/pid_table.h"
#include "record/python_frames.h"
#include "unwind/unwind.h"

/* Tags of unwind regions: generated code, or 2 * place + (1 once the place is loaded). */
#define REGION_TAG_JIT UINT32_C(0xfffffffe)
#define REGION_TAG_NONE UINT32_C(0xffffffff)

/* No region's tag, but an unwound frame's that has a name already: its lookup is its frame_id. */
#define REGION_TAG_NAMED UINT32_C(0xfffffffd)

struct tracked_process {
    pid_t pid;
    bool alive;
    struct process_id row;    /* 0 until the first sample */
    struct process_id parent; /* nearest ancestor with a row, at the time of the fork */
    struct string_id name, exe;
    bool wants_exe; /* the next mapped file is the executable */
    uint32_t execs; /* that were seen */
    uint32_t live_threads;
    uint64_t start_ns;
    struct unwind_space *space;
    uint64_t generation;   /* changes with the space; unique over all processes */
    struct module_id jit;  /* 0: none seen */
    struct python *python; /* NULL: its functions are told in another way, or it is none */
    uint32_t go_place;     /* of the file that holds Go's runtime (modules.h), plus 1; 0: none */
};

struct tracked_thread {
    pid_t tid;
    uint32_t process; /* index */
    struct thread_id row;
    struct string_id name;
    uint64_t start_ns;
};

struct processes {
    struct profile *profile;
    struct modules *modules;
    struct jit_maps *jit_maps;
    VEC(struct tracked_process) list; /* slots; dead ones are used again */
    VEC(uint32_t) free_slots;
    VEC(struct tracked_thread) threads;
    VEC(uint32_t) free_threads;
    struct pid_table by_pid, by_tid; /* -> index + 1 */
    uint64_t last_generation;
    uint32_t live;    /* processes */
    bool no_children; /* ignore every process but those added by hand */
};

void processes_init(
    struct processes *ps, struct profile *p, struct modules *m, struct jit_maps *jit_maps);
void processes_done(struct processes *ps);

/* Reads what runs already: names, threads, executable maps. False: the process has ended. */
bool processes_add_running(struct processes *ps, pid_t pid, uint64_t now_ns);

/* Reads a process's maps again, after lost records. */
void processes_read_maps(struct processes *ps, struct tracked_process *p);

/* Every record but samples; unknown kinds are ignored. */
void processes_apply(struct processes *ps, const struct perf_record *r);

struct tracked_process *processes_find(struct processes *ps, pid_t pid); /* NULL: not known */

/* The thread of a sample, with rows in the profile; made up from /proc when its birth was missed.
 */
struct tracked_thread *processes_thread(
    struct processes *ps, pid_t pid, pid_t tid, uint64_t now_ns);

/* Prepares for stacks of Python that will be seen late. */
void processes_learn_python(const struct processes *ps);

/* Gives a process its row, and its JIT module on demand. */
struct process_id processes_row(struct processes *ps, struct tracked_process *p);
struct module_id processes_jit(struct processes *ps, struct tracked_process *p);

/* Opens the file behind a region that an unwound address lies in, so that the next unwind can use
 * its table. */
void processes_load_region(struct processes *ps, struct tracked_process *p, uint64_t address);

#endif
