// SPDX-License-Identifier: MIT
/*
 * CPython's table of source lines: which line a place of a function's bytecode is of. The format is
 * that of version 3.11 and later (CPython, Objects/locations.md). Untrusted bytes: a wrong table
 * gives a wrong line, never a wild read. Any thread.
 */
#ifndef PROF_RECORD_PYTHON_LINES_H
#define PROF_RECORD_PYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

/* The line of code unit `unit` (two bytes each) of a function that begins at first_line; 0: the
 * table does not tell. */
uint32_t python_line(const uint8_t *table, size_t len, uint32_t first_line, uint32_t unit);

#endif
