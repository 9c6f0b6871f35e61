// SPDX-License-Identifier: MIT
/*
 * The walk's rules one by one, on stacks and code written by hand. The module lies at BIAS; its
 * functions are 0x100 bytes each, from FN(0) on.
 */
#include <criterion/criterion.h>

#include <string.h>

#include "base/compiler.h"
#include "tests/unit/unwind/sections.h"

enum { WORDS_MAX = 64, FRAMES_MAX = 16, TEXT_BYTES = 0x1000 };

#define BIAS UINT64_C(0x550000000000)
#define TEXT UINT64_C(0x1000)
#define STACK UINT64_C(0x7ffc00001000)
#define JIT UINT64_C(0x3f0000000000)
#define FN(i) (BIAS + TEXT + (i)*UINT64_C(0x100))
#define SLOT(i) (STACK + (i)*UINT64_C(8))

/* What the functions are; the rest of the text has no unwind data. */
enum {
    FN_LEAF,
    FN_FP,
    FN_BIG,
    FN_ROOT,
    FN_SIGNAL,
    FN_VFORK,
    FN_REALIGNED,
    FN_ODD,
    FN_GAP = 9,
    FN_PLT = 14
};

struct scene {
    struct section_writer frame;
    uint8_t text[TEXT_BYTES];
    struct unwind_table *table;
    struct unwind_space *space;
    uint64_t words[WORDS_MAX];
    struct unwind_regs regs;
    struct unwind_stack stack;
    struct unwind_frame frames[FRAMES_MAX];
    struct unwind_result result;
};

static void add_functions(struct section_writer *w)
{
    section_add_cie(w, "zR");
    SECTION_FDE(w, TEXT, 0x100, "");                                         /* CFA = rsp + 8 */
    SECTION_FDE(w, TEXT + 0x100, 0x100, "\x41\x0e\x10\x86\x02\x43\x0d\x06"); /* push, mov */
    SECTION_FDE(w, TEXT + 0x200, 0x100, "\x44\x0e\x30");                     /* sub $40, rsp */
    SECTION_FDE(w, TEXT + 0x300, 0x100, "\x07\x10");
    SECTION_FDE(w, TEXT + 0x500, 0x100, "\x0e\x00\x09\x10\x05"); /* RA in rdi */
    SECTION_FDE(w, TEXT + 0x600, 0x100, "\x10\x06\x02\x76\x00\x0f\x03\x76\x78\x06");
    SECTION_FDE(w, TEXT + 0x700, 0x100, "\x0f\x03\x77\x00\x12");
    section_add_cie(w, "zRS");
    SECTION_FDE(w, TEXT + 0x400, 0x100, "");
}

static void scene_init(struct scene *s, bool go)
{
    memset(s, 0, sizeof *s);
    memset(s->text, 0x90, sizeof s->text);
    add_functions(&s->frame);
    s->stack = (struct unwind_stack){ (const uint8_t *)s->words, sizeof s->words, STACK, 65528 };
    s->regs.sp = STACK;
    const struct unwind_sections sections = { .eh_frame = section_get(&s->frame),
        .text = { s->text, sizeof s->text, TEXT },
        .plt = { NULL, 0x100, TEXT + 0xe00 },
        .has_go_pclntab = go };
    s->table = unwind_table_new(&sections, NULL);
    s->space = unwind_space_new();
    const struct unwind_region module = { BIAS + TEXT, BIAS + TEXT + TEXT_BYTES, BIAS,
        UNWIND_REGION_MODULE, s->table, 1 };
    const struct unwind_region jit = { JIT, JIT + 0x10000, 0, UNWIND_REGION_JIT, NULL, 2 };
    unwind_space_map(s->space, &module);
    unwind_space_map(s->space, &jit);
}

static void scene_done(struct scene *s)
{
    unwind_space_free(s->space);
    unwind_table_free(s->table);
}

static void scene_run(struct scene *s)
{
    s->regs.reg[6] = s->regs.bp;
    s->regs.reg[7] = s->regs.sp;
    s->regs.reg[16] = s->regs.ip;
    s->result = unwinder_table.run(s->space, &s->regs, &s->stack, s->frames, FRAMES_MAX);
}

