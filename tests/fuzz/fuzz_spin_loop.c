// SPDX-License-Identifier: MIT
/*
 * Machine code of a module made to crash its reader. The first byte says where the sample is, the
 * rest is the code. Every instruction that is found lies within the code and within its 15 bytes,
 * and an address that is no instruction of its own is never in a loop that waits.
 */
#include <stdlib.h>
#include <string.h>

#include "symbol/arch.h"
#include "symbol/x86_64_decode.h"
#include "symbol/x86_64_loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *code, size_t len, size_t at)
{
    struct x86_insn insn;
    const bool known = x86_decode(code, len, at, &insn);
    if (known && (insn.at != at || insn.end <= at || insn.end > len || insn.end - at > 15))
        abort();
    if (x86_waits_on_memory(code, len, at) && !(known && in_spin_loop(code, len, at)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    /* its own block, so that a read beyond the code is seen */
    const size_t len = size - 1;
    uint8_t *code = malloc(len ? len : 1);
    if (!code)
        return 0;
    memcpy(code, data + 1, len);
    check(code, len, data[0]);
    check(code, len, 0);
    free(code);
    return 0;
}
