// SPDX-License-Identifier: MIT
#include "analyze/traits.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static trait_set traits_for(
    const char *name, const char *file, const char *module, enum func_kind kind)
{
    struct profile *p = profile_new();
    struct module m = { .path = profile_add_string(p, slice_of(module)), .kind = MODULE_ELF };
    struct func f = {
        .name = profile_add_string(p, slice_of(name)),
        .file = profile_add_string(p, slice_of(file)),
        .module = profile_add_module(p, &m),
        .kind = kind,
    };
    trait_set set = traits_of(p, &f);
    profile_free(p);
    return set;
}

struct name_row {
    const char *name, *file, *module;
    enum func_kind kind;
    trait_set wanted; /* exactly these */
};

static const struct name_row rows[] = {
    { "v8::internal::JsonParser<unsigned short>::ParseJsonValue", "", "/usr/bin/node", FUNC_RUNTIME,
        TRAIT(JSON) },
    { "Builtins_JsonParse", "", "/usr/bin/node", FUNC_RUNTIME, TRAIT(JSON) },
    { "RegExp:^(a+)+$", "", "[jit]", FUNC_JIT, TRAIT(REGEX) },
    { "Builtins_LdaNamedPropertyHandler", "", "/usr/bin/node", FUNC_RUNTIME, TRAIT(INTERPRETER) },
    { "v8::internal::Heap::CollectGarbage", "", "/usr/bin/node", FUNC_GC, TRAIT(GC) },
    { "readFileSync", "node:fs", "[jit]", FUNC_RUNTIME, TRAIT(FILE_IO) | TRAIT(SYNC_API) },
    { "pbkdf2Sync", "node:internal/crypto/pbkdf2", "[jit]", FUNC_RUNTIME,
        TRAIT(CRYPTO) | TRAIT(SYNC_API) },
    { "_int_malloc", "", "/lib/libc.so.6", FUNC_GC, TRAIT(MALLOC) },
    { "free", "", "/lib/libc.so.6", FUNC_GC, TRAIT(MALLOC) },
    { "_int_free.cold", "", "/lib/libc.so.6", FUNC_GC, TRAIT(MALLOC) },
    { "__memmove_avx_unaligned_erms", "", "/lib/libc.so.6", FUNC_STDLIB, TRAIT(MEMCPY) },
    { "___pthread_mutex_lock", "", "/lib/libc.so.6", FUNC_STDLIB, TRAIT(LOCK) },
    { "___pthread_cond_wait", "", "/lib/libc.so.6", FUNC_STDLIB, TRAIT(CONDITION) },
    { "_Unwind_RaiseException", "", "/lib/libgcc_s.so.1", FUNC_STDLIB, TRAIT(EXCEPTION) },
    { "PyTraceBack_Here", "", "/usr/bin/python3.11", FUNC_RUNTIME, TRAIT(EXCEPTION) },
    { "_PyErr_NormalizeException", "", "/usr/bin/python3.11", FUNC_RUNTIME, TRAIT(EXCEPTION) },
    { "PyErr_Format", "", "/usr/bin/python3.11", FUNC_RUNTIME, TRAIT(EXCEPTION) },
    { "Condition.wait", "/usr/lib/python3.11/threading.py", "", FUNC_STDLIB,
        TRAIT(CONDITION) | TRAIT(AWAIT) },
    { "PyErr_Occurred", "", "/usr/bin/python3.11", FUNC_RUNTIME, 0 },
    { "tcp_sendmsg_locked", "", "[kernel]", FUNC_KERNEL, TRAIT(NETWORK) },
    { "read file", "", "[kernel]", FUNC_KERNEL, TRAIT(FILE_IO) | TRAIT(SYSCALL) },
    { "send tcp", "", "[kernel]", FUNC_KERNEL, TRAIT(ASK) | TRAIT(NETWORK) | TRAIT(SYSCALL) },
    { "writev client", "", "[kernel]", FUNC_KERNEL, TRAIT(NETWORK) | TRAIT(SYSCALL) },
    { "connect tcp", "", "[kernel]", FUNC_KERNEL,
        TRAIT(CONNECT) | TRAIT(NETWORK) | TRAIT(SYSCALL) },
    { "deflate", "", "/lib/libz.so.1.2.13", FUNC_DEPENDENCY, TRAIT(COMPRESS) },
    { "<serde_json::de::Deserializer as T>::next", "", "/srv/app", FUNC_DEPENDENCY, TRAIT(JSON) },
    { "encoding/json.(*decodeState).object", "", "/srv/app", FUNC_STDLIB, TRAIT(JSON) },
    { "runtime.gcBgMarkWorker", "", "/srv/app", FUNC_GC, TRAIT(GC) },
    { "take_gil", "", "/usr/bin/python3.11", FUNC_RUNTIME, TRAIT(LOCK) | TRAIT(INTERPRETER_LOCK) },
    { "<std::sys::sync::mutex::futex::Mutex>::lock_contended", "", "/srv/app", FUNC_STDLIB,
        TRAIT(LOCK) },
    { "std::sys::sync::mutex::futex::Mutex::lock_contended", "", "/srv/app", FUNC_STDLIB,
        TRAIT(LOCK) },
    { "<std::sys::sync::rwlock::futex::RwLock>::write_contended", "", "/srv/app", FUNC_STDLIB,
        TRAIT(LOCK) },
    { "regexp/syntax.Parse", "", "/srv/app", FUNC_STDLIB, TRAIT(REGEX) },
    { "writeLog", "/srv/app.js", "[jit]", FUNC_APP, TRAIT(LOGGING) },
    /* names of the application that only look like work of a library */
    { "login", "/srv/app.js", "[jit]", FUNC_APP, 0 },
    { "logic", "/srv/app.js", "[jit]", FUNC_APP, 0 },
    { "free_seats", "/srv/app.c", "/srv/app", FUNC_APP, 0 },
    { "deflate", "/srv/balloon.c", "/srv/app", FUNC_APP, 0 },
    { "saveSync", "/srv/app.js", "[jit]", FUNC_APP, 0 },
    { "memcpyish", "/srv/app.c", "/srv/app", FUNC_APP, 0 },
    { "", "", "", FUNC_UNKNOWN, 0 },
};

Test(traits, names_as_symbol_tables_and_perf_maps_have_them)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        trait_set got = traits_for(rows[i].name, rows[i].file, rows[i].module, rows[i].kind);
        cr_expect_eq(got, rows[i].wanted, "'%s' in %s: %" PRIx64 ", wanted %" PRIx64, rows[i].name,
            rows[i].file, got, rows[i].wanted);
    }
}

Test(traits, every_trait_has_a_name_for_people)
{
    for (int t = 0; t < TRAITS; t++)
        cr_expect(trait_name((enum trait)t) && trait_name((enum trait)t)[0], "trait %d", t);
}