/* call rel32 that ends at `at` and goes to `target` (both absolute). */
static void put_call(struct scene *s, uint64_t at, uint64_t target)
{
    const int32_t distance = (int32_t)(target - at);
    uint8_t *end = s->text + (at - BIAS - TEXT);
    end[-5] = 0xe8;
    memcpy(end - 4, &distance, sizeof distance);
}

/* Do the frames have these addresses, and does the walk end so? Zero ends the list. */
#define EXPECT(s, end_, ...) expect((s), (end_), (const uint64_t[]){ __VA_ARGS__, 0 }, __LINE__)

static void expect(const struct scene *s, enum unwind_end end, const uint64_t *pcs, int line)
{
    uint32_t count = 0;
    for (; pcs[count]; count++)
        if (count < s->result.count)
            cr_expect_eq(s->frames[count].pc, pcs[count], "line %d, frame %u: %#lx", line, count,
                s->frames[count].pc);
    cr_expect_eq(s->result.count, count, "line %d: %u frames", line, s->result.count);
    cr_expect_eq(s->result.end, end, "line %d: end %d", line, (int)s->result.end);
}

Test(unwind_run, follows_sp_and_fp_rules_to_the_root)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_LEAF) + 4;
    s.regs.bp = SLOT(4);
    s.words[0] = FN(FN_FP) + 0x20;
    s.words[4] = SLOT(40), s.words[5] = FN(FN_BIG) + 0x10;
    s.words[11] = FN(FN_ROOT) + 8;
    scene_run(&s);
    EXPECT(
        &s, UNWIND_COMPLETE, FN(FN_LEAF) + 4, FN(FN_FP) + 0x20, FN(FN_BIG) + 0x10, FN(FN_ROOT) + 8);
    cr_expect_eq(s.frames[0].lookup, s.frames[0].pc);
    cr_expect_eq(s.frames[1].lookup, s.frames[1].pc - 1);
    cr_expect_eq(s.frames[1].tag, 1);
    cr_expect_not(s.frames[1].guess);
    scene_done(&s);
}

Test(unwind_run, a_return_address_behind_a_noreturn_call_belongs_to_the_caller)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_LEAF);
    s.words[0] = FN(FN_ROOT); /* the call is the last thing in FN_BIG */
    s.words[6] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF), FN(FN_ROOT), FN(FN_ROOT) + 1);
    scene_done(&s);
}

Test(unwind_run, a_slot_below_sp_means_the_live_register)
{
    struct scene s;
    scene_init(&s, false);
    /* After `pop rbp` the CFI still says that rbp is saved at CFA - 16, which is below SP. */
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, TEXT, 0x100, "\x86\x02");
    SECTION_FDE(&w, TEXT + 0x100, 0x100, "\x86\x02\x0c\x06\x10");
    SECTION_FDE(&w, TEXT + 0x300, 0x100, "\x07\x10");
    const struct unwind_sections sections = { .eh_frame = section_get(&w) };
    struct unwind_table *table = unwind_table_new(&sections, NULL);
    const struct unwind_region module = { BIAS + TEXT, BIAS + TEXT + 0x400, BIAS,
        UNWIND_REGION_MODULE, table, 1 };
    unwind_space_map(s.space, &module);
    s.regs.ip = FN(0) + 1;
    s.regs.bp = SLOT(6);
    s.words[0] = FN(1) + 8;
    s.words[6] = 0, s.words[7] = FN(FN_ROOT) + 1;
    for (int i = 0; i < 2; i++) { /* the second time from what was remembered */
        scene_run(&s);
        EXPECT(&s, UNWIND_COMPLETE, FN(0) + 1, FN(1) + 8, FN(FN_ROOT) + 1);
    }
    scene_done(&s);
    unwind_table_free(table);
}

Test(unwind_run, a_return_address_of_zero_is_the_root)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_LEAF);
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF));
    scene_done(&s);
}

