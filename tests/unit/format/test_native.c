// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/varint.h"
#include "format/format.h"
#include "format/native.h"
#include "format/native_wire.h"
#include "sample_profile.h"

static const struct format *native(void)
{
    return format_by_name("prof");
}

static struct strbuf written(const struct profile *p)
{
    struct strbuf bytes = STRBUF_INIT;
    struct err e = { 0 };
    cr_assert(native()->write(p, MEMORY_SINK(&bytes), &e), "%s", e.message);
    return bytes;
}

static struct profile *read_ok(const struct strbuf *bytes)
{
    struct err e = { 0 };
    struct profile *p = native()->read(strbuf_slice(bytes), &e);
    cr_assert_not_null(p, "%s", e.message);
    return p;
}

static void expect_same(const struct profile *a, const struct profile *b)
{
    PROF_CLEANUP(strbuf_done) struct strbuf x = dump_profile(a);
    PROF_CLEANUP(strbuf_done) struct strbuf y = dump_profile(b);
    cr_assert(eq(str, x.ptr, y.ptr));
}

Test(native, export_then_import_is_identity)
{
    struct profile *p = sample_profile(1000);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = written(p);
    struct profile *q = read_ok(&bytes);
    expect_same(p, q);
    profile_free(p);
    profile_free(q);
}

Test(native, an_empty_profile_survives)
{
    struct profile *p = profile_new();
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = written(p);
    struct profile *q = read_ok(&bytes);
    expect_same(p, q);
    profile_free(p);
    profile_free(q);
}

Test(native, native_of_native_has_the_same_bytes)
{
    struct profile *p = sample_profile(70000);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = written(p);
    struct profile *q = read_ok(&bytes);
    PROF_CLEANUP(strbuf_done) struct strbuf again = written(q);
    cr_assert(eq(sz, bytes.len, again.len));
    cr_assert(memcmp(bytes.ptr, again.ptr, bytes.len) == 0);
    profile_free(p);
    profile_free(q);
}

/* ---- growing files ---- */

static int temp_file(void)
{
    char path[] = "/tmp/prof-test-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    unlink(path);
    return fd;
}

static struct strbuf file_bytes(int fd)
{
    struct strbuf bytes = STRBUF_INIT;
    lseek(fd, 0, SEEK_SET);
    cr_assert(file_read_fd(fd, "temp", SIZE_MAX / 2, &bytes, NULL));
    return bytes;
}

/* A recording as it happens: stacks, samples and threads come while the file grows. */
static void record_some(struct profile *p, uint32_t round)
{
    char name[32];
    snprintf(name, sizeof name, "thread %u", round);
    struct thread t = { .tid = (int32_t)(5000 + round), .name = sample_string(p, name) };
    struct thread_id thread = profile_add_thread(p, &t);
    struct stack_id stack = { 0 };
    for (uint32_t depth = 0; depth < 5; depth++)
        stack = profile_add_stack(
            p, stack, profile_add_frame(p, (struct module_id){ 0 }, 0x1000 + round * depth, 0));
    for (uint32_t i = 0; i < 3000; i++) {
        struct sample s = { .time_ns = (round * 3000 + i) * UINT64_C(1000003),
            .thread = thread,
            .stack = stack,
            .count = 1,
            .weight = 2000000 };
        profile_add_sample(p, &s);
    }
}

/* Rows that change after they were written, and new ones behind them. */
static void record_evidence(struct profile *p, uint32_t round)
{
    struct tally tally = profile_tallies(p, &(uint32_t){ 0 })[0];
    tally.count = 3;
    profile_add_tally(p, &tally);
    tally.thread = (struct thread_id){ 0 };
    profile_add_tally(p, &tally);
    histogram_add(profile_histogram(p, "turn", (struct thread_id){ 1 }), round * 3000000);
    histogram_add(profile_histogram(p, "turn_on_cpu", (struct thread_id){ 1 + round % 2 }), 5);
    profile_add_span(p, &(struct span){ .start_ns = round * 7, .kind = SPAN_WAIT });
    char value[16];
    snprintf(value, sizeof value, "%u", round);
    profile_set_fact(p, (struct process_id){ 1 }, "runtime", slice_of(value));
    profile_set_fact(p, (struct process_id){ 1 }, value, slice_of("x"));
    struct sample wait = { .time_ns = round, .thread = { 1 }, .stack = { 1 }, .weight = 9 };
    profile_add_channel_sample(p, CHANNEL_WAIT, &wait);
}

