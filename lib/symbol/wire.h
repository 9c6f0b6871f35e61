// SPDX-License-Identifier: MIT
/*
 * What the worker sends back through its pipe. The reader does not trust the worker: by the time it
 * writes it may be running a hostile file's code.
 *
 *     message   u32 payload length, u8 type, payload
 *     BEGIN     varint job                     work on the job has begun (opening, then parsing)
 *     RESULT    varint job, varint flags, varint build level, varint notes, notes (3 texts each),
 *               varint addresses, for each: varint lines, lines
 *     line      texts name, system name, file; varints func line, line, tier, spins
 *     text      varint id; an id not seen before in this message is followed by varint length,
 * bytes
 */
#ifndef PROF_SYMBOL_WIRE_H
#define PROF_SYMBOL_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "symbol/lookup.h"

enum wire_type { WIRE_BEGIN = 'B', WIRE_RESULT = 'R' };

enum {
    WIRE_HEADER_BYTES = 5,
    WIRE_MESSAGE_MAX_MIB = 512,
    WIRE_TEXT_MAX = 8192, /* longer texts are cut by the writer */
    WIRE_NOTES_MAX = 16,
};

enum { WIRE_NO_SYMBOLS = 1u << 0 };

struct wire_note {
    struct slice what, why, how;
};

/* ---- writing ---- */

struct wire_writer {
    struct strbuf out; /* a whole message, header included */
    struct map index;
    VEC(struct slice) texts;
};

void wire_writer_done(struct wire_writer *w);
void wire_begin(struct wire_writer *w, uint32_t job);
void wire_result(struct wire_writer *w, uint32_t job, uint32_t flags, const struct wire_note *notes,
    uint32_t note_count, const struct lookup *l);

/* ---- reading ---- */

struct wire_reader {
    const uint8_t *at, *end;
    VEC(struct slice) texts;
    uint32_t job, flags, level, notes, addresses; /* of a RESULT, after wire_read_result() */
};

/* All return false when the bytes are not what they should be. */
bool wire_read_begin(struct slice payload, uint32_t *ret_job);
bool wire_read_result(struct wire_reader *r, struct slice payload);
bool wire_read_note(struct wire_reader *r, struct wire_note *ret_note); /* r->notes times */
bool wire_read_address_count(struct wire_reader *r); /* then: sets r->addresses */
bool wire_read_lines(struct wire_reader *r, struct found_line *lines, uint32_t *ret_count);
void wire_reader_done(struct wire_reader *r);

#endif
