// SPDX-License-Identifier: MIT
/*
 * Functions of a running CPython 3.11: what is known of the code objects in its memory. Each is
 * read once and looked at again now and then, since its memory may come to hold another one. Where
 * the fields lie: CPython 3.11, Include/cpython/code.h, unicodeobject.h and bytesobject.h, 64-bit.
 * Everything read is the target's word. One thread.
 */
#ifndef PROF_RECORD_PYTHON_CODE_H
#define PROF_RECORD_PYTHON_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "record/target_memory.h"

enum { PYTHON_CODE_AT = 184, PYTHON_UNIT_BYTES = 2 }; /* offset of the bytecode in its object */

struct python_code {
    uint64_t address;
    uint64_t name, lines; /* addresses of the objects that were read */
    uint32_t units;       /* of bytecode */
    uint32_t first_line;
    uint32_t frame_bytes; /* of a frame that runs it */
    struct func_id func;  /* 0: no code object */
    uint8_t *line_table;  /* owned */
    size_t line_bytes;
    uint32_t uses;
};

struct python_codes {
    struct profile *profile; /* borrowed */
    uint64_t type;           /* address of PyCode_Type */
    VEC(struct python_code) list;
    size_t line_bytes; /* of all line tables */
    struct map index;
};

void python_codes_init(struct python_codes *codes, struct profile *p, uint64_t type);
void python_codes_done(struct python_codes *codes);

/* The code object at an address. NULL: there is none. Valid until the next call. */
const struct python_code *python_codes_at(
    struct python_codes *codes, struct target_pages *memory, uint64_t address);

/* Is the code unit at this address one of this function's? */
bool python_code_unit(const struct python_code *code, uint64_t address, uint32_t *ret_unit);

/* The function, at the line of a code unit of its own; UINT32_MAX: at none that is known. */
struct frame_id python_code_frame(struct profile *p, const struct python_code *code, uint32_t unit);

#endif
