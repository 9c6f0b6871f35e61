// SPDX-License-Identifier: MIT
#include "symbol/classify.h"

#include <string.h>

#include "base/compiler.h"

enum match { EXACT, PREFIX, CONTAINS };

struct rule {
    enum match match;
    const char *text;
    enum func_kind kind;
};

/* Allocation and collection, whatever library it is in. First match wins. */
static const struct rule memory_names[] = {
    { EXACT, "malloc", FUNC_GC },
    { EXACT, "free", FUNC_GC },
    { EXACT, "cfree", FUNC_GC },
    { EXACT, "calloc", FUNC_GC },
    { EXACT, "realloc", FUNC_GC },
    { EXACT, "reallocarray", FUNC_GC },
    { EXACT, "memalign", FUNC_GC },
    { EXACT, "aligned_alloc", FUNC_GC },
    { EXACT, "posix_memalign", FUNC_GC },
    { EXACT, "malloc_usable_size", FUNC_GC },
    { EXACT, "malloc_trim", FUNC_GC },
    { EXACT, "malloc_consolidate", FUNC_GC },
    { EXACT, "sysmalloc", FUNC_GC },
    { EXACT, "systrim", FUNC_GC },
    { EXACT, "unlink_chunk", FUNC_GC },
    { PREFIX, "unlink_chunk.", FUNC_GC },
    { PREFIX, "_int_malloc", FUNC_GC },
    { PREFIX, "_int_free", FUNC_GC },
    { PREFIX, "_int_realloc", FUNC_GC },
    { PREFIX, "_int_memalign", FUNC_GC },
    { PREFIX, "__libc_malloc", FUNC_GC },
    { PREFIX, "__libc_calloc", FUNC_GC },
    { PREFIX, "__libc_realloc", FUNC_GC },
    { PREFIX, "__libc_free", FUNC_GC },
    { PREFIX, "__libc_memalign", FUNC_GC },
    { PREFIX, "tcache_", FUNC_GC },
    { PREFIX, "alloc_perturb", FUNC_GC },
    { PREFIX, "arena_get", FUNC_GC },
    { EXACT, "operator new", FUNC_GC },
    { EXACT, "operator new[]", FUNC_GC },
    { EXACT, "operator delete", FUNC_GC },
    { EXACT, "operator delete[]", FUNC_GC },
    { PREFIX, "je_", FUNC_GC },
    { PREFIX, "tc_malloc", FUNC_GC },
    { PREFIX, "tc_free", FUNC_GC },
    { PREFIX, "tc_new", FUNC_GC },
    { PREFIX, "tc_delete", FUNC_GC },
    { PREFIX, "tcmalloc::", FUNC_GC },
    { PREFIX, "mi_malloc", FUNC_GC },
    { PREFIX, "mi_free", FUNC_GC },
    { PREFIX, "_mi_", FUNC_GC },
    { PREFIX, "__rust_alloc", FUNC_GC },
    { PREFIX, "__rust_dealloc", FUNC_GC },
    { PREFIX, "__rust_realloc", FUNC_GC },
    { PREFIX, "__rdl_", FUNC_GC },
    { PREFIX, "__rust_no_alloc", FUNC_GC },
    { PREFIX, "v8::internal::Heap::", FUNC_GC },
    { PREFIX, "v8::internal::Scaveng", FUNC_GC },
    { PREFIX, "v8::internal::MarkCompact", FUNC_GC },
    { PREFIX, "v8::internal::MarkingV", FUNC_GC },
    { PREFIX, "v8::internal::MarkingW", FUNC_GC },
    { PREFIX, "v8::internal::MainMarking", FUNC_GC },
    { PREFIX, "v8::internal::ConcurrentMark", FUNC_GC },
    { PREFIX, "v8::internal::IncrementalMark", FUNC_GC },
    { PREFIX, "v8::internal::MinorMark", FUNC_GC },
    { PREFIX, "v8::internal::MinorGC", FUNC_GC },
    { PREFIX, "v8::internal::MajorGC", FUNC_GC },
    { PREFIX, "v8::internal::Evacuat", FUNC_GC },
    { PREFIX, "v8::internal::FullEvacuator", FUNC_GC },
    { PREFIX, "v8::internal::PointersUpdating", FUNC_GC },
    { PREFIX, "v8::internal::Sweeper", FUNC_GC },
    { PREFIX, "v8::internal::GCTracer", FUNC_GC },
    { PREFIX, "v8::internal::YoungGeneration", FUNC_GC },
    { PREFIX, "v8::internal::GlobalHandles", FUNC_GC },
    { PREFIX, "cppgc::", FUNC_GC },
    { PREFIX, "gc_collect", FUNC_GC },
    { PREFIX, "PyObject_GC_", FUNC_GC },
    { PREFIX, "_PyObject_GC", FUNC_GC },
    { PREFIX, "_PyObject_Malloc", FUNC_GC },
    { PREFIX, "_PyObject_Free", FUNC_GC },
    { PREFIX, "PyObject_Malloc", FUNC_GC },
    { PREFIX, "PyObject_Free", FUNC_GC },
    { PREFIX, "PyMem_", FUNC_GC },
    { PREFIX, "runtime.gc", FUNC_GC },
    { PREFIX, "runtime.(*gc", FUNC_GC },
    { PREFIX, "runtime.(*mheap)", FUNC_GC },
    { PREFIX, "runtime.(*mcache)", FUNC_GC },
    { PREFIX, "runtime.(*mcentral)", FUNC_GC },
    { PREFIX, "runtime.(*mspan)", FUNC_GC },
    { PREFIX, "runtime.(*sweep", FUNC_GC },
    { PREFIX, "runtime.mallocgc", FUNC_GC },
    { PREFIX, "runtime.scan", FUNC_GC },
    { PREFIX, "runtime.greyobject", FUNC_GC },
    { PREFIX, "runtime.markroot", FUNC_GC },
    { PREFIX, "runtime.mark", FUNC_GC },
    { PREFIX, "runtime.sweep", FUNC_GC },
    { PREFIX, "runtime.bgsweep", FUNC_GC },
    { PREFIX, "runtime.heapBits", FUNC_GC },
    { PREFIX, "runtime.wbBuf", FUNC_GC },
    { PREFIX, "runtime.newobject", FUNC_GC },
    { PREFIX, "G1", FUNC_GC },
    { PREFIX, "PSScavenge", FUNC_GC },
    { PREFIX, "PSParallelCompact", FUNC_GC },
};

