// SPDX-License-Identifier: MIT
#include "record/python_calls.h"

#include <string.h>

#include "base/compiler.h"

enum {
    WORD = 8,
    IN_USE_MAX = 1024,
    PIECE_BYTES = 16 << 10, /* DATA_STACK_CHUNK_SIZE of CPython's Python/pystate.c */
};

/* Offsets in bytes: CPython 3.11, Include/internal/pycore_frame.h, struct _PyInterpreterFrame. */
enum {
    FRAME_CODE = 32,
    FRAME_PREVIOUS = 48,
    FRAME_INSTRUCTION = 56,
    FRAME_IS_ENTRY = 68,
    FRAME_OWNER = 69, /* 0: the thread's stack of frames; else a generator or an object */
    FRAME_BYTES = 72,
};

void python_calls_done(struct python_calls *calls)
{
    python_codes_done(&calls->codes);
    vec_done(&calls->in_use);
}

void python_calls_start(struct python_calls *calls, pid_t pid)
{
    target_pages_start(&calls->memory, pid);
}

const struct python_code *python_calls_code(struct python_calls *calls, uint64_t address)
{
    return python_codes_at(&calls->codes, &calls->memory, address);
}

/* ---- frames ---- */

static uint64_t word_of(const uint8_t *bytes, size_t at)
{
    uint64_t word;
    memcpy(&word, bytes + at, sizeof word);
    return word;
}

static uint32_t unit_of(const struct python_code *code, uint64_t instruction)
{
    uint32_t unit;
    return python_code_unit(code, instruction, &unit) ? unit : UINT32_MAX;
}

bool python_calls_read(struct python_calls *calls, uint64_t address, struct python_call *ret_call)
{
    uint8_t bytes[FRAME_BYTES];
    if (address == 0 || address % WORD != 0 ||
        !target_pages_read(&calls->memory, address, bytes, sizeof bytes))
        return false;
    const struct python_code *code = python_calls_code(calls, word_of(bytes, FRAME_CODE));
    if (!code)
        return false;
    *ret_call = (struct python_call){ .frame = address,
        .code = code->address,
        .previous = word_of(bytes, FRAME_PREVIOUS),
        .unit = unit_of(code, word_of(bytes, FRAME_INSTRUCTION)),
        .bytes = bytes[FRAME_OWNER] == 0 ? code->frame_bytes : 0,
        .is_entry = bytes[FRAME_IS_ENTRY] };
    return true;
}

/* ---- callers that were seen ---- */

static struct python_known_caller *known_slot(
    struct python_calls *calls, uint64_t frame, uint64_t code)
{
    const uint64_t hash = hash_mix(hash_u64(frame), code);
    return &calls->known[hash % PYTHON_CALLERS_KNOWN];
}

/* For this function in this frame, and for whatever runs in this frame. */
static void remember(
    struct python_calls *calls, const struct python_call *callee, const struct python_call *caller)
{
    const uint64_t codes[] = { callee->code, 0 };
    for (size_t i = 0; i < PROF_ARRAY_LEN(codes); i++)
        *known_slot(calls, callee->frame, codes[i]) =
            (struct python_known_caller){ callee->frame, codes[i], *caller };
}

/* NULL: not seen running there. */
static const struct python_call *known_caller(
    struct python_calls *calls, uint64_t frame, uint64_t code)
{
    const struct python_known_caller *known = known_slot(calls, frame, code);
    return known->frame == frame && known->code == code ? &known->caller : NULL;
}

/* By who called this function, or else another, when it was last seen running there. Between a call
 * and its return the loop has one's function and the other's frame for a moment: a function that
 * seems to have called itself there is the caller. */
static bool recall(
    struct python_calls *calls, const struct python_call *callee, struct python_call *ret_caller)
{
    const struct python_call *exact = known_caller(calls, callee->frame, callee->code);
    const struct python_call *caller = exact ? exact : known_caller(calls, callee->frame, 0);
    if (!exact && caller && caller->code == callee->code)
        caller = known_caller(calls, caller->frame, caller->code);
    if (caller)
        *ret_caller = *caller;
    return caller != NULL;
}

/* A function's frame begins where its caller's ends. If not, another lies there by now; a frame in
 * a later piece of memory (of 16 KiB) is the first one there. */
static bool may_have_called(const struct python_call *caller, const struct python_call *callee)
{
    const uint64_t distance = callee->frame - caller->frame;
    return caller->bytes == 0 || callee->bytes == 0 || distance == caller->bytes ||
           distance >= PIECE_BYTES;
}

/* ---- what runs now ---- */

static bool newest_call(struct python_calls *calls, uint64_t thread, struct python_call *ret_call)
{
    uint64_t record, frame;
    return target_pages_read(
               &calls->memory, thread + PYTHON_THREAD_RECORD, &record, sizeof record) &&
           target_pages_read(&calls->memory, record + PYTHON_RECORD_FRAME, &frame, sizeof frame) &&
           python_calls_read(calls, frame, ret_call);
}

void python_calls_look(struct python_calls *calls, uint64_t thread)
{
    static const struct python_call none = { 0 };
    struct python_call callee, caller;
    vec_clear(&calls->in_use);
    if (!newest_call(calls, thread, &callee))
        return;
    vec_push(&calls->in_use, callee.frame);
    while (calls->in_use.len < IN_USE_MAX && python_calls_read(calls, callee.previous, &caller)) {
        vec_push(&calls->in_use, caller.frame);
        if (callee.is_entry)
            remember(calls, &callee, &none);
        else if (may_have_called(&caller, &callee))
            remember(calls, &callee, &caller);
        callee = caller;
    }
    if (callee.previous == 0)
        remember(calls, &callee, &none);
}

bool python_calls_in_use(struct python_calls *calls, const struct python_call *call)
{
    struct python_call now;
    for (size_t i = 0; i < calls->in_use.len; i++)
        if (calls->in_use.ptr[i] == call->frame)
            return python_calls_read(calls, call->frame, &now) && now.code == call->code;
    return false;
}

/* ---- callers ---- */

/* By what lies on the heap. Of a function that runs no more, its callers may have gone on. */
static enum python_caller caller_there(
    struct python_calls *calls, const struct python_call *callee, struct python_call *ret_caller)
{
    if (callee->is_entry)
        return PYTHON_CALLER_NONE;
    if (!python_calls_read(calls, callee->previous, ret_caller) ||
        !may_have_called(ret_caller, callee))
        return PYTHON_CALLER_LOST;
    ret_caller->late = callee->late;
    if (callee->late)
        ret_caller->unit = UINT32_MAX;
    return PYTHON_CALLER_FOUND;
}

enum python_caller python_calls_caller(
    struct python_calls *calls, const struct python_call *callee, struct python_call *ret_caller)
{
    if (!callee->late || !recall(calls, callee, ret_caller))
        return caller_there(calls, callee, ret_caller);
    ret_caller->late = !python_calls_in_use(calls, ret_caller);
    return ret_caller->frame ? PYTHON_CALLER_FOUND : PYTHON_CALLER_NONE;
}
