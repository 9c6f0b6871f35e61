// SPDX-License-Identifier: MIT
#include "symbol/arch.h"

#include <linux/audit.h>

#include "symbol/bytes.h"
#include "symbol/x86_64_loop.h"

const uint32_t sandbox_audit_arch = AUDIT_ARCH_X86_64;

enum { JUMP_BYTES = 6 };
enum { PAUSE_BYTES = 2, SHORT_JUMP_BYTES = 2, SPIN_LOOP_BYTES = 48 };

/* Every form of stub (.plt, .plt.sec with endbr64 and bnd, .plt.got) has one `jmp *slot(%rip)`:
 * ff 25 and a signed 32-bit displacement from the next instruction. */
bool plt_stub_slot(const uint8_t *stub, size_t len, uint64_t address, uint64_t *ret_slot)
{
    for (size_t i = 0; i + JUMP_BYTES <= len; i++) {
        if (stub[i] != 0xff || stub[i + 1] != 0x25)
            continue;
        const int64_t displacement = (int32_t)bytes_u32(stub + i + 2);
        *ret_slot = address + i + JUMP_BYTES + (uint64_t)displacement;
        return true;
    }
    return false;
}

/* pause: f3 90 */
static bool is_pause(const uint8_t *code)
{
    return code[0] == 0xf3 && code[1] == 0x90;
}

/* jmp and jcc with a signed displacement of 8 bits: spin loops are short. */
static bool is_short_jump(const uint8_t *code)
{
    return code[0] == 0xeb || (code[0] & 0xf0) == 0x70;
}

/* A jump behind the pause that goes back to it or before it closes the loop. */
static bool loop_holds(const uint8_t *code, size_t len, size_t pause, size_t at)
{
    size_t from = pause > SPIN_LOOP_BYTES ? pause - SPIN_LOOP_BYTES : 0;
    for (size_t i = pause + PAUSE_BYTES; i + SHORT_JUMP_BYTES <= len && i < pause + SPIN_LOOP_BYTES;
         i++) {
        int64_t target = (int64_t)(i + SHORT_JUMP_BYTES) + (int8_t)code[i + 1];
        if (is_short_jump(code + i) && target >= (int64_t)from && target <= (int64_t)pause)
            return (int64_t)at >= target && at < i + SHORT_JUMP_BYTES;
    }
    return false;
}

static bool in_pause_loop(const uint8_t *code, size_t len, size_t at)
{
    size_t from = at > SPIN_LOOP_BYTES ? at - SPIN_LOOP_BYTES : 0;
    for (size_t i = from; i + PAUSE_BYTES <= len && i < at + SPIN_LOOP_BYTES; i++)
        if (is_pause(code + i) && loop_holds(code, len, i, at))
            return true;
    return false;
}

enum spin_kind in_spin_loop(const uint8_t *code, size_t len, size_t at)
{
    return in_pause_loop(code, len, at) ? SPIN_LOOKS : x86_waits_on_memory(code, len, at);
}
