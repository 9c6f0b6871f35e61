// SPDX-License-Identifier: MIT
#include "profile/jit_name.h"

#include <string.h>

#include "base/compiler.h"

static struct slice cut(struct slice s, size_t len)
{
    return (struct slice){ s.ptr, len < s.len ? len : s.len };
}

static struct slice join(
    struct arena *arena, const char *prefix, struct slice s, const char *suffix)
{
    const size_t before = strlen(prefix), after = strlen(suffix);
    char *text = arena_alloc(arena, before + s.len + after + 1);
    memcpy(text, prefix, before);
    memcpy(text + before, s.ptr, s.len);
    memcpy(text + before + s.len, suffix, after);
    return (struct slice){ text, before + s.len + after };
}

static struct slice take_suffix(struct slice *s, const char *suffix)
{
    if (slice_ends(*s, suffix))
        s->len -= strlen(suffix);
    return *s;
}

/* Takes ":number" off the end of *s. */
static bool take_number(struct slice *s, uint32_t *ret_value)
{
    const size_t colon = slice_rfind(*s, ':');
    uint64_t value;
    if (colon == s->len || !slice_to_u64(slice_skip(*s, colon + 1), 10, &value) ||
        value > UINT32_MAX)
        return false;
    s->len = colon;
    *ret_value = (uint32_t)value;
    return true;
}

/* ---- V8 ---- */

static enum func_tier tier_of_mark(char mark)
{
    switch (mark) {
    case '~':
        return TIER_INTERPRETED;
    case '^':
        return TIER_BASELINE;
    case '+':
        return TIER_MID;
    case '*':
        return TIER_OPTIMISED;
    }
    return TIER_NONE;
}

/* Where the script's name starts: function names may hold spaces ("get size"), and so may paths. */
static size_t script_start(struct slice s)
{
    static const char *const starts[] = { " /",
        " file:", " node:", " wasm:", " data:", " http:", " https:", " evalmachine.", " [eval" };
    size_t best = s.len;
    for (size_t i = 0; i < PROF_ARRAY_LEN(starts); i++) {
        const char *hit = memmem(s.ptr, s.len, starts[i], strlen(starts[i]));
        if (hit && (size_t)(hit - s.ptr) < best)
            best = (size_t)(hit - s.ptr);
    }
    return best < s.len ? best : slice_rfind(s, ' ');
}

/* The tier is no part of what the function is: identity is "function script:line:column", so that
 * two functions of one minified line stay apart. */
static struct jit_name v8_function(struct slice text)
{
    struct jit_name f = { 0 };
    f.tier = text.len ? tier_of_mark(text.ptr[0]) : TIER_NONE;
    if (f.tier != TIER_NONE)
        text = slice_skip(text, 1);
    f.system_name = slice_trim(text);
    const size_t space = script_start(text);
    f.name = cut(text, space);
    struct slice script = space < text.len ? slice_skip(text, space + 1) : (struct slice){ 0 };
    if (take_number(&script, &f.line)) /* script:line in old versions, else script:line:column */
        take_number(&script, &f.line);
    f.file = slice_starts(script, "file://") ? slice_skip(script, strlen("file://")) : script;
    if (f.name.len == 0)
        f.name = slice_of("(anonymous)");
    return f;
}

/* Builtins are in node's symbol table as well, as Builtins_NAME: one name for both. */
static struct jit_name v8_builtin(struct arena *arena, struct slice name, const char *suffix)
{
    return (struct jit_name){
        .name = join(arena, "Builtins_", name, suffix),
        .tier = TIER_BUILTIN,
    };
}

static struct jit_name v8_wasm(struct slice text)
{
    struct jit_name f = { 0 };
    if (tier_of_mark(text.ptr[0]) != TIER_NONE)
        text = slice_skip(text, 1);
    f.tier = slice_ends(text, "-liftoff") ? TIER_BASELINE : TIER_NONE;
    f.tier = slice_ends(text, "-turbofan") ? TIER_OPTIMISED : f.tier;
    take_suffix(&text, "-liftoff");
    f.name = take_suffix(&text, "-turbofan");
    return f;
}

