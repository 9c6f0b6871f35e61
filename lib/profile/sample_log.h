// SPDX-License-Identifier: MIT
/*
 * Samples in order of arrival, packed: blocks of up to SAMPLE_BLOCK_MAX samples as delta-coded
 * varint columns, compressed with zlib once full. The sealed blocks are the same bytes as in
 * FILE.prof (docs/file-format.md), so that saving copies them.
 *
 * Within a block times may go back a little (samples of several CPUs); readers that need strict
 * order sort. One thread at a time.
 */
#ifndef PROF_PROFILE_SAMPLE_LOG_H
#define PROF_PROFILE_SAMPLE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "profile/profile.h"

enum { SAMPLE_BLOCK_MAX = 32768 };

struct sample_log *sample_log_new(void);
void sample_log_free(struct sample_log *log);
void sample_log_add(struct sample_log *log, const struct sample *s);
uint64_t sample_log_count(const struct sample_log *log);

/*
 * A packed block: varint sample count, varint length of the unpacked columns, then one zlib stream
 * of five columns, each holding one LEB128 number per sample:
 *
 *     time    zigzag, minus the previous sample's (the first: minus 0)
 *     thread  zigzag, minus the previous sample's
 *     stack   zigzag, minus the previous sample's
 *     count   as it is
 *     weight  zigzag, minus the previous sample's
 */

/* Closes the open block, so that all samples are in sealed blocks. */
void sample_log_seal(struct sample_log *log);
uint32_t sample_log_block_count(const struct sample_log *log);               /* sealed ones */
struct slice sample_log_block(const struct sample_log *log, uint32_t index); /* compressed bytes */

/* Appends the open block's bytes as sealing would make them, and leaves it open. False: it is
 * empty.
 */
bool sample_log_pack_open(const struct sample_log *log, struct strbuf *out);

/* Adds a block read from a file; ids at or above the limits are ERR_FORMAT. */
bool sample_log_add_block(struct sample_log *log, struct slice bytes, uint32_t thread_limit,
    uint32_t stack_limit, struct err *e);

/*
 *     struct sample_iter it = sample_iter(profile_samples(p));
 *     struct sample s;
 *     while (sample_iter_next(&it, &s)) ...
 *     sample_iter_done(&it);
 */
struct sample_iter {
    const struct sample_log *log;
    uint32_t block;
    uint32_t at;
    struct sample *samples; /* the current block, unpacked; owned */
    uint32_t count;
};

struct sample_iter sample_iter(const struct sample_log *log);
bool sample_iter_next(struct sample_iter *it, struct sample *ret_sample);
void sample_iter_done(struct sample_iter *it);

#endif
