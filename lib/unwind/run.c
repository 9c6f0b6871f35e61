// SPDX-License-Identifier: MIT
/*
 * The walk: from a sample's registers and stack bytes to return addresses, by compiled tables.
 *
 * Three things are known of a frame that was called: ip, sp, fp. In the first frame, and in one
 * that a signal interrupted, all registers are, and such a frame may be anywhere in its function:
 * in a prologue, an epilogue, a leaf without a frame.
 */
#include "unwind/unwind.h"

#include <string.h>

#include "unwind/arch.h"
#include "unwind/space.h"
#include "unwind/table.h"

enum {
    WORD = 8,
    SCAN_WORDS = 1280,           /* a stack scan looks this far for a return address: musl's
                                    printf of a double has 7 KiB of digits between */
    SAVED_SP_WORDS = 256,        /* OpenSSL's functions lower the stack by 1,152 bytes at most */
    SCAN_NEAR_BYTES = 16 * 1024, /* how far behind a function's start its code may be, as a guess */
    OTHER_STACK_BYTES = 65536,   /* a signal frame with its FPU state is smaller than this */
    JUMP_BYTES = 1 << 20, /* an address this far behind the copy is not the stack's next part */
};

struct walk {
    const struct unwind_space *space;
    const struct unwind_stack *stack;
    uint64_t ip, sp, fp;
    uint64_t lookup;                    /* ip, or ip - 1 behind a call */
    const struct unwind_regs *regs;     /* all registers, or NULL */
    const struct unwind_regs *left;     /* those of the frame that was called from here, or NULL */
    const struct unwind_region *region; /* holds lookup, or NULL */
    bool guess;                         /* how ip was found */
    bool fell_off;                      /* a read went past the end of the copy */
    uint64_t signal_sp;                 /* as in struct unwind_result */
    struct unwind_regs signal_regs;     /* regs points here after a signal frame */
};

enum step {
    STEP_ON,
    STEP_ROOT, /* this was the outermost frame */
    STEP_LOST,
};

/* ---- reading ---- */

static inline bool read_word(struct walk *w, uint64_t address, uint64_t *ret_value)
{
    const uint64_t at = address - w->stack->address;
    if (w->stack->len < WORD || at > w->stack->len - WORD) {
        w->fell_off = at < w->stack->len + JUMP_BYTES;
        return false;
    }
    memcpy(ret_value, w->stack->bytes + at, WORD);
    return true;
}

static bool read_reg(const struct walk *w, uint8_t reg, uint64_t *ret_value)
{
    if (w->regs)
        *ret_value = w->regs->reg[reg];
    else if (reg == unwind_arch.fp)
        *ret_value = w->fp;
    else if (reg == unwind_arch.sp)
        *ret_value = w->sp;
    else
        return false;
    return true;
}

static const struct unwind_region *find_region(const struct walk *w, uint64_t address)
{
    if (w->region && address >= w->region->start && address < w->region->end)
        return w->region;
    return unwind_space_find(w->space, address);
}

/* Moves to the caller; a return address of 0 ends the stack there. */
static enum step go_to(struct walk *w, uint64_t ip, uint64_t sp, uint64_t fp)
{
    w->left = w->regs;
    w->regs = NULL;
    w->ip = ip;
    w->lookup = ip - 1;
    w->sp = sp;
    w->fp = fp;
    return STEP_ON;
}

/* ---- frames with unwind data ---- */

static bool deref_cfa(struct walk *w, const struct unwind_rule *rule, uint64_t *ret_cfa)
{
    uint64_t base, value;
    if (!read_reg(w, rule->reg, &base) ||
        !read_word(w, base + (uint64_t)(int64_t)rule->cfa, &value))
        return false;
    *ret_cfa = value + (uint64_t)(int64_t)rule->cfa2;
    return true;
}