/* Language runtimes, by name. */
static const struct rule runtime_names[] = {
    { PREFIX, "Builtins_", FUNC_RUNTIME },
    { PREFIX, "v8::", FUNC_RUNTIME },
    { PREFIX, "node::", FUNC_RUNTIME },
    { PREFIX, "v8impl::", FUNC_RUNTIME },
    { PREFIX, "uv_", FUNC_RUNTIME },
    { PREFIX, "uv__", FUNC_RUNTIME },
    { PREFIX, "napi_", FUNC_RUNTIME },
    { PREFIX, "runtime.", FUNC_RUNTIME },
    { PREFIX, "runtime/internal", FUNC_RUNTIME },
    { PREFIX, "_rt0_", FUNC_RUNTIME },
};

/* Source files. */
static const struct rule files[] = {
    { CONTAINS, "/node_modules/", FUNC_DEPENDENCY },
    { CONTAINS, "/site-packages/", FUNC_DEPENDENCY },
    { CONTAINS, "/dist-packages/", FUNC_DEPENDENCY },
    { CONTAINS, "/.cargo/registry/", FUNC_DEPENDENCY },
    { CONTAINS, "/.cargo/git/", FUNC_DEPENDENCY },
    { CONTAINS, "/cargo/registry/", FUNC_DEPENDENCY },
    { CONTAINS, "/go/pkg/mod/", FUNC_DEPENDENCY },
    { CONTAINS, "/usr/lib/node_modules/", FUNC_DEPENDENCY },
    { PREFIX, "<frozen ", FUNC_STDLIB }, /* Python's import system */
    { PREFIX, "node:", FUNC_RUNTIME },
    { PREFIX, "internal/", FUNC_RUNTIME },
    { PREFIX, "/rustc/", FUNC_STDLIB },
    { CONTAINS, "/lib/rustlib/src/", FUNC_STDLIB },
    { PREFIX, "library/core/", FUNC_STDLIB },
    { PREFIX, "library/alloc/", FUNC_STDLIB },
    { PREFIX, "library/std/", FUNC_STDLIB },
    { CONTAINS, "/rust/deps/", FUNC_STDLIB },
    { CONTAINS, "/include/c++/", FUNC_STDLIB },
    { CONTAINS, "/c++/v1/", FUNC_STDLIB },
    { CONTAINS, "/go/src/runtime/", FUNC_RUNTIME },
    { CONTAINS, "/share/go/src/", FUNC_STDLIB },
    { CONTAINS, "/usr/local/go/src/", FUNC_STDLIB },
    { CONTAINS, "/lib/python3", FUNC_STDLIB },
    { PREFIX, "<frozen ", FUNC_STDLIB },
    { PREFIX, "/usr/include/", FUNC_DEPENDENCY },
    { PREFIX, "/usr/local/include/", FUNC_DEPENDENCY },
    { CONTAINS, "/usr/share/nodejs/", FUNC_DEPENDENCY },
};

