// SPDX-License-Identifier: MIT
#include "symbol/classify.h"

#include <criterion/criterion.h>

#include "base/compiler.h"

struct row {
    enum module_kind kind;
    const char *module;
    bool program;
    const char *name;
    const char *file;
    enum func_kind want;
};

Test(classify, rules_say_whose_code_it_is)
{
    static const struct row rows[] = {
        { MODULE_ELF, "/srv/app", true, "handle", "/src/app.c", FUNC_APP },
        { MODULE_ELF, "/srv/app", true, "handle", NULL, FUNC_APP },
        { MODULE_ELF, "/srv/app", true, "std::sort<int*>", "/usr/include/c++/12/x.h", FUNC_STDLIB },
        { MODULE_ELF, "/srv/app", true, "core::fmt::write", "/rustc/abc/library/x.rs",
            FUNC_STDLIB },
        { MODULE_ELF, "/srv/app", true, "serde::de", "/home/u/.cargo/registry/src/x/serde/l.rs",
            FUNC_DEPENDENCY },
        { MODULE_ELF, "/srv/app", true, "runtime.mallocgc", NULL, FUNC_GC },
        { MODULE_ELF, "/srv/app", true, "runtime.schedule", NULL, FUNC_RUNTIME },
        { MODULE_ELF, "/srv/app", true, "fmt.Println", "/usr/lib/go-1.19/src/fmt/print.go",
            FUNC_STDLIB },
        { MODULE_ELF, "/srv/app", true, "aeshashbody", "/usr/lib/go-1.19/src/runtime/asm_amd64.s",
            FUNC_RUNTIME },
        { MODULE_ELF, "/srv/app", true, "<u8 as Add>::add", "library/core/src/ops/arith.rs",
            FUNC_STDLIB },
        { MODULE_ELF, "/srv/app", true, "<i32 as core::iter::Step>::forward", NULL, FUNC_STDLIB },
        { MODULE_ELF, "/srv/app", true, "<app::Cart as core::fmt::Display>::fmt", NULL, FUNC_APP },
        { MODULE_ELF, "/srv/app", true, "<u8 as app::Shape>::area", NULL, FUNC_APP },
        { MODULE_ELF, "/srv/app", true, "hashbrown::raw::RawTable<T,A>::find", NULL, FUNC_STDLIB },
        { MODULE_ELF, "/usr/lib/python3.11/lib-dynload/_json.cpython-311.so", false, "scanner_call",
            NULL, FUNC_STDLIB },
        { MODULE_ELF, "/lib/x86_64-linux-gnu/libc.so.6", false, "memcpy", NULL, FUNC_STDLIB },
        { MODULE_ELF, "/lib/x86_64-linux-gnu/libc.so.6", false, "malloc", NULL, FUNC_GC },
        { MODULE_ELF, "/usr/lib/libcrypto.so.3", false, "EVP_Digest", NULL, FUNC_DEPENDENCY },
        { MODULE_ELF, "/usr/bin/node", true, "v8::internal::Heap::Scavenge", NULL, FUNC_GC },
        { MODULE_ELF, "/usr/bin/node", true, "v8::internal::Isolate::Run", NULL, FUNC_RUNTIME },
        { MODULE_ELF, "/usr/bin/node", true, "Builtins_ArrayMap", NULL, FUNC_RUNTIME },
        { MODULE_ELF, "/usr/bin/node", true, "nghttp2_x", NULL, FUNC_RUNTIME },
        { MODULE_ELF, "/usr/bin/python3.11", true, "_PyEval_EvalFrameDefault", NULL, FUNC_RUNTIME },
        { MODULE_JIT, "[jit]", false, "fib", "/app/fib.js", FUNC_APP },
        { MODULE_JIT, "[jit]", false, "parse", "/app/node_modules/x/i.js", FUNC_DEPENDENCY },
        { MODULE_JIT, "[jit]", false, "emit", "node:events", FUNC_RUNTIME },
        { MODULE_JIT, "[jit]", false, "loads", "/usr/lib/python3.12/json/__init__.py",
            FUNC_STDLIB },
        { MODULE_JIT, "[jit]", false, "get", "/venv/lib/python3.12/site-packages/r/a.py",
            FUNC_DEPENDENCY },
        { MODULE_JIT, "[jit]", false, "RegExp:a.b", NULL, FUNC_JIT },
        { MODULE_JIT, "[jit]", false, "com.shop.Cart.total", NULL, FUNC_APP },
        { MODULE_JIT, "[jit]", false, "java.util.HashMap.get", NULL, FUNC_STDLIB },
        { MODULE_JIT, "[jit]", false, "Interpreter", NULL, FUNC_JIT },
        { MODULE_KERNEL, "[kernel]", false, "do_syscall_64", NULL, FUNC_KERNEL },
        { MODULE_VDSO, "[vdso]", false, "__vdso_clock_gettime", NULL, FUNC_STDLIB },
        { MODULE_UNKNOWN, "", false, "0x1234", NULL, FUNC_UNKNOWN },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        const struct classify_input in = { .module_kind = rows[i].kind,
            .module_path = slice_of(rows[i].module),
            .is_program = rows[i].program,
            .name = slice_of(rows[i].name),
            .file = slice_of(rows[i].file) };
        cr_expect_eq(classify_func(&in), rows[i].want, "%s %s: %s", rows[i].module, rows[i].name,
            func_kind_info(classify_func(&in))->id);
    }
}