static inline bool find_cfa(struct walk *w, const struct unwind_rule *rule, uint64_t *ret_cfa)
{
    const uint64_t offset = (uint64_t)(int64_t)rule->cfa;
    switch ((enum unwind_rule_kind)rule->kind) {
    case RULE_SP:
        *ret_cfa = w->sp + offset;
        return true;
    case RULE_FP:
        *ret_cfa = w->fp + offset;
        return true;
    case RULE_REG:
        if (!read_reg(w, rule->reg, ret_cfa))
            return false;
        *ret_cfa += offset;
        return true;
    case RULE_DEREF:
        return deref_cfa(w, rule, ret_cfa);
    case RULE_PLT:
        *ret_cfa = w->sp + WORD + ((w->ip & 15) >= offset ? WORD : 0);
        return true;
    case RULE_GAP:
    case RULE_END:
    case RULE_ODD:
    case RULE_SIGNAL:
        break;
    }
    return false;
}

/* The caller's frame pointer. A slot below SP was popped already (an epilogue) or not pushed yet:
 * the register holds the value. */
static inline bool find_fp(
    struct walk *w, const struct unwind_rule *rule, uint64_t cfa, uint64_t *ret_fp)
{
    *ret_fp = w->fp;
    uint64_t address = cfa + (uint64_t)(int64_t)rule->fp_offset;
    switch ((enum unwind_place)rule->fp) {
    case PLACE_SAME:
        return true;
    case PLACE_CFA:
        break;
    case PLACE_REG:
        if (!read_reg(w, rule->fp_reg, &address))
            return false;
        address += (uint64_t)(int64_t)rule->fp_offset;
        break;
    case PLACE_GO:
        address = cfa - 2 * WORD;
        if (w->fp != address)
            return true;
        break;
    }
    if (w->regs && address < w->sp)
        return true;
    return read_word(w, address, ret_fp);
}

static bool find_cfa_of_assembly(struct walk *w, const struct unwind_rule *rule, uint64_t *ret_cfa);

static inline enum step step_rule(struct walk *w, const struct unwind_rule *rule)
{
    uint64_t cfa, ra, fp;
    const bool usual = rule->kind == RULE_SP || rule->kind == RULE_FP;
    if (usual ? !find_cfa(w, rule, &cfa) : !find_cfa_of_assembly(w, rule, &cfa))
        return STEP_LOST;
    if (rule->ra == PLACE_REG) { /* vfork: the return address was popped into a register */
        if (!read_reg(w, rule->ra_reg, &ra))
            return STEP_LOST;
        if (cfa < w->sp)
            return STEP_LOST;
    } else {
        if (cfa <= w->sp || !read_word(w, cfa + (uint64_t)(int64_t)rule->ra_offset, &ra))
            return STEP_LOST;
    }
    if (!find_fp(w, rule, cfa, &fp))
        return STEP_LOST;
    w->guess = false;
    return go_to(w, ra, cfa, fp);
}

/* The frame that the kernel pushed holds all registers of the interrupted one. */
static enum step step_signal(struct walk *w)
{
    struct unwind_regs regs;
    if (!unwind_arch_signal_regs(w->stack, w->sp, &regs)) {
        w->fell_off = w->sp - w->stack->address < w->stack->len + JUMP_BYTES;
        return STEP_LOST;
    }
    /* A handler on a stack of its own: the interrupted one was not copied. */
    if (regs.sp <= w->sp || regs.sp - w->sp > OTHER_STACK_BYTES) {
        w->signal_sp = w->sp;
        return STEP_LOST;
    }
    w->signal_regs = regs;
    go_to(w, regs.ip, regs.sp, regs.bp);
    w->lookup = regs.ip;
    w->regs = &w->signal_regs;
    w->guess = false;
    return STEP_ON;
}

/* ---- code ---- */

static const struct unwind_table *table_of(const struct unwind_region *region)
{
    return region && region->kind == UNWIND_REGION_MODULE ? region->table : NULL;
}

/* Position of an absolute address in its module's text; false: not there. */
static bool text_position(const struct unwind_region *region, uint64_t address, size_t *ret_at)
{
    const struct unwind_table *t = table_of(region);
    if (!t)
        return false;
    const uint64_t at = address - region->bias - t->text.address;
    if (at > t->text.len)
        return false;
    *ret_at = (size_t)at;
    return true;
}

static enum unwind_call call_before(
    const struct unwind_region *region, uint64_t address, uint64_t *ret_target)
{
    size_t at;
    if (!text_position(region, address, &at))
        return UNWIND_CALL_NONE;
    const enum unwind_call call = unwind_arch_call_before(&region->table->text, at, ret_target);
    *ret_target += region->bias;
    return call;
}

