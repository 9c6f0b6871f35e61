// SPDX-License-Identifier: MIT
/*
 * LEB128 numbers as in DWARF and protocol buffers, zigzag for signed ones. Readers never pass end
 * and fail on more than ten bytes.
 */
#ifndef PROF_BASE_VARINT_H
#define PROF_BASE_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

void varint_add(struct strbuf *out, uint64_t value);
void varint_add_signed(struct strbuf *out, int64_t value); /* zigzag */

/* *at moves behind the number. False: the bytes end or the number is too long; *at stays. */
bool varint_read(const uint8_t **at, const uint8_t *end, uint64_t *ret_value);
bool varint_read_signed(const uint8_t **at, const uint8_t *end, int64_t *ret_value);

#endif
