// SPDX-License-Identifier: MIT
#include "record/python_frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/python_calls.h"
#include "record/target_memory.h"
#include "symbol/symtab.h"

enum {
    WORD = 8,
    VERSION_KNOWN = 0x030b, /* 3.11: the upper half of Py_Version (its Include/patchlevel.h) */
    FRAMES_MAX = 16384,     /* of Python, in one stack */
    LOOPS_MAX = 4096,
    LOOP_FRAME_BYTES = 1024, /* of the loop's C frame; gcc 12's has 352 */
    CALLEES_LOOKED_AT = 3,   /* for the registers that they have saved */
    SAVED_BYTES = 512,
    PUSHED_BYTES = 4 * WORD, /* by a call with more arguments than registers */
    TRIES_BEFORE_SURE = 16,  /* looks at where the loop keeps its function's bytecode */
    HITS_OF_10_NEEDED = 6,
    THREADS_KNOWN = 8,
};

struct python {
    struct profile *profile; /* borrowed */
    uint64_t loop_start, loop_end;
    bool record_known;
    uint64_t record_at; /* of the record, above the loop's stack pointer */
    bool code_known;
    uint64_t code_at;                /* of the pointer to the bytecode */
    uint64_t threads[THREADS_KNOWN]; /* states of those seen last */
    uint32_t next_thread;
    uint32_t tries, hits[LOOP_FRAME_BYTES / WORD]; /* of finding it */
    struct python_calls calls;
};

/* ---- the file ---- */

struct python_symbols python_symbols_find(const struct elf *elf)
{
    struct symbol loop = { 0 }, code_type = { 0 }, version = { 0 };
    if (!symtab_find(elf, SYMTAB_DYNAMIC, "_PyEval_EvalFrameDefault", &loop) ||
        !symtab_find(elf, SYMTAB_DYNAMIC, "PyCode_Type", &code_type) ||
        !symtab_find(elf, SYMTAB_DYNAMIC, "Py_Version", &version))
        return (struct python_symbols){ 0 };
    return (struct python_symbols){
        .loop_start = loop.address,
        .loop_end = loop.address + loop.size,
        .code_type = code_type.address,
        .version = version.address,
    };
}

/* ---- one process ---- */

struct python *python_new(
    struct profile *p, pid_t pid, const struct python_symbols *symbols, uint64_t bias)
{
    uint64_t version = 0;
    if (symbols->loop_start == 0 ||
        !target_read_all(pid, symbols->version + bias, &version, sizeof version) ||
        version >> 16 != VERSION_KNOWN)
        return NULL;
    struct python *python = xcalloc(1, sizeof *python);
    python->profile = p;
    python->loop_start = symbols->loop_start + bias;
    python->loop_end = symbols->loop_end + bias;
    python_codes_init(&python->calls.codes, p, symbols->code_type + bias);
    return python;
}

struct python *python_fork(const struct python *parent)
{
    if (!parent)
        return NULL;
    struct python *child = xcalloc(1, sizeof *child);
    child->profile = parent->profile;
    child->loop_start = parent->loop_start;
    child->loop_end = parent->loop_end;
    child->record_known = parent->record_known;
    child->record_at = parent->record_at;
    child->code_known = parent->code_known;
    child->code_at = parent->code_at;
    python_codes_init(&child->calls.codes, parent->profile, parent->calls.codes.type);
    return child;
}

void python_free(struct python *python)
{
    if (!python)
        return;
    python_calls_done(&python->calls);
    free(python);
}

/* ---- the loops of a stack ---- */

struct loop {
    uint32_t at;     /* its C frame */
    uint64_t sp;     /* its stack pointer */
    uint64_t record; /* where its record lies */
    uint64_t frame;  /* of Python, that it runs; 0: not known */
};

struct look {
    struct python *python;
    const struct python_stack *stack;
    struct python_frame_list *list;
    bool cut; /* a caller is not known */
};

static bool copied_word(const struct unwind_stack *copy, uint64_t address, uint64_t *ret_word)
{
    const uint64_t at = address - copy->address;
    if (copy->len < WORD || at > copy->len - WORD)
        return false;
    memcpy(ret_word, copy->bytes + at, WORD);
    return true;
}

static bool is_loop(const struct python *python, const struct unwind_frame *frame)
{
    return frame->lookup >= python->loop_start && frame->lookup < python->loop_end;
}

static bool next_loop(const struct look *l, uint32_t from, struct loop *ret_loop)
{
    for (uint32_t i = from; i < l->stack->count; i++) {
        if (!is_loop(l->python, &l->stack->frames[i]))
            continue;
        *ret_loop = (struct loop){ .at = i, .sp = l->stack->frames[i].sp };
        return true;
    }
    return false;
}

/* ---- where the record lies ---- */

