// SPDX-License-Identifier: MIT
/* A CPython 3.11 of our own making: its objects lie in this process, and the stack in an array. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/vec.h"
#include "record/python_code.h"
#include "record/python_frames.h"

enum {
    WORD = 8,
    LOOP_START = 0x500000, /* where the loop's C code is said to be */
    RECORD_AT = 0xb0,      /* in the loop's C frame */
    CODE_POINTER_AT = 0x20,
    UNITS = 10,
    LOCALS = 2,
    STACK_WORDS = 3,
    FRAME_LEN = (9 + LOCALS + STACK_WORDS) * WORD,
    STACK_BYTES = 8192,
    FUNCTIONS = 4,
};

/* Of the source lines 10 and 11, five code units each (kind 10 and 11 of python_lines.c). */
static const uint8_t line_table[] = { 0xd4, 0, 1, 0xdc, 0, 1 };

struct text {
    uint64_t counts[2], length, hash, state, unused;
    char characters[40];
};

struct bytes_object {
    uint64_t counts[2], size, hash;
    uint8_t bytes[16];
};

union code_object {
    uint64_t words[64];
    uint8_t bytes[512];
};

static struct {
    uint64_t version, type, other_type;
    struct text file, names[FUNCTIONS];
    struct bytes_object lines;
    union code_object codes[FUNCTIONS];
    uint8_t heap[4096];
    uint64_t thread[64]; /* struct _ts */
    uint8_t stack[STACK_BYTES];
} memory;

