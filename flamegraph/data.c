// SPDX-License-Identifier: MIT
#include "flamegraph/data.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/varint.h"

static void add_residue(
    struct strbuf *out, uint64_t count, uint64_t weight, struct weight_scale scale)
{
    varint_add_signed(out, (int64_t)(weight - count * scale.unit));
}

/* ---- scale ---- */

struct weight_scale weight_scale_of(const struct page_tree *t, const struct timeline *line)
{
    const struct page_node *root = &t->nodes[0];
    struct weight_scale scale = { .unit = 1, .exact = true };
    if (root->total_count > 0)
        scale.unit = (root->total_weight + root->total_count / 2) / root->total_count;
    for (uint32_t i = 0; i < t->member_len && scale.exact; i++)
        scale.exact = t->members[i].self_weight == t->members[i].self_count * scale.unit;
    for (size_t i = 0; i < line->entries.len && scale.exact; i++)
        scale.exact = line->entries.ptr[i].weight == line->entries.ptr[i].count * scale.unit;
    return scale;
}

/* ---- tree ---- */

static void pack_repeats(const struct page_tree *t, struct strbuf *out)
{
    uint32_t repeated = 0, before = 0;
    for (uint32_t i = 0; i < t->len; i++)
        repeated += t->nodes[i].repeat > 1;
    varint_add(out, repeated);
    for (uint32_t i = 0; i < t->len; i++) {
        if (t->nodes[i].repeat <= 1)
            continue;
        varint_add(out, i - before);
        varint_add(out, t->nodes[i].repeat);
        before = i;
    }
}

void data_pack_tree(
    const struct page_tree *t, const struct names *n, struct weight_scale scale, struct strbuf *out)
{
    varint_add(out, t->len - 1);
    varint_add(out, scale.unit);
    varint_add(out, scale.exact);
    for (uint32_t i = 1; i < t->len; i++)
        varint_add(out, t->nodes[i - 1].depth + 1 - t->nodes[i].depth);
    for (uint32_t i = 1; i < t->len; i++)
        varint_add(out, n->row_of[i]);
    for (uint32_t i = 0; i < t->len; i++)
        varint_add(out, t->nodes[i].self_count);
    for (uint32_t i = 0; i < t->len && !scale.exact; i++)
        add_residue(out, t->nodes[i].self_count, t->nodes[i].self_weight, scale);
    pack_repeats(t, out);
}

/* ---- members ---- */

static uint32_t members_of(const struct page_tree *t, uint32_t node)
{
    const uint32_t next = node + 1 < t->len ? t->nodes[node + 1].first_member : t->member_len;
    return next - t->nodes[node].first_member;
}

static void pack_parents(const struct page_tree *t, uint32_t node, struct strbuf *out)
{
    const struct page_node *n = &t->nodes[node];
    const uint32_t above = members_of(t, n->parent), own = members_of(t, node);
    if (above == 1 && own == 1)
        return;
    for (uint32_t k = 0; k < own; k++) {
        const uint32_t parent = t->members[n->first_member + k].parent;
        const bool inside = parent >= n->first_member && parent < n->first_member + own;
        varint_add(out,
            inside ? above + parent - n->first_member : parent - t->nodes[n->parent].first_member);
    }
}

void data_pack_members(const struct page_tree *t, struct weight_scale scale, struct strbuf *out)
{
    for (uint32_t i = 0; i < t->len; i++)
        varint_add(out, members_of(t, i) - 1);
    for (uint32_t i = 1; i < t->len; i++)
        pack_parents(t, i, out);
    PROF_CLEANUP(strbuf_done) struct strbuf residues = STRBUF_INIT;
    for (uint32_t i = 0; i < t->len; i++) {
        const uint32_t own = members_of(t, i);
        for (uint32_t k = 0; k < own && own > 1; k++) {
            const struct page_member *m = &t->members[t->nodes[i].first_member + k];
            varint_add(out, m->self_count);
            add_residue(&residues, m->self_count, m->self_weight, scale);
        }
    }
    if (!scale.exact)
        strbuf_addslice(out, strbuf_slice(&residues));
}

/* ---- times ---- */

struct use {
    uint32_t uses, member;
};

static int by_falling_use(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    if (x->uses != y->uses)
        return x->uses < y->uses ? 1 : -1;
    return x->member < y->member ? -1 : x->member > y->member;
}

/* Writes the members that occur, most used first; ret_index: their places, by member. */
static void pack_dictionary(
    const struct timeline *line, uint32_t members, uint32_t *ret_index, struct strbuf *out)
{
    struct use *uses = xcalloc(members, sizeof *uses);
    for (uint32_t i = 0; i < members; i++)
        uses[i].member = i;
    for (size_t i = 0; i < line->entries.len; i++)
        uses[line->entries.ptr[i].member].uses++;
    uint32_t used = 0;
    for (uint32_t i = 0; i < members; i++) {
        if (uses[i].uses > 0)
            uses[used++] = uses[i];
    }
    qsort(uses, used, sizeof *uses, by_falling_use);
    varint_add(out, used);
    for (uint32_t i = 0; i < used; i++) {
        varint_add(out, uses[i].member);
        ret_index[uses[i].member] = i;
    }
    free(uses);
}

static void pack_thread_runs(
    const struct timeline *line, const uint32_t *thread_index, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf runs = STRBUF_INIT;
    uint64_t count = 0;
    for (size_t i = 0, end; i < line->entries.len; i = end) {
        for (end = i + 1; end < line->entries.len; end++) {
            if (line->entries.ptr[end].thread != line->entries.ptr[i].thread)
                break;
        }
        varint_add(&runs, thread_index[line->entries.ptr[i].thread]);
        varint_add(&runs, end - i);
        count++;
    }
    varint_add(out, count);
    strbuf_addslice(out, strbuf_slice(&runs));
}

void data_pack_times(const struct timeline *line, const struct page_tree *t,
    const uint32_t *thread_index, struct weight_scale scale, struct strbuf *out)
{
    const struct timeline_entry *e = line->entries.ptr;
    const size_t len = line->entries.len;
    varint_add(out, line->slice_ns);
    varint_add(out, len);
    uint32_t *index = xcalloc(t->member_len, sizeof *index);
    pack_dictionary(line, t->member_len, index, out);
    pack_thread_runs(line, thread_index, out);
    for (size_t i = 0; i < len; i++) {
        const bool same = i > 0 && e[i].thread == e[i - 1].thread;
        varint_add(out, e[i].slice - (same ? e[i - 1].slice : 0));
    }
    for (size_t i = 0; i < len; i++)
        varint_add(out, index[e[i].member]);
    for (size_t i = 0; i < len; i++)
        varint_add(out, e[i].count);
    for (size_t i = 0; i < len && !scale.exact; i++)
        add_residue(out, e[i].count, e[i].weight, scale);
    free(index);
}
