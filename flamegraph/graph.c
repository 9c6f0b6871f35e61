// SPDX-License-Identifier: MIT
#include "flamegraph/graph.h"

#include "base/compiler.h"
#include "flamegraph/html.h"

void graph_build(const struct profile *p, const struct page_filter *f, struct graph *ret_graph)
{
    struct graph *g = ret_graph;
    *g = (struct graph){ .p = p, .filter = *f };
    page_tree_build(p, &g->filter, &g->tree);
    hottest_build(p, &g->tree, &g->hottest);
    timeline_build(p, &g->filter, &g->tree, &g->line);
    names_build(p, &g->tree, &g->names);
    thread_list_build(p, &g->line, &g->threads);
    g->scale = weight_scale_of(&g->tree, &g->line);
}

void graph_done(struct graph *g)
{
    page_tree_done(&g->tree);
    hottest_done(&g->hottest);
    timeline_done(&g->line);
    names_done(&g->names);
    thread_list_done(&g->threads);
}

bool graph_empty(const struct graph *g)
{
    return page_tree_empty(&g->tree);
}

enum weight_unit graph_unit(const struct profile *p, enum channel channel)
{
    return channel == CHANNEL_CPU ? (enum weight_unit)profile_meta_get(p)->weight_unit
                                  : channel_info(channel)->unit;
}

static void add_id(struct strbuf *out, const struct graph *g, const char *id)
{
    strbuf_adds(out, id);
    if (g->filter.channel != CHANNEL_CPU)
        strbuf_addf(out, "-%s", channel_info(g->filter.channel)->id);
}

void graph_add_facts(struct strbuf *out, const struct graph *g, const char *title)
{
    strbuf_adds(out, "<script type=\"application/json\" id=\"");
    add_id(out, g, "facts-data");
    strbuf_adds(out, "\">");
    facts_add(out, &(struct facts_input){ .p = g->p,
                       .unit = graph_unit(g->p, g->filter.channel),
                       .tree = &g->tree,
                       .line = &g->line,
                       .threads = &g->threads,
                       .title = title });
    strbuf_adds(out, "</script>\n");
}

static void add_block(
    struct strbuf *out, const struct graph *g, const char *name, struct strbuf *raw)
{
    PROF_CLEANUP(strbuf_done) struct strbuf id = STRBUF_INIT;
    add_id(&id, g, name);
    html_block(out, id.ptr, strbuf_slice(raw));
    strbuf_clear(raw);
}

void graph_add_blocks(
    struct strbuf *out, const struct graph *g, const struct source_options *source)
{
    PROF_CLEANUP(strbuf_done) struct strbuf raw = STRBUF_INIT;
    names_pack(g->p, &g->names, &raw);
    add_block(out, g, "names-data", &raw);
    data_pack_tree(&g->tree, &g->names, g->scale, &raw);
    add_block(out, g, "tree-data", &raw);
    if (g->tree.recursive) {
        data_pack_members(&g->tree, g->scale, &raw);
        add_block(out, g, "members-data", &raw);
    }
    if (g->line.entries.len > 0) {
        data_pack_times(&g->line, &g->tree, g->threads.index_of, g->scale, &raw);
        add_block(out, g, "times-data", &raw);
    }
    if (g->filter.channel != CHANNEL_CPU)
        return; /* weights of source lines are those of the CPU */
    source_pack(g->p, &g->names, &g->hottest, source, &raw);
    if (raw.len > sizeof "{}" - 1)
        add_block(out, g, "source-data", &raw);
}