/* ---- frames whose unwind data is wrong ---- */

/* Does a call of this function return there, or one of a function that jumps into that one? */
static bool was_called(const struct walk *w, uint64_t return_address)
{
    const struct unwind_table *t = table_of(w->region);
    const struct unwind_region *from = find_region(w, return_address - 1);
    uint64_t target = 0, start, end, caller_start, caller_end;
    if (!t || !from || call_before(from, return_address, &target) != UNWIND_CALL_DIRECT ||
        !table_extent(t, w->lookup - w->region->bias, &start, &end))
        return false;
    target -= w->region->bias;
    if (target == start)
        return true;
    return table_extent(t, target, &caller_start, &caller_end) && target == caller_start &&
           caller_start >= t->text.address &&
           unwind_arch_jumps_into(
               &t->text, caller_start - t->text.address, caller_end - t->text.address, start, end);
}

static bool leads_to_call(struct walk *w, const struct unwind_rule *rule, uint64_t cfa)
{
    uint64_t ra;
    return cfa > w->sp && rule->ra == PLACE_CFA &&
           read_word(w, cfa + (uint64_t)(int64_t)rule->ra_offset, &ra) && was_called(w, ra);
}

/*
 * Functions that align the stack keep its pointer in it. Those of OpenSSL for AVX2 (perlasm's
 * sha512-x86_64.pl and its like) then lower the stack in steps within their loop, and their unwind
 * data does not say so: the pointer is further up than it says. It is where it leads to a call of
 * this function; where it leads to none at all, the unwind data has the last word.
 */
static bool find_saved_sp(struct walk *w, const struct unwind_rule *rule, uint64_t *ret_cfa)
{
    struct unwind_rule shifted = *rule;
    uint64_t cfa;
    for (int i = 0; i < SAVED_SP_WORDS; i++, shifted.cfa += WORD)
        if (deref_cfa(w, &shifted, &cfa) && leads_to_call(w, rule, cfa)) {
            *ret_cfa = cfa;
            return true;
        }
    w->fell_off = false;
    return find_cfa(w, rule, ret_cfa);
}

/* Functions that keep the stack pointer in a register that calls may change: they call only their
 * own helpers, which leave it alone (perlasm's aesni-gcm-x86_64.pl). */
static bool find_kept_sp(struct walk *w, const struct unwind_rule *rule, uint64_t *ret_cfa)
{
    *ret_cfa = w->left->reg[rule->reg] + (uint64_t)(int64_t)rule->cfa;
    return leads_to_call(w, rule, *ret_cfa);
}

/* Where the CFA is more than a rule can say: the first word that a call of this function left. */
static bool find_called(struct walk *w, const struct unwind_rule *rule, uint64_t *ret_cfa)
{
    for (uint64_t i = 0; i < SCAN_WORDS; i++) {
        *ret_cfa = w->sp + i * WORD - (uint64_t)(int64_t)rule->ra_offset;
        if (leads_to_call(w, rule, *ret_cfa))
            return true;
    }
    w->fell_off = false;
    return false;
}

static bool find_cfa_of_assembly(struct walk *w, const struct unwind_rule *rule, uint64_t *ret_cfa)
{
    if (rule->kind == RULE_ODD)
        return find_called(w, rule, ret_cfa);
    if (w->regs && rule->kind == RULE_DEREF && rule->reg == unwind_arch.sp)
        return find_saved_sp(w, rule, ret_cfa);
    if (w->left && rule->kind == RULE_REG && rule->reg != unwind_arch.fp)
        return find_kept_sp(w, rule, ret_cfa);
    return find_cfa(w, rule, ret_cfa);
}

/* ---- frames without ---- */

/* Code that was generated, or that no table describes. */
static bool is_unknown_code(const struct unwind_region *region, uint64_t address)
{
    const struct unwind_table *t = table_of(region);
    return !t || table_rule(t, address - region->bias)->kind == RULE_GAP;
}

/* Could the frame at ip have been called there? A direct call must go to a little before ip, with
 * nothing but code without unwind data between. */