static uint64_t at(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void put(void *to, size_t offset, uint64_t word)
{
    memcpy((uint8_t *)to + offset, &word, sizeof word);
}

static void put_half(void *to, size_t offset, uint32_t half)
{
    memcpy((uint8_t *)to + offset, &half, sizeof half);
}

static void make_text(struct text *t, const char *characters)
{
    *t = (struct text){ .length = strlen(characters), .state = 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7 };
    memcpy(t->characters, characters, strlen(characters));
}

static void make_code(int i, const char *name)
{
    make_text(&memory.names[i], name);
    union code_object *code = &memory.codes[i];
    put(code, 8, at(&memory.type));
    put(code, 16, UNITS);
    put_half(code, 68, STACK_WORDS);
    put_half(code, 72, 10);
    put_half(code, 76, LOCALS);
    put(code, 112, at(&memory.file));
    put(code, 128, at(&memory.names[i]));
    put(code, 136, at(&memory.lines));
}

static uint64_t unit_address(int function, unsigned unit)
{
    return at(&memory.codes[function]) + PYTHON_CODE_AT + unit * (uint64_t)PYTHON_UNIT_BYTES;
}

/* The depth-th frame of the thread's stack of frames. */
static uint64_t frame_address(unsigned depth)
{
    return at(memory.heap) + depth * (uint64_t)FRAME_LEN;
}

static void make_frame(unsigned depth, int function, unsigned unit, bool is_entry)
{
    uint8_t *frame = memory.heap + depth * (size_t)FRAME_LEN;
    memset(frame, 0, FRAME_LEN);
    put(frame, 32, at(&memory.codes[function]));
    put(frame, 48, depth > 0 ? frame_address(depth - 1) : 0);
    put(frame, 56, unit_address(function, unit));
    frame[68] = is_entry;
}

static struct profile *p;
static struct python *python;

static void start(void)
{
    p = profile_new();
    memset(&memory, 0, sizeof memory);
    memory.version = 0x030b07f0;
    make_text(&memory.file, "/srv/app.py");
    memory.lines.size = sizeof line_table;
    memcpy(memory.lines.bytes, line_table, sizeof line_table);
    static const char *const names[FUNCTIONS] = { "<module>", "serve", "Server.handle", "encode" };
    for (int i = 0; i < FUNCTIONS; i++)
        make_code(i, names[i]);
    const struct python_symbols symbols = {
        .loop_start = LOOP_START,
        .loop_end = LOOP_START + 0x1000,
        .code_type = at(&memory.type),
        .version = at(&memory.version),
    };
    python = python_new(p, getpid(), &symbols, 0);
    cr_assert(python);
}

static void end(void)
{
    python_free(python);
    profile_free(p);
}

TestSuite(python_frames, .init = start, .fini = end);

/* A C frame of the loop at a distance from the stack's start. */
static void make_loop(size_t sp, int function, unsigned depth, uint64_t previous)
{
    put(memory.stack, sp + CODE_POINTER_AT, unit_address(function, 0));
    put(memory.stack, sp + RECORD_AT + 8, frame_address(depth));
    put(memory.stack, sp + RECORD_AT + 16, previous);
}

static uint64_t thread_root(void)
{
    return at(memory.thread) + 336;
}

static void set_newest_record(size_t sp)
{
    put(memory.thread, 56, at(memory.stack) + sp + RECORD_AT);
}

static struct unwind_frame c_frame(uint64_t pc, size_t sp)
{
    return (struct unwind_frame){ .pc = pc, .lookup = pc, .sp = at(memory.stack) + sp };
}

struct told {
    struct python_frame_list list;
    char text[400]; /* "at:name:line", leaf first */
};

static struct told tell_of(struct python *of, const struct unwind_frame *frames, uint32_t count,
    const struct unwind_regs *regs)
{
    const struct python_stack stack = { .pid = getpid(),
        .frames = frames,
        .count = count,
        .regs = regs,
        .copy = { .bytes = memory.stack, .len = STACK_BYTES, .address = at(memory.stack) } };
    struct told t = { 0 };
    python_frames(of, &stack, &t.list);
    for (size_t i = 0; i < t.list.len; i++) {
        const struct line *line = profile_frame_lines(p, t.list.ptr[i].frame);
        const size_t used = strlen(t.text);
        snprintf(t.text + used, sizeof t.text - used, "%s%u:%s:%u", i ? " " : "", t.list.ptr[i].at,
            profile_string(p, profile_func(p, line->func)->name).ptr, line->line);
    }
    vec_done(&t.list);
    return t;
}

/* Of a stack that is the loop alone. */
static struct told tell_loop(void)
{
    const struct unwind_frame frames[] = { c_frame(LOOP_START + 9, 0) };
    return tell_of(python, frames, 1, NULL);
}

Test(python_frames, tell_functions_and_lines_of_one_loop)
{
    make_frame(0, 0, 9, true);
    make_frame(1, 1, 2, false);
    make_frame(2, 2, 7, false);
    make_loop(256, 2, 2, thread_root());
    set_newest_record(256);
    const struct unwind_frame frames[] = { c_frame(0x600000, 0), c_frame(LOOP_START + 9, 256),
        c_frame(0x600010, 2048) };
    const struct told t = tell_of(python, frames, 3, NULL);
    cr_expect_str_eq(t.text, "1:Server.handle:11 1:serve:10 1:<module>:11");
    const struct slice file = profile_string(p, profile_func(p, (struct func_id){ 1 })->file);
    cr_expect(slice_is(file, "/srv/app.py"));
}

Test(python_frames, take_the_line_from_the_registers_while_the_loop_itself_runs)
{
    make_frame(0, 3, 9, true);
    make_loop(0, 3, 0, thread_root());
    set_newest_record(0);
    const struct unwind_frame frames[] = { c_frame(LOOP_START + 9, 0) };
    struct unwind_regs regs = { 0 };
    regs.reg[3] = unit_address(3, 0);  /* where the function's bytecode begins */
    regs.reg[15] = unit_address(3, 2); /* the next instruction */
    const struct told t = tell_of(python, frames, 1, &regs);
    cr_expect_str_eq(t.text, "0:encode:10", "its frame says line 11, which came later");
}

Test(python_frames, belong_to_the_loop_that_runs_them)
{
    make_frame(0, 0, 0, true);
    make_frame(1, 1, 0, true); /* called through C */
    make_frame(2, 3, 0, false);
    make_loop(128, 3, 2, at(memory.stack) + 1024 + RECORD_AT);
    make_loop(1024, 0, 0, thread_root());
    set_newest_record(128);
    const struct unwind_frame frames[] = { c_frame(LOOP_START + 9, 128), c_frame(0x600000, 900),
        c_frame(LOOP_START + 9, 1024) };
    const struct told t = tell_of(python, frames, 3, NULL);
    cr_expect_str_eq(t.text, "0:encode:10 0:serve:10 2:<module>:10");
}

/* Looks at the same stack until it is known where the loop keeps its function's bytecode. */
static void learn(void)
{
    for (int i = 0; i < 20; i++)
        tell_loop();
}

Test(python_frames, keep_the_function_of_the_sample_when_another_lies_there_by_now)
{
    make_frame(0, 0, 0, true);
    make_frame(1, 1, 0, false);
    make_frame(2, 2, 0, false);
    make_loop(0, 2, 2, thread_root());
    set_newest_record(0);
    learn();

    make_frame(2, 3, 0, false); /* the same callers have called something else */
    cr_expect_str_eq(tell_loop().text, "0:Server.handle:0 0:serve:10 0:<module>:10");

    make_frame(1, 3, 0, true); /* and then the callers have gone, too */
    memset(memory.heap + 2 * FRAME_LEN, 0xff, FRAME_LEN);
    cr_expect_str_eq(
        tell_loop().text, "0:Server.handle:0 0:serve:10 0:<module>:10", "as they were seen before");
}

Test(python_frames, seen_too_late_are_told_once_their_callers_were_seen_at_work)
{
    make_frame(0, 0, 0, true);
    make_frame(1, 1, 0, false);
    make_frame(2, 2, 0, false);
    make_loop(0, 2, 2, thread_root());
    set_newest_record(0);
    learn();

    make_frame(2, 3, 0, false); /* at work now: <module>, serve, encode */
    python_learn(python, getpid());
    make_loop(0, 3, 2, thread_root());
    memset(memory.heap + 2 * FRAME_LEN, 0xff, FRAME_LEN); /* seen when it has gone */
    cr_expect_str_eq(tell_loop().text, "0:encode:0 0:serve:10 0:<module>:10");
}

Test(python_frames, that_have_just_been_returned_to_have_not_called_themselves)
{
    make_frame(0, 0, 0, true);
    make_frame(1, 1, 0, false);
    make_frame(2, 2, 0, false);
    make_loop(0, 2, 2, thread_root());
    set_newest_record(0);
    learn();
    make_loop(0, 1, 2, thread_root()); /* serve goes on; the record has its callee's frame still */
    cr_expect_str_eq(tell_loop().text, "0:serve:0 0:<module>:10");
}

Test(python_frames, do_not_name_a_caller_whose_frame_does_not_end_where_the_next_begins)
{
    put_half(&memory.codes[3], 76, LOCALS + 1); /* a larger frame than the others */
    make_frame(0, 3, 0, true);
    make_frame(1, 1, 0, false);
    make_loop(0, 1, 1, thread_root());
    set_newest_record(0);
    cr_expect_str_eq(tell_loop().text, "0:serve:10");
}

Test(python_frames, are_read_anew_when_the_memory_holds_another_function)
{
    make_frame(0, 1, 0, true);
    make_loop(0, 1, 0, thread_root());
    set_newest_record(0);
    cr_expect_str_eq(tell_loop().text, "0:serve:10");
    put(&memory.codes[1], 128, at(&memory.names[3]));
    struct told t = { 0 };
    for (int i = 0; i < 100; i++)
        t = tell_loop();
    cr_expect_str_eq(t.text, "0:encode:10");
}

Test(python_frames, decode_names_of_any_alphabet)
{
    struct {
        uint64_t counts[2], length, hash, state, unused, utf8[3];
        uint16_t characters[4];
    } text = {
        .length = 3, .state = 2 << 2 | 1 << 5 | 1 << 7, .characters = { 'f', 0xfc, 0x4e2d }
    };
    put(&memory.codes[1], 128, at(&text));
    make_frame(0, 1, 0, true);
    make_loop(0, 1, 0, thread_root());
    set_newest_record(0);
    cr_expect_str_eq(tell_loop().text, "0:f\u00fc\u4e2d:10");
}

Test(python_frames, are_none_of_other_versions_and_of_memory_that_cannot_be_read)
{
    const struct python_symbols symbols = { .loop_start = 1,
        .loop_end = 2,
        .code_type = at(&memory.type),
        .version = at(&memory.version) };
    memory.version = 0x030c01f0;
    cr_expect_null(python_new(p, getpid(), &symbols, 0), "3.12");
    memory.version = 0x030b07f0;
    cr_expect_null(python_new(p, getpid(), &symbols, 1ull << 46), "nothing is there");
    cr_expect_null(python_new(p, getpid(), &(struct python_symbols){ 0 }, 0), "no Python");
    cr_expect_null(python_fork(NULL));
}

Test(python_frames, stand_any_memory)
{
    make_frame(0, 0, 9, true);
    make_frame(1, 1, 2, false);
    make_loop(0, 1, 1, thread_root());
    set_newest_record(0);
    const struct unwind_frame frames[] = { c_frame(LOOP_START + 9, 0),
        c_frame(LOOP_START + 9, STACK_BYTES - WORD), c_frame(LOOP_START + 9, STACK_BYTES * 2) };
    learn();
    uint64_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint8_t *parts[] = { memory.heap, memory.stack, memory.codes[1].bytes,
            (uint8_t *)&memory.names[1] };
        const size_t sizes[] = { 2 * FRAME_LEN, 512, PYTHON_CODE_AT, sizeof memory.names[1] };
        const size_t part = seed >> 60 & 3;
        const size_t byte = (seed >> 32) % sizes[part];
        const uint8_t before = parts[part][byte];
        parts[part][byte] = (uint8_t)(seed >> 24);
        tell_of(python, frames, 3, NULL);
        if (round % 7)
            parts[part][byte] = before;
    }
    make_frame(0, 0, 9, false); /* a frame that called itself */
    put(memory.heap, 48, frame_address(0));
    tell_loop();
}

Test(python_frames, of_a_child_are_found_without_learning_again)
{
    make_frame(0, 1, 0, true);
    make_loop(0, 1, 0, thread_root());
    set_newest_record(0);
    const struct unwind_frame frames[] = { c_frame(LOOP_START + 9, 0) };
    tell_loop();
    struct python *child = python_fork(python);
    put(memory.thread, 56, 0); /* what is learned by is gone, and the function has returned */
    cr_expect_str_eq(tell_of(child, frames, 1, NULL).text, "0:serve:0");
    python_free(child);
}
