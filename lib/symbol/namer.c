// SPDX-License-Identifier: MIT
#include "symbol/namer.h"

void namer_init(struct namer *n, const struct demangler *demangler, struct arena *arena)
{
    *n = (struct namer){ .demangler = demangler, .arena = arena, .scratch = STRBUF_INIT };
}

void namer_done(struct namer *n)
{
    map_done(&n->index);
    vec_done(&n->entries);
    strbuf_done(&n->scratch);
}

static struct slice remember(struct namer *n, uint64_t hash, struct slice symbol)
{
    strbuf_clear(&n->scratch);
    symbol = arena_copy(n->arena, symbol); /* a name from DWARF goes with its reader */
    struct slice name = symbol;
    if (demangle(n->demangler, symbol, &n->scratch))
        name = arena_copy(n->arena, strbuf_slice(&n->scratch));
    const struct namer_entry entry = { symbol, name };
    map_add(&n->index, hash, (uint32_t)n->entries.len);
    vec_push(&n->entries, entry);
    return name;
}

struct slice namer_name(struct namer *n, struct slice symbol, struct slice *ret_system)
{
    symbol = symbol_base(symbol);
    const uint64_t hash = slice_hash(symbol);
    struct map_probe probe = map_probe(&n->index, hash);
    struct slice name = { 0 };
    uint32_t item;
    while (!name.len && map_next(&probe, &item)) {
        if (slice_equal(n->entries.ptr[item].symbol, symbol)) {
            symbol = n->entries.ptr[item].symbol;
            name = n->entries.ptr[item].name;
        }
    }
    if (!name.len) {
        name = remember(n, hash, symbol);
        symbol = n->entries.ptr[n->entries.len - 1].symbol;
    }
    *ret_system = slice_equal(name, symbol) ? (struct slice){ 0 } : symbol;
    return name;
}