static bool call_leads_to(const struct walk *w, uint64_t target)
{
    const struct unwind_table *t = table_of(w->region);
    if (target > w->ip || w->ip - target > SCAN_NEAR_BYTES)
        return false;
    if (!t || !table_covers_any(t, target - w->region->bias, w->ip - w->region->bias))
        return true;
    /* A function whose unwind data ends within it: glibc's clone, whose child has another stack. */
    uint64_t start, end;
    return table_extent(t, target - w->region->bias, &start, &end) &&
           start == target - w->region->bias && w->ip - w->region->bias < end;
}

/* A PLT without unwind data, as static programs have for their indirect functions. */
static bool in_plt(const struct walk *w)
{
    const struct unwind_table *t = table_of(w->region);
    return t && w->ip - w->region->bias - t->plt_address < t->plt_len;
}

/* Is this word on the stack the return address of a first frame that has none of its own yet? Old
 * return addresses lie about, so the caller must be generated code or call the code at ip. */
static bool is_leaf_return(const struct walk *w, uint64_t word)
{
    const struct unwind_region *region = find_region(w, word - 1);
    if (!region)
        return false;
    if (region->kind == UNWIND_REGION_JIT)
        return true;
    uint64_t target = 0;
    const enum unwind_call call = call_before(region, word, &target);
    if (call == UNWIND_CALL_DIRECT && call_leads_to(w, target))
        return true;
    /* A call into nowhere (of a null pointer, say), or code that never has a frame. */
    if (call != UNWIND_CALL_NONE && (!w->region || in_plt(w)))
        return true;
    const bool go = region->table && region->table->go;
    return call != UNWIND_CALL_NONE && !go && is_unknown_code(region, word - 1);
}

static bool at_return(const struct walk *w)
{
    size_t at;
    return text_position(w->region, w->ip, &at) &&
           unwind_arch_is_return(&w->region->table->text, at);
}

/*
 * The leaf rule. Interpreters' handlers, JIT prologues and hand-written leaves have no frame yet,
 * so frame pointers would skip their caller: in an interpreter, the very function that runs. False:
 * it has a frame.
 */
static bool step_leaf(struct walk *w, enum step *ret_step)
{
    uint64_t top, second;
    if (!w->regs || !read_word(w, w->sp, &top))
        return false;
    if (at_return(w) ? find_region(w, top - 1) != NULL : is_leaf_return(w, top)) {
        w->guess = true;
        *ret_step = go_to(w, top, w->sp + WORD, w->fp);
        return true;
    }
    if (top != w->fp || !read_word(w, w->sp + WORD, &second) || !is_leaf_return(w, second))
        return false;
    w->guess = true;
    *ret_step = go_to(w, second, w->sp + 2 * WORD, w->fp);
    return true;
}

/* By frame pointer: the caller's at fp, the return address above it. */
static enum step step_fp(struct walk *w)
{
    uint64_t fp, ra, target = 0;
    const struct unwind_table *t = table_of(w->region);
    const bool go = t && t->go;
    if (w->fp == 0)
        return w->regs && !go ? STEP_LOST : STEP_ROOT;
    if (w->fp < w->sp || w->fp % WORD != 0 || !read_word(w, w->fp, &fp) ||
        !read_word(w, w->fp + WORD, &ra))
        return STEP_LOST;
    const struct unwind_region *to = find_region(w, ra - 1);
    if (ra != 0 && !to)
        return STEP_LOST;
    /* Where code can be seen, a return address follows a call. */
    const bool visible = table_of(to) && to->table->text.len > 0;
    if (ra != 0 && !go && visible && call_before(to, ra, &target) == UNWIND_CALL_NONE)
        return STEP_LOST;
    const bool generated = w->region && w->region->kind == UNWIND_REGION_JIT;
    w->guess = !go && !generated && !visible && (!to || to->kind != UNWIND_REGION_JIT);
    return go_to(w, ra, w->fp + 2 * WORD, fp);
}

/* A stub that makes room for one word, calls, and returns: no frame pointer. A sample in itself may
 * lie before or after the room. */