Test(native, a_file_that_grew_equals_its_profile)
{
    PROF_CLEANUP(close_fd) int fd = temp_file();
    struct err e = { 0 };
    struct native_writer *w = native_writer_new(fd, &e);
    cr_assert_not_null(w);
    struct profile *p = sample_profile(0);
    for (uint32_t round = 0; round < 20; round++) {
        record_some(p, round);
        profile_thread_edit(p, (struct thread_id){ 2 })->end_ns = 77 + round;
        profile_process_edit(p, (struct process_id){ 1 })->end_ns = 99 + round;
        record_evidence(p, round);
        cr_assert(native_writer_flush(w, p, &e), "%s", e.message);
    }
    profile_module_edit(p, (struct module_id){ 2 })->no_symbols = false;
    cr_assert(eq(u64, profile_tallies(p, &(uint32_t){ 0 })[0].count, 12 + 20 * 3));
    profile_name_unresolved(p);
    cr_assert(native_writer_finish(w, p, &e), "%s", e.message);
    native_writer_free(w);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = file_bytes(fd);
    struct profile *q = read_ok(&bytes);
    expect_same(p, q);
    profile_free(p);
    profile_free(q);
}

Test(native, flushing_often_does_not_make_small_blocks)
{
    PROF_CLEANUP(close_fd) int fd = temp_file();
    struct native_writer *w = native_writer_new(fd, NULL);
    struct profile *p = sample_profile(0);
    cr_assert(native_writer_flush(w, p, NULL));
    for (uint32_t round = 0; round < 20; round++) {
        record_some(p, round);
        cr_assert(native_writer_flush(w, p, NULL));
    }
    cr_assert(native_writer_finish(w, p, NULL));
    cr_assert(le(u32, sample_log_block_count(profile_samples(p)), 60000 / 8192 + 1));
    native_writer_free(w);
    profile_free(p);
}

Test(native, a_full_disk_leaves_whole_chunks)
{
    PROF_CLEANUP(close_fd) int fd = temp_file();
    struct err e = { 0 };
    struct native_writer *w = native_writer_new(fd, &e);
    struct profile *p = sample_profile(0);
    record_some(p, 0);
    cr_assert(native_writer_flush(w, p, &e));
    struct stat before, after;
    fstat(fd, &before);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = { (rlim_t)before.st_size + 100, (rlim_t)before.st_size + 100 };
    cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    for (uint32_t round = 1; round < 6; round++)
        record_some(p, round);
    cr_assert_not(native_writer_flush(w, p, &e));
    cr_assert(eq(int, e.code, ERR_IO));
    cr_assert_not_null(e.hint);
    cr_assert_not(native_writer_finish(w, p, &e), "it stays failed");
    fstat(fd, &after);
    cr_assert(le(long, after.st_size, before.st_size + 100));
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = file_bytes(fd);
    struct profile *q = read_ok(&bytes);
    cr_assert(eq(u64, sample_log_count(profile_samples(q)), 3000));
    cr_assert(gt(u32, profile_note_count(q), profile_note_count(p)));
    err_done(&e);
    native_writer_free(w);
    profile_free(p);
    profile_free(q);
}

/* ---- cut and damaged files ---- */

static struct slice last_note(const struct profile *p)
{
    return profile_string(p, profile_note(p, profile_note_count(p) - 1).what);
}