/* A record that leads to the thread's own state, which leads back to it. */
static bool is_outermost(struct look *l, uint64_t record, uint64_t previous)
{
    uint64_t newest;
    return previous % WORD == 0 && previous > PYTHON_THREAD_ROOT &&
           target_pages_read(&l->python->calls.memory,
               previous - PYTHON_THREAD_ROOT + PYTHON_THREAD_RECORD, &newest, sizeof newest) &&
           newest == record;
}

static bool is_record(
    struct look *l, const struct loop *loop, const struct loop *outer, uint64_t at)
{
    const struct unwind_stack *copy = &l->stack->copy;
    uint64_t frame, previous;
    if (!copied_word(copy, loop->sp + at + PYTHON_RECORD_FRAME, &frame) ||
        !copied_word(copy, loop->sp + at + PYTHON_RECORD_PREVIOUS, &previous))
        return false;
    const bool leads_on =
        outer ? previous == outer->sp + at : is_outermost(l, loop->sp + at, previous);
    struct python_call call;
    return leads_on && python_calls_read(&l->python->calls, frame, &call);
}

static void learn_record(struct look *l)
{
    struct loop loop, outer;
    if (!next_loop(l, 0, &loop))
        return;
    const bool nested = next_loop(l, loop.at + 1, &outer);
    for (uint64_t at = 0; at < LOOP_FRAME_BYTES; at += WORD) {
        if (is_record(l, &loop, nested ? &outer : NULL, at)) {
            l->python->record_at = at;
            l->python->record_known = true;
            return;
        }
    }
}

/* Where the loop's record lies by what it must lead to, the record of the next loop outwards. A
 * call with many arguments has moved the stack pointer away from it. */
static uint64_t find_record(const struct look *l, const struct loop *loop, const struct loop *outer)
{
    const uint64_t usual = loop->sp + l->python->record_at;
    for (uint64_t pushed = 0; outer && pushed <= PUSHED_BYTES; pushed += WORD) {
        uint64_t previous;
        if (copied_word(&l->stack->copy, usual + pushed + PYTHON_RECORD_PREVIOUS, &previous) &&
            previous - (outer->sp + l->python->record_at) <= PUSHED_BYTES)
            return usual + pushed;
    }
    return usual;
}

static void read_record(const struct look *l, struct loop *loop, const struct loop *outer)
{
    loop->record = find_record(l, loop, outer);
    if (!copied_word(&l->stack->copy, loop->record + PYTHON_RECORD_FRAME, &loop->frame))
        loop->frame = 0;
}

/* ---- which function it was at the sample ---- */

/* Of the words in the loop's C frame that point to this function's bytecode: always the same one?
 * Only a function that the loop has gone on to tells: others may be left from the loop's start. */
static void learn_code(struct look *l, const struct loop *loop, uint64_t code)
{
    struct python *python = l->python;
    const uint64_t start = loop->record - python->record_at, want = code + PYTHON_CODE_AT;
    for (uint64_t at = 0; at < LOOP_FRAME_BYTES; at += WORD) {
        uint64_t word;
        if (copied_word(&l->stack->copy, start + at, &word) && word == want)
            python->hits[at / WORD]++;
    }
    if (++python->tries < TRIES_BEFORE_SURE)
        return;
    uint64_t best = 0;
    for (uint64_t i = 1; i < LOOP_FRAME_BYTES / WORD; i++)
        if (python->hits[i] > python->hits[best])
            best = i;
    python->code_known = python->hits[best] * 10 >= python->tries * HITS_OF_10_NEEDED;
    python->code_at = best * WORD;
    memset(python->hits, 0, sizeof python->hits);
    python->tries = 0;
}

/* Address of the function's code object; 0: the copy does not tell. */
static uint64_t copied_code(struct look *l, const struct loop *loop)
{
    const struct python *python = l->python;
    uint64_t word;
    if (!python->code_known ||
        !copied_word(&l->stack->copy, loop->record - python->record_at + python->code_at, &word) ||
        !python_calls_code(&l->python->calls, word - PYTHON_CODE_AT))
        return 0;
    return word - PYTHON_CODE_AT;
}

/* The next instruction is in a register while the loop itself runs; so may be the first one. */
static uint32_t unit_in_registers(const struct look *l, const struct python_code *code)
{
    uint32_t unit, next = 0;
    for (int i = 0; l->stack->regs && i < UNWIND_REGS; i++)
        if (python_code_unit(code, l->stack->regs->reg[i], &unit) && unit > next)
            next = unit;
    return next;
}

/* While the loop calls a function, that one or one of its callees has saved the register: right
 * below its return address, hence from there downwards. */
static uint32_t saved_unit(
    const struct look *l, const struct loop *loop, const struct python_code *code)
{
    const uint32_t lowest = loop->at > CALLEES_LOOKED_AT ? loop->at - CALLEES_LOOKED_AT : 0;
    const uint64_t from = l->stack->frames[lowest].sp;
    uint32_t unit;
    uint64_t word;
    for (uint64_t at = loop->sp - 2 * WORD; at >= from && at < loop->sp; at -= WORD)
        if (loop->sp - at <= SAVED_BYTES && copied_word(&l->stack->copy, at, &word) &&
            python_code_unit(code, word, &unit) && unit > 0)
            return unit;
    return 0;
}

