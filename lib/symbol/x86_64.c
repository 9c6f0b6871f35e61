// SPDX-License-Identifier: MIT
#include "symbol/arch.h"

#include <linux/audit.h>

#include "symbol/bytes.h"

const uint32_t sandbox_audit_arch = AUDIT_ARCH_X86_64;

enum { JUMP_BYTES = 6 };

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
