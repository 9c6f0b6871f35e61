// SPDX-License-Identifier: MIT
#include "format/native_payload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/varint.h"
#include "base/vec.h"
#include "format/formats.h"
#include "format/native_columns.h"
#include "format/native_evidence.h"
#include "format/native_wire.h"
#include "profile/sample_log.h"

/* ---- tables ---- */

static bool read_strings(struct native_payload *r)
{
    if (!payload_check_next(r, profile_string_count(r->p), NATIVE_TABLE_ROWS_MAX) ||
        !payload_column(r, 0))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        size_t len = payload_cell(r, 0, i);
        const uint8_t *bytes = payload_bytes(r, len);
        if (!bytes)
            return payload_wrong(r, "a string is longer than the chunk");
        struct slice text = { .ptr = (const char *)bytes, .len = len };
        if (profile_add_string(r->p, text).i != r->first + i)
            return payload_repeated(r, r->first + i);
    }
    return true;
}

/* A pid or tid column; it went through a 64-bit difference. */
static bool check_pids(struct native_payload *r, int column)
{
    for (uint32_t i = 0; i < r->count; i++) {
        int64_t pid = (int64_t)payload_cell(r, column, i);
        if (pid < INT32_MIN || pid > INT32_MAX)
            return err_set(r->e, ERR_FORMAT, "%" PRId64 " is not a process id", pid);
    }
    return true;
}

static bool read_processes(struct native_payload *r)
{
    uint32_t have = profile_process_count(r->p);
    if (!payload_check_next_or_known(r, have, NATIVE_TABLE_ROWS_MAX) ||
        !payload_delta_column(r, 0) || !payload_column(r, 1) || !payload_delta_column(r, 2) ||
        !payload_delta_column(r, 3) || !payload_delta_column(r, 4) || !payload_delta_column(r, 5))
        return false;
    if (!check_pids(r, 0) || !payload_check_ids(r, 1, NATIVE_TABLE_ROWS_MAX, "process") ||
        !payload_check_strings(r, 2) || !payload_check_strings(r, 3))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        struct process row = {
            .pid = (int32_t)payload_cell(r, 0, i),
            .parent = { (uint32_t)payload_cell(
                r, 1, i) }, /* may come later: see settle_parents() */
            .name = { (uint32_t)payload_cell(r, 2, i) },
            .exe = { (uint32_t)payload_cell(r, 3, i) },
            .start_ns = payload_cell(r, 4, i),
            .end_ns = payload_cell(r, 5, i),
        };
        if (r->first + i < have)
            *profile_process_edit(r->p, (struct process_id){ r->first + i }) = row;
        else
            profile_add_process(r->p, &row);
    }
    return true;
}

/* A later edit may have made two rows equal, so a new row goes in under a key that is free. */
static void add_module(struct profile *p, const struct module *row)
{
    uint32_t id = profile_module_count(p);
    struct module key = { .process = { UINT32_MAX - id }, .kind = MODULE_KINDS };
    *profile_module_edit(p, profile_add_module(p, &key)) = *row;
}

static bool put_module(struct native_payload *r, uint32_t have, uint32_t i)
{
    uint64_t kind = payload_cell(r, 1, i);
    struct module row = {
        .path = { (uint32_t)payload_cell(r, 0, i) },
        .kind = kind < MODULE_KINDS ? (enum module_kind)kind : MODULE_UNKNOWN,
        .process = { (uint32_t)payload_cell(r, 2, i) },
        .deleted = payload_cell(r, 3, i) & NATIVE_MODULE_DELETED,
        .no_symbols = payload_cell(r, 3, i) & NATIVE_MODULE_NO_SYMBOLS,
    };
    if (payload_cell(r, 4, i) > MODULE_BUILD_ID_MAX)
        return payload_wrong(r, "a build id is longer than 20 bytes");
    row.build_id_len = (uint8_t)payload_cell(r, 4, i);
    const uint8_t *build_id = payload_bytes(r, row.build_id_len);
    if (!build_id)
        return payload_wrong(r, "a build id ends early");
    memcpy(row.build_id, build_id, row.build_id_len);
    if (r->first + i < have)
        *profile_module_edit(r->p, (struct module_id){ r->first + i }) = row;
    else
        add_module(r->p, &row);
    return true;
}

