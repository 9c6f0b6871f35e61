// SPDX-License-Identifier: MIT
#include "symbol/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "symbol/demangle.h"

enum {
    ADDRESS_DIGITS = 16,
    /* No kernel function is longer: an address further behind the last symbol is in no known one
     * (a module without symbols, generated BPF code). */
    FUNCTION_MAX_BYTES = 1 << 20,
};

struct kernel_symbol {
    uint64_t address;
    struct slice name;
    struct slice module; /* "[nf_tables]", or empty */
};

/* Sixteen hex digits. Written out because it runs for 200,000 lines. */
static bool take_address(struct slice *line, uint64_t *ret_address)
{
    uint64_t value = 0;
    if (line->len < ADDRESS_DIGITS + 4)
        return false;
    for (int i = 0; i < ADDRESS_DIGITS; i++) {
        const unsigned c = (unsigned char)line->ptr[i];
        const unsigned digit = c - '0' < 10 ? c - '0' : (c | 32) - 'a' + 10;
        if (digit > 15)
            return false;
        value = value << 4 | digit;
    }
    *line = slice_skip(*line, ADDRESS_DIGITS + 1);
    *ret_address = value;
    return true;
}

static bool is_text(char type)
{
    return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

/* best[i]: the last symbol that starts at or before address i and after address i - 1. */
static void offer(struct kernel_symbol *best, const struct kernel_symbol *s)
{
    if (best->name.len == 0 || s->address > best->address)
        *best = *s;
}

static void match_line(
    struct slice line, uint64_t address, const struct lookup *l, struct kernel_symbol *best)
{
    if (!is_text(line.ptr[0]))
        return;
    uint32_t first;
    if (lookup_range(l, address, UINT64_MAX, &first) <= first)
        return;
    struct slice name = slice_skip(line, 2);
    const size_t tab = slice_find(name, '\t');
    const struct kernel_symbol s = { .address = address,
        .name = symbol_base((struct slice){ name.ptr, tab }),
        .module = tab < name.len ? slice_skip(name, tab + 1) : (struct slice){ 0 } };
    offer(&best[first], &s);
}

static void apply(struct lookup *l, struct kernel_symbol *best)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (i > 0 && best[i].address < best[i - 1].address)
            best[i] = best[i - 1];
        if (best[i].name.len == 0 || l->addresses[i] - best[i].address > FUNCTION_MAX_BYTES)
            continue;
        const struct found_line line = { .name = arena_copy(&l->arena, best[i].name),
            .file =
                best[i].module.len ? arena_copy(&l->arena, best[i].module) : (struct slice){ 0 } };
        lookup_add(l, i, &line);
    }
}

bool kallsyms_match_text(struct slice text, struct lookup *l, struct err *e)
{
    struct kernel_symbol *best PROF_CLEANUP(free_ptr) = xcalloc(l->count, sizeof *best);
    struct slice line;
    bool visible = false;
    while (slice_split(&text, '\n', &line)) {
        uint64_t address;
        if (!take_address(&line, &address) || address == 0)
            continue;
        visible = true;
        match_line(line, address, l, best);
    }
    if (!visible) {
        err_set(e, ERR_PERMISSION, "the kernel hides the addresses of its functions");
        return err_hint(e, "sudo sysctl kernel.kptr_restrict=0, or run prof as root");
    }
    apply(l, best);
    return true;
}

bool kallsyms_match(int fd, struct lookup *l, struct err *e)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (!file_read_fd(fd, "/proc/kallsyms", (size_t)KALLSYMS_MAX_MIB << 20, &text, e))
        return false;
    return kallsyms_match_text(strbuf_slice(&text), l, e);
}
