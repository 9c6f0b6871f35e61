// SPDX-License-Identifier: MIT
#include "flamegraph/report.h"

#include "flamegraph/assets.h"
#include "flamegraph/data.h"
#include "flamegraph/facts.h"
#include "flamegraph/head.h"
#include "flamegraph/hottest.h"
#include "flamegraph/html.h"
#include "flamegraph/programs.h"
#include "flamegraph/sha256.h"
#include "flamegraph/source.h"
#include "flamegraph/static.h"

/* Everything that is derived from the profile before a byte is written. */
struct page {
    const struct profile *p;
    const struct report_options *options;
    const char *title;
    struct page_filter filter;
    struct page_tree tree;
    struct hottest hottest;
    struct timeline line;
    struct names names;
    struct thread_list threads;
    struct programs programs;
    struct weight_scale scale;
};

static void page_init(
    struct page *pg, const struct profile *p, const struct report_options *options)
{
    *pg = (struct page){ .p = p,
        .options = options,
        .title = head_title(p, options->title),
        .filter = { .main_process_only = options->no_children } };
    page_tree_build(p, &pg->filter, &pg->tree);
    hottest_build(p, &pg->tree, &pg->hottest);
    timeline_build(p, &pg->filter, &pg->tree, &pg->line);
    names_build(p, &pg->tree, &pg->names);
    thread_list_build(p, &pg->line, &pg->threads);
    programs_build(p, &pg->line, &pg->programs);
    pg->scale = weight_scale_of(&pg->tree, &pg->line);
}

static void page_done(struct page *pg)
{
    page_tree_done(&pg->tree);
    hottest_done(&pg->hottest);
    timeline_done(&pg->line);
    names_done(&pg->names);
    thread_list_done(&pg->threads);
    programs_done(&pg->programs);
}

/* ---- parts ---- */

static void add_hash(struct strbuf *out, const struct strbuf *text)
{
    uint8_t digest[SHA256_BYTES];
    sha256(strbuf_slice(text), digest);
    strbuf_adds(out, "'sha256-");
    base64_add(out, digest, sizeof digest);
    strbuf_addc(out, '\'');
}

/* The policy lets our own scripts and styles run, by their hashes, and nothing else. */
static void add_head(
    struct strbuf *out, const struct page *pg, const struct strbuf assets[static ASSETS])
{
    strbuf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "script-src ");
    add_hash(out, &assets[ASSET_BOOT]);
    strbuf_addc(out, ' ');
    add_hash(out, &assets[ASSET_SCRIPT]);
    strbuf_adds(out, "; style-src ");
    add_hash(out, &assets[ASSET_STYLE]);
    strbuf_addc(out, ' ');
    add_hash(out, &assets[ASSET_APP_STYLE]);
    strbuf_adds(out, "; img-src data: blob:; base-uri 'none'; form-action 'none'\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    html_short(out, slice_of(pg->title), HTML_SHORT_MAX);
    strbuf_adds(out, " - prof</title>\n<style>");
    strbuf_addslice(out, strbuf_slice(&assets[ASSET_STYLE]));
    strbuf_adds(out, "</style>\n");
    if (!page_tree_empty(&pg->tree)) { /* words alone need none */
        strbuf_adds(out, "<script>");
        strbuf_addslice(out, strbuf_slice(&assets[ASSET_BOOT]));
        strbuf_adds(out, "</script>\n");
    }
    strbuf_adds(out, "</head>\n<body>\n");
}

static void add_static(struct strbuf *out, const struct page *pg)
{
    head_add(out, &(struct head_input){ .p = pg->p,
                      .tree = &pg->tree,
                      .hottest = &pg->hottest,
                      .line = &pg->line,
                      .programs = &pg->programs,
                      .title = pg->title });
    if (page_tree_empty(&pg->tree))
        return;
    strbuf_adds(out, "<main id=\"static\">\n");
    static_svg(out, pg->p, &pg->tree);
    programs_table(out, &pg->programs, pg->tree.nodes[0].total_weight);
    static_table(out, pg->p, &pg->tree, &pg->hottest);
    strbuf_adds(out,
        "<p>The interactive graph needs scripts, which this viewer blocks. Save this "
        "file and open it in a browser; it loads nothing from the network.</p>\n</main>\n");
}

static void add_facts(struct strbuf *out, const struct page *pg)
{
    strbuf_adds(out, "<script type=\"application/json\" id=\"facts-data\">");
    facts_add(out, &(struct facts_input){ .p = pg->p,
                       .tree = &pg->tree,
                       .line = &pg->line,
                       .threads = &pg->threads,
                       .title = pg->title });
    strbuf_adds(out, "</script>\n");
}

static void add_block(struct strbuf *out, const char *id, struct strbuf *raw)
{
    html_block(out, id, strbuf_slice(raw));
    strbuf_clear(raw);
}

static void add_data(struct strbuf *out, const struct page *pg)
{
    PROF_CLEANUP(strbuf_done) struct strbuf raw = STRBUF_INIT;
    names_pack(pg->p, &pg->names, &raw);
    add_block(out, "names-data", &raw);
    data_pack_tree(&pg->tree, &pg->names, pg->scale, &raw);
    add_block(out, "tree-data", &raw);
    if (pg->tree.recursive) {
        data_pack_members(&pg->tree, pg->scale, &raw);
        add_block(out, "members-data", &raw);
    }
    if (pg->line.entries.len > 0) {
        data_pack_times(&pg->line, &pg->tree, pg->threads.index_of, pg->scale, &raw);
        add_block(out, "times-data", &raw);
    }
    source_pack(pg->p, &pg->names, &pg->hottest,
        &(struct source_options){
            .no_text = pg->options->no_source, .reader = pg->options->source_reader },
        &raw);
    if (raw.len > sizeof "{}" - 1)
        add_block(out, "source-data", &raw);
}

static void add_scripts(struct strbuf *out, const struct strbuf assets[static ASSETS])
{
    html_block(out, "style-data", strbuf_slice(&assets[ASSET_APP_STYLE]));
    html_block(out, "script-data", strbuf_slice(&assets[ASSET_SCRIPT]));
}

bool report_write(const struct profile *p, const struct report_options *options,
    const struct format_sink *sink, struct err *e)
{
    struct page pg;
    page_init(&pg, p, options);
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    struct strbuf assets[ASSETS];
    for (int i = 0; i < ASSETS; i++) {
        assets[i] = (struct strbuf)STRBUF_INIT;
        asset_squeeze(&assets[i], asset_text((enum asset)i));
    }
    add_head(&out, &pg, assets);
    add_static(&out, &pg);
    if (!page_tree_empty(&pg.tree)) {
        add_facts(&out, &pg);
        add_data(&out, &pg);
        add_scripts(&out, assets);
    }
    strbuf_adds(&out, "</body></html>\n");
    for (int i = 0; i < ASSETS; i++)
        strbuf_done(&assets[i]);
    page_done(&pg);
    return sink->write(sink->ctx, out.ptr, out.len, e);
}
