// SPDX-License-Identifier: MIT
/*
 * pprof's profile.proto (github.com/google/pprof, proto/profile.proto), gzipped. Encoded by hand:
 * the format is tags, varints and length-delimited messages. What readers insist on:
 *   - string_table[0] is "", ids are small and begin at 1, 0 means none;
 *   - a location's lines are innermost first;
 *   - the has_* flags, or `go tool pprof` looks for the binaries to name the functions again;
 *   - the first mapping is the main program: the header is taken from it.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "base/varint.h"
#include "format/formats.h"
#include "format/out.h"
#include "format/sample_sums.h"

/* Field numbers of the messages. */
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_MAPPING = 3,
    PROFILE_LOCATION = 4,
    PROFILE_FUNCTION = 5,
    PROFILE_STRING_TABLE = 6,
    PROFILE_TIME_NANOS = 9,
    PROFILE_DURATION_NANOS = 10,
    PROFILE_PERIOD_TYPE = 11,
    PROFILE_PERIOD = 12,
    PROFILE_COMMENT = 13,
    PROFILE_DEFAULT_SAMPLE_TYPE = 14,

    VALUE_TYPE_TYPE = 1,
    VALUE_TYPE_UNIT = 2,

    SAMPLE_LOCATION_ID = 1,
    SAMPLE_VALUE = 2,
    SAMPLE_LABEL = 3,

    LABEL_KEY = 1,
    LABEL_STR = 2,
    LABEL_NUM = 3,

    MAPPING_ID = 1,
    MAPPING_MEMORY_START = 2,
    MAPPING_MEMORY_LIMIT = 3,
    MAPPING_FILENAME = 5,
    MAPPING_BUILD_ID = 6,
    MAPPING_HAS_FUNCTIONS = 7,
    MAPPING_HAS_INLINE_FRAMES = 10,

    LOCATION_ID = 1,
    LOCATION_MAPPING_ID = 2,
    LOCATION_ADDRESS = 3,
    LOCATION_LINE = 4,

    LINE_FUNCTION_ID = 1,
    LINE_LINE = 2,

    FUNCTION_ID = 1,
    FUNCTION_NAME = 2,
    FUNCTION_SYSTEM_NAME = 3,
    FUNCTION_FILENAME = 4,
    FUNCTION_START_LINE = 5,
};

/* Strings beside the profile's own stand behind them in the table, in this order. */
enum word {
    WORD_SAMPLES,
    WORD_COUNT,
    WORD_CPU,
    WORD_NANOSECONDS,
    WORD_SPACE,
    WORD_BYTES,
    WORD_THREAD,
    WORD_PROCESS,
    WORD_TID,
    WORD_PID,
    WORDS
};

static const char *const words[WORDS] = {
    [WORD_SAMPLES] = "samples",
    [WORD_COUNT] = "count",
    [WORD_CPU] = "cpu",
    [WORD_NANOSECONDS] = "nanoseconds",
    [WORD_SPACE] = "space",
    [WORD_BYTES] = "bytes",
    [WORD_THREAD] = "thread",
    [WORD_PROCESS] = "process",
    [WORD_TID] = "tid",
    [WORD_PID] = "pid",
};

enum { WORK_BYTES = 64 * 1024 };

struct writer {
    const struct profile *p;
    const struct format_sink *sink;
    struct err *e;
    bool failed;
    z_stream gzip;
    struct strbuf plain;   /* messages to be compressed */
    struct strbuf message; /* one field of Profile */
    struct strbuf inner;   /* one field of that */
    uint32_t next_string;  /* index of the next string that is in neither table */
    struct strbuf strings; /* those, as fields of Profile */
};

/* ---- protocol buffers ---- */

static void put_number(struct strbuf *out, unsigned field, uint64_t value)
{
    if (value == 0)
        return;
    varint_add(out, field << 3 | 0);
    varint_add(out, value);
}

static void put_bytes(struct strbuf *out, unsigned field, struct slice bytes)
{
    varint_add(out, field << 3 | 2);
    varint_add(out, bytes.len);
    strbuf_addslice(out, bytes);
}