static bool read_modules(struct native_payload *r)
{
    uint32_t have = profile_module_count(r->p);
    if (!payload_check_next_or_known(r, have, NATIVE_SCANNED_ROWS_MAX))
        return false;
    for (int column = 0; column < 5; column++) {
        if (!payload_column(r, column))
            return false;
    }
    if (!payload_check_strings(r, 0) ||
        !payload_check_ids(r, 2, profile_process_count(r->p), "process"))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        if (!put_module(r, have, i))
            return false;
    }
    return true;
}

static bool read_funcs(struct native_payload *r)
{
    if (!payload_check_next(r, profile_func_count(r->p), NATIVE_TABLE_ROWS_MAX) ||
        !payload_delta_column(r, 0) || !payload_column(r, 1) || !payload_delta_column(r, 2) ||
        !payload_column(r, 3) || !payload_column(r, 4) || !payload_column(r, 5))
        return false;
    if (!payload_check_strings(r, 0) || !payload_check_strings(r, 1) ||
        !payload_check_strings(r, 2) || !payload_check_ids(r, 3, UINT64_C(1) << 32, "line") ||
        !payload_check_ids(r, 4, profile_module_count(r->p), "module"))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        uint64_t kind = payload_cell(r, 5, i);
        struct func row = {
            .name = { (uint32_t)payload_cell(r, 0, i) },
            .system_name = { (uint32_t)payload_cell(r, 1, i) },
            .file = { (uint32_t)payload_cell(r, 2, i) },
            .line = (uint32_t)payload_cell(r, 3, i),
            .module = { (uint32_t)payload_cell(r, 4, i) },
            .kind = kind < FUNC_KINDS ? (enum func_kind)kind : FUNC_UNKNOWN,
        };
        if (profile_add_func(r->p, &row).i != r->first + i)
            return payload_repeated(r, r->first + i);
    }
    return true;
}

static bool read_frames(struct native_payload *r)
{
    if (!payload_check_next(r, profile_frame_count(r->p), NATIVE_TABLE_ROWS_MAX) ||
        !payload_column(r, 0) || !payload_delta_column(r, 1) || !payload_column(r, 2))
        return false;
    if (!payload_check_ids(r, 0, profile_module_count(r->p), "module") ||
        !payload_check_ids(r, 2, UINT64_C(1) << 32, "flags"))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        struct module_id module = { (uint32_t)payload_cell(r, 0, i) };
        struct frame_id id =
            profile_add_frame(r->p, module, payload_cell(r, 1, i), (uint32_t)payload_cell(r, 2, i));
        if (id.i != r->first + i)
            return payload_repeated(r, r->first + i);
    }
    return true;
}

static bool read_stacks(struct native_payload *r)
{
    if (!payload_check_next(r, profile_stack_count(r->p), NATIVE_TABLE_ROWS_MAX) ||
        !payload_column(r, 0) || !payload_delta_column(r, 1) ||
        !payload_check_ids(r, 1, profile_frame_count(r->p), "frame"))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t id = r->first + i;
        uint64_t back = payload_cell(r, 0, i);
        if (back == 0 || back > id)
            return err_set(r->e, ERR_FORMAT, "stack %" PRIu32 " has no caller before it", id);
        struct stack_id caller = { id - (uint32_t)back };
        uint32_t depth = caller.i ? r->depths.ptr[caller.i - 1] + 1 : 1;
        if (depth > IMPORT_DEPTH_MAX)
            return err_set(r->e, ERR_LIMIT, "stack %" PRIu32 " is deeper than %d frames", id,
                IMPORT_DEPTH_MAX);
        vec_push(&r->depths, depth);
        struct frame_id frame = { (uint32_t)payload_cell(r, 1, i) };
        if (profile_add_stack(r->p, caller, frame).i != id)
            return payload_repeated(r, id);
    }
    return true;
}