Test(native, cut_anywhere_it_reads_up_to_the_last_whole_chunk)
{
    struct profile *p = sample_profile(40000);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = written(p);
    uint64_t before = 0;
    for (size_t len = NATIVE_HEADER_BYTES; len < bytes.len; len++) {
        char *cut = xmemdupz(bytes.ptr, len); /* of its own, so that reading behind it shows */
        struct err e = { 0 };
        struct profile *q = native()->read((struct slice){ cut, len }, &e);
        cr_assert_not_null(q, "cut at %zu: %s", len, e.message);
        cr_assert(slice_starts(last_note(q), "the file ends early: "), "cut at %zu", len);
        uint64_t samples = sample_log_count(profile_samples(q));
        cr_assert(samples >= before);
        before = samples;
        profile_free(q);
        free(cut);
    }
    cr_assert(eq(u64, before, 40000), "only the end chunk was missing");
    profile_free(p);
}

Test(native, a_changed_byte_is_noticed)
{
    struct profile *p = sample_profile(300);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = written(p);
    for (size_t at = NATIVE_HEADER_BYTES; at < bytes.len; at++) {
        bytes.ptr[at] ^= 0x20;
        struct profile *q = read_ok(&bytes);
        cr_assert(slice_starts(last_note(q), "the file ends early: "), "byte %zu", at);
        profile_free(q);
        bytes.ptr[at] ^= 0x20;
    }
    profile_free(p);
}

/* ---- other versions, made-up chunks ---- */

static struct strbuf header(uint32_t major, uint32_t minor)
{
    struct strbuf b = STRBUF_INIT;
    uint8_t bytes[NATIVE_HEADER_BYTES] = { 0 };
    memcpy(bytes, NATIVE_MAGIC, NATIVE_MAGIC_BYTES);
    native_put_u16(bytes + 8, major);
    native_put_u16(bytes + 10, minor);
    strbuf_add(&b, bytes, sizeof bytes);
    return b;
}

static void add_chunk(struct strbuf *file, const char *type, struct slice payload, uint32_t raw_len)
{
    uint8_t bytes[NATIVE_CHUNK_HEADER_BYTES];
    memcpy(bytes, type, 4);
    native_put_u32(bytes + 4, (uint32_t)payload.len);
    native_put_u32(bytes + 8, raw_len);
    uLong crc = crc32_z(crc32(0, bytes, 12), (const Bytef *)payload.ptr, payload.len);
    native_put_u32(bytes + 12, (uint32_t)crc);
    strbuf_add(file, bytes, sizeof bytes);
    strbuf_addslice(file, payload);
}

/* A payload of unsigned numbers. */
static void add_numbers(
    struct strbuf *file, const char *type, const uint64_t *numbers, size_t count)
{
    PROF_CLEANUP(strbuf_done) struct strbuf payload = STRBUF_INIT;
    for (size_t i = 0; i < count; i++)
        varint_add(&payload, numbers[i]);
    add_chunk(file, type, strbuf_slice(&payload), 0);
}

