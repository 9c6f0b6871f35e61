// SPDX-License-Identifier: MIT
#include "record/stacks.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "record/perf_open.h"

enum {
    RECENT_FEW = 30,
    RECENT_MANY = 200,
    LOADS_MAX = 64,
    SEARCH_BYTES = 8 << 10,    /* how far up a saved frame pointer is looked for */
    SEARCH_TRIES = 32,         /* how many are tried */
    FRAME_POINTER_UNKNOWN = 1, /* no address: rules that need it fail */
};

/* The user part of one stack, before it has an id. */
struct user_part {
    uint32_t count;
    uint32_t sure; /* frames from here on were read late */
    enum unwind_end end;
    bool none; /* the sample has no user context */
};

static struct frame_id marker_frame(struct profile *p, const char *name)
{
    const struct func func = { .name = profile_add_string(p, slice_of(name)), .kind = FUNC_MARKER };
    const struct line line = { .func = profile_add_func(p, &func) };
    return profile_add_frame_lines(p, &line, 1);
}

void stacks_init(
    struct stacks *s, struct profile *p, struct processes *ps, const struct unwinder *u)
{
    *s = (struct stacks){ .profile = p, .processes = ps, .unwinder = u };
    s->frames = xcalloc(FRAMES_MAX, sizeof *s->frames);
    s->cache = xcalloc(STACK_CACHE_SLOTS, sizeof *s->cache);
    s->callers = xcalloc(STACK_CACHE_SLOTS, sizeof *s->callers);
}

void stacks_done(struct stacks *s)
{
    free(s->frames);
    free(s->cache);
    free(s->callers);
    vec_done(&s->python);
    stack_tail_done(&s->tail);
    *s = (struct stacks){ 0 };
}

/* ---- the user part ---- */

/* Opens what the frames of a first attempt have hit. False: all of it was open. */
static bool load_regions(
    struct stacks *s, struct tracked_process *process, uint32_t first, uint32_t count)
{
    bool loaded = false;
    for (uint32_t i = first; i < first + count; i++) {
        const struct unwind_frame *f = &s->frames[i];
        if (f->tag < REGION_TAG_JIT && !(f->tag & 1)) {
            processes_load_region(s->processes, process, f->lookup);
            loaded = true;
        }
    }
    return loaded;
}

/* Writes frames from the first-th on. */
static struct unwind_result unwind(struct stacks *s, struct tracked_process *process,
    const struct unwind_regs *regs, const struct unwind_stack *stack, uint32_t first)
{
    struct unwind_result r = { 0 };
    /* The innermost frame's file must be open for its rule to be right, then its caller's... */
    for (int i = 0; i < LOADS_MAX; i++) {
        r = s->unwinder->run(process->space, regs, stack, s->frames + first, FRAMES_MAX - first);
        if (!load_regions(s, process, first, r.count))
            break;
    }
    return r;
}

/* Puts the Python functions among the C functions: each below the interpreter's loop that runs it,
 * leaf first as all of them. */
static void insert_python(struct stacks *s, struct tracked_process *process,
    const struct unwind_regs *regs, const struct unwind_stack *copy, struct user_part *part)
{
    if (!process->python)
        return;
    const struct python_stack stack = {
        .pid = process->pid, .frames = s->frames, .count = part->count, .regs = regs, .copy = *copy
    };
    if (!python_frames(process->python, &stack, &s->python))
        s->python_cut++;
    if (s->python.len == 0 || s->python.len > FRAMES_MAX - part->count)
        return;
    size_t left = s->python.len;
    uint32_t from = part->count, to = part->count + (uint32_t)left;
    const uint32_t sure = part->sure;
    part->count = to;
    while (left > 0) {
        s->frames[--to] = s->frames[--from];
        if (part->sure < FRAMES_MAX && from == sure)
            part->sure = to;
        while (left > 0 && s->python.ptr[left - 1].at == from)
            s->frames[--to] = (struct unwind_frame){ .lookup = s->python.ptr[--left].frame.i,
                .tag = REGION_TAG_NAMED };
    }
    s->python_named++;
}