Test(unwind_run, signal_frames_restore_all_registers_and_look_up_the_exact_address)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_LEAF);
    s.words[0] = FN(FN_SIGNAL) + 1;
    uint64_t *context = &s.words[1]; /* a ucontext_t: registers from byte 40 on */
    context[15] = SLOT(50);          /* rbp */
    context[20] = SLOT(40);          /* rsp */
    context[21] = FN(FN_VFORK);      /* interrupted at a function's first instruction */
    context[13] = FN(FN_BIG) + 0x10; /* rdi, where vfork keeps the return address */
    s.words[45] = FN(FN_ROOT) + 5;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF), FN(FN_SIGNAL) + 1, FN(FN_VFORK), FN(FN_BIG) + 0x10,
        FN(FN_ROOT) + 5);
    cr_expect_eq(s.frames[2].lookup, s.frames[2].pc);
    cr_expect_eq(s.frames[3].lookup, s.frames[3].pc - 1);
    scene_done(&s);
}

Test(unwind_run, a_handler_on_another_stack_is_broken_not_truncated)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_SIGNAL) + 1;
    s.stack.wanted_bytes = s.stack.len;
    s.words[20] = STACK + (1 << 24); /* rsp */
    s.words[21] = FN(FN_LEAF);
    scene_run(&s);
    EXPECT(&s, UNWIND_BROKEN, FN(FN_SIGNAL) + 1);
    scene_done(&s);
}

Test(unwind_run, realigned_frames_are_found_through_memory)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_REALIGNED) + 0x40;
    s.regs.bp = SLOT(10);
    s.words[9] = SLOT(20); /* the CFA */
    s.words[10] = SLOT(30);
    s.words[19] = FN(FN_FP) + 0x20;
    s.words[30] = 0, s.words[31] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_REALIGNED) + 0x40, FN(FN_FP) + 0x20, FN(FN_ROOT) + 1);
    scene_done(&s);
}

/* ---- assembly whose unwind data leaves out what it does to the stack ---- */

enum { FN_DISPATCH, FN_SAVED_SP, FN_HELPER, FN_KEPT_SP = 4, FN_ODD_CFA, FN_CLONE };

static struct unwind_table *map_assembly(struct scene *s)
{
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, TEXT, 0x100, "");
    SECTION_FDE(&w, TEXT + 0x100, 0x100, "\x0f\x05\x77\x10\x06\x23\x08"); /* *(rsp + 16) + 8 */
    SECTION_FDE(&w, TEXT + 0x200, 0x100, "");
    SECTION_FDE(&w, TEXT + 0x300, 0x100, "\x07\x10");
    SECTION_FDE(&w, TEXT + 0x400, 0x100, "\x0c\x00\x08");                 /* rax + 8 */
    SECTION_FDE(&w, TEXT + 0x500, 0x100, "\x86\x02\x0f\x03\x77\x00\x12"); /* nobody knows */
    SECTION_FDE(&w, TEXT + 0x600, 0x40, ""); /* and nothing of the rest of it */
    SECTION_FDE(&w, TEXT + 0x700, 0x100, "");
    const struct unwind_sections sections = { .eh_frame = section_get(&w),
        .text = { s->text, sizeof s->text, TEXT } };
    struct unwind_table *table = unwind_table_new(&sections, NULL);
    const struct unwind_region module = { BIAS + TEXT, BIAS + TEXT + TEXT_BYTES, BIAS,
        UNWIND_REGION_MODULE, table, 1 };
    unwind_space_map(s->space, &module);
    return table;
}