/* Moves a finished message into the one around it. */
static void put_message(struct strbuf *out, unsigned field, struct strbuf *message)
{
    put_bytes(out, field, strbuf_slice(message));
    strbuf_clear(message);
}

/* ---- gzip ---- */

static void compress_plain(struct writer *w, int flush)
{
    Bytef *work = xmalloc(WORK_BYTES);
    w->gzip.next_in = (Bytef *)w->plain.ptr;
    w->gzip.avail_in = (uInt)w->plain.len;
    do {
        w->gzip.next_out = work;
        w->gzip.avail_out = WORK_BYTES;
        deflate(&w->gzip, flush);
        size_t len = WORK_BYTES - w->gzip.avail_out;
        if (!w->failed && len)
            w->failed = !w->sink->write(w->sink->ctx, work, len, w->e);
    } while (w->gzip.avail_out == 0);
    strbuf_clear(&w->plain);
    free(work);
}

static void put_field(struct writer *w, unsigned field)
{
    put_message(&w->plain, field, &w->message);
    if (w->plain.len >= WORK_BYTES)
        compress_plain(w, Z_NO_FLUSH);
}

/* ---- strings ---- */

static uint32_t word_index(const struct writer *w, enum word word)
{
    return profile_string_count(w->p) + (uint32_t)word;
}

/* proto3 strings are UTF-8, and readers print them on terminals. */
static void put_string(struct strbuf *out, struct slice text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
    utf8_add_printable(&clean, text);
    put_bytes(out, PROFILE_STRING_TABLE, strbuf_slice(&clean));
}

static uint32_t add_string(struct writer *w, struct slice text)
{
    put_string(&w->strings, text);
    return w->next_string++;
}

static void write_strings(struct writer *w)
{
    for (uint32_t i = 0; i < profile_string_count(w->p); i++) {
        put_string(&w->plain, profile_string(w->p, (struct string_id){ i }));
        if (w->plain.len >= WORK_BYTES)
            compress_plain(w, Z_NO_FLUSH);
    }
    for (int i = 0; i < WORDS; i++)
        put_string(&w->plain, slice_of(words[i]));
    strbuf_addslice(&w->plain, strbuf_slice(&w->strings));
}

/* ---- what was measured ---- */

static enum weight_unit unit_of(const struct writer *w)
{
    return (enum weight_unit)profile_meta_get(w->p)->weight_unit;
}

static void write_value_type(struct writer *w, unsigned field, enum word type, enum word unit)
{
    put_number(&w->message, VALUE_TYPE_TYPE, word_index(w, type));
    put_number(&w->message, VALUE_TYPE_UNIT, word_index(w, unit));
    put_field(w, field);
}

static void write_comment(struct writer *w, struct slice a, struct slice b)
{
    if (a.len + b.len == 0)
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addslice(&text, a);
    if (b.len) {
        strbuf_adds(&text, ": ");
        strbuf_addslice(&text, b);
    }
    put_number(&w->plain, PROFILE_COMMENT, add_string(w, strbuf_slice(&text)));
}

static void write_meta(struct writer *w)
{
    const struct profile_meta *m = profile_meta_get(w->p);
    write_value_type(w, PROFILE_SAMPLE_TYPE, WORD_SAMPLES, WORD_COUNT);
    if (unit_of(w) == WEIGHT_NANOSECONDS)
        write_value_type(w, PROFILE_SAMPLE_TYPE, WORD_CPU, WORD_NANOSECONDS);
    if (unit_of(w) == WEIGHT_BYTES)
        write_value_type(w, PROFILE_SAMPLE_TYPE, WORD_SPACE, WORD_BYTES);
    put_number(&w->plain, PROFILE_TIME_NANOS, m->start_realtime_ns);
    if (m->end_ns > m->start_ns)
        put_number(&w->plain, PROFILE_DURATION_NANOS, m->end_ns - m->start_ns);
    if (m->period_ns) {
        write_value_type(w, PROFILE_PERIOD_TYPE, WORD_CPU, WORD_NANOSECONDS);
        put_number(&w->plain, PROFILE_PERIOD, m->period_ns);
    }
    write_comment(w, slice_of("recorded by"), slice_of(m->tool));
    write_comment(w, slice_of("command"), slice_of(m->command));
    for (uint32_t i = 0; i < profile_note_count(w->p); i++) {
        struct note note = profile_note(w->p, i);
        write_comment(w, profile_string(w->p, note.what), profile_string(w->p, note.why));
    }
}

