// SPDX-License-Identifier: MIT
#include "symbol/demangle.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"

void demangler_init(struct demangler *d)
{
    *d = (struct demangler){ 0 };
    /* Kept open: the process that needs it ends soon after. */
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        library = dlopen("libc++abi.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return;
    void *symbol = dlsym(library, "__cxa_demangle");
    memcpy(&d->cxx, &symbol, sizeof symbol);
}

bool demangle_is_cxx(struct slice symbol)
{
    return slice_starts(symbol, "_Z") || slice_starts(symbol, "__Z");
}

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isdigit((unsigned char)s.ptr[i]))
            return false;
    return s.len > 0;
}

/* A ".word" or ".word.number" at the end that names a copy; its length, or 0. */
static size_t copy_suffix(struct slice symbol)
{
    static const char *const words[] = { "constprop", "isra", "part", "cold", "lto_priv", "llvm",
        "localalias", "clone", "unlikely" };
    struct slice rest = symbol;
    size_t dot = slice_rfind(rest, '.');
    if (dot < rest.len && all_digits(slice_skip(rest, dot + 1))) {
        rest.len = dot;
        dot = slice_rfind(rest, '.');
    }
    if (dot == 0 || dot >= rest.len)
        return 0;
    const struct slice word = slice_skip(rest, dot + 1);
    for (size_t i = 0; i < PROF_ARRAY_LEN(words); i++)
        if (slice_is(word, words[i]))
            return symbol.len - dot;
    return 0;
}

struct slice symbol_base(struct slice symbol)
{
    for (;;) {
        const size_t suffix = copy_suffix(symbol);
        if (suffix == 0)
            return symbol;
        symbol.len -= suffix;
    }
}

static bool demangle_cxx(const struct demangler *d, struct slice symbol, struct strbuf *out)
{
    if (!d->cxx)
        return false;
    char *text PROF_CLEANUP(free_ptr) = xmemdupz(symbol.ptr, symbol.len);
    int status = 0;
    char *full PROF_CLEANUP(free_ptr) = d->cxx(text, NULL, NULL, &status);
    if (!full || status != 0)
        return false;
    cxx_shorten(slice_of(full), out);
    return true;
}

bool demangle(const struct demangler *d, struct slice symbol, struct strbuf *out)
{
    if (symbol.len > DEMANGLE_INPUT_MAX)
        return false;
    symbol = symbol_base(symbol);
    if (slice_starts(symbol, "_R"))
        return rust_demangle_v0(symbol, out);
    if (slice_starts(symbol, "__Z")) /* one more underscore on some systems */
        symbol = slice_skip(symbol, 1);
    if (!slice_starts(symbol, "_Z"))
        return false;
    return rust_demangle_legacy(symbol, out) || demangle_cxx(d, symbol, out);
}
