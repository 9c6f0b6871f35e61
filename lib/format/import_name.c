// SPDX-License-Identifier: MIT
#include "format/import_name.h"

#include <string.h>

#include "base/compiler.h"
#include "base/strbuf.h"
#include "profile/jit_name.h"

static bool contains(struct slice s, const char *part)
{
    return s.len > 0 && memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

/* The line being executed is not known. */
static struct line add_line(struct profile *p, struct func func, enum func_tier tier)
{
    return (struct line){ .func = profile_add_func(p, &func), .tier = tier };
}

/* ---- scripts ---- */

static enum func_kind kind_of_url(struct slice url)
{
    static const struct {
        const char *part;
        enum func_kind kind;
    } rows[] = {
        { "/node_modules/", FUNC_DEPENDENCY },
        { "/site-packages/", FUNC_DEPENDENCY },
        { "/dist-packages/", FUNC_DEPENDENCY },
        { "/lib/python", FUNC_STDLIB },
        { "<frozen ", FUNC_STDLIB },
    };
    if (url.len == 0 || slice_starts(url, "node:") || slice_starts(url, "internal/") ||
        slice_starts(url, "native ") || slice_starts(url, "evalmachine"))
        return FUNC_RUNTIME;
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        if (contains(url, rows[i].part))
            return rows[i].kind;
    }
    return FUNC_APP;
}

struct line import_script(
    struct profile *p, struct slice name, struct slice url, uint32_t line, enum func_tier tier)
{
    struct func func = { .line = line, .kind = kind_of_url(url) };
    if (slice_starts(url, "file://"))
        url = slice_skip(url, strlen("file://"));
    func.name = profile_add_string(p, name.len ? name : slice_of("(anonymous)"));
    func.file = profile_add_string(p, url);
    return add_line(p, func, tier);
}

/* ---- mapped files ---- */

static bool is_kernel(struct slice dso)
{
    static const char *const others[] = { "[vdso]", "[vsyscall]", "[unknown]", "[heap]", "[stack]",
        "[anon]", "[JIT]" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(others); i++) {
        if (slice_starts(dso, others[i]))
            return false;
    }
    return slice_starts(dso, "[") || slice_ends(dso, ".ko") || contains(dso, ".ko.");
}

static bool is_generated(struct slice dso)
{
    bool map = slice_starts(slice_basename(dso), "perf-") && slice_ends(dso, ".map");
    return map || slice_starts(dso, "[JIT]") || slice_starts(dso, "//anon") ||
           slice_starts(slice_basename(dso), "jitted-");
}

static enum func_kind kind_of_dso(struct slice dso, struct slice symbol)
{
    static const char *const standard[] = { "libc.", "libc-", "ld-", "ld.", "libm.", "libm-",
        "libpthread", "libstdc++", "libgcc_s", "libdl", "librt" };
    static const char *const runtimes[] = { "libpython", "libjvm", "libnode", "libruby",
        "libcoreclr", "libmono", "node", "python3", "ruby" };
    struct slice name = slice_basename(dso);
    for (size_t i = 0; i < PROF_ARRAY_LEN(standard); i++) {
        if (slice_starts(name, standard[i]))
            return FUNC_STDLIB;
    }
    for (size_t i = 0; i < PROF_ARRAY_LEN(runtimes); i++) {
        if (slice_starts(name, runtimes[i]))
            return FUNC_RUNTIME;
    }
    if (slice_starts(symbol, "v8::") || slice_starts(symbol, "node::"))
        return FUNC_RUNTIME;
    return contains(name, ".so") ? FUNC_DEPENDENCY : FUNC_APP;
}

static struct module_id add_dso(struct profile *p, struct slice dso)
{
    if (dso.len == 0 || slice_is(dso, "[unknown]"))
        return (struct module_id){ 0 };
    struct module module = { .path = profile_add_string(p, dso), .kind = MODULE_ELF };
    if (is_kernel(dso))
        module.kind = MODULE_KERNEL;
    else if (slice_is(dso, "[vdso]"))
        module.kind = MODULE_VDSO;
    else if (is_generated(dso))
        module.kind = MODULE_JIT;
    return profile_add_module(p, &module);
}

/* "[libfoo.so]": code of which only the file is known. */
static struct string_id add_unknown_name(struct profile *p, struct slice file)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    if (file.len == 0 || slice_starts(file, "["))
        return profile_add_string(p, file.len ? file : slice_of("[unknown]"));
    strbuf_addc(&name, '[');
    strbuf_addslice(&name, file);
    strbuf_addc(&name, ']');
    return profile_add_string(p, strbuf_slice(&name));
}

struct line import_symbol(struct profile *p, struct slice symbol, struct slice dso)
{
    PROF_CLEANUP(arena_done) struct arena arena = { 0 };
    struct jit_name script;
    if (jit_name_of_script(&arena, symbol, &script))
        return import_script(p, script.name, script.file, script.line, script.tier);
    struct func func = { .module = add_dso(p, dso) };
    bool named = symbol.len && !slice_is(symbol, "[unknown]");
    if (named) {
        func.name = profile_add_string(p, symbol);
        func.kind = kind_of_dso(dso, symbol);
    } else {
        func.name = add_unknown_name(p, slice_basename(dso));
    }
    if (is_kernel(dso))
        func.kind = FUNC_KERNEL;
    else if (named && is_generated(dso))
        func.kind = FUNC_JIT;
    return add_line(p, func, TIER_NONE);
}
