// SPDX-License-Identifier: MIT
#include "record/python_frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "record/python_code.h"
#include "record/target_memory.h"
#include "symbol/symtab.h"

enum {
    WORD = 8,
    VERSION_KNOWN = 0x030b, /* 3.11: the upper half of Py_Version (its Include/patchlevel.h) */
    FRAMES_MAX = 16384,     /* of Python, in one stack */
    LOOPS_MAX = 4096,
    LOOP_FRAME_BYTES = 1024, /* no compiler made the loop's C frame larger */
    CALLEES_LOOKED_AT = 3,   /* for the registers that they have saved */
    SAVED_BYTES = 512,
    PUSHED_BYTES = 4 * WORD, /* by a call with more arguments than registers */
    TRIES_BEFORE_SURE = 16,  /* looks at where the loop keeps its function's bytecode */
    HITS_OF_10_NEEDED = 6,
    CALLERS_KNOWN = 4096,
    IN_USE_MAX = 1024,
    THREADS_KNOWN = 8,
    PIECE_BYTES = 16 << 10, /* DATA_STACK_CHUNK_SIZE of CPython's Python/pystate.c */
};

/* Offsets in bytes: CPython 3.11, Include/cpython/pystate.h, internal/pycore_frame.h. */
enum {
    RECORD_FRAME = 8, /* struct _PyCFrame */
    RECORD_PREVIOUS = 16,
    RECORD_BYTES = 24,
    THREAD_RECORD = 56, /* struct _ts: cframe */
    THREAD_ROOT = 336,  /* and root_cframe, which the outermost record leads to */
    FRAME_CODE = 32,    /* struct _PyInterpreterFrame */
    FRAME_PREVIOUS = 48,
    FRAME_INSTRUCTION = 56,
    FRAME_IS_ENTRY = 68,
    FRAME_OWNER = 69, /* 0: the thread's stack of frames; else a generator or an object */
    FRAME_BYTES = 72,
};

/* A Python function that runs, or that waits for the one it called. */
struct call {
    uint64_t frame;    /* address on the heap; 0: none */
    uint64_t code;     /* of its code object; 0: not known */
    uint64_t previous; /* the frame that it returns to, through C when is_entry */
    uint32_t unit;     /* of its bytecode; UINT32_MAX: not known */
    uint32_t bytes;    /* of the frame; 0: it does not lie among its thread's other frames */
    bool is_entry;     /* called from C */
    bool late;         /* it runs no more */
};

/* Who called a function that was seen in a frame. */
struct known_caller {
    uint64_t frame, code;
    struct call caller;
};

struct python {
    struct profile *profile; /* borrowed */
    uint64_t loop_start, loop_end;
    struct python_codes codes;
    bool record_known;
    uint64_t record_at; /* of the record, above the loop's stack pointer */
    bool code_known;
    uint64_t code_at; /* of the pointer to the bytecode */
    struct known_caller callers[CALLERS_KNOWN];
    VEC(uint64_t) in_use;            /* Python's frames of the thread that is looked at */
    uint64_t threads[THREADS_KNOWN]; /* states of those seen last */
    uint32_t next_thread;
    uint32_t tries, hits[LOOP_FRAME_BYTES / WORD]; /* of finding it */
    struct target_pages memory;
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
    python_codes_init(&python->codes, p, symbols->code_type + bias);
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
    python_codes_init(&child->codes, parent->profile, parent->codes.type);
    return child;
}