/* Goes on with bytes from the live process where the copy ended. True: to the stack's end. */
static bool lengthen(struct stacks *s, struct tracked_process *process,
    const struct unwind_regs *regs, const struct unwind_stack *copy, struct user_part *part)
{
    if (!stack_tail_start(&s->tail, process->pid, copy))
        return false;
    const uint32_t sure = part->count;
    while (part->end == UNWIND_TRUNCATED && part->count < FRAMES_MAX &&
           stack_tail_grow(&s->tail, process->pid, copy->address)) {
        const struct unwind_stack longer = stack_tail_view(&s->tail, copy->address);
        const struct unwind_result r = unwind(s, process, regs, &longer, 0);
        part->count = r.count;
        part->end = r.end;
    }
    if (part->end == UNWIND_COMPLETE)
        part->sure = sure;
    return part->end == UNWIND_COMPLETE;
}

/* Goes on from where a signal handler with a stack of its own has interrupted the thread, with
 * bytes from the live process. */
static void follow_interrupted(struct stacks *s, struct tracked_process *process,
    const struct unwind_stack *copy, uint64_t signal_sp, struct user_part *part)
{
    struct unwind_regs regs = { 0 };
    if (!unwind_interrupted(copy, signal_sp, &regs))
        return;
    const uint32_t sure = part->count;
    struct unwind_result r = { .end = UNWIND_TRUNCATED };
    stack_tail_start_anew(&s->tail);
    while (r.end == UNWIND_TRUNCATED && sure + r.count < FRAMES_MAX &&
           stack_tail_grow(&s->tail, process->pid, regs.sp)) {
        const struct unwind_stack other = stack_tail_view(&s->tail, regs.sp);
        r = unwind(s, process, &regs, &other, sure);
    }
    if (r.end != UNWIND_COMPLETE || r.count < 2 ||
        !unwind_may_call(process->space, &s->frames[sure + 1], &s->frames[sure]))
        return; /* the handler has returned since */
    *part = (struct user_part){ .count = sure + r.count, .sure = sure, .end = r.end };
    s->followed++;
}

/* A copy may be shorter than was asked for: it ends where the stack does, and at the first page
 * that was never touched, such as those of a large array. */
static struct user_part unwind_registers(
    struct stacks *s, struct tracked_process *process, const struct perf_sample *sample)
{
    struct unwind_regs regs = { 0 };
    arch_regs_decode(sample->regs, &regs);
    const struct unwind_stack stack = {
        .bytes = sample->stack,
        .len = sample->stack_len,
        .address = regs.sp,
        .wanted_bytes = sample->stack_len,
    };
    const struct unwind_result r = unwind(s, process, &regs, &stack, 0);
    struct user_part part = { .count = r.count, .sure = FRAMES_MAX, .end = r.end };
    struct unwind_stack seen = stack;
    if (part.end == UNWIND_TRUNCATED && part.count < FRAMES_MAX) {
        const bool longer = lengthen(s, process, &regs, &stack, &part);
        s->lengthened += longer;
        seen = longer ? stack_tail_view(&s->tail, regs.sp) : stack;
        if (!longer && sample->stack_len < sample->stack_wanted)
            part.end = UNWIND_BROKEN; /* there was no more of it, for all that is known */
    } else if (r.signal_sp) {
        follow_interrupted(s, process, &stack, r.signal_sp, &part);
    }
    insert_python(s, process, &regs, &seen, &part);
    return part;
}

/* First index of the chain's user part, behind its marker. */
static size_t user_chain(const struct perf_sample *sample)
{
    size_t i = 0;
    while (i < sample->chain_len && perf_sample_chain(sample, i) != (uint64_t)PERF_CONTEXT_USER)
        i++;
    return i < sample->chain_len ? i + 1 : i;
}

/* Return addresses are looked up within the call. */
static struct unwind_frame frame_at(
    const struct tracked_process *process, uint64_t pc, bool is_leaf)
{
    const uint64_t lookup = is_leaf ? pc : pc - 1;
    const struct unwind_region *region = unwind_space_find(process->space, lookup);
    return (struct unwind_frame){
        .pc = pc,
        .lookup = lookup,
        .tag = region ? region->tag : REGION_TAG_NONE,
    };
}

