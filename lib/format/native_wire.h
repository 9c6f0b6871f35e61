// SPDX-License-Identifier: MIT
/*
 * What the writer (native.c, native_rows.c) and the reader (native_read.c, native_payload.c) of
 * FILE.prof agree on. The layout is drawn and explained in docs/file-format.md; a test reads files
 * with a program written from that page alone.
 *
 *     file   = header chunk*
 *     header = magic[8] major:u16 minor:u16 zero:u32
 *     chunk  = type[4] stored:u32 raw:u32 crc:u32 payload[stored]
 *
 * Numbers enter and leave through the functions below, never by a pointer cast.
 */
#ifndef PROF_FORMAT_NATIVE_WIRE_H
#define PROF_FORMAT_NATIVE_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/evidence.h"
#include "profile/profile.h"

/* A byte above 127, both line ends and ^Z: a transfer that changes text is noticed at once. */
#define NATIVE_MAGIC "\x89PROF\r\n\x1a"

enum {
    NATIVE_MAJOR = 1, /* another one: a reader must refuse */
    NATIVE_MINOR = 1, /* higher: more chunk types, more columns at the end of a chunk */
    NATIVE_MAGIC_BYTES = 8,
    NATIVE_HEADER_BYTES = 16,
    NATIVE_CHUNK_HEADER_BYTES = 16,
    NATIVE_TYPE_BYTES = 4,
    NATIVE_TIER_BITS = 4, /* a line's number and tier share a column */
};

/* Limits of a reader; the writer stays below. */
enum {
    NATIVE_CHUNK_ROWS = 1 << 16,       /* rows in one chunk */
    NATIVE_CHUNK_BYTES_MAX = 1 << 28,  /* a chunk's payload, stored or inflated */
    NATIVE_TABLE_ROWS_MAX = 1 << 24,   /* rows of one table */
    NATIVE_SCANNED_ROWS_MAX = 1 << 16, /* modules: looked up by a scan */
    NATIVE_HISTOGRAMS_MAX = 1 << 13,   /* each is 4 KiB in memory */
    NATIVE_NOTES_MAX = 1 << 10,
};
#define NATIVE_INFLATED_BYTES_MAX (UINT64_C(1) << 31) /* all tables of a file together */

#define NATIVE_STRINGS "STRS"
#define NATIVE_PROCESSES "PROC"
#define NATIVE_MODULES "MODS"
#define NATIVE_FUNCS "FUNC"
#define NATIVE_FRAMES "FRAM"      /* frames that are addresses */
#define NATIVE_LINE_FRAMES "FRLN" /* frames that are source lines (imports) */
#define NATIVE_LINES "LINE"       /* names for frames that are addresses */
#define NATIVE_STACKS "STAK"
#define NATIVE_THREADS "THRD"
#define NATIVE_SAMPLES "SMPL"
#define NATIVE_SERIES "SERI"
#define NATIVE_POINTS "PNTS"
#define NATIVE_NOTES "NOTE"
#define NATIVE_CHANNELS "CHAN" /* samples of a channel other than the CPU's */
#define NATIVE_SPANS "SPAN"
#define NATIVE_HISTOGRAMS "HIST"
#define NATIVE_TALLIES "TALY"
#define NATIVE_FACTS "FACT"
#define NATIVE_META "META"
#define NATIVE_END "END "

enum {
    NATIVE_MODULE_DELETED = 1u << 0,
    NATIVE_MODULE_NO_SYMBOLS = 1u << 1,
};

/* The numbers of enumerations in a file never change; new ones are added at the end. */
static_assert(FUNC_UNKNOWN == 0 && FUNC_APP == 1 && FUNC_DEPENDENCY == 2 && FUNC_STDLIB == 3 &&
                  FUNC_RUNTIME == 4 && FUNC_JIT == 5 && FUNC_GC == 6 && FUNC_KERNEL == 7 &&
                  FUNC_MARKER == 8 && FUNC_WAIT == 9,
    "func kinds are numbered in FILE.prof");
static_assert(MODULE_UNKNOWN == 0 && MODULE_ELF == 1 && MODULE_VDSO == 2 && MODULE_KERNEL == 3 &&
                  MODULE_JIT == 4,
    "module kinds are numbered in FILE.prof");
static_assert(TIER_NONE == 0 && TIER_INTERPRETED == 1 && TIER_BASELINE == 2 && TIER_MID == 3 &&
                  TIER_OPTIMISED == 4 && TIER_BUILTIN == 5,
    "tiers are numbered in FILE.prof");
static_assert(CHANNEL_CPU == 0 && CHANNEL_WAIT == 1 && CHANNEL_FAULTS == 2 && CHANNEL_TASKS == 3,
    "channels are numbered in FILE.prof");
static_assert(SPAN_TURN == 0 && SPAN_GC == 1 && SPAN_WAIT == 2 && SPAN_BURST == 3 && SPAN_LOAD == 4,
    "span kinds are numbered in FILE.prof");
static_assert(META_TEXT == 0 && META_NUMBER == 1, "meta types are numbered in FILE.prof");
static_assert(FRAME_GUESS == 1, "frame flags are numbered in FILE.prof");

static inline void native_put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void native_put_u32(uint8_t *at, uint32_t value)
{
    native_put_u16(at, value & 0xffff);
    native_put_u16(at + 2, value >> 16);
}

static inline void native_put_u64(uint8_t *at, uint64_t value)
{
    native_put_u32(at, (uint32_t)value);
    native_put_u32(at + 4, (uint32_t)(value >> 32));
}

static inline uint32_t native_get_u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t native_get_u32(const uint8_t *at)
{
    return native_get_u16(at) | native_get_u16(at + 2) << 16;
}

static inline uint64_t native_get_u64(const uint8_t *at)
{
    return (uint64_t)native_get_u32(at) | (uint64_t)native_get_u32(at + 4) << 32;
}

#endif