static bool read_threads(struct native_payload *r)
{
    uint32_t have = profile_thread_count(r->p);
    if (!payload_check_next_or_known(r, have, NATIVE_TABLE_ROWS_MAX) || !payload_column(r, 0) ||
        !payload_delta_column(r, 1) || !payload_delta_column(r, 2) || !payload_delta_column(r, 3) ||
        !payload_delta_column(r, 4) || !payload_column(r, 5) || !payload_column(r, 6))
        return false;
    if (!payload_check_ids(r, 0, profile_process_count(r->p), "process") || !check_pids(r, 1) ||
        !payload_check_strings(r, 2))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        struct thread row = {
            .process = { (uint32_t)payload_cell(r, 0, i) },
            .tid = (int32_t)payload_cell(r, 1, i),
            .name = { (uint32_t)payload_cell(r, 2, i) },
            .start_ns = payload_cell(r, 3, i),
            .end_ns = payload_cell(r, 4, i),
            .cpu_user_ns = payload_cell(r, 5, i),
            .cpu_kernel_ns = payload_cell(r, 6, i),
        };
        if (r->first + i < have)
            *profile_thread_edit(r->p, (struct thread_id){ r->first + i }) = row;
        else
            profile_add_thread(r->p, &row);
    }
    return true;
}

static bool read_series(struct native_payload *r)
{
    if (!payload_check_next(r, profile_series_count(r->p), NATIVE_TABLE_ROWS_MAX))
        return false;
    for (int column = 0; column < 4; column++) {
        if (!payload_column(r, column))
            return false;
    }
    if (!payload_check_strings(r, 0) || !payload_check_strings(r, 1) ||
        !payload_check_ids(r, 2, profile_thread_count(r->p), "thread") ||
        !payload_check_ids(r, 3, profile_process_count(r->p), "process"))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        struct series row = {
            .name = { (uint32_t)payload_cell(r, 0, i) },
            .unit = { (uint32_t)payload_cell(r, 1, i) },
            .thread = { (uint32_t)payload_cell(r, 2, i) },
            .process = { (uint32_t)payload_cell(r, 3, i) },
        };
        if (profile_add_series(r->p, &row).i != r->first + i)
            return payload_repeated(r, r->first + i);
    }
    return true;
}

static bool read_points(struct native_payload *r)
{
    if (r->first >= profile_series_count(r->p))
        return payload_wrong(r, "points of a series that the file does not have");
    const uint8_t *values;
    if (!payload_delta_column(r, 0) || !(values = payload_bytes(r, UINT64_C(8) * r->count)))
        return payload_wrong(r, "a column ends early");
    for (uint32_t i = 0; i < r->count; i++) {
        uint64_t bits = native_get_u64(values + UINT64_C(8) * i);
        double value;
        memcpy(&value, &bits, sizeof value);
        profile_add_point(r->p, (struct series_id){ r->first }, payload_cell(r, 0, i), value);
    }
    return true;
}

static bool read_notes(struct native_payload *r)
{
    if (!payload_check_next(r, profile_note_count(r->p), NATIVE_NOTES_MAX) ||
        !payload_column(r, 0) || !payload_column(r, 1) || !payload_column(r, 2) ||
        !payload_check_strings(r, 0) || !payload_check_strings(r, 1) ||
        !payload_check_strings(r, 2))
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        const char *text[3];
        for (int k = 0; k < 3; k++)
            text[k] =
                profile_string(r->p, (struct string_id){ (uint32_t)payload_cell(r, k, i) }).ptr;
        profile_add_note(r->p, text[0], text[1], text[2]);
    }
    return true;
}

/* ---- lines ---- */

/* Line entries of r->count frames: how many each has (column 1), funcs (2), lines and tiers (3). */
static bool read_line_columns(struct native_payload *r)
{
    if (!payload_column(r, 1))
        return false;
    uint64_t entries = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        if (payload_cell(r, 1, i) == 0)
            return payload_wrong(r, "a frame has no lines");
        if (payload_cell(r, 1, i) > NATIVE_CHUNK_BYTES_MAX)
            return payload_wrong(r, "a frame has more lines than the chunk");
        entries += payload_cell(r, 1, i);
    }
    if (!payload_delta_column_of(r, 2, entries) || !payload_column_of(r, 3, entries))
        return false;
    for (size_t i = 0; i < entries; i++) {
        if (payload_cell(r, 2, i) >= profile_func_count(r->p))
            return payload_wrong(r, "a line names a function that the file does not have");
        if (payload_cell(r, 3, i) >> NATIVE_TIER_BITS > UINT32_MAX)
            return payload_wrong(r, "a line number is over 32 bits");
    }
    return true;
}