Test(unwind_run, a_saved_stack_pointer_is_found_where_the_stack_was_lowered_since)
{
    struct scene s;
    scene_init(&s, false);
    struct unwind_table *table = map_assembly(&s);
    put_call(&s, FN(FN_ROOT) + 0x20, FN(FN_DISPATCH));
    put_call(&s, FN(FN_DISPATCH) + 0x10, FN(FN_SAVED_SP)); /* its bytes, as a jump: */
    s.text[0x10 - 5] = 0xe9;
    s.regs.ip = FN(FN_SAVED_SP) + 0x40;
    s.words[2] = SLOT(40); /* where the unwind data looks: nothing that was called */
    s.words[40] = FN(FN_ROOT) + 0x11;
    s.words[18] = SLOT(20); /* 16 words further up, as it was before */
    s.words[20] = FN(FN_ROOT) + 0x20;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_SAVED_SP) + 0x40, FN(FN_ROOT) + 0x20);
    s.text[0x10 - 5] = 0x90; /* without the jump nothing proves it: the data has the last word */
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_SAVED_SP) + 0x40, FN(FN_ROOT) + 0x11);
    scene_done(&s);
    unwind_table_free(table);
}

Test(unwind_run, a_register_that_only_a_helper_could_change_still_holds_the_stack_pointer)
{
    struct scene s;
    scene_init(&s, false);
    struct unwind_table *table = map_assembly(&s);
    put_call(&s, FN(FN_ROOT) + 0x20, FN(FN_KEPT_SP));
    put_call(&s, FN(FN_KEPT_SP) + 0x30, FN(FN_HELPER));
    s.regs.ip = FN(FN_HELPER) + 4;
    s.regs.reg[0] = SLOT(30);
    s.words[0] = FN(FN_KEPT_SP) + 0x30;
    s.words[30] = FN(FN_ROOT) + 0x20;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_HELPER) + 4, FN(FN_KEPT_SP) + 0x30, FN(FN_ROOT) + 0x20);
    s.regs.reg[0] = SLOT(31); /* the helper did change it */
    scene_run(&s);
    EXPECT(&s, UNWIND_BROKEN, FN(FN_HELPER) + 4, FN(FN_KEPT_SP) + 0x30);
    scene_done(&s);
    unwind_table_free(table);
}

Test(unwind_run, a_frame_of_odd_shape_ends_where_a_call_of_its_function_returns)
{
    struct scene s;
    scene_init(&s, false);
    struct unwind_table *table = map_assembly(&s);
    put_call(&s, FN(FN_ROOT) + 0x20, FN(FN_ODD_CFA));
    put_call(&s, FN(FN_ROOT) + 0x40, FN(FN_HELPER));
    s.regs.ip = FN(FN_ODD_CFA) + 0x40;
    s.regs.bp = 1;
    s.words[5] = FN(FN_ROOT) + 0x40; /* old: a call of another function */
    s.words[9] = FN(FN_ROOT) + 0x20;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_ODD_CFA) + 0x40, FN(FN_ROOT) + 0x20);
    s.words[9] = 0; /* no call is told rather than a false one */
    scene_run(&s);
    EXPECT(&s, UNWIND_BROKEN, FN(FN_ODD_CFA) + 0x40);
    scene_done(&s);
    unwind_table_free(table);
}

Test(unwind_run, behind_the_end_of_its_unwind_data_a_function_still_returns_to_its_call)
{
    struct scene s;
    scene_init(&s, false);
    struct unwind_table *table = map_assembly(&s);
    put_call(&s, FN(FN_ROOT) + 0x20, FN(FN_CLONE));
    s.regs.ip = FN(FN_CLONE) + 0x50;
    s.regs.bp = SLOT(10); /* of a caller further out: its frame is not the next */
    s.words[0] = FN(FN_ROOT) + 0x20;
    s.words[11] = FN(FN_ROOT) + 0x60;
    put_call(&s, FN(FN_ROOT) + 0x60, FN(FN_HELPER));
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_CLONE) + 0x50, FN(FN_ROOT) + 0x20);
    scene_done(&s);
    unwind_table_free(table);
}

/* ---- tail calls ---- */

#define OTHER UINT64_C(0x7f0000000000)