void python_free(struct python *python)
{
    if (!python)
        return;
    python_codes_done(&python->codes);
    vec_done(&python->in_use);
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

/* ---- Python's frames ---- */

struct heap_frame {
    uint64_t code, previous, instruction;
    bool is_entry;
    bool on_stack; /* of its thread's frames: those it calls lie behind it */
};

static bool read_heap_frame(struct look *l, uint64_t address, struct heap_frame *ret_frame)
{
    uint8_t bytes[FRAME_BYTES];
    if (address == 0 || address % WORD != 0 ||
        !target_pages_read(&l->python->memory, address, bytes, sizeof bytes))
        return false;
    memcpy(&ret_frame->code, bytes + FRAME_CODE, WORD);
    memcpy(&ret_frame->previous, bytes + FRAME_PREVIOUS, WORD);
    memcpy(&ret_frame->instruction, bytes + FRAME_INSTRUCTION, WORD);
    ret_frame->is_entry = bytes[FRAME_IS_ENTRY];
    ret_frame->on_stack = bytes[FRAME_OWNER] == 0;
    return true;
}

static const struct python_code *code_at(struct look *l, uint64_t address)
{
    return python_codes_at(&l->python->codes, &l->python->memory, address);
}

static bool is_python_frame(struct look *l, uint64_t address)
{
    struct heap_frame frame;
    return read_heap_frame(l, address, &frame) && code_at(l, frame.code) != NULL;
}

/* ---- where the record lies ---- */

/* A record that leads to the thread's own state, which leads back to it. */
static bool is_outermost(struct look *l, uint64_t record, uint64_t previous)
{
    uint64_t newest;
    return previous % WORD == 0 && previous > THREAD_ROOT &&
           target_pages_read(&l->python->memory, previous - THREAD_ROOT + THREAD_RECORD, &newest,
               sizeof newest) &&
           newest == record;
}

static bool is_record(
    struct look *l, const struct loop *loop, const struct loop *outer, uint64_t at)
{
    const struct unwind_stack *copy = &l->stack->copy;
    uint64_t frame, previous;
    if (!copied_word(copy, loop->sp + at + RECORD_FRAME, &frame) ||
        !copied_word(copy, loop->sp + at + RECORD_PREVIOUS, &previous))
        return false;
    const bool leads_on =
        outer ? previous == outer->sp + at : is_outermost(l, loop->sp + at, previous);
    return leads_on && is_python_frame(l, frame);
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
        if (copied_word(&l->stack->copy, usual + pushed + RECORD_PREVIOUS, &previous) &&
            previous - (outer->sp + l->python->record_at) <= PUSHED_BYTES)
            return usual + pushed;
    }
    return usual;
}

static void read_record(const struct look *l, struct loop *loop, const struct loop *outer)
{
    loop->record = find_record(l, loop, outer);
    if (!copied_word(&l->stack->copy, loop->record + RECORD_FRAME, &loop->frame))
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
        !code_at(l, word - PYTHON_CODE_AT))
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
static void running_unit(struct look *l, const struct loop *loop, struct call *call)
{
    const struct python_code *code = code_at(l, call->code);
    uint32_t next = 0;
    if (code)
        next = loop->at == 0 ? unit_in_registers(l, code) : saved_unit(l, loop, code);
    if (next > 0)
        call->unit = next - 1;
}

/* ---- the functions of one loop ---- */

static uint32_t unit_of(const struct python_code *code, uint64_t instruction)
{
    uint32_t unit;
    return python_code_unit(code, instruction, &unit) ? unit : UINT32_MAX;
}

/* What lies on the heap now. False: no frame. */
static bool read_call(struct look *l, uint64_t address, struct call *ret_call)
{
    struct heap_frame frame;
    if (!read_heap_frame(l, address, &frame))
        return false;
    const struct python_code *code = code_at(l, frame.code);
    if (!code)
        return false;
    *ret_call = (struct call){ .frame = address,
        .code = frame.code,
        .unit = unit_of(code, frame.instruction),
        .bytes = frame.on_stack ? code->frame_bytes : 0,
        .previous = frame.previous,
        .is_entry = frame.is_entry };
    return true;
}

static struct known_caller *known_slot(struct python *python, uint64_t frame, uint64_t code)
{
    const uint64_t hash = hash_mix(hash_u64(frame), code);
    return &python->callers[hash % PROF_ARRAY_LEN(python->callers)];
}

/* For this function in this frame, and for whatever runs in this frame. */
static void remember_caller(
    struct python *python, const struct call *callee, const struct call *caller)
{
    const uint64_t codes[] = { callee->code, 0 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(codes); i++)
        *known_slot(python, callee->frame, codes[i]) =
            (struct known_caller){ callee->frame, codes[i], *caller };
}

/* By who called this function, or else another, when it was last seen running there. */
static bool remembered_caller(
    struct python *python, const struct call *callee, struct call *ret_caller)
{
    const uint64_t codes[] = { callee->code, 0 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(codes); i++) {
        const struct known_caller *known = known_slot(python, callee->frame, codes[i]);
        if (known->frame != callee->frame || known->code != codes[i])
            continue;
        *ret_caller = known->caller;
        return true;
    }
    return false;
}

/* A function's frame begins where its caller's ends. If not, another lies there by now; a frame in
 * a later piece of memory (of 16 KiB) is the first one there. */
static bool may_have_called(const struct call *caller, const struct call *callee)
{
    const uint64_t distance = callee->frame - caller->frame;
    return caller->bytes == 0 || callee->bytes == 0 || distance == caller->bytes ||
           distance >= PIECE_BYTES;
}

/* ---- what runs at this moment ---- */

static bool newest_call(struct look *l, uint64_t thread, struct call *ret_call)
{
    uint64_t record, frame;
    struct target_pages *memory = &l->python->memory;
    return target_pages_read(memory, thread + THREAD_RECORD, &record, sizeof record) &&
           target_pages_read(memory, record + RECORD_FRAME, &frame, sizeof frame) &&
           read_call(l, frame, ret_call);
}

