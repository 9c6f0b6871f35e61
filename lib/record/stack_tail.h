// SPDX-License-Identifier: MIT
/*
 * The outer part of a stack that was deeper than the bytes the kernel copied (64 KiB at most). It
 * is read from the live process while the sample is drained, some milliseconds late. The inner
 * frames have changed by then, the outer ones seldom: they are taken only when the last bytes of
 * the copy are still the same in the process, because no function beyond them can have returned
 * without its caller's frames being written anew.
 */
#ifndef PROF_RECORD_STACK_TAIL_H
#define PROF_RECORD_STACK_TAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "unwind/unwind.h"

enum { STACK_TAIL_MAX = 16 << 20 };

struct stack_tail {
    uint8_t *bytes; /* owned; grows to the deepest stack seen */
    size_t cap;
    size_t len;
    bool at_top; /* there is no more stack to read */
};

/* Starts with the copy. False: the process has moved on, or may not be read. */
bool stack_tail_start(struct stack_tail *t, pid_t pid, const struct unwind_stack *copy);

/* Starts without a copy: a stack that a signal handler with a stack of its own has interrupted. It
 * does not change while the handler runs; nothing tells whether it still does. */
void stack_tail_start_anew(struct stack_tail *t);

/* Twice as many bytes as now, at least 64 KiB more. False: nothing was gained. */
bool stack_tail_grow(struct stack_tail *t, pid_t pid, uint64_t address);

/* The bytes so far, as the unwinder wants them. */
struct unwind_stack stack_tail_view(const struct stack_tail *t, uint64_t address);

void stack_tail_done(struct stack_tail *t);

#endif