static bool is_wasm(struct slice text)
{
    return text.len && (slice_starts(text, "wasm") || slice_starts(slice_skip(text, 1), "wasm")) &&
           !memmem(text.ptr, text.len, " ", 1);
}

static bool v8_name(struct arena *arena, struct slice text, struct jit_name *ret_name)
{
    static const char *const functions[] = {
        "JS:", "LazyCompile:", "Function:", "Eval:", "Script:"
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(functions); i++) {
        if (!slice_starts(text, functions[i]))
            continue;
        const struct slice rest = slice_skip(text, strlen(functions[i]));
        *ret_name = is_wasm(rest) ? v8_wasm(rest) : v8_function(rest);
        return true;
    }
    if (slice_starts(text, "Builtin:"))
        *ret_name = v8_builtin(arena, slice_skip(text, strlen("Builtin:")), "");
    else if (slice_starts(text, "BytecodeHandler:"))
        *ret_name = v8_builtin(arena, slice_skip(text, strlen("BytecodeHandler:")), "Handler");
    else if (slice_starts(text, "RegExp:") || slice_starts(text, "Stub:"))
        *ret_name = (struct jit_name){ .name = text };
    else
        return false;
    return true;
}

/* ---- CPython ---- */

static bool python_name(struct slice text, struct jit_name *ret_name)
{
    if (!slice_starts(text, "py::"))
        return false;
    text = slice_skip(text, strlen("py::"));
    const size_t path = slice_find(text, ':');
    *ret_name = (struct jit_name){ .name = cut(text, path) };
    if (path < text.len)
        ret_name->file = slice_skip(text, path + 1);
    return true;
}

/* ---- .NET and JVM ---- */

static bool dotnet_tier(struct slice *text, enum func_tier *ret_tier)
{
    static const struct {
        const char *suffix;
        enum func_tier tier;
    } tiers[] = { { "[OptimizedTier1]", TIER_OPTIMISED }, { "[OptimizedTier1OSR]", TIER_OPTIMISED },
        { "[Optimized]", TIER_OPTIMISED }, { "[QuickJitted]", TIER_BASELINE },
        { "[Tier0]", TIER_BASELINE }, { "[Instrumented]", TIER_BASELINE },
        { "[PreJIT]", TIER_OPTIMISED }, { "[Unknown]", TIER_NONE } };
    for (size_t i = 0; i < PROF_ARRAY_LEN(tiers); i++) {
        if (!slice_ends(*text, tiers[i].suffix))
            continue;
        take_suffix(text, tiers[i].suffix);
        *ret_tier = tiers[i].tier;
        return true;
    }
    return false;
}

/* "result name(parameters)" -> "name"; text without parameters stays whole. */
static struct jit_name managed_name(struct slice text)
{
    struct jit_name f = { .name = text };
    struct slice body = text;
    const bool dotnet = dotnet_tier(&body, &f.tier);
    const size_t parameters = slice_find(body, '(');
    if (parameters == body.len || parameters == 0 || body.ptr[body.len - 1] != ')') {
        f.name = dotnet ? body : text;
        return f;
    }
    struct slice name = cut(body, parameters);
    const size_t result = slice_rfind(name, ' ');
    if (result < name.len)
        name = slice_skip(name, result + 1);
    if (name.len == 0)
        return f;
    f.name = name;
    f.system_name = body;
    return f;
}

bool jit_name_of_script(struct arena *arena, struct slice text, struct jit_name *ret_name)
{
    if (!v8_name(arena, text, ret_name) && !python_name(text, ret_name))
        return false;
    if (ret_name->name.len == 0)
        ret_name->name = text; /* "py::": nothing is left of it */
    return true;
}

struct jit_name jit_name(struct arena *arena, struct slice text)
{
    struct jit_name n;
    if (jit_name_of_script(arena, text, &n))
        return n;
    n = is_wasm(text) ? v8_wasm(text) : managed_name(text);
    if (n.name.len == 0)
        n.name = text; /* ":[Tier0]" */
    return n;
}