/* Moves the lines of the next frame from the columns to `lines`. */
static uint32_t take_lines(
    struct native_payload *r, uint32_t i, size_t *at, struct line **lines, size_t *cap)
{
    uint32_t count = (uint32_t)payload_cell(r, 1, i);
    if (count > *cap)
        *lines = vec_grow(*lines, cap, count, sizeof **lines);
    for (uint32_t k = 0; k < count; k++, (*at)++) {
        uint64_t tier = payload_cell(r, 3, *at) & ((1u << NATIVE_TIER_BITS) - 1);
        (*lines)[k] = (struct line){
            .func = { (uint32_t)payload_cell(r, 2, *at) },
            .line = (uint32_t)(payload_cell(r, 3, *at) >> NATIVE_TIER_BITS),
            .tier = tier < TIERS ? (enum func_tier)tier : TIER_NONE,
        };
    }
    return count;
}

static bool read_line_frames(struct native_payload *r)
{
    if (!payload_check_next(r, profile_frame_count(r->p), NATIVE_TABLE_ROWS_MAX) ||
        !read_line_columns(r))
        return false;
    PROF_CLEANUP(free_ptr) struct line *lines = NULL;
    size_t cap = 0, at = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t count = take_lines(r, i, &at, &lines, &cap);
        if (profile_add_frame_lines(r->p, lines, count).i != r->first + i)
            return payload_repeated(r, r->first + i);
    }
    return true;
}

static bool read_lines(struct native_payload *r)
{
    if (!payload_column(r, 0) || !read_line_columns(r))
        return false;
    PROF_CLEANUP(free_ptr) struct line *lines = NULL;
    size_t cap = 0, at = 0;
    uint64_t frame = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        uint64_t step = payload_cell(r, 0, i);
        if (step == 0 || step >= profile_frame_count(r->p) - frame)
            return payload_wrong(r, "lines of a frame that the file does not have");
        frame += step;
        if (profile_frame(r->p, (struct frame_id){ (uint32_t)frame })->line_count)
            return payload_wrong(r, "a frame is given lines twice");
        uint32_t count = take_lines(r, i, &at, &lines, &cap);
        profile_resolve_frame(r->p, (struct frame_id){ (uint32_t)frame }, lines, count);
    }
    return true;
}

/* ---- samples, meta, end: no rows ---- */

static bool read_samples(struct native_payload *r)
{
    struct slice block = { .ptr = (const char *)r->at, .len = (size_t)(r->end - r->at) };
    return sample_log_add_block(profile_samples_edit(r->p), block, profile_thread_count(r->p),
        profile_stack_count(r->p), r->e);
}

static bool read_text(struct native_payload *r, struct slice *ret_text)
{
    uint64_t len;
    if (!varint_read(&r->at, r->end, &len))
        return false;
    const uint8_t *bytes = payload_bytes(r, len);
    *ret_text = (struct slice){ .ptr = (const char *)bytes, .len = len };
    return bytes != NULL;
}

/* Keys that this reader does not know come from a later version: skipped. */
static void set_meta(
    struct profile_meta *m, struct slice key, uint64_t type, uint64_t number, struct slice text)
{
    size_t count;
    const struct meta_row *rows = profile_meta_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].type != type || !slice_is(key, rows[i].key))
            continue;
        if (type == META_NUMBER)
            *meta_number(m, &rows[i]) = number;
        else
            meta_set_text(meta_text(m, &rows[i]), text);
    }
}

