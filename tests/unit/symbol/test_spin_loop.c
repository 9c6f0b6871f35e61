// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "symbol/arch.h"

/* acquire: mov $1,%edx; jmp 2f; 1: pause; 2: mov %edx,%eax; xchg %al,lock(%rip); test; jne 1b; ret;
 * then: add $1,%rax; dec %rcx; jne to the add; ret */
static const uint8_t code[] = { 0xba, 1, 0, 0, 0, 0xeb, 2, 0xf3, 0x90, 0x89, 0xd0, 0x86, 5, 0x36,
    0xeb, 0, 0, 0x84, 0xc0, 0x75, 0xf2, 0xc3, 0x48, 0x83, 0xc0, 1, 0x48, 0xff, 0xc9, 0x75, 0xf7,
    0xc3 };

Test(spin_loop, is_a_loop_around_a_pause_and_nothing_beside_it)
{
    cr_expect(not(in_spin_loop(code, sizeof code, 0)));
    for (size_t at = 7; at < 21; at++)
        cr_expect(in_spin_loop(code, sizeof code, at), "at %zu", at);
    for (size_t at = 21; at < sizeof code; at++)
        cr_expect(not(in_spin_loop(code, sizeof code, at)), "at %zu", at);
}

Test(spin_loop, reads_nothing_beyond_the_code)
{
    static const uint8_t pause_last[] = { 0x90, 0xf3, 0x90 };
    cr_expect(not(in_spin_loop(pause_last, sizeof pause_last, 1)));
    cr_expect(not(in_spin_loop(pause_last, 2, 1)));
    cr_expect(not(in_spin_loop(pause_last, 0, 0)));
}