/* Standard libraries, by name: where there is no file, or it was moved. */
static const struct rule stdlib_names[] = {
    { PREFIX, "std::", FUNC_STDLIB },
    { PREFIX, "__gnu_cxx::", FUNC_STDLIB },
    { PREFIX, "__cxxabiv1::", FUNC_STDLIB },
    { PREFIX, "core::", FUNC_STDLIB },
    { PREFIX, "alloc::", FUNC_STDLIB },
    { PREFIX, "<core::", FUNC_STDLIB },
    { PREFIX, "<alloc::", FUNC_STDLIB },
    { PREFIX, "<std::", FUNC_STDLIB },
    { PREFIX, "hashbrown::", FUNC_STDLIB }, /* std's maps */
    { PREFIX, "<hashbrown::", FUNC_STDLIB },
    { PREFIX, "java.", FUNC_STDLIB },
    { PREFIX, "javax.", FUNC_STDLIB },
    { PREFIX, "jdk.", FUNC_STDLIB },
    { PREFIX, "sun.", FUNC_STDLIB },
    { PREFIX, "System.", FUNC_STDLIB },
};

/* Start-up and linkage code that the toolchain puts into every program. */
static const struct rule startup_names[] = {
    { EXACT, "_start", FUNC_STDLIB },
    { EXACT, "_init", FUNC_STDLIB },
    { EXACT, "_fini", FUNC_STDLIB },
    { EXACT, "__libc_start_main", FUNC_STDLIB },
    { EXACT, "__libc_csu_init", FUNC_STDLIB },
    { EXACT, "deregister_tm_clones", FUNC_STDLIB },
    { EXACT, "register_tm_clones", FUNC_STDLIB },
    { EXACT, "__do_global_dtors_aux", FUNC_STDLIB },
    { EXACT, "frame_dummy", FUNC_STDLIB },
};

/* Paths of modules: what CPython brings along. */
static const struct rule module_paths[] = {
    { CONTAINS, "/lib-dynload/", FUNC_STDLIB },
};

/* File names of modules. */
static const struct rule modules[] = {
    { PREFIX, "libc.so", FUNC_STDLIB },
    { PREFIX, "libc-2.", FUNC_STDLIB },
    { PREFIX, "libm.so", FUNC_STDLIB },
    { PREFIX, "libm-2.", FUNC_STDLIB },
    { PREFIX, "libmvec.so", FUNC_STDLIB },
    { PREFIX, "libpthread", FUNC_STDLIB },
    { PREFIX, "librt.so", FUNC_STDLIB },
    { PREFIX, "libdl.so", FUNC_STDLIB },
    { PREFIX, "libresolv", FUNC_STDLIB },
    { PREFIX, "libnss_", FUNC_STDLIB },
    { PREFIX, "ld-linux", FUNC_STDLIB },
    { PREFIX, "ld-2.", FUNC_STDLIB },
    { PREFIX, "ld-musl", FUNC_STDLIB },
    { PREFIX, "libc.musl", FUNC_STDLIB },
    { PREFIX, "libstdc++", FUNC_STDLIB },
    { PREFIX, "libc++", FUNC_STDLIB },
    { PREFIX, "libgcc_s", FUNC_STDLIB },
    { PREFIX, "libgomp", FUNC_STDLIB },
    { PREFIX, "libstd-", FUNC_STDLIB },
    { PREFIX, "libjemalloc", FUNC_GC },
    { PREFIX, "libtcmalloc", FUNC_GC },
    { PREFIX, "libmimalloc", FUNC_GC },
    { PREFIX, "libnode.", FUNC_RUNTIME },
    { PREFIX, "libv8", FUNC_RUNTIME },
    { PREFIX, "libuv.", FUNC_RUNTIME },
    { PREFIX, "libpython", FUNC_RUNTIME },
    { PREFIX, "libjvm", FUNC_RUNTIME },
    { PREFIX, "libcoreclr", FUNC_RUNTIME },
    { PREFIX, "libclrjit", FUNC_RUNTIME },
    { PREFIX, "libruby", FUNC_RUNTIME },
    { PREFIX, "libperl", FUNC_RUNTIME },
    { PREFIX, "liblua", FUNC_RUNTIME },
};