#define NUMBERS(file, type, ...)                                                                   \
    add_numbers(file, type, (const uint64_t[]){ __VA_ARGS__ },                                     \
        sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

Test(native, a_later_major_version_is_refused_with_a_hint)
{
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = header(2, 0);
    struct err e = { 0 };
    cr_assert_null(native()->read(strbuf_slice(&bytes), &e));
    cr_assert(eq(int, e.code, ERR_FORMAT));
    cr_assert_not_null(strstr(e.message, "version 2"));
    cr_assert_not_null(e.hint);
    err_done(&e);
}

Test(native, unknown_chunks_columns_and_keys_are_skipped)
{
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = header(1, 9);
    add_chunk(&bytes, "WHAT", slice_of("not of this time"), 0);
    NUMBERS(&bytes, NATIVE_STRINGS, 1, 1, 1, 'x', 7, 7, 7);
    NUMBERS(&bytes, NATIVE_FUNCS, 1, 1, 2, 0, 0, 5, 0, 200, 1, 2, 3); /* kind 200: unknown */
    NUMBERS(&bytes, NATIVE_CHANNELS, 9, 1, 2, 3);
    NUMBERS(&bytes, NATIVE_SPANS, 0, 1, 2, 3, 0, 0, 0, 0, /* kind */ 99, 0, 0, 5);
    NUMBERS(&bytes, NATIVE_SPANS, 1, 1, 2, 3, 0, 0, 0, 0, SPAN_GC, 0, 0, 5);
    NUMBERS(&bytes, NATIVE_END, 0, 1);
    struct profile *p = read_ok(&bytes);
    uint32_t spans;
    cr_assert(eq(int, (int)profile_spans(p, &spans)[0].kind, SPAN_GC));
    cr_assert(eq(u32, spans, 1), "a kind of later versions is left out");
    cr_assert(eq(u32, profile_note_count(p), 0));
    cr_assert(eq(u32, profile_func_count(p), 2));
    cr_assert(eq(int, (int)profile_func(p, (struct func_id){ 1 })->kind, FUNC_UNKNOWN));
    cr_assert(eq(u32, profile_func(p, (struct func_id){ 1 })->line, 5));
    profile_free(p);
}

static const struct wrong_case {
    const char *name, *type, *message;
    uint64_t numbers[12];
    size_t count;
} wrong_cases[] = {
    { "gap", NATIVE_STRINGS, "begins at row 5", { 5, 1, 0 }, 3 },
    { "same string twice", NATIVE_STRINGS, "repeats", { 1, 1, 0 }, 3 },
    { "long string", NATIVE_STRINGS, "longer than the chunk", { 1, 1, 1000 }, 3 },
    { "many rows", NATIVE_STRINGS, "limit", { 1, 1 << 20, 0 }, 3 },
    { "far row", NATIVE_STRINGS, "limit", { 1 << 30, 1, 0 }, 3 },
    { "short column", NATIVE_STACKS, "ends early", { 1, 3, 1 }, 3 },
    { "string id", NATIVE_FUNCS, "names string 7 of 1", { 1, 1, 14, 0, 0, 0, 0, 0 }, 8 },
    { "module id", NATIVE_FRAMES, "names module 3 of 1", { 1, 1, 3, 0, 0 }, 5 },
    { "stack before itself", NATIVE_STACKS, "no caller", { 1, 1, 0, 0 }, 4 },
    { "stack before all", NATIVE_STACKS, "no caller", { 1, 1, 9, 0 }, 4 },
    { "frame id", NATIVE_STACKS, "names frame 1 of 1", { 1, 1, 1, 2 }, 4 },
    { "pid", NATIVE_PROCESSES, "not a process id", { 1, 1, UINT64_C(1) << 40, 0, 0, 0, 0, 0 }, 8 },
    { "thread's process", NATIVE_THREADS, "names process 1", { 1, 1, 1, 0, 0, 0, 0, 0, 0 }, 9 },
    { "build id", NATIVE_MODULES, "build id", { 1, 1, 0, 1, 0, 0, 21 }, 7 },
    { "no lines", NATIVE_LINE_FRAMES, "no lines", { 1, 1, 0 }, 3 },
    { "many lines", NATIVE_LINE_FRAMES, "more lines", { 1, 1, UINT64_C(1) << 60 }, 3 },
    { "line's func", NATIVE_LINE_FRAMES, "function", { 1, 1, 1, 2, 0 }, 5 },
    { "lines of no frame", NATIVE_LINES, "frame", { 0, 1, 1, 1, 0, 0 }, 6 },
    { "points of no series", NATIVE_POINTS, "series", { 0, 1, 1 }, 3 },
    { "note's string", NATIVE_NOTES, "names string", { 0, 1, 4, 4, 4 }, 5 },
    { "meta type", NATIVE_META, "neither", { 0, 1, 0, 9 }, 4 },
    { "no block", NATIVE_SAMPLES, "damaged", { 1, 1, 1 }, 3 },
    { "channel of its own", NATIVE_CHANNELS, "type of their own", { 0, 1 }, 2 },
    { "channel's block", NATIVE_CHANNELS, "damaged", { 1, 1, 1, 1 }, 4 },
    { "span's thread", NATIVE_SPANS, "names thread 4", { 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0 }, 11 },
    { "span's label", NATIVE_SPANS, "names string 6", { 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6 }, 11 },
    { "span gap", NATIVE_SPANS, "begins at row 2", { 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 11 },
    { "bucket", NATIVE_HISTOGRAMS, "out of range", { 0, 1, 0, 0, 1, 1, 1, 1, 512, 1 }, 10 },
    { "buckets", NATIVE_HISTOGRAMS, "number of buckets", { 0, 1, 0, 0, 1, 1, 1, 513, 1, 1 }, 10 },
    { "bucket's count", NATIVE_HISTOGRAMS, "add up", { 0, 1, 0, 0, 5, 1, 1, 1, 7, 4 }, 10 },
    { "bucket cut", NATIVE_HISTOGRAMS, "ends early", { 0, 1, 0, 0, 5, 1, 1, 2, 7, 4 }, 10 },
    { "histogram's thread", NATIVE_HISTOGRAMS, "names thread 1", { 0, 1, 0, 1, 0, 0, 0, 0 }, 8 },
    { "tally's thread", NATIVE_TALLIES, "names thread 1", { 0, 1, 1, 0, 0, 0, 0, 0, 0, 0 }, 10 },
    { "tally's name", NATIVE_TALLIES, "names string 1", { 0, 1, 0, 1, 0, 0, 0, 0, 0, 0 }, 10 },
    { "fact's process", NATIVE_FACTS, "names process 1", { 0, 1, 1, 0, 0 }, 5 },
    { "same fact twice", NATIVE_FACTS, "row 1 repeats", { 0, 2, 0, 0, 0, 0, 0, 0 }, 8 },
    { "fact gap", NATIVE_FACTS, "begins at row 1", { 1, 1, 0, 0, 0 }, 5 },
    { "end counts", NATIVE_END, "counts 4 samples", { 4, 1 }, 2 },
};

Test(native, wrong_content_is_an_error_with_its_offset)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(wrong_cases); i++) {
        const struct wrong_case *c = &wrong_cases[i];
        PROF_CLEANUP(strbuf_done) struct strbuf bytes = header(1, 0);
        add_numbers(&bytes, c->type, c->numbers, c->count);
        struct err e = { 0 };
        struct profile *p = native()->read(strbuf_slice(&bytes), &e);
        cr_expect_null(p, "%s: read", c->name);
        profile_free(p);
        const char *message = e.message ? e.message : "";
        cr_expect_not_null(strstr(message, c->message), "%s: %s", c->name, message);
        cr_expect_not_null(strstr(message, "byte 16, chunk '"), "%s: %s", c->name, message);
        err_done(&e);
    }
}