/* Lists the frames in use and who calls whom, whatever it was at the sample: with the same function
 * in the same frame, it was the same. */
static void learn_callers(struct look *l, uint64_t thread)
{
    struct python *python = l->python;
    struct call callee, caller;
    vec_clear(&python->in_use);
    if (!newest_call(l, thread, &callee))
        return;
    vec_push(&python->in_use, callee.frame);
    while (python->in_use.len < IN_USE_MAX && read_call(l, callee.previous, &caller)) {
        vec_push(&python->in_use, caller.frame);
        if (callee.is_entry)
            remember_caller(python, &callee, &(struct call){ 0 });
        else if (may_have_called(&caller, &callee))
            remember_caller(python, &callee, &caller);
        callee = caller;
    }
    if (callee.previous == 0)
        remember_caller(python, &callee, &(struct call){ 0 });
}

/* Is this function still running, in this frame? */
static bool is_in_use(struct look *l, const struct call *call)
{
    struct call now;
    for (size_t i = 0; i < l->python->in_use.len; i++)
        if (l->python->in_use.ptr[i] == call->frame)
            return read_call(l, call->frame, &now) && now.code == call->code;
    return false;
}

/* ---- the stack at the sample ---- */

/* False: the function was called from C, or by nobody that can be told any more. A caller that is
 * still running may have gone on since: it is told at the line where it called. */
static bool find_caller(struct look *l, const struct call *callee, struct call *ret_caller)
{
    struct call caller = { 0 };
    bool found;
    if (callee->late && remembered_caller(l->python, callee, &caller)) {
        found = caller.frame != 0;
        caller.late = found && !is_in_use(l, &caller);
    } else {
        found = !callee->is_entry && read_call(l, callee->previous, &caller) &&
                may_have_called(&caller, callee);
        caller.late = callee->late;
        if (callee->late)
            caller.unit = UINT32_MAX;
        l->cut |= !found && callee->late;
    }
    *ret_caller = caller;
    return found;
}

/* The innermost Python function of a loop: late when it runs no more. */
static bool innermost(struct look *l, const struct loop *loop, struct call *ret_call)
{
    struct call call = { .frame = loop->frame, .unit = UINT32_MAX };
    const bool found = loop->frame && read_call(l, loop->frame, &call);
    if (found && !call.is_entry && !l->python->code_known)
        learn_code(l, loop, call.code);
    const uint64_t copied = copied_code(l, loop);
    if (copied)
        call.code = copied;
    call.late = !is_in_use(l, &call);
    if (call.late)
        call.unit = UINT32_MAX;
    *ret_call = call;
    return call.code != 0;
}

static void add(struct look *l, const struct loop *loop, const struct call *call)
{
    const struct python_code *code = code_at(l, call->code);
    if (!code)
        return;
    const struct python_frame frame = { .at = loop->at,
        .frame = python_code_frame(l->python->profile, code, call->unit) };
    vec_push(l->list, frame);
}

static void add_loop(struct look *l, const struct loop *loop, const struct loop *outer)
{
    struct call call, caller;
    if (!innermost(l, loop, &call))
        return;
    running_unit(l, loop, &call);
    add(l, loop, &call);
    while (l->list->len < FRAMES_MAX && find_caller(l, &call, &caller) &&
           !(outer && caller.frame == outer->frame)) {
        add(l, loop, &caller);
        call = caller;
    }
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
    if (!copied_word(&l->stack->copy, loop.record + RECORD_PREVIOUS, &root) || root < THREAD_ROOT)
        return 0;
    for (size_t i = 0; i < THREADS_KNOWN; i++)
        if (python->threads[i] == root - THREAD_ROOT)
            return root - THREAD_ROOT;
    python->threads[python->next_thread++ % THREADS_KNOWN] = root - THREAD_ROOT;
    return root - THREAD_ROOT;
}

bool python_frames(
    struct python *python, const struct python_stack *stack, struct python_frame_list *list)
{
    struct look l = { .python = python, .stack = stack, .list = list };
    struct loop loop;
    vec_clear(list);
    target_pages_start(&python->memory, stack->pid);
    if (!python->record_known)
        learn_record(&l);
    if (!python->record_known || !next_loop(&l, 0, &loop))
        return true;
    learn_callers(&l, find_thread(&l));
    add_loops(&l, loop);
    return !l.cut;
}

void python_learn(struct python *python, pid_t pid)
{
    struct look l = { .python = python };
    target_pages_start(&python->memory, pid);
    for (size_t i = 0; i < THREADS_KNOWN; i++)
        if (python->threads[i])
            learn_callers(&l, python->threads[i]);
}
