// SPDX-License-Identifier: MIT
/*
 * A process made to lead the walk astray: its registers, stack, code and unwind data are all input.
 *
 *     u8 flags             1: Go, 2: a copy of the table at another place, 8: the copy was full
 *     u8 stack words       8-byte words, at STACK_ADDRESS
 *     u16 text size        at TEXT_ADDRESS in the module
 *     17 x u16 registers   DWARF order; distances in the memory that their top two bits choose
 *     stack words          u16 each, as the registers; 0xffff: 8 raw bytes follow
 *     text, then .eh_frame up to the end
 *
 * Whatever it says, the walk ends, keeps to its limits, and gives the same answer again from what
 * it remembers of the first time.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/unwind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES_MAX = 4096, REGS = 17, WORDS_MAX = 255 };
#define STACK_ADDRESS UINT64_C(0x7ffc00001000)
#define BIAS UINT64_C(0x550000000000)
#define BIAS_2 UINT64_C(0x560000000000)
#define TEXT_ADDRESS UINT64_C(0x1000)
#define FRAME_ADDRESS UINT64_C(0x100000)
#define JIT_ADDRESS UINT64_C(0x3f0000000000)

struct input {
    const uint8_t *at, *end;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint64_t take(struct input *in, size_t size)
{
    uint64_t value = 0;
    const size_t rest = (size_t)(in->end - in->at);
    if (size > rest)
        size = rest;
    if (size > 0)
        memcpy(&value, in->at, size);
    in->at += size;
    return value;
}

static uint64_t take_address(struct input *in)
{
    static const uint64_t memory[] = { STACK_ADDRESS, BIAS + TEXT_ADDRESS, JIT_ADDRESS, 0 };
    const uint64_t code = take(in, 2);
    return code == 0xffff ? take(in, 8) : memory[code >> 14] + (code & 0x3fff);
}

static struct unwind_section take_section(struct input *in, size_t size, uint64_t address)
{
    const size_t rest = (size_t)(in->end - in->at);
    const struct unwind_section s = { in->at, size < rest ? size : rest, address };
    in->at += s.len;
    return s;
}

static struct unwind_space *make_space(const struct unwind_table *table, bool twice)
{
    struct unwind_space *space = unwind_space_new();
    struct unwind_region region = {
        .start = BIAS + TEXT_ADDRESS,
        .end = BIAS + TEXT_ADDRESS + 0x4000,
        .bias = BIAS,
        .kind = UNWIND_REGION_MODULE,
        .table = table,
        .tag = 1,
    };
    unwind_space_map(space, &region);
    if (twice) {
        region.start += BIAS_2 - BIAS;
        region.end += BIAS_2 - BIAS;
        region.bias = BIAS_2;
        region.tag = 2;
        unwind_space_map(space, &region);
    }
    region = (struct unwind_region){
        .start = JIT_ADDRESS, .end = JIT_ADDRESS + 0x4000, .kind = UNWIND_REGION_JIT, .tag = 3
    };
    unwind_space_map(space, &region);
    return space;
}

static struct unwind_frame frames[2][FRAMES_MAX];

static struct unwind_result run(const struct unwinder *u, const struct unwind_space *space,
    const struct unwind_regs *regs, const struct unwind_stack *stack, struct unwind_frame *out)
{
    const struct unwind_result r = u->run(space, regs, stack, out, FRAMES_MAX);
    must(r.count >= 1 && r.count <= FRAMES_MAX);
    must(out[0].pc == regs->ip && out[0].lookup == regs->ip);
    for (uint32_t i = 1; i < r.count; i++) {
        must(out[i].lookup == out[i].pc || out[i].lookup == out[i].pc - 1);
        must(out[i].tag >= 1 && out[i].tag <= 3);
    }
    return r;
}

static void check(const struct unwind_space *space, const struct unwind_regs *regs,
    const struct unwind_stack *stack)
{
    const struct unwind_result a = run(&unwinder_table, space, regs, stack, frames[0]);
    const struct unwind_result b = run(&unwinder_table, space, regs, stack, frames[1]);
    must(a.count <= stack->len + 4); /* the stack pointer rises with each frame */
    must(a.count == b.count && a.end == b.end);
    for (uint32_t i = 0; i < a.count; i++)
        must(frames[0][i].pc == frames[1][i].pc && frames[0][i].lookup == frames[1][i].lookup &&
             frames[0][i].tag == frames[1][i].tag && frames[0][i].guess == frames[1][i].guess);
    struct unwind_frame few[3];
    must(unwinder_table.run(space, regs, stack, few, 3).count <= 3);
    must(unwinder_table.run(space, regs, stack, few, 0).count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };
    const uint8_t flags = (uint8_t)take(&in, 1);
    const size_t words = take(&in, 1), text_size = take(&in, 2);
    struct unwind_regs regs = { 0 };
    for (size_t i = 0; i < REGS; i++)
        regs.reg[i] = take_address(&in);
    regs.ip = regs.reg[16];
    regs.sp = regs.reg[7];
    regs.bp = regs.reg[6];
    uint64_t words_at[WORDS_MAX];
    for (size_t i = 0; i < words; i++)
        words_at[i] = take_address(&in);
    const struct unwind_stack stack = { (const uint8_t *)words_at, words * 8, STACK_ADDRESS,
        flags & 8 ? words * 8 : 65528 };
    struct unwind_sections sections = { .has_go_pclntab = flags & 1 };
    sections.text = take_section(&in, text_size, TEXT_ADDRESS);
    sections.eh_frame = take_section(&in, SIZE_MAX, FRAME_ADDRESS);
    struct unwind_table *table = unwind_table_new(&sections, NULL);
    struct unwind_space *space = make_space(table, flags & 2);
    check(space, &regs, &stack);
    unwind_space_free(space);
    unwind_table_free(table);
    return 0;
}
