// SPDX-License-Identifier: MIT
#include "flamegraph/palette.h"

#include "flamegraph/page_tree.h"

static const struct palette_kind kinds[PALETTE_KINDS] = {
    [FUNC_UNKNOWN] = { "unknown", "unknown", "code without a name", '?', "#bfc1c3", "#686b6f" },
    [FUNC_APP] = { "app", "application", "the program's own code", 'A', "#5097f7", "#1e55c3" },
    [FUNC_DEPENDENCY] = { "dependency", "dependency", "packages and other libraries", 'D',
        "#d2a5f2", "#512382" },
    [FUNC_STDLIB] = { "stdlib", "standard library", "libc, libstdc++, the language's own library",
        'S', "#def3f6", "#1d454d" },
    [FUNC_RUNTIME] = { "runtime", "runtime", "the language's engine and core modules", 'R',
        "#91c48d", "#4a794f" },
    [FUNC_JIT] = { "jit", "generated code", "machine code made at run time, source not known", 'J',
        "#f9d972", "#7c5f15" },
    [FUNC_GC] = { "gc", "memory management", "garbage collection and allocation", 'G', "#e873bd",
        "#b93698" },
    [FUNC_KERNEL] = { "kernel", "kernel", "the operating system, on the program's behalf", 'K',
        "#e07049", "#69301b" },
    [FUNC_MARKER] = { "marker", "marker", "prof's own words: [truncated], [incomplete]", '!',
        "#f4f4f1", "#24272b" },
    [FUNC_WAIT] = { "wait", "waiting", "off the CPU: what the thread waits for", 'w', "#848478",
        "#5406cc" },
    [PALETTE_INLINED] = { "inlined", "inlined", "compiled into its caller", 'i', "#aaefc4",
        "#182820" },
};

const struct palette_kind *palette_kind(int kind)
{
    return &kinds[kind >= 0 && kind < PALETTE_KINDS ? kind : FUNC_UNKNOWN];
}

int palette_kind_of(const struct func *f, uint32_t row_flags)
{
    return row_flags & ROW_INLINED ? PALETTE_INLINED : (int)f->kind;
}
