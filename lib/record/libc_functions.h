// SPDX-License-Identifier: MIT
/*
 * Where the functions of a process's C library are, by their exported names. A program without one
 * (Go, static ones) has none. Nothing is kept: the caller remembers.
 */
#ifndef PROF_RECORD_LIBC_FUNCTIONS_H
#define PROF_RECORD_LIBC_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record/processes.h"

/* ret_addresses[i]: of names[i] in the process's memory; 0: there is no such function. They stay
 * where they are until its next exec. */
void libc_functions_find(
    pid_t pid, const char *const *names, size_t count, uint64_t *ret_addresses);

/* The process is so young that its libc may not be mapped yet. */
bool libc_functions_may_come(const struct tracked_process *p, uint64_t now_ns);

/* Changes whenever the addresses may have changed. */
uint64_t libc_functions_generation(const struct tracked_process *p);

#endif
