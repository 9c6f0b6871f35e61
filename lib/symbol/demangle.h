// SPDX-License-Identifier: MIT
/*
 * Mangled symbol names -> names for people. C++ by the C++ library's own demangler, loaded when it
 * is there; Rust (legacy and v0) by our own, because nothing in Debian's C libraries reads both.
 *
 * C++ names lose what makes flame graphs unreadable (result types, parameter lists, the long form
 * of std::string) and keep what tells functions apart (namespaces, classes, template arguments).
 * Input is untrusted: nesting and output are limited; the C++ library runs in the worker only.
 */
#ifndef PROF_SYMBOL_DEMANGLE_H
#define PROF_SYMBOL_DEMANGLE_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/strbuf.h"

enum {
    DEMANGLE_INPUT_MAX = 16384,
    DEMANGLE_OUTPUT_MAX = 4096, /* longer names end in "..." */
    DEMANGLE_DEPTH_MAX = 128,
};

struct demangler {
    char *(*cxx)(const char *, char *, size_t *, int *); /* __cxa_demangle; NULL: not there */
};

/* Loads the C++ library's demangler; without it C++ names stay as they are. */
void demangler_init(struct demangler *d);

/* Appends the readable name; false (nothing appended): the symbol is not mangled, or not in a known
 * way. */
bool demangle(const struct demangler *d, struct slice symbol, struct strbuf *out);

/* Would demangle() need the C++ library for a symbol that starts like this? */
bool demangle_is_cxx(struct slice symbol);

/* rust_demangle.c: appends to out, which it cuts at DEMANGLE_OUTPUT_MAX more bytes. */
bool rust_demangle_legacy(struct slice symbol, struct strbuf *out);
bool rust_demangle_v0(struct slice symbol, struct strbuf *out);

/* cxx_name.c: a full C++ declaration without result type and parameters. */
void cxx_shorten(struct slice declaration, struct strbuf *out);

/* Without what compilers append to copies of a function: .constprop.0, .isra.1, .part.2, .cold,
 * .lto_priv.0, .llvm.123. */
struct slice symbol_base(struct slice symbol);

#endif