/* The kernel's frame-pointer chain as frames. */
static uint32_t chain_frames(
    struct stacks *s, const struct tracked_process *process, const struct perf_sample *sample)
{
    uint32_t count = 0;
    for (size_t i = user_chain(sample); i < sample->chain_len && count < FRAMES_MAX; i++) {
        const uint64_t pc = perf_sample_chain(sample, i);
        if (pc >= (uint64_t)PERF_CONTEXT_MAX)
            break;
        s->frames[count] = frame_at(process, pc, count == 0);
        count++;
    }
    return count;
}

/* A cut chain is full. Kernel and user addresses share the room, markers take none of it
 * (get_perf_callchain in the kernel's events/callchain.c). */
static bool chain_is_cut(const struct stacks *s, const struct perf_sample *sample)
{
    return s->chain_max > 0 && perf_sample_chain_addresses(sample) >= s->chain_max;
}

/* Goroutine stacks have frame pointers throughout, and lie in large mappings: the kernel's chain is
 * not bounded by the copy, but by kernel.perf_event_max_stack. */
static void prefer_chain(struct stacks *s, struct tracked_process *process,
    const struct perf_sample *sample, struct user_part *part)
{
    const struct unwind_region *leaf =
        part->count > 0 ? unwind_space_find(process->space, s->frames[0].lookup) : NULL;
    if (!leaf || leaf->tag >= REGION_TAG_JIT || part->end == UNWIND_COMPLETE)
        return;
    if (!modules_load(s->processes->modules, leaf->tag / 2, process->pid)->is_go)
        return;
    const size_t chain_len = sample->chain_len - user_chain(sample);
    if (chain_len <= part->count)
        return;
    part->count = chain_frames(s, process, sample);
    if (load_regions(s, process, 0, part->count))
        part->count = chain_frames(s, process, sample);
    part->end = chain_is_cut(s, sample) ? UNWIND_TRUNCATED : UNWIND_COMPLETE;
}

/* A 32-bit process: its leaf only. */
static struct user_part leaf_only(
    struct stacks *s, struct tracked_process *process, const struct perf_sample *sample)
{
    struct unwind_regs regs = { 0 };
    arch_regs_decode(sample->regs, &regs);
    processes_load_region(s->processes, process, regs.ip);
    s->frames[0] = frame_at(process, regs.ip, true);
    s->only_leaf++;
    return (struct user_part){ .count = 1, .sure = FRAMES_MAX, .end = UNWIND_BROKEN };
}

static struct user_part user_stack(
    struct stacks *s, struct tracked_process *process, const struct perf_sample *sample)
{
    if (sample->is_32bit)
        return leaf_only(s, process, sample);
    if (!sample->has_regs)
        return (struct user_part){ .none = true };
    struct user_part part = unwind_registers(s, process, sample);
    prefer_chain(s, process, sample, &part);
    return part;
}

static void count_end(struct stacks *s, const struct user_part *part)
{
    s->recent++;
    switch (part->end) {
    case UNWIND_COMPLETE:
        s->complete++;
        break;
    case UNWIND_TRUNCATED:
        s->truncated++;
        s->recent_truncated += part->count < FRAMES_MAX; /* a longer copy would help */
        break;
    case UNWIND_BROKEN:
        s->broken++;
        break;
    }
}

uint32_t stacks_next_bytes(struct stacks *s, uint32_t now)
{
    uint32_t next = now;
    if (s->recent >= RECENT_FEW && s->recent_truncated * 10 > s->recent)
        next = RECORD_STACK_BYTES_MAX;
    else if (s->recent < RECENT_MANY)
        return now;
    else if (s->recent_truncated * 100 > s->recent)
        next = now * 2;
    s->recent = s->recent_truncated = 0;
    return next < RECORD_STACK_BYTES_MAX ? next : RECORD_STACK_BYTES_MAX;
}

