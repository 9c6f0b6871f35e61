// SPDX-License-Identifier: MIT
/*
 * Which Python functions a stack of CPython's own C functions runs: CPython 3.11, which cannot tell
 * a profiler as later versions do (perf maps, jit_maps.h).
 *
 * Every call of the interpreter's loop in C, _PyEval_EvalFrameDefault, keeps a record on its C
 * stack, and so in the copy that the sample holds (struct _PyCFrame):
 *
 *         C stack                         Python's frames, on the heap
 *     ... | use_tracing   |      +-> | code | previous | last instruction | is_entry |
 *         | current_frame | -----+      |        |
 *         | previous      | --+         v        +-> the frame that called it, and so on to one
 *     ...                     |   the function       that is_entry: it was called from C
 *         the next record up <+
 *
 * The heap is read while the sample is drained, some milliseconds late. What the copy itself tells
 * is right at the sample: the loop also keeps a pointer into its function's bytecode on the stack
 * or in a register, and when the frame's memory has another function since, that one is taken.
 * Where in its C frame the loop keeps these differs with the compiler; it is found out from the
 * first stacks: the records must lead to each other, or to the thread's own state.
 *
 * One per process, one thread at a time.
 */
#ifndef PROF_RECORD_PYTHON_FRAMES_H
#define PROF_RECORD_PYTHON_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "profile/profile.h"
#include "symbol/elf.h"
#include "unwind/unwind.h"

/* Of one file: ELF addresses. */
struct python_symbols {
    uint64_t loop_start, loop_end; /* 0: the file holds no CPython */
    uint64_t code_type, version;
};

struct python_symbols python_symbols_find(const struct elf *elf);

struct python;

/* NULL: not a version whose memory is known, or it cannot be read. */
struct python *python_new(
    struct profile *p, pid_t pid, const struct python_symbols *symbols, uint64_t bias);
struct python *python_fork(const struct python *parent); /* NULL of NULL */
void python_free(struct python *python);

/* A stack as it was unwound. */
struct python_stack {
    pid_t pid;
    const struct unwind_frame *frames; /* leaf first */
    uint32_t count;
    const struct unwind_regs *regs; /* of the first frame; NULL: not all of them are known */
    struct unwind_stack copy;
};

/* A Python function that the loop at frames[at] runs. */
struct python_frame {
    uint32_t at;
    struct frame_id frame;
};

struct python_frame_list {
    struct python_frame *ptr; /* leaf first */
    size_t len, cap;
};

/* Looks at what the threads run now, because a stack that is seen too late can be told when its
 * innermost function has been seen in the same place with its callers. */
void python_learn(struct python *python, pid_t pid);

/* Replaces what is in *list, which the caller owns. False: what called some of them is not known,
 * because it was read too late; the sooner after the sample, the better. */
bool python_frames(
    struct python *python, const struct python_stack *stack, struct python_frame_list *list);

#endif