static enum step step_thunk(struct walk *w)
{
    uint64_t ra;
    uint64_t at = w->sp + WORD;
    if (w->regs && read_word(w, w->sp, &ra) && table_of(find_region(w, ra - 1)))
        at = w->sp;
    if (!read_word(w, at, &ra))
        return STEP_LOST;
    w->guess = w->regs != NULL;
    return go_to(w, ra, at + WORD, w->fp);
}

/* The next word on the stack that a call could have pushed; `strict`: a call of the code at ip. */
static bool scan(struct walk *w, bool strict, uint64_t *ret_address)
{
    uint64_t word;
    for (uint64_t i = 0; i < SCAN_WORDS; i++) {
        const uint64_t address = w->sp + i * WORD;
        if (!read_word(w, address, &word))
            return false;
        const struct unwind_region *region = find_region(w, word - 1);
        if (!table_of(region))
            continue;
        uint64_t target = 0;
        const enum unwind_call call = call_before(region, word, &target);
        if (call == UNWIND_CALL_NONE ||
            (strict && call == UNWIND_CALL_DIRECT && !call_leads_to(w, target)))
            continue;
        *ret_address = address;
        return true;
    }
    return false;
}

/* C libraries without unwind data or frame pointers (static musl): look for a return address. */
static enum step step_scan(struct walk *w)
{
    uint64_t address, ra;
    if (!scan(w, true, &address) && !scan(w, false, &address))
        return STEP_LOST;
    w->fell_off = false;
    if (!read_word(w, address, &ra))
        return STEP_LOST;
    w->guess = true;
    return go_to(w, ra, address + WORD, w->fp);
}

/* Contexts that makecontext(3) made return to the start of a function (__start_context) that no
 * call precedes: they were never called. */
static bool is_made_context(const struct walk *w)
{
    uint64_t start, target = 0;
    return !w->regs && call_before(w->region, w->ip, &target) == UNWIND_CALL_NONE &&
           unwind_table_function(w->region->table, w->ip - w->region->bias, &start) &&
           start + w->region->bias == w->ip;
}

/* Its unwind data says where it begins: what called it can be told, and was not found. */
static bool is_described(const struct unwind_table *t, const struct walk *w)
{
    return table_rule(t, w->lookup - w->region->bias)->kind != RULE_GAP;
}

/*
 * No row, or one that says more than a rule can (0.1 % of rows, hand-written assembler). libunwind
 * could follow the latter, but it is not safe from files made to crash it: it is used when asked
 * for.
 */
static enum step step_gap(struct walk *w)
{
    enum step step;
    const struct unwind_table *t = table_of(w->region);
    size_t at;
    if (t && text_position(w->region, w->ip, &at)) {
        if (unwind_arch_is_sigreturn(&t->text, at))
            return step_signal(w);
        if (unwind_arch_is_entry(&t->text, at))
            return STEP_ROOT;
    }
    if (t && is_made_context(w))
        return STEP_ROOT;
    if (step_leaf(w, &step))
        return step;
    step = step_fp(w);
    /* Go's own code is described; what is not is C's, such as the entry of cgo's threads. */
    const bool all_go = t && t->go && t->row_count == 0;
    if (step != STEP_LOST || !t || all_go || t->text.len == 0 || is_described(t, w))
        return step;
    return step_scan(w);
}

/* ---- the walk ---- */

/* Keeps the usual kinds of rule for the next stack that runs through this address. */
static void remember(const struct walk *w, const struct unwind_rule *rule)
{
    const bool root = rule->kind == RULE_END;
    const bool usual = (rule->kind == RULE_SP || rule->kind == RULE_FP) && rule->ra == PLACE_CFA &&
                       rule->ra_offset == -WORD &&
                       (rule->fp == PLACE_SAME || rule->fp == PLACE_CFA);
    if (!root && !usual)
        return;
    *space_cached(w->space->cache, w->lookup, w->regs != NULL) = (struct unwind_cached){
        .lookup = w->lookup,
        .generation = w->space->generation,
        .tag = w->region->tag,
        .cfa = rule->cfa,
        .fp_offset = rule->fp_offset,
        .root = root,
        .from_fp = rule->kind == RULE_FP,
        .fp_saved = rule->fp == PLACE_CFA,
    };
}