/* Which instruction it was at the sample, where the copy tells. */
static void running_unit(struct look *l, const struct loop *loop, struct python_call *call)
{
    const struct python_code *code = python_calls_code(&l->python->calls, call->code);
    uint32_t next = 0;
    if (code)
        next = loop->at == 0 ? unit_in_registers(l, code) : saved_unit(l, loop, code);
    if (next > 0)
        call->unit = next - 1;
}

/* ---- the functions of one loop ---- */

/* The innermost Python function of a loop: late when it runs no more. */
static bool innermost(struct look *l, const struct loop *loop, struct python_call *ret_call)
{
    struct python_call call = { .frame = loop->frame, .unit = UINT32_MAX };
    const bool found = loop->frame && python_calls_read(&l->python->calls, loop->frame, &call);
    if (found && !call.is_entry && !l->python->code_known)
        learn_code(l, loop, call.code);
    const uint64_t copied = copied_code(l, loop);
    if (copied)
        call.code = copied;
    call.late = !python_calls_in_use(&l->python->calls, &call);
    if (call.late)
        call.unit = UINT32_MAX;
    *ret_call = call;
    return call.code != 0;
}

static void add(struct look *l, const struct loop *loop, const struct python_call *call)
{
    const struct python_code *code = python_calls_code(&l->python->calls, call->code);
    if (!code)
        return;
    const struct python_frame frame = { .at = loop->at,
        .frame = python_code_frame(l->python->profile, code, call->unit) };
    vec_push(l->list, frame);
}

static void add_loop(struct look *l, const struct loop *loop, const struct loop *outer)
{
    struct python_call call, caller = { 0 };
    enum python_caller found = PYTHON_CALLER_NONE;
    if (!innermost(l, loop, &call))
        return;
    running_unit(l, loop, &call);
    add(l, loop, &call);
    while (l->list->len < FRAMES_MAX) {
        found = python_calls_caller(&l->python->calls, &call, &caller);
        if (found != PYTHON_CALLER_FOUND || (outer && caller.frame == outer->frame))
            break;
        add(l, loop, &caller);
        call = caller;
    }
    l->cut |= found == PYTHON_CALLER_LOST;
}

/* The loops from the innermost out; of each, the next one tells where its record must lead. */
static void add_loops(struct look *l, struct loop loop)
{
    struct loop outer = { 0 }, outermost = { 0 };
    bool nested = next_loop(l, loop.at + 1, &outer);
    read_record(l, &loop, nested ? &outer : NULL);
    for (uint32_t i = 0; i < LOOPS_MAX; i++) {
        bool more = false;
        if (nested) {
            more = next_loop(l, outer.at + 1, &outermost);
            read_record(l, &outer, more ? &outermost : NULL);
        }
        add_loop(l, &loop, nested ? &outer : NULL);
        if (!nested)
            break;
        loop = outer;
        outer = outermost;
        nested = more;
    }
}

/* Keeps the state of the stack's thread, which the outermost loop's record leads to. 0: none. */
static uint64_t find_thread(const struct look *l)
{
    struct python *python = l->python;
    struct loop loop = { 0 }, next;
    uint64_t root;
    for (uint32_t from = 0; next_loop(l, from, &next); from = next.at + 1)
        loop = next;
    read_record(l, &loop, NULL);
    if (!copied_word(&l->stack->copy, loop.record + PYTHON_RECORD_PREVIOUS, &root) ||
        root < PYTHON_THREAD_ROOT)
        return 0;
    for (size_t i = 0; i < THREADS_KNOWN; i++)
        if (python->threads[i] == root - PYTHON_THREAD_ROOT)
            return root - PYTHON_THREAD_ROOT;
    python->threads[python->next_thread++ % THREADS_KNOWN] = root - PYTHON_THREAD_ROOT;
    return root - PYTHON_THREAD_ROOT;
}

bool python_frames(
    struct python *python, const struct python_stack *stack, struct python_frame_list *list)
{
    struct look l = { .python = python, .stack = stack, .list = list };
    struct loop loop;
    vec_clear(list);
    python_calls_start(&python->calls, stack->pid);
    if (!python->record_known)
        learn_record(&l);
    if (!python->record_known || !next_loop(&l, 0, &loop))
        return true;
    python_calls_look(&python->calls, find_thread(&l));
    add_loops(&l, loop);
    return !l.cut;
}

void python_learn(struct python *python, pid_t pid)
{
    python_calls_start(&python->calls, pid);
    for (size_t i = 0; i < THREADS_KNOWN; i++)
        if (python->threads[i])
            python_calls_look(&python->calls, python->threads[i]);
}