/* ---- mappings ---- */

static uint64_t *module_limits(const struct profile *p)
{
    uint64_t *limits = xcalloc(profile_module_count(p), sizeof *limits);
    for (uint32_t i = 1; i < profile_frame_count(p); i++) {
        const struct frame *f = profile_frame(p, (struct frame_id){ i });
        if (limits[f->module.i] < f->address)
            limits[f->module.i] = f->address;
    }
    return limits;
}

/* The executable of the first process, else of the program that meta names. */
static uint32_t main_module(const struct profile *p)
{
    struct slice exe = { 0 };
    for (uint32_t i = 1; i < profile_process_count(p) && exe.len == 0; i++)
        exe = profile_string(p, profile_process(p, (struct process_id){ i })->exe);
    struct slice program = slice_of(profile_meta_get(p)->program);
    uint32_t by_name = 1;
    for (uint32_t i = profile_module_count(p); i-- > 1;) {
        struct slice path = profile_string(p, profile_module(p, (struct module_id){ i })->path);
        if (exe.len && slice_equal(path, exe))
            return i;
        if (program.len && slice_equal(slice_basename(path), program))
            by_name = i;
    }
    return by_name;
}

static void write_mapping(struct writer *w, uint32_t id, uint64_t highest)
{
    const struct module *m = profile_module(w->p, (struct module_id){ id });
    put_number(&w->message, MAPPING_ID, id);
    put_number(&w->message, MAPPING_MEMORY_START, 0);
    put_number(&w->message, MAPPING_MEMORY_LIMIT, highest | 0xfff);
    put_number(&w->message, MAPPING_FILENAME, m->path.i);
    if (m->build_id_len) {
        PROF_CLEANUP(strbuf_done) struct strbuf hex = STRBUF_INIT;
        for (int i = 0; i < m->build_id_len; i++)
            strbuf_addf(&hex, "%02x", m->build_id[i]);
        put_number(&w->message, MAPPING_BUILD_ID, add_string(w, strbuf_slice(&hex)));
    }
    for (unsigned flag = MAPPING_HAS_FUNCTIONS; flag <= MAPPING_HAS_INLINE_FRAMES; flag++)
        put_number(&w->message, flag, 1);
    put_field(w, PROFILE_MAPPING);
}

static void write_mappings(struct writer *w)
{
    uint32_t count = profile_module_count(w->p);
    if (count < 2)
        return;
    PROF_CLEANUP(free_ptr) uint64_t *limits = module_limits(w->p);
    uint32_t first = main_module(w->p);
    write_mapping(w, first, limits[first]);
    for (uint32_t i = 1; i < count; i++) {
        if (i != first)
            write_mapping(w, i, limits[i]);
    }
}

/* ---- locations and functions: ids are the profile's own ---- */

static void write_locations(struct writer *w)
{
    for (uint32_t i = 1; i < profile_frame_count(w->p); i++) {
        const struct frame *f = profile_frame(w->p, (struct frame_id){ i });
        const struct line *lines = profile_frame_lines(w->p, (struct frame_id){ i });
        put_number(&w->message, LOCATION_ID, i);
        put_number(&w->message, LOCATION_MAPPING_ID, f->module.i);
        put_number(&w->message, LOCATION_ADDRESS, f->address);
        for (uint32_t l = f->line_count; l-- > 0;) {
            put_number(&w->inner, LINE_FUNCTION_ID, lines[l].func.i);
            put_number(&w->inner, LINE_LINE, lines[l].line);
            put_message(&w->message, LOCATION_LINE, &w->inner);
        }
        put_field(w, PROFILE_LOCATION);
    }
}