Test(unwind_run, a_function_that_left_by_a_jump_to_another_module_is_told_by_its_call)
{
    struct scene s;
    scene_init(&s, false);
    struct unwind_table *table = map_assembly(&s);
    const struct unwind_region other = { OTHER, OTHER + TEXT_BYTES, OTHER - TEXT,
        UNWIND_REGION_MODULE, s.table, 3 };
    unwind_space_map(s.space, &other);
    put_call(&s, FN(FN_ROOT) + 0x20, FN(FN_HELPER));
    const struct unwind_frame caller = { .pc = FN(FN_ROOT) + 0x20, .lookup = FN(FN_ROOT) + 0x1f };
    const struct unwind_frame callee = { .pc = OTHER + 4, .lookup = OTHER + 4 };
    const struct unwind_frame own = { .pc = FN(FN_HELPER) + 4, .lookup = FN(FN_HELPER) + 4 };
    uint64_t address = 0;
    cr_expect(unwind_tail_caller(s.space, &caller, &callee, &address));
    cr_expect_eq(address, FN(FN_HELPER), "without a jump it is the function's start");
    put_call(&s, FN(FN_HELPER) + 0x35, BIAS + TEXT - 0x40); /* its bytes, as a jump to a stub: */
    s.text[FN_HELPER * 0x100 + 0x30] = 0xe9;
    cr_expect(unwind_tail_caller(s.space, &caller, &callee, &address));
    cr_expect_eq(address, FN(FN_HELPER) + 0x30);
    cr_expect_not(unwind_tail_caller(s.space, &caller, &own, &address), "it is there itself");
    put_call(&s, FN(FN_ROOT) + 0x20, FN(FN_HELPER) + 1); /* not where a function begins */
    cr_expect_not(unwind_tail_caller(s.space, &caller, &callee, &address));
    put_call(&s, FN(FN_ROOT) + 0x20, BIAS + TEXT - 0x40); /* a stub: nobody else was there */
    cr_expect_not(unwind_tail_caller(s.space, &caller, &callee, &address));
    scene_done(&s);
    unwind_table_free(table);
}

Test(unwind_run, truncated_only_when_the_copy_was_full)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_BIG) + 8;
    for (size_t i = 5; i < WORDS_MAX; i += 6)
        s.words[i] = FN(FN_BIG) + 0x10;
    scene_run(&s);
    cr_expect_eq(s.result.end, UNWIND_BROKEN);
    cr_expect_eq(s.result.count, 11);
    s.stack.wanted_bytes = s.stack.len;
    scene_run(&s);
    cr_expect_eq(s.result.end, UNWIND_TRUNCATED);
    s.words[5] = 0x1234; /* no code there: broken, though the copy is full */
    scene_run(&s);
    EXPECT(&s, UNWIND_BROKEN, FN(FN_BIG) + 8);
    scene_done(&s);
}

Test(unwind_run, no_more_frames_than_there_is_room_for)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_BIG) + 8;
    for (size_t i = 5; i < WORDS_MAX; i += 6)
        s.words[i] = FN(FN_BIG) + 0x10;
    for (uint32_t max = 0; max < 12; max++) {
        const struct unwind_result r =
            unwinder_table.run(s.space, &s.regs, &s.stack, s.frames, max);
        cr_expect_eq(r.count, max < 11 ? max : 11);
    }
    scene_done(&s);
}

Test(unwind_run, a_frame_pointer_below_sp_is_broken)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_FP) + 0x20;
    s.regs.bp = STACK - 64;
    scene_run(&s);
    EXPECT(&s, UNWIND_BROKEN, FN(FN_FP) + 0x20);
    scene_done(&s);
}

Test(unwind_run, generated_code_is_followed_by_frame_pointer)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = JIT + 0x100;
    s.regs.bp = SLOT(3);
    s.words[3] = SLOT(8), s.words[4] = JIT + 0x200;
    s.words[8] = 0, s.words[9] = FN(FN_ROOT) + 1;
    put_call(&s, FN(FN_ROOT) + 1 + 0x10, JIT);
    s.words[9] = FN(FN_ROOT) + 0x11;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, JIT + 0x100, JIT + 0x200, FN(FN_ROOT) + 0x11);
    cr_expect_not(s.frames[1].guess);
    scene_done(&s);
}