/* ---- the kernel part ---- */

/* Number of kernel addresses; they begin behind the chain's first marker. */
static size_t kernel_chain(const struct perf_sample *sample, size_t *ret_first)
{
    size_t i = 0;
    *ret_first = 0;
    if (sample->chain_len == 0 || perf_sample_chain(sample, 0) != (uint64_t)PERF_CONTEXT_KERNEL)
        return 0;
    *ret_first = 1;
    while (
        1 + i < sample->chain_len && perf_sample_chain(sample, 1 + i) < (uint64_t)PERF_CONTEXT_MAX)
        i++;
    return i;
}

struct module_id stacks_kernel_module(struct stacks *s)
{
    if (s->kernel.i == 0) {
        const struct module row = {
            .path = profile_add_string(s->profile, slice_of("[kernel]")),
            .kind = MODULE_KERNEL,
        };
        s->kernel = profile_add_module(s->profile, &row);
    }
    return s->kernel;
}

static struct stack_id add_kernel(
    struct stacks *s, struct stack_id stack, const struct perf_sample *sample)
{
    size_t first;
    const size_t count = kernel_chain(sample, &first);
    for (size_t i = count; i-- > 0;) {
        const uint64_t pc = perf_sample_chain(sample, first + i);
        const struct frame_id frame =
            profile_add_frame(s->profile, stacks_kernel_module(s), i > 0 ? pc - 1 : pc, 0);
        stack = profile_add_stack(s->profile, stack, frame);
    }
    return stack;
}

/* ---- both ---- */

static uint64_t hash_frame(const struct stacks *s, const struct user_part *part, uint32_t i)
{
    return s->frames[i].lookup * 2 + (s->frames[i].guess || i >= part->sure);
}

/* Of the user frames but the leaf, and of how the stack ended. */
static uint64_t hash_callers(
    const struct stacks *s, const struct tracked_process *process, const struct user_part *part)
{
    uint64_t hash = hash_mix(hash_u64(process->generation), (uint64_t)part->end + 4u * part->none);
    for (uint32_t i = 1; i < part->count; i++)
        hash = hash_mix(hash, hash_frame(s, part, i));
    return hash ? hash : 1;
}

/* Of the whole stack, its callers hashed before. */
static uint64_t hash_whole(const struct stacks *s, const struct perf_sample *sample,
    const struct user_part *part, uint64_t hash)
{
    if (part->count > 0)
        hash = hash_mix(hash, hash_frame(s, part, 0));
    size_t first;
    const size_t count = kernel_chain(sample, &first);
    for (size_t i = 0; i < count; i++)
        hash = hash_mix(hash, perf_sample_chain(sample, first + i));
    return hash ? hash : 1;
}

static struct frame_id user_frame(
    struct stacks *s, struct tracked_process *process, uint32_t index, const struct user_part *part)
{
    const struct unwind_frame *f = &s->frames[index];
    const uint32_t flags = f->guess || index >= part->sure ? FRAME_GUESS : 0;
    if (f->tag == REGION_TAG_NAMED)
        return (struct frame_id){ (uint32_t)f->lookup };
    if (f->tag == REGION_TAG_JIT)
        return profile_add_frame(
            s->profile, processes_jit(s->processes, process), f->lookup, flags);
    if (f->tag == REGION_TAG_NONE)
        return profile_add_frame(s->profile, (struct module_id){ 0 }, f->lookup, flags);
    const struct code_place *place = modules_load(s->processes->modules, f->tag / 2, process->pid);
    return profile_add_frame(s->profile, place->module, f->lookup - place->bias, flags);
}

/* Below `stack`, the frame at `index`; before it that of a function that has left by jumping there.
 */