static bool is_go_exit(const struct walk *w)
{
    size_t at;
    return w->region->table->go && !w->regs && text_position(w->region, w->ip, &at) &&
           unwind_arch_is_go_exit(&w->region->table->text, at);
}

static inline enum step step(struct walk *w)
{
    const struct unwind_table *t = table_of(w->region);
    if (w->region && w->region->kind == UNWIND_REGION_THUNKS)
        return step_thunk(w);
    if (!t)
        return step_gap(w);
    static const struct unwind_rule go_exit = { .kind = RULE_END };
    const struct unwind_rule *rule =
        is_go_exit(w) ? &go_exit : table_rule(t, w->lookup - w->region->bias);
    remember(w, rule);
    if (rule->kind >= RULE_SP)
        return step_rule(w, rule);
    if (rule->kind == RULE_END)
        return STEP_ROOT;
    if (rule->kind == RULE_SIGNAL)
        return step_signal(w);
    if (rule->kind == RULE_ODD && rule->ra == PLACE_CFA && step_rule(w, rule) == STEP_ON)
        return STEP_ON;
    return step_gap(w);
}

static enum unwind_end end_of(const struct walk *w, enum step last)
{
    if (last == STEP_ON) /* no room for more frames */
        return UNWIND_TRUNCATED;
    if (last == STEP_ROOT)
        return UNWIND_COMPLETE;
    return w->fell_off && w->stack->len >= w->stack->wanted_bytes ? UNWIND_TRUNCATED
                                                                  : UNWIND_BROKEN;
}

/* step_rule() for a remembered address, without a branch that depends on the frame's shape. False:
 * nothing was done, the general way will say why. A slot below SP in the first frame is out of the
 * copy, so that goes the general way as well. */
static inline bool step_cached(struct walk *w, const struct unwind_cached *c)
{
    const uint64_t cfa = (c->from_fp ? w->fp : w->sp) + (uint64_t)(int64_t)c->cfa;
    const uint64_t ra_at = cfa - WORD - w->stack->address;
    const uint64_t fp_at = c->fp_saved ? ra_at + WORD + (uint64_t)(int64_t)c->fp_offset : ra_at;
    const uint64_t last = w->stack->len - WORD;
    uint64_t ra, fp;
    if (cfa <= w->sp || ra_at > last || fp_at > last)
        return false;
    memcpy(&ra, w->stack->bytes + ra_at, WORD);
    memcpy(&fp, w->stack->bytes + fp_at, WORD);
    w->fp = c->fp_saved ? fp : w->fp;
    w->sp = cfa;
    w->ip = ra;
    w->lookup = ra - 1;
    w->left = w->regs;
    w->regs = NULL;
    w->guess = false;
    return true;
}

static void add_frame(const struct walk *w, uint32_t tag, struct unwind_frame *ret_frame)
{
    ret_frame->pc = w->ip;
    ret_frame->lookup = w->lookup;
    ret_frame->sp = w->sp;
    ret_frame->tag = tag;
    ret_frame->guess = w->guess;
}

/* As far as remembered frames lead; *ret_root: to the outermost. */
static uint32_t walk_cached(
    struct walk *w, struct unwind_frame *frames, uint32_t max, bool *ret_root)
{
    uint32_t count = 0;
    if (w->stack->len < WORD || (w->regs && w->sp != w->stack->address))
        return 0;
    while (count < max) {
        const struct unwind_cached *c = space_cached(w->space->cache, w->lookup, w->regs != NULL);
        if (c->lookup != w->lookup || c->generation != w->space->generation)
            break;
        add_frame(w, c->tag, &frames[count]);
        if (c->root) {
            *ret_root = true;
            return count + 1;
        }
        if (!step_cached(w, c))
            break;
        count++;
    }
    return count;
}

/* One frame more, in the general way. */
static enum step walk_one(struct walk *w, struct unwind_frame *frames, uint32_t *count)
{
    w->fell_off = false;
    if (w->ip == 0 && *count > 0)
        return STEP_ROOT;
    w->region = find_region(w, w->lookup);
    if (!w->region && *count > 0)
        return STEP_LOST;
    add_frame(w, w->region ? w->region->tag : UINT32_MAX, &frames[(*count)++]);
    return step(w);
}

