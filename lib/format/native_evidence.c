// SPDX-License-Identifier: MIT
#include "format/native_evidence.h"

#include <string.h>

#include "base/varint.h"
#include "format/native_columns.h"
#include "format/native_wire.h"
#include "profile/evidence.h"
#include "profile/sample_log.h"

/* Samples of a channel that a later version brought are skipped, as its chunks would be. */
bool native_read_channel(struct native_payload *r)
{
    uint64_t channel;
    if (!varint_read(&r->at, r->end, &channel))
        return payload_wrong(r, "it is too short");
    if (channel == CHANNEL_CPU)
        return payload_wrong(r, "on-CPU samples have a chunk type of their own");
    if (channel >= CHANNELS)
        return true;
    struct slice block = { .ptr = (const char *)r->at, .len = (size_t)(r->end - r->at) };
    return sample_log_add_block(profile_channel_edit(r->p, (enum channel)channel), block,
        profile_thread_count(r->p), profile_stack_count(r->p), r->e);
}

static bool check_threads(struct native_payload *r, int column)
{
    return payload_check_ids(r, column, profile_thread_count(r->p), "thread");
}

/* ---- spans ---- */

/* Kinds that this reader does not know are left out, but must not shift the numbering of the rest:
 * nothing refers to a span by its number, so the file's count is kept apart. */
static bool check_next_spans(struct native_payload *r)
{
    if (!payload_check_next(r, r->spans, NATIVE_TABLE_ROWS_MAX))
        return false;
    r->spans += r->count;
    return true;
}

static bool read_span_columns(struct native_payload *r)
{
    if (!check_next_spans(r) || !payload_delta_column(r, 0))
        return false;
    for (int column = 1; column < 9; column++) {
        if (!payload_column(r, column))
            return false;
    }
    return check_threads(r, 5) && payload_check_ids(r, 7, UINT64_C(1) << 32, "number of events") &&
           payload_check_strings(r, 8);
}

bool native_read_spans(struct native_payload *r)
{
    if (!read_span_columns(r))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        if (payload_cell(r, 6, i) >= SPAN_KINDS)
            continue;
        struct span row = {
            .start_ns = payload_cell(r, 0, i),
            .duration_ns = payload_cell(r, 1, i),
            .on_cpu_ns = payload_cell(r, 2, i),
            .blocked_ns = payload_cell(r, 3, i),
            .queued_ns = payload_cell(r, 4, i),
            .thread = { (uint32_t)payload_cell(r, 5, i) },
            .kind = (enum span_kind)payload_cell(r, 6, i),
            .events = (uint32_t)payload_cell(r, 7, i),
            .label = { (uint32_t)payload_cell(r, 8, i) },
        };
        profile_add_span(r->p, &row);
    }
    return true;
}

/* ---- histograms ---- */

enum { BUCKETS_USED = 5, BUCKET = 6, BUCKET_COUNT = 7 }; /* columns */

static bool read_histogram_columns(struct native_payload *r)
{
    if (!payload_check_next_or_known(r, profile_histogram_count(r->p), NATIVE_HISTOGRAMS_MAX))
        return false;
    for (int column = 0; column <= BUCKETS_USED; column++) {
        if (!payload_column(r, column))
            return false;
    }
    if (!payload_check_strings(r, 0) || !check_threads(r, 1) ||
        !payload_check_ids(r, BUCKETS_USED, HISTOGRAM_BUCKETS + 1, "number of buckets"))
        return false;
    size_t entries = 0;
    for (uint32_t i = 0; i < r->count; i++)
        entries += payload_cell(r, BUCKETS_USED, i);
    return payload_column_of(r, BUCKET, entries) && payload_column_of(r, BUCKET_COUNT, entries);
}

/* The row's entries begin at *at of the bucket columns. */
static bool fill_buckets(struct native_payload *r, uint32_t row, size_t *at, struct histogram *h)
{
    memset(h->buckets, 0, HISTOGRAM_BUCKETS * sizeof *h->buckets);
    uint64_t sum = 0;
    for (uint64_t k = payload_cell(r, BUCKETS_USED, row); k > 0; k--, (*at)++) {
        uint64_t bucket = payload_cell(r, BUCKET, *at);
        if (bucket >= HISTOGRAM_BUCKETS || h->buckets[bucket])
            return payload_wrong(r, "a bucket comes twice or is out of range");
        h->buckets[bucket] = payload_cell(r, BUCKET_COUNT, *at);
        sum += h->buckets[bucket];
    }
    h->count = payload_cell(r, 2, row);
    h->sum_ns = payload_cell(r, 3, row);
    h->max_ns = payload_cell(r, 4, row);
    return sum == h->count || payload_wrong(r, "a histogram's buckets do not add up to its count");
}

bool native_read_histograms(struct native_payload *r)
{
    if (!read_histogram_columns(r))
        return false;
    size_t at = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        struct slice name =
            profile_string(r->p, (struct string_id){ (uint32_t)payload_cell(r, 0, i) });
        if (strlen(name.ptr) != name.len)
            return payload_wrong(r, "a histogram's name holds a zero byte");
        uint32_t have = profile_histogram_count(r->p);
        struct thread_id thread = { (uint32_t)payload_cell(r, 1, i) };
        struct histogram *h = profile_histogram(r->p, name.ptr, thread);
        uint32_t row = r->first + i;
        if (row > have || h != profile_histogram_at(r->p, row))
            return payload_repeated(r, row);
        if (!fill_buckets(r, i, &at, h))
            return false;
    }
    return true;
}

/* ---- tallies ---- */

bool native_read_tallies(struct native_payload *r)
{
    uint32_t have;
    profile_tallies(r->p, &have);
    if (!payload_check_next_or_known(r, have, NATIVE_TABLE_ROWS_MAX))
        return false;
    for (int column = 0; column < 8; column++) {
        if (!payload_column(r, column))
            return false;
    }
    if (!check_threads(r, 0) || !payload_check_strings(r, 1) || !payload_check_strings(r, 2))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        struct tally row = {
            .thread = { (uint32_t)payload_cell(r, 0, i) },
            .name = { (uint32_t)payload_cell(r, 1, i) },
            .what = { (uint32_t)payload_cell(r, 2, i) },
            .count = payload_cell(r, 3, i),
            .ns = payload_cell(r, 4, i),
            .max_ns = payload_cell(r, 5, i),
            .bytes = payload_cell(r, 6, i),
            .small = payload_cell(r, 7, i),
        };
        if (profile_set_tally(r->p, &row) != r->first + i)
            return payload_repeated(r, r->first + i);
    }
    return true;
}

/* ---- facts ---- */

bool native_read_facts(struct native_payload *r)
{
    if (!payload_check_next_or_known(r, profile_fact_count(r->p), NATIVE_TABLE_ROWS_MAX) ||
        !payload_column(r, 0) || !payload_column(r, 1) || !payload_column(r, 2))
        return false;
    if (!payload_check_ids(r, 0, profile_process_count(r->p), "process") ||
        !payload_check_strings(r, 1) || !payload_check_strings(r, 2))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        struct fact row = {
            .process = { (uint32_t)payload_cell(r, 0, i) },
            .key = { (uint32_t)payload_cell(r, 1, i) },
            .value = { (uint32_t)payload_cell(r, 2, i) },
        };
        if (profile_put_fact(r->p, &row) != r->first + i)
            return payload_repeated(r, r->first + i);
    }
    return true;
}
