// SPDX-License-Identifier: MIT
#include "symbol/dwarf_scope.h"

#include <dwarf.h>
#include <stdbool.h>

enum { SCOPE_DEPTH_MAX = 64 };

void dwarf_scopes_done(struct dwarf_scopes *s)
{
    vec_done(&s->list);
}

static bool is_container(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
           tag == DW_TAG_union_type;
}

static void list_containers(
    struct dwarf_scopes *s, Dwarf_Die *parent, const char *parent_end, int depth)
{
    Dwarf_Die child, next;
    if (depth > SCOPE_DEPTH_MAX || dwarf_child(parent, &child) != 0)
        return;
    for (;;) {
        const bool last = dwarf_siblingof(&child, &next) != 0;
        const char *end = last ? parent_end : next.addr;
        if (is_container(dwarf_tag(&child)) && dwarf_haschildren(&child) == 1) {
            const struct dwarf_scope scope = { child.addr, end, dwarf_diename(&child) };
            vec_push(&s->list, scope);
            list_containers(s, &child, end, depth + 1);
        }
        if (last || (const char *)next.addr <= (const char *)child.addr)
            return;
        child = next;
    }
}

/* A definition outside its class refers to the declaration inside. */
static Dwarf_Die declaration_of(Dwarf_Die *function)
{
    Dwarf_Attribute attribute;
    Dwarf_Die declaration;
    if (dwarf_attr(function, DW_AT_specification, &attribute) &&
        dwarf_formref_die(&attribute, &declaration))
        return declaration;
    return *function;
}

void dwarf_scopes_prefix(struct dwarf_scopes *s, Dwarf_Die *function, struct strbuf *out)
{
    Dwarf_Die declaration = declaration_of(function);
    Dwarf_Die unit;
    if (!dwarf_diecu(&declaration, &unit, NULL, NULL))
        return;
    if (s->unit != unit.addr) {
        vec_clear(&s->list);
        s->unit = unit.addr;
        list_containers(s, &unit, NULL, 0);
    }
    const char *at = declaration.addr;
    for (size_t i = 0; i < s->list.len; i++) {
        const struct dwarf_scope *scope = &s->list.ptr[i];
        if (scope->start < at && (!scope->end || at < scope->end))
            strbuf_addf(out, "%s::", scope->name ? scope->name : "(anonymous)");
    }
}