Test(unwind_run, stubs_that_call_with_one_word_of_room_need_no_frame_pointer)
{
    struct scene s;
    scene_init(&s, false);
    const struct unwind_region thunks = { JIT, JIT + 0x1000, 0, UNWIND_REGION_THUNKS, NULL, 2 };
    unwind_space_map(s.space, &thunks);
    s.regs.ip = FN(FN_LEAF) + 4;
    s.regs.bp = SLOT(1) + 4; /* anything */
    s.words[0] = JIT + 0x26;
    s.words[1] = SLOT(40); /* the room: anything */
    s.words[2] = FN(FN_ROOT) + 8;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF) + 4, JIT + 0x26, FN(FN_ROOT) + 8);
    cr_expect_not(s.frames[2].guess);

    s.regs.ip = JIT + 0x24; /* in the stub itself, at its call */
    s.regs.sp = SLOT(1);
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, JIT + 0x24, FN(FN_ROOT) + 8);
    s.regs.ip = JIT + 0x20; /* at its start */
    s.regs.sp = SLOT(2);
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, JIT + 0x20, FN(FN_ROOT) + 8);
    scene_done(&s);
}

Test(unwind_run, c_code_in_a_go_program_is_scanned_for)
{
    struct scene s;
    scene_init(&s, true);
    put_call(&s, FN(FN_GAP) + 0x40, FN(FN_LEAF));
    put_call(&s, FN(FN_ROOT) + 0x11, FN(FN_GAP));
    s.regs.ip = FN(FN_LEAF) + 4;
    s.regs.bp = 1; /* no frame pointer */
    s.words[0] = FN(FN_GAP) + 0x40;
    s.words[7] = FN(FN_ROOT) + 0x11;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF) + 4, FN(FN_GAP) + 0x40, FN(FN_ROOT) + 0x11);
    cr_expect(s.frames[2].guess);
    scene_done(&s);
}

Test(unwind_run, goroutines_end_at_goexit_whatever_lies_above)
{
    struct scene s;
    scene_init(&s, true);
    memcpy(s.text + 0x27f, "\x90\xe8\0\0\0\0\x90", 7); /* in FN_BIG */
    s.regs.ip = FN(FN_LEAF) + 4;
    s.words[0] = FN(FN_BIG) + 0x80;
    s.words[6] = FN(FN_FP) + 0x20; /* an old one */
    for (int i = 0; i < 2; i++) {  /* the second time from what was remembered */
        scene_run(&s);
        EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF) + 4, FN(FN_BIG) + 0x80);
    }
    scene_done(&s);
}

Test(unwind_run, leaf_rule_finds_the_caller_of_code_without_a_frame)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = JIT + 0x100; /* nothing pushed yet: the return address is on top */
    s.regs.bp = SLOT(3);
    s.words[0] = JIT + 0x300;
    s.words[3] = 0, s.words[4] = FN(FN_ROOT) + 0x11;
    put_call(&s, FN(FN_ROOT) + 0x11, JIT);
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, JIT + 0x100, JIT + 0x300, FN(FN_ROOT) + 0x11);
    cr_expect(s.frames[1].guess);

    s.words[0] = SLOT(3); /* push rbp done: it is the second word */
    s.words[1] = JIT + 0x300;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, JIT + 0x100, JIT + 0x300, FN(FN_ROOT) + 0x11);
    scene_done(&s);
}

Test(unwind_run, leaf_rule_does_not_take_old_return_addresses_of_described_code)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = JIT + 0x100;
    s.regs.bp = SLOT(3);
    put_call(&s, FN(FN_BIG) + 0x20, FN(FN_LEAF)); /* C++ code calls C++ code: not us */
    s.words[0] = FN(FN_BIG) + 0x20;
    s.words[3] = 0, s.words[4] = FN(FN_ROOT) + 0x11;
    put_call(&s, FN(FN_ROOT) + 0x11, JIT);
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, JIT + 0x100, FN(FN_ROOT) + 0x11);
    scene_done(&s);
}

