// SPDX-License-Identifier: MIT
#include "flamegraph/names.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/utf8.h"
#include "base/varint.h"
#include "flamegraph/html.h"

static const uint32_t NONE = UINT32_MAX;
enum { FLAG_VALUES = 16 };

struct use {
    uint64_t uses;
    uint32_t id;
};

static int by_falling_use(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    if (x->uses != y->uses)
        return x->uses < y->uses ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Rows are first named func * FLAG_VALUES + flags, which keeps a function's rows apart. */
static uint32_t row_key(const struct page_node *node)
{
    return node->func * FLAG_VALUES + node->flags;
}

static void number_rows(const struct profile *p, const struct page_tree *t, struct names *n)
{
    const size_t keys = (size_t)profile_func_count(p) * FLAG_VALUES + FLAG_VALUES;
    struct use *uses = xcalloc(keys, sizeof *uses);
    for (uint32_t i = 0; i < keys; i++)
        uses[i].id = i;
    for (uint32_t i = 1; i < t->len; i++)
        uses[row_key(&t->nodes[i])].uses++;
    size_t used = 0;
    for (size_t i = 0; i < keys; i++) {
        if (uses[i].uses > 0)
            uses[used++] = uses[i];
    }
    qsort(uses, used, sizeof *uses, by_falling_use);
    uint32_t *number = xcalloc(keys, sizeof *number);
    for (uint32_t i = 0; i < used; i++) {
        const uint32_t func = uses[i].id / FLAG_VALUES;
        number[uses[i].id] = i;
        if (n->func_of[func] == NONE) {
            n->func_of[func] = (uint32_t)n->funcs.len;
            vec_push(&n->funcs, func);
        }
        vec_push(&n->rows,
            ((struct name_row){ .func = n->func_of[func], .flags = uses[i].id % FLAG_VALUES }));
    }
    for (uint32_t i = 1; i < t->len; i++)
        n->row_of[i] = number[row_key(&t->nodes[i])];
    free(number);
    free(uses);
}

void names_build(const struct profile *p, const struct page_tree *t, struct names *ret_names)
{
    const uint32_t funcs = profile_func_count(p);
    *ret_names = (struct names){ .func_of = xcalloc((size_t)funcs + 1, sizeof(uint32_t)),
        .row_of = xcalloc((size_t)t->len + 1, sizeof(uint32_t)) };
    for (uint32_t i = 0; i <= funcs; i++)
        ret_names->func_of[i] = NONE;
    number_rows(p, t, ret_names);
}

void names_done(struct names *n)
{
    vec_done(&n->funcs);
    vec_done(&n->rows);
    free(n->func_of);
    free(n->row_of);
    *n = (struct names){ 0 };
}

/* ---- packing ---- */

/* Strings in the order of their first use; 0 is the empty one. */
struct string_pool {
    uint32_t *number_of; /* by string_id; 0: not yet in */
    uint32_t len;
    struct strbuf lengths, text;
};

/* Length as JavaScript counts it, in UTF-16 units. */
static uint32_t utf16_length(struct slice clean)
{
    uint32_t units = 0;
    for (size_t i = 0; i < clean.len; i++) {
        const uint8_t c = (uint8_t)clean.ptr[i];
        units += (c & 0xc0) != 0x80;
        units += c >= 0xf0;
    }
    return units;
}

static void pool_text(struct string_pool *pool, struct slice text)
{
    const size_t from = pool->text.len;
    text_clean(&pool->text, text, HTML_NAME_MAX);
    const struct slice clean = slice_skip(strbuf_slice(&pool->text), from);
    varint_add(&pool->lengths, utf16_length(clean));
    pool->len++;
}

static uint32_t pool_add(struct string_pool *pool, const struct profile *p, struct string_id id)
{
    if (id.i == 0)
        return 0;
    if (pool->number_of[id.i] == 0) {
        pool->number_of[id.i] = pool->len;
        pool_text(pool, profile_string(p, id));
    }
    return pool->number_of[id.i];
}

/* name, system name, file, line, module, kind, column by column. */
enum { FUNC_COLUMNS = 6 };

static void pack_func(const struct profile *p, uint32_t id, struct string_pool *pool,
    uint32_t *name_before, struct strbuf *columns)
{
    static const struct func nameless = { .kind = FUNC_UNKNOWN };
    const struct func *f = id == 0 ? &nameless : profile_func(p, (struct func_id){ id });
    const uint32_t name = pool_add(pool, p, f->name);
    varint_add_signed(&columns[0], (int64_t)name - *name_before);
    *name_before = name;
    varint_add(&columns[1], pool_add(pool, p, f->system_name));
    varint_add(&columns[2], pool_add(pool, p, f->file));
    varint_add(&columns[3], f->line);
    varint_add(&columns[4], f->module.i);
    varint_add(&columns[5], (uint64_t)f->kind);
}

static void pack_modules(const struct profile *p, struct string_pool *pool, struct strbuf *out)
{
    const uint32_t modules = profile_module_count(p);
    varint_add(out, modules);
    for (uint32_t i = 0; i < modules; i++) {
        const struct module *m = profile_module(p, (struct module_id){ i });
        varint_add(out, pool_add(pool, p, m->path));
        varint_add(out, (m->deleted ? 1u : 0u) | (m->no_symbols ? 2u : 0u));
    }
}

void names_pack(const struct profile *p, const struct names *n, struct strbuf *out)
{
    struct string_pool pool = { .number_of = xcalloc(profile_string_count(p) + (size_t)1, 4),
        .lengths = STRBUF_INIT,
        .text = STRBUF_INIT };
    pool_text(&pool, slice_of(""));
    PROF_CLEANUP(strbuf_done) struct strbuf rest = STRBUF_INIT;
    struct strbuf columns[FUNC_COLUMNS];
    for (int c = 0; c < FUNC_COLUMNS; c++)
        columns[c] = (struct strbuf)STRBUF_INIT;
    uint32_t name_before = 0;
    for (size_t i = 0; i < n->funcs.len; i++)
        pack_func(p, n->funcs.ptr[i], &pool, &name_before, columns);
    pack_modules(p, &pool, &rest);
    varint_add(&rest, n->funcs.len);
    for (int c = 0; c < FUNC_COLUMNS; c++) {
        strbuf_addslice(&rest, strbuf_slice(&columns[c]));
        strbuf_done(&columns[c]);
    }
    varint_add(&rest, n->rows.len);
    for (size_t i = 0; i < n->rows.len; i++)
        varint_add_signed(
            &rest, (int64_t)n->rows.ptr[i].func - (i > 0 ? n->rows.ptr[i - 1].func : 0));
    for (size_t i = 0; i < n->rows.len; i++)
        varint_add(&rest, n->rows.ptr[i].flags);
    varint_add(out, pool.len);
    strbuf_addslice(out, strbuf_slice(&pool.lengths));
    varint_add(out, pool.text.len);
    strbuf_addslice(out, strbuf_slice(&pool.text));
    strbuf_addslice(out, strbuf_slice(&rest));
    strbuf_done(&pool.lengths);
    strbuf_done(&pool.text);
    free(pool.number_of);
}
