// SPDX-License-Identifier: MIT
/*
 * Which language runtime a process is: by the name of its program, by the libraries that it has
 * mapped, by the sections of its executable. NULL: this way does not tell. No state; what is read
 * belongs to the target and is doubted.
 */
#ifndef PROF_RECORD_RUNTIME_KIND_H
#define PROF_RECORD_RUNTIME_KIND_H

#include "base/slice.h"

/* By the program's file name: "python3.11" -> "python". */
const char *runtime_of_program(struct slice program);

/* By the text of /proc/PID/maps. */
const char *runtime_of_maps(struct slice program, struct slice maps);

/* By an ELF file: "go", "rust", or "native" when it is neither; NULL: it is no 64-bit ELF file. */
const char *runtime_of_elf(int fd);

#endif