Test(unwind_run, leaf_without_unwind_data_is_left_by_the_call_that_leads_to_it)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_GAP) + 0x10; /* memcpy of a static libc, say */
    put_call(&s, FN(FN_BIG) + 0x20, FN(FN_GAP));
    s.words[0] = FN(FN_BIG) + 0x20;
    s.words[6] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_GAP) + 0x10, FN(FN_BIG) + 0x20, FN(FN_ROOT) + 1);
    scene_done(&s);
}

Test(unwind_run, stubs_without_unwind_data_have_no_frame)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_PLT) + 8;
    s.regs.bp = SLOT(20);
    put_call(&s, FN(FN_BIG) + 0x20, FN(FN_LEAF)); /* which jumped to the stub: a tail call */
    s.words[0] = FN(FN_BIG) + 0x20;
    s.words[6] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_PLT) + 8, FN(FN_BIG) + 0x20, FN(FN_ROOT) + 1);
    scene_done(&s);
}

Test(unwind_run, stack_scan_takes_the_call_that_leads_here)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_GAP) + 0x10;
    s.regs.bp = 12345;
    put_call(&s, FN(FN_BIG) + 0x20, FN(FN_LEAF)); /* stale: calls something else */
    put_call(&s, FN(FN_BIG) + 0x60, FN(FN_GAP) + 4);
    s.words[2] = FN(FN_BIG) + 0x40; /* follows no call */
    s.words[4] = FN(FN_BIG) + 0x20;
    s.words[7] = FN(FN_BIG) + 0x60;
    s.words[13] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_GAP) + 0x10, FN(FN_BIG) + 0x60, FN(FN_ROOT) + 1);
    cr_expect(s.frames[1].guess);
    cr_expect_not(s.frames[2].guess);
    scene_done(&s);
}

Test(unwind_run, entries_without_unwind_data_are_roots)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_LEAF);
    s.words[0] = FN(FN_GAP) + 0x29; /* and $-16, %rsp; call */
    memcpy(s.text + 0x920, "\x48\x83\xe4\xf0\xe8", 5);
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF), FN(FN_GAP) + 0x29);

    s.words[0] = FN(FN_GAP) + 0x80; /* what musl's clone does when its function returned */
    memcpy(s.text + 0x980, "\x89\xc7\x31\xc0\xb0\x3c\x0f\x05", 8);
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF), FN(FN_GAP) + 0x80);
    scene_done(&s);
}

Test(unwind_run, signal_trampoline_is_known_by_its_code)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_LEAF);
    s.words[0] = FN(FN_GAP) + 0x40;
    memcpy(s.text + 0x940, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9);
    s.words[1 + 20] = SLOT(40);
    s.words[1 + 21] = FN(FN_LEAF) + 7;
    s.words[40] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF), FN(FN_GAP) + 0x40, FN(FN_LEAF) + 7, FN(FN_ROOT) + 1);
    scene_done(&s);
}

Test(unwind_run, a_made_context_ends_where_nobody_called)
{
    struct scene s;
    scene_init(&s, false);
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, TEXT, 0x100, "");
    SECTION_FDE(&w, TEXT + 0x210, 0x20, "");
    const struct unwind_sections sections = { .eh_frame = section_get(&w),
        .text = { s.text, sizeof s.text, TEXT } };
    struct unwind_table *table = unwind_table_new(&sections, NULL);
    const struct unwind_region module = { BIAS + TEXT, BIAS + TEXT + 0x400, BIAS,
        UNWIND_REGION_MODULE, table, 1 };
    unwind_space_map(s.space, &module);
    s.regs.ip = FN(0);
    s.words[0] = FN(2) + 0x10; /* __start_context, from its first byte on */
    s.words[1] = FN(0) + 8;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(0), FN(2) + 0x10);
    scene_done(&s);
    unwind_table_free(table);
}

Test(unwind_run, go_is_followed_by_frame_pointer_until_it_is_zero)
{
    struct scene s;
    scene_init(&s, true);
    s.regs.ip = FN(FN_GAP) + 0x10;
    s.regs.bp = SLOT(2);
    s.words[2] = SLOT(6), s.words[3] = FN(FN_GAP) + 0x50;
    s.words[6] = 0, s.words[7] = FN(FN_GAP) + 0x90; /* goexit */
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_GAP) + 0x10, FN(FN_GAP) + 0x50, FN(FN_GAP) + 0x90);
    cr_expect_not(s.frames[1].guess);
    scene_done(&s);
}