static bool read_meta(struct native_payload *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        struct slice key, text = { 0 };
        uint64_t type, number = 0;
        if (!read_text(r, &key) || !varint_read(&r->at, r->end, &type))
            return payload_wrong(r, "a row ends early");
        if (type > META_NUMBER)
            return payload_wrong(r, "a row is neither text nor number");
        bool ok = type == META_NUMBER ? varint_read(&r->at, r->end, &number) : read_text(r, &text);
        if (!ok)
            return payload_wrong(r, "a row ends early");
        set_meta(profile_meta(r->p), key, type, number, text);
    }
    if (profile_meta_get(r->p)->weight_unit >= WEIGHT_UNITS)
        return payload_wrong(r, "the unit of weight is unknown");
    return true;
}

static bool read_end(struct native_payload *r)
{
    uint64_t samples, stacks;
    if (!varint_read(&r->at, r->end, &samples) || !varint_read(&r->at, r->end, &stacks))
        return payload_wrong(r, "it is too short");
    if (samples != sample_log_count(profile_samples(r->p)) || stacks != profile_stack_count(r->p))
        return err_set(r->e, ERR_FORMAT,
            "it counts %" PRIu64 " samples and %" PRIu64 " stacks, but the file has %" PRIu64
            " and %" PRIu32,
            samples, stacks, sample_log_count(profile_samples(r->p)), profile_stack_count(r->p));
    r->ended = true;
    return true;
}

/* ---- chunks by type ---- */

static const struct chunk_reader {
    const char *type;
    bool rows; /* begins with `first` and `count` */
    bool (*read)(struct native_payload *r);
} chunk_readers[] = {
    { NATIVE_STRINGS, true, read_strings },
    { NATIVE_PROCESSES, true, read_processes },
    { NATIVE_MODULES, true, read_modules },
    { NATIVE_FUNCS, true, read_funcs },
    { NATIVE_FRAMES, true, read_frames },
    { NATIVE_LINE_FRAMES, true, read_line_frames },
    { NATIVE_LINES, true, read_lines },
    { NATIVE_STACKS, true, read_stacks },
    { NATIVE_THREADS, true, read_threads },
    { NATIVE_SAMPLES, false, read_samples },
    { NATIVE_SERIES, true, read_series },
    { NATIVE_POINTS, true, read_points },
    { NATIVE_NOTES, true, read_notes },
    { NATIVE_CHANNELS, false, native_read_channel },
    { NATIVE_SPANS, true, native_read_spans },
    { NATIVE_HISTOGRAMS, true, native_read_histograms },
    { NATIVE_TALLIES, true, native_read_tallies },
    { NATIVE_FACTS, true, native_read_facts },
    { NATIVE_META, true, read_meta },
    { NATIVE_END, false, read_end },
};

static const struct chunk_reader *find_reader(const char *type)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(chunk_readers); i++) {
        if (memcmp(chunk_readers[i].type, type, NATIVE_TYPE_BYTES) == 0)
            return &chunk_readers[i];
    }
    return NULL;
}

static bool read_row_range(struct native_payload *r)
{
    uint64_t first, count;
    if (!varint_read(&r->at, r->end, &first) || !varint_read(&r->at, r->end, &count))
        return payload_wrong(r, "it is too short");
    if (first > NATIVE_TABLE_ROWS_MAX)
        return err_set(r->e, ERR_LIMIT, "row %" PRIu64 " is over the limit of %d", first,
            NATIVE_TABLE_ROWS_MAX);
    if (count > NATIVE_CHUNK_ROWS)
        return err_set(
            r->e, ERR_LIMIT, "it has %" PRIu64 " rows, the limit is %d", count, NATIVE_CHUNK_ROWS);
    r->first = (uint32_t)first;
    r->count = (uint32_t)count;
    return true;
}

bool native_payload_knows(const char *type)
{
    return find_reader(type) != NULL;
}

bool native_payload_read(struct native_payload *r, const char *type)
{
    const struct chunk_reader *reader = find_reader(type);
    if (!reader)
        return true;
    if (reader->rows && !read_row_range(r))
        return false;
    return reader->read(r);
}

void native_payload_done(struct native_payload *r)
{
    for (int i = 0; i < NATIVE_COLUMNS_MAX; i++)
        vec_done(&r->columns[i]);
    vec_done(&r->depths);
}