static struct stack_id add_frame(struct stacks *s, struct tracked_process *process,
    struct stack_id stack, uint32_t index, const struct user_part *part)
{
    const struct unwind_frame *callee = &s->frames[index], *caller = callee + 1;
    uint64_t address;
    if (index + 1 < part->count && index + 1 < part->sure &&
        unwind_tail_caller(process->space, caller, callee, &address)) {
        const struct code_place *place =
            modules_load(s->processes->modules, caller->tag / 2, process->pid);
        const struct frame_id gone =
            profile_add_frame(s->profile, place->module, address - place->bias, 0);
        stack = profile_add_stack(s->profile, stack, gone);
    }
    return profile_add_stack(s->profile, stack, user_frame(s, process, index, part));
}

static struct stack_id add_marker(struct stacks *s, struct frame_id *marker, const char *name)
{
    if (marker->i == 0)
        *marker = marker_frame(s->profile, name);
    return profile_add_stack(s->profile, (struct stack_id){ 0 }, *marker);
}

static struct stack_id add_callers(
    struct stacks *s, struct tracked_process *process, const struct user_part *part)
{
    struct stack_id stack = { 0 };
    if (!part->none && part->end == UNWIND_TRUNCATED)
        stack = add_marker(s, &s->truncated_marker, "[truncated]");
    else if (!part->none && part->end == UNWIND_BROKEN)
        stack = add_marker(s, &s->broken_marker, "[incomplete]");
    for (uint32_t i = part->count; i-- > 1;)
        stack = add_frame(s, process, stack, i, part);
    return stack;
}

static struct stack_id add_user(struct stacks *s, struct tracked_process *process,
    const struct user_part *part, uint64_t callers_hash)
{
    struct stack_cache_slot *slot = &s->callers[callers_hash & (STACK_CACHE_SLOTS - 1)];
    if (slot->hash != callers_hash)
        *slot = (struct stack_cache_slot){ callers_hash, add_callers(s, process, part) };
    if (part->count == 0)
        return slot->stack;
    return add_frame(s, process, slot->stack, 0, part);
}

struct stack_id stacks_intern(
    struct stacks *s, struct tracked_process *process, const struct perf_sample *sample)
{
    const struct user_part part = user_stack(s, process, sample);
    if (!part.none)
        count_end(s, &part);
    const uint64_t callers_hash = hash_callers(s, process, &part);
    const uint64_t hash = hash_whole(s, sample, &part, callers_hash);
    struct stack_cache_slot *slot = &s->cache[hash & (STACK_CACHE_SLOTS - 1)];
    if (slot->hash != hash) {
        const struct stack_id user = add_user(s, process, &part, callers_hash);
        *slot = (struct stack_cache_slot){ hash, add_kernel(s, user, sample) };
    }
    return slot->stack;
}

/* ---- threads off the CPU ---- */

static uint64_t word_at(const struct unwind_stack *stack, size_t at)
{
    uint64_t word;
    memcpy(&word, stack->bytes + at, sizeof word);
    return word;
}

/* Could the function of `callee` have saved its caller's frame pointer here: the address above is
 * one that it can return to? The pointer itself may be anything, a caller may use the register as
 * it likes. */
static enum unwind_called is_saved_pointer(const struct tracked_process *process,
    const struct unwind_stack *stack, size_t at, const struct unwind_frame *callee)
{
    return unwind_called_before(process->space, word_at(stack, at + 8), callee);
}

/* One attempt with a frame pointer; taken when it leads to the stack's end. */
static bool try_pointer(struct stacks *s, struct tracked_process *process,
    const struct unwind_stack *stack, struct unwind_regs *regs, uint64_t pointer,
    struct user_part *part)
{
    regs->bp = regs->reg[6] = pointer;
    const struct unwind_result r = unwind(s, process, regs, stack, 0);
    struct user_part found = { .count = r.count, .end = r.end };
    if (found.end == UNWIND_TRUNCATED && found.count < FRAMES_MAX)
        lengthen(s, process, regs, stack, &found);
    if (found.end != UNWIND_COMPLETE || found.count <= part->count)
        return false;
    found.sure = part->count;
    *part = found;
    return true;
}

/* Frames that were found without a guess: the search must lead on from there. */
static uint32_t count_sure(const struct stacks *s, uint32_t count)
{
    uint32_t sure = 1;
    while (sure < count && !s->frames[sure].guess)
        sure++;
    return sure;
}