Test(unwind_run, a_jump_into_nowhere_keeps_its_caller)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = 0x10;
    memcpy(s.text + 0x21e, "\xff\xd0", 2); /* call *%rax */
    s.words[0] = FN(FN_BIG) + 0x20;
    s.words[6] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, 0x10, FN(FN_BIG) + 0x20, FN(FN_ROOT) + 1);
    cr_expect_eq(s.frames[0].tag, UINT32_MAX);
    scene_done(&s);
}

Test(unwind_run, odd_rows_are_no_wild_walk_and_libunwind_can_follow_them)
{
    if (!unwinder_libunwind())
        cr_skip_test("built without libunwind");
    struct scene s;
    scene_init(&s, false);
    struct section_writer w = { 0 };
    section_add_cie(&w, "zR");
    SECTION_FDE(&w, TEXT, 0x100, "\x0f\x04\x77\x00\x23\x18"); /* rsp + 0 + 24, in two steps */
    SECTION_FDE(&w, TEXT + 0x300, 0x100, "\x07\x10");
    const struct unwind_sections sections = { .eh_frame = section_get(&w) };
    struct unwind_table *table = unwind_table_new(&sections, NULL);
    const struct unwind_region module = { BIAS + TEXT, BIAS + TEXT + 0x400, BIAS,
        UNWIND_REGION_MODULE, table, 1 };
    unwind_space_map(s.space, &module);
    s.regs.ip = FN(0) + 4;
    s.words[2] = FN(3) + 9;
    scene_run(&s);
    EXPECT(&s, UNWIND_BROKEN, FN(0) + 4);
    s.result = unwinder_libunwind()->run(s.space, &s.regs, &s.stack, s.frames, FRAMES_MAX);
    EXPECT(&s, UNWIND_COMPLETE, FN(0) + 4, FN(3) + 9);
    scene_done(&s);
    unwind_table_free(table);
}

/* A map that changes makes what was remembered void. */
Test(unwind_run, nothing_is_remembered_across_a_change_of_the_map)
{
    struct scene s;
    scene_init(&s, false);
    s.regs.ip = FN(FN_LEAF);
    s.words[0] = FN(FN_BIG) + 0x10;
    s.words[6] = FN(FN_ROOT) + 1;
    scene_run(&s);
    EXPECT(&s, UNWIND_COMPLETE, FN(FN_LEAF), FN(FN_BIG) + 0x10, FN(FN_ROOT) + 1);
    unwind_space_clear(s.space);
    scene_run(&s);
    EXPECT(&s, UNWIND_BROKEN, FN(FN_LEAF));
    cr_expect_eq(s.frames[0].tag, UINT32_MAX);
    scene_done(&s);
}

Test(unwind_run, five_thousand_frames_in_one_stack)
{
    enum { FRAMES = 5000, STEP_WORDS = 6 };
    static uint64_t words[FRAMES * STEP_WORDS + 8];
    static struct unwind_frame frames[FRAMES + 8];
    struct scene s;
    scene_init(&s, false);
    for (size_t i = 5; i < FRAMES * STEP_WORDS; i += STEP_WORDS)
        words[i] = FN(FN_BIG) + 0x10;
    words[(FRAMES - 1) * STEP_WORDS - 1] = FN(FN_ROOT) + 1;
    s.regs.ip = FN(FN_BIG) + 8;
    const struct unwind_stack stack = { (const uint8_t *)words, sizeof words, STACK, sizeof words };
    const struct unwind_result r =
        unwinder_table.run(s.space, &s.regs, &stack, frames, PROF_ARRAY_LEN(frames));
    cr_expect_eq(r.count, FRAMES, "%u frames", r.count);
    cr_expect_eq(r.end, UNWIND_COMPLETE);
    scene_done(&s);
}