Test(native, a_bomb_is_refused)
{
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = header(1, 0);
    add_chunk(&bytes, NATIVE_STRINGS, slice_of("xxxx"), UINT32_MAX);
    struct err e = { 0 };
    cr_assert_null(native()->read(strbuf_slice(&bytes), &e));
    cr_assert(eq(int, e.code, ERR_LIMIT));
    err_done(&e);
}

Test(native, walking_up_the_parents_always_ends)
{
    /* Three in a ring, one its own parent, one whose parent is not there. */
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = header(1, 0);
    NUMBERS(&bytes, NATIVE_PROCESSES, 1, 5, /* pid */ 2, 2, 2, 2, 2, /* parent */ 2, 3, 1, 4, 900,
        /* the rest */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    struct profile *p = read_ok(&bytes);
    for (uint32_t i = 1; i < profile_process_count(p); i++) {
        struct process_id id = { i };
        int steps = 0;
        while (id.i && steps++ < 10)
            id = profile_process(p, id)->parent;
        cr_assert(le(int, steps, 5));
    }
    profile_free(p);
}

Test(native, a_stack_that_is_too_deep_is_refused)
{
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = header(1, 0);
    PROF_CLEANUP(strbuf_done) struct strbuf stacks = STRBUF_INIT;
    enum { DEPTH = 33000 };
    varint_add(&stacks, 1);
    varint_add(&stacks, DEPTH);
    for (int i = 0; i < DEPTH; i++)
        varint_add(&stacks, 1);
    for (int i = 0; i < DEPTH; i++)
        varint_add(&stacks, 0);
    add_chunk(&bytes, NATIVE_STACKS, strbuf_slice(&stacks), 0);
    struct err e = { 0 };
    cr_assert_null(native()->read(strbuf_slice(&bytes), &e));
    cr_assert_not_null(strstr(e.message, "stack 32769 is deeper than 32768"), "%s", e.message);
    err_done(&e);
}
