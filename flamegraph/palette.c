// SPDX-License-Identifier: MIT
#include "flamegraph/palette.h"

#include "flamegraph/page_tree.h"

static const struct palette_kind kinds[PALETTE_KINDS] = {
    [FUNC_UNKNOWN] = { "unknown", "unknown", "code without a name", '?', "#b3b5b8", "#6a6e71" },
    [FUNC_APP] = { "app", "application", "the program's own code", 'A', "#7eb2f0", "#2464d2" },
    [FUNC_DEPENDENCY] = { "dependency", "dependency", "packages and other libraries", 'D',
        "#a96bef", "#3e1d6f" },
    [FUNC_STDLIB] = { "stdlib", "standard library", "libc, libstdc++, the language's own library",
        'S', "#e0f1f3", "#1f474d" },
    [FUNC_RUNTIME] = { "runtime", "runtime", "the language's engine and core modules", 'R',
        "#45d557", "#46784e" },
    [FUNC_JIT] = { "jit", "generated code", "machine code made at run time, source not known", 'J',
        "#f9cf2c", "#7d681c" },
    [FUNC_GC] = { "gc", "memory management", "garbage collection and allocation", 'G', "#e055b5",
        "#b93b99" },
    [FUNC_KERNEL] = { "kernel", "kernel", "the operating system, on the program's behalf", 'K',
        "#ce8e7d", "#783320" },
    [FUNC_MARKER] = { "marker", "marker", "prof's own words: [truncated], [unknown]", '!',
        "#f4f4f1", "#24272b" },
    [PALETTE_INLINED] = { "inlined", "inlined", "compiled into its caller", 'i', "#a6eeb9",
        "#16291d" },
};

const struct palette_kind *palette_kind(int kind)
{
    return &kinds[kind >= 0 && kind < PALETTE_KINDS ? kind : FUNC_UNKNOWN];
}

int palette_kind_of(const struct func *f, uint32_t row_flags)
{
    return row_flags & ROW_INLINED ? PALETTE_INLINED : (int)f->kind;
}