/* Walks until a step does not lead on, which *ret_last tells. */
static uint32_t walk(struct walk *w, struct unwind_frame *frames, uint32_t max, enum step *ret_last)
{
    uint32_t count = 0;
    enum step last = STEP_ON;
    while (last == STEP_ON) {
        bool root = false;
        count += walk_cached(w, frames + count, max - count, &root);
        if (root)
            last = STEP_ROOT;
        else if (count == max)
            break;
        else
            last = walk_one(w, frames, &count);
    }
    *ret_last = last;
    return count;
}

static struct unwind_result run_table(const struct unwind_space *space,
    const struct unwind_regs *regs, const struct unwind_stack *stack, struct unwind_frame *frames,
    uint32_t max)
{
    struct walk w; /* signal_regs are set before regs points to them */
    w.space = space;
    w.stack = stack;
    w.ip = w.lookup = regs->ip;
    w.sp = regs->sp;
    w.fp = regs->bp;
    w.regs = regs;
    w.left = NULL;
    w.region = NULL;
    w.guess = w.fell_off = false;
    w.signal_sp = 0;

    enum step last;
    const uint32_t count = walk(&w, frames, max, &last);
    return (struct unwind_result){
        .count = count,
        .end = end_of(&w, last),
        .signal_sp = w.signal_sp,
    };
}

bool unwind_interrupted(
    const struct unwind_stack *stack, uint64_t signal_sp, struct unwind_regs *ret_regs)
{
    return unwind_arch_signal_regs(stack, signal_sp, ret_regs);
}

bool unwind_may_call(const struct unwind_space *space, const struct unwind_frame *caller,
    const struct unwind_frame *callee)
{
    const struct unwind_region *from = unwind_space_find(space, caller->lookup);
    uint64_t target = 0;
    size_t at;
    if (!from || call_before(from, caller->pc, &target) != UNWIND_CALL_DIRECT)
        return true;
    const bool own_function = text_position(from, target, &at); /* not a linkage stub */
    return !own_function || (callee->lookup >= from->start && callee->lookup < from->end);
}

enum unwind_called unwind_called_before(
    const struct unwind_space *space, uint64_t return_address, const struct unwind_frame *callee)
{
    const struct unwind_region *from = unwind_space_find(space, return_address - 1);
    if (!from || !table_of(from) || from->table->text.len == 0)
        return from ? UNWIND_CALLED_PERHAPS : UNWIND_CALLED_NO;
    uint64_t target = 0, start;
    size_t at;
    const enum unwind_call call = call_before(from, return_address, &target);
    if (call == UNWIND_CALL_NONE)
        return UNWIND_CALLED_NO;
    if (call == UNWIND_CALL_INDIRECT || !text_position(from, target, &at)) /* a linkage stub */
        return UNWIND_CALLED_PERHAPS;
    const struct unwind_region *own = unwind_space_find(space, callee->lookup);
    if (!table_of(own) || !unwind_table_function(own->table, callee->lookup - own->bias, &start))
        return UNWIND_CALLED_PERHAPS;
    return start + own->bias == target ? UNWIND_CALLED_YES : UNWIND_CALLED_NO;
}

bool unwind_tail_caller(const struct unwind_space *space, const struct unwind_frame *caller,
    const struct unwind_frame *callee, uint64_t *ret_address)
{
    const struct unwind_region *from = unwind_space_find(space, caller->lookup);
    const struct unwind_region *to = unwind_space_find(space, callee->lookup);
    const struct unwind_table *t = table_of(from);
    uint64_t target = 0, start, end;
    size_t at, jump;
    if (!t || !table_of(to) || to->table == t || caller->guess || callee->guess ||
        call_before(from, caller->pc, &target) != UNWIND_CALL_DIRECT ||
        !text_position(from, target, &at) || !table_extent(t, target - from->bias, &start, &end) ||
        start != target - from->bias)
        return false;
    *ret_address = target;
    if (unwind_arch_jump_out(
            &t->text, at, at + (size_t)(end - start), from->end - from->bias, &jump))
        *ret_address = target + (jump - at);
    return true;
}

const struct unwinder unwinder_table = { .name = "table", .run = run_table };