/* A place that the function was certainly called from, else the first that may be one. */
static bool search_called(struct stacks *s, struct tracked_process *process,
    const struct unwind_stack *stack, struct unwind_regs *regs, enum unwind_called called,
    struct user_part *part)
{
    const struct unwind_frame callee = s->frames[part->count - 1];
    const size_t end = stack->len < SEARCH_BYTES ? stack->len : SEARCH_BYTES;
    int tries = 0;
    for (size_t at = 0; at + 16 <= end && tries < SEARCH_TRIES; at += 8) {
        if (is_saved_pointer(process, stack, at, &callee) != called)
            continue;
        tries++;
        if (try_pointer(s, process, stack, regs, stack->address + at, part))
            return true;
    }
    return false;
}

static void search_pointer(struct stacks *s, struct tracked_process *process,
    const struct unwind_stack *stack, struct unwind_regs *regs, struct user_part *part)
{
    const struct user_part before = *part;
    part->count = count_sure(s, part->count);
    if (search_called(s, process, stack, regs, UNWIND_CALLED_YES, part)) {
        part->sure = FRAMES_MAX;
        return;
    }
    if (search_called(s, process, stack, regs, UNWIND_CALLED_PERHAPS, part))
        return;
    *part = before; /* its frames have been written over meanwhile */
    regs->bp = regs->reg[6] = FRAME_POINTER_UNKNOWN;
    part->count = unwind(s, process, regs, stack, 0).count;
}

static struct user_part blocked_part(
    struct stacks *s, struct tracked_process *process, const struct blocked_stack *blocked)
{
    struct unwind_regs regs = { .ip = blocked->pc, .sp = blocked->sp, .bp = FRAME_POINTER_UNKNOWN };
    regs.reg[6] = regs.bp;
    regs.reg[7] = regs.sp;
    regs.reg[16] = regs.ip;
    const struct unwind_stack stack = {
        .bytes = blocked->bytes,
        .len = blocked->len,
        .address = blocked->sp,
        .wanted_bytes = blocked->wanted,
    };
    const struct unwind_result r = unwind(s, process, &regs, &stack, 0);
    struct user_part part = { .count = r.count, .sure = FRAMES_MAX, .end = r.end };
    if (part.end == UNWIND_TRUNCATED && part.count < FRAMES_MAX)
        lengthen(s, process, &regs, &stack, &part);
    if (part.end == UNWIND_COMPLETE)
        part.sure = FRAMES_MAX; /* nothing has moved meanwhile: the thread is off the CPU */
    else if (part.count > 0)
        search_pointer(s, process, &stack, &regs, &part);
    insert_python(s, process, NULL, &stack, &part);
    return part;
}

struct stack_id stacks_intern_blocked(
    struct stacks *s, struct tracked_process *process, const struct blocked_stack *blocked)
{
    const struct user_part part = blocked_part(s, process, blocked);
    if (part.end == UNWIND_COMPLETE)
        s->blocked_complete++;
    else
        s->blocked_cut++;
    return add_user(s, process, &part, hash_callers(s, process, &part));
}

/* ---- stacks whose addresses are known ---- */

static uint32_t known_frames(
    struct stacks *s, const struct tracked_process *process, const uint64_t *pcs, uint32_t count)
{
    const uint32_t kept = count < FRAMES_MAX ? count : FRAMES_MAX;
    for (uint32_t i = 0; i < kept; i++)
        s->frames[i] = frame_at(process, pcs[i], i == 0);
    return kept;
}

struct stack_id stacks_intern_addresses(struct stacks *s, struct tracked_process *process,
    const uint64_t *pcs, uint32_t count, enum unwind_end end)
{
    uint32_t kept = known_frames(s, process, pcs, count);
    if (load_regions(s, process, 0, kept))
        kept = known_frames(s, process, pcs, count);
    const struct user_part part = { .count = kept, .sure = FRAMES_MAX, .end = end };
    return add_user(s, process, &part, hash_callers(s, process, &part));
}
