// SPDX-License-Identifier: MIT
/*
 * Call frame information written by hand, for tests: one CIE of the usual kind (or another), then
 * functions with their programs. Everything lies at the addresses below.
 */
#ifndef PROF_TESTS_UNWIND_SECTIONS_H
#define PROF_TESTS_UNWIND_SECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "unwind/unwind.h"

enum { SECTION_BYTES_MAX = 4096 };
#define SECTION_ADDRESS UINT64_C(0x100000)

struct section_writer {
    uint8_t bytes[SECTION_BYTES_MAX];
    size_t len;
    size_t cie; /* offset of the last one */
};

/* Augmentation "zR" or "zRS"; addresses are pc-relative, 4 bytes. CFA = rsp + 8, RA at CFA - 8. */
void section_add_cie(struct section_writer *w, const char *augmentation);

void section_add_fde(struct section_writer *w, uint64_t start, uint32_t size, const void *program,
    size_t program_len);

/* With a string literal as program. */
#define SECTION_FDE(w, start, size, program)                                                       \
    section_add_fde((w), (start), (size), "" program, sizeof(program) - 1)

struct unwind_section section_get(const struct section_writer *w);

#endif
