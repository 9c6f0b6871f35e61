// SPDX-License-Identifier: MIT
/*
 * The namespaces and classes a function is declared in, for those that DWARF gives no linkage name
 * (gcc: functions that were inlined everywhere). DIEs do not point to their parents, so the
 * containers of a unit are listed once, each with the bytes it spans.
 */
#ifndef PROF_SYMBOL_DWARF_SCOPE_H
#define PROF_SYMBOL_DWARF_SCOPE_H

#include <elfutils/libdw.h>

#include "base/strbuf.h"
#include "base/vec.h"

struct dwarf_scope {
    const char *start, *end; /* of the container's DIE and its children; end NULL: the unit's end */
    const char *name;        /* NULL: anonymous */
};

struct dwarf_scopes {
    const void *unit; /* whose containers are listed; the last one asked for */
    VEC(struct dwarf_scope) list;
};

void dwarf_scopes_done(struct dwarf_scopes *s);

/* Appends "ns::Class::" for the DIE of a function. */
void dwarf_scopes_prefix(struct dwarf_scopes *s, Dwarf_Die *function, struct strbuf *out);

#endif