static void write_functions(struct writer *w)
{
    for (uint32_t i = 1; i < profile_func_count(w->p); i++) {
        const struct func *f = profile_func(w->p, (struct func_id){ i });
        put_number(&w->message, FUNCTION_ID, i);
        put_number(&w->message, FUNCTION_NAME, f->name.i);
        put_number(
            &w->message, FUNCTION_SYSTEM_NAME, f->system_name.i ? f->system_name.i : f->name.i);
        put_number(&w->message, FUNCTION_FILENAME, f->file.i);
        put_number(&w->message, FUNCTION_START_LINE, f->line);
        put_field(w, PROFILE_FUNCTION);
    }
}

/* ---- samples ---- */

/* Keys are what every consumer accepts: Pyroscope refuses a profile with a blank or dash in one. */
static void put_label(struct writer *w, enum word key, uint32_t text, uint64_t number)
{
    put_number(&w->inner, LABEL_KEY, word_index(w, key));
    put_number(&w->inner, LABEL_STR, text);
    put_number(&w->inner, LABEL_NUM, number);
    put_message(&w->message, SAMPLE_LABEL, &w->inner);
}

static void put_labels(struct writer *w, struct thread_id id)
{
    if (id.i == 0)
        return;
    const struct thread *t = profile_thread(w->p, id);
    const struct process *process = profile_process(w->p, t->process);
    if (t->name.i)
        put_label(w, WORD_THREAD, t->name.i, 0);
    if (process->name.i)
        put_label(w, WORD_PROCESS, process->name.i, 0);
    if (t->tid > 0)
        put_label(w, WORD_TID, 0, (uint64_t)t->tid);
    if (process->pid > 0)
        put_label(w, WORD_PID, 0, (uint64_t)process->pid);
}

static void write_sample(struct writer *w, const struct sample_sum *sum)
{
    for (struct stack_id id = sum->stack; id.i;) {
        struct stack stack = profile_stack(w->p, id);
        if (stack.frame.i)
            varint_add(&w->inner, stack.frame.i);
        id = stack.caller;
    }
    put_message(&w->message, SAMPLE_LOCATION_ID, &w->inner);
    varint_add(&w->inner, sum->count);
    if (unit_of(w) != WEIGHT_COUNT)
        varint_add(&w->inner, sum->weight);
    put_message(&w->message, SAMPLE_VALUE, &w->inner);
    put_labels(w, sum->thread);
    put_field(w, PROFILE_SAMPLE);
}

static void write_samples(struct writer *w)
{
    size_t count;
    struct sample_sum *sums = sample_sums_new(w->p, &count);
    for (size_t i = 0; i < count && !w->failed; i++)
        write_sample(w, &sums[i]);
    free(sums);
}

/* ---- the whole ---- */

bool pprof_write(const struct profile *p, const struct format_sink *sink, struct err *e)
{
    struct writer w = {
        .p = p,
        .sink = sink,
        .e = e,
        .plain = STRBUF_INIT,
        .message = STRBUF_INIT,
        .inner = STRBUF_INIT,
        .strings = STRBUF_INIT,
        .next_string = profile_string_count(p) + WORDS,
    };
    const int gzip_window = 15 + 16; /* zlib.h: 16 more asks for a gzip header */
    if (deflateInit2(
            &w.gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return err_set(e, ERR_LIMIT, "cannot start gzip: out of memory");
    write_meta(&w);
    write_samples(&w);
    write_mappings(&w);
    write_locations(&w);
    write_functions(&w);
    write_strings(&w);
    if (unit_of(&w) == WEIGHT_NANOSECONDS)
        put_number(&w.plain, PROFILE_DEFAULT_SAMPLE_TYPE, word_index(&w, WORD_CPU));
    compress_plain(&w, Z_FINISH);
    deflateEnd(&w.gzip);
    strbuf_done(&w.plain);
    strbuf_done(&w.message);
    strbuf_done(&w.inner);
    strbuf_done(&w.strings);
    return !w.failed;
}