/* Programs whose own code is not the user's. */
static const struct rule interpreters[] = {
    { EXACT, "node", FUNC_RUNTIME },
    { EXACT, "nodejs", FUNC_RUNTIME },
    { EXACT, "deno", FUNC_RUNTIME },
    { EXACT, "bun", FUNC_RUNTIME },
    { PREFIX, "python", FUNC_RUNTIME },
    { PREFIX, "pypy", FUNC_RUNTIME },
    { PREFIX, "ruby", FUNC_RUNTIME },
    { PREFIX, "perl", FUNC_RUNTIME },
    { EXACT, "java", FUNC_RUNTIME },
    { EXACT, "dotnet", FUNC_RUNTIME },
    { PREFIX, "php", FUNC_RUNTIME },
    { PREFIX, "lua", FUNC_RUNTIME },
    { EXACT, "beam.smp", FUNC_RUNTIME },
};

static bool matches(const struct rule *rule, struct slice s)
{
    switch (rule->match) {
    case EXACT:
        return slice_is(s, rule->text);
    case PREFIX:
        return slice_starts(s, rule->text);
    case CONTAINS:
        return s.len && memmem(s.ptr, s.len, rule->text, strlen(rule->text)) != NULL;
    }
    return false;
}

static bool find(const struct rule *rules, size_t count, struct slice s, enum func_kind *ret_kind)
{
    for (size_t i = 0; i < count; i++) {
        if (matches(&rules[i], s)) {
            *ret_kind = rules[i].kind;
            return true;
        }
    }
    return false;
}

#define FIND(rules, s, ret_kind) find((rules), PROF_ARRAY_LEN(rules), (s), (ret_kind))

/* /usr/lib/go-1.19/src/..., Debian's place for Go's own packages. */
static bool is_go_root(struct slice file)
{
    return slice_starts(file, "/usr/lib/go-") && memmem(file.ptr, file.len, "/src/", 5) != NULL;
}

/* "<i32 as core::cmp::Ord>::cmp": a type without a path is nobody's own. */
static bool is_rust_impl_for_builtin(struct slice name)
{
    static const char as[] = " as ";
    const char *at = name.len ? memmem(name.ptr, name.len, as, sizeof as - 1) : NULL;
    if (!at || !slice_starts(name, "<") || memmem(name.ptr, (size_t)(at - name.ptr), "::", 2))
        return false;
    const struct slice trait = slice_skip(name, (size_t)(at - name.ptr) + sizeof as - 1);
    return slice_starts(trait, "core::") || slice_starts(trait, "alloc::") ||
           slice_starts(trait, "std::");
}

static enum func_kind classify_generated(const struct classify_input *in)
{
    enum func_kind kind;
    if (FIND(files, in->file, &kind) || FIND(runtime_names, in->name, &kind) ||
        FIND(stdlib_names, in->name, &kind))
        return kind;
    if (in->file.len)
        return FUNC_APP;
    /* Managed names: com.shop.Cart.total, Shop.Cart::Total. Stubs of the runtime have no dots. */
    const bool qualified =
        slice_find(in->name, '.') < in->name.len || memmem(in->name.ptr, in->name.len, "::", 2);
    return qualified && !slice_starts(in->name, "RegExp:") ? FUNC_APP : FUNC_JIT;
}

static enum func_kind classify_elf(const struct classify_input *in)
{
    enum func_kind kind;
    const struct slice base = slice_basename(in->module_path);
    if (FIND(memory_names, in->name, &kind) || FIND(runtime_names, in->name, &kind) ||
        FIND(files, in->file, &kind))
        return kind;
    if (is_go_root(in->file))
        return memmem(in->file.ptr, in->file.len, "/src/runtime/", 13) ? FUNC_RUNTIME : FUNC_STDLIB;
    if (FIND(stdlib_names, in->name, &kind) || FIND(startup_names, in->name, &kind) ||
        is_rust_impl_for_builtin(in->name))
        return FUNC_STDLIB;
    if (FIND(modules, base, &kind) || FIND(module_paths, in->module_path, &kind))
        return kind;
    if (in->is_program)
        return FIND(interpreters, base, &kind) ? kind : FUNC_APP;
    return FUNC_DEPENDENCY;
}

enum func_kind classify_func(const struct classify_input *in)
{
    switch (in->module_kind) {
    case MODULE_KERNEL:
        return FUNC_KERNEL;
    case MODULE_VDSO:
        return FUNC_STDLIB;
    case MODULE_JIT:
        return classify_generated(in);
    case MODULE_ELF:
        return classify_elf(in);
    case MODULE_UNKNOWN:
    case MODULE_KINDS:
        break;
    }
    return FUNC_UNKNOWN;
}
