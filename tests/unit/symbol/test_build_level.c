// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/compiler.h"
#include "symbol/build_level.h"

Test(build_level, is_the_last_flag_of_those_that_compilers_record)
{
    static const struct {
        const char *producer, *level;
    } rows[] = {
        { "GNU C17 12.2.0 -mtune=generic -march=x86-64 -g", "O0" },
        { "GNU C17 12.2.0 -mtune=generic -march=x86-64 -g -O2 -fPIE", "O2" },
        { "GNU C++17 12.2.0 -O3 -g -O0", "O0" },
        { "GNU C17 12.2.0 -g -O", "O1" },
        { "GNU C17 12.2.0 -g -Og", "Og" },
        { "GNU C17 12.2.0 -g -Ofast", "Ofast" },
        { "GNU C17 12.2.0", "" }, /* flags were not recorded */
        { "GNU AS 2.40", "" },
        { "Debian clang version 14.0.6", "" },
        { "clang LLVM (rustc version 1.63.0)", "" },
        { "Go cmd/compile go1.19.8; -N -l; regabi", "debug" },
        { "Go cmd/compile go1.19.8; regabi", "O2" },
        { "", "" },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        const char *level = build_level_name(build_level_of(slice_of(rows[i].producer)));
        cr_expect(eq(str, (char *)level, (char *)rows[i].level), "%s", rows[i].producer);
    }
}
