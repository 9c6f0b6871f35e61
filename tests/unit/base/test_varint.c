// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/compiler.h"
#include "base/varint.h"

Test(varint, reads_back_what_was_written)
{
    static const int64_t rows[] = { 0, 1, -1, 63, 64, -64, -65, 1 << 20, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf b = STRBUF_INIT;
        varint_add_signed(&b, rows[i]);
        const uint8_t *at = (const uint8_t *)b.ptr;
        int64_t value = 0;
        cr_expect(varint_read_signed(&at, at + b.len, &value) && value == rows[i], "row %zu", i);
    }
}

Test(varint, refuses_numbers_that_end_early_or_never)
{
    uint8_t endless[16];
    for (size_t i = 0; i < sizeof endless; i++)
        endless[i] = 0xff;
    const uint8_t *at = endless;
    uint64_t value = 5;
    cr_assert(not(varint_read(&at, endless + sizeof endless, &value)));
    cr_assert(not(varint_read(&at, endless + 3, &value)));
    cr_assert(eq(ptr, (void *)(uintptr_t)at, (void *)endless));
    cr_assert(eq(u64, value, 5));
}
