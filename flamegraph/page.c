// SPDX-License-Identifier: MIT
#include "flamegraph/report.h"

#include "flamegraph/graph.h"
#include "flamegraph/head.h"
#include "flamegraph/html.h"
#include "flamegraph/programs.h"
#include "flamegraph/shell.h"
#include "flamegraph/static.h"

/* Everything that is derived from the profile before a byte is written. */
struct page {
    const struct profile *p;
    const struct report_options *options;
    const char *title;
    struct graph graph;
    struct programs programs;
};

static void page_init(
    struct page *pg, const struct profile *p, const struct report_options *options)
{
    *pg = (struct page){ .p = p, .options = options, .title = head_title(p, options->title) };
    graph_build(p, &(struct page_filter){ .main_process_only = options->no_children }, &pg->graph);
    programs_build(p, &pg->graph.line, &pg->programs);
}

static void page_done(struct page *pg)
{
    graph_done(&pg->graph);
    programs_done(&pg->programs);
}

/* ---- parts ---- */

static void add_static(struct strbuf *out, const struct page *pg)
{
    head_add(out, &(struct head_input){ .p = pg->p,
                      .tree = &pg->graph.tree,
                      .hottest = &pg->graph.hottest,
                      .line = &pg->graph.line,
                      .programs = &pg->programs,
                      .title = pg->title });
    if (graph_empty(&pg->graph))
        return;
    strbuf_adds(out, "<main id=\"static\">\n");
    static_svg(out, pg->p, &pg->graph.tree, 0, &STATIC_WHOLE);
    programs_table(out, &pg->programs, pg->graph.tree.nodes[0].total_weight);
    static_table(out, pg->p, &pg->graph.tree, &pg->graph.hottest);
    strbuf_adds(out,
        "<p>The interactive graph needs scripts, which this viewer blocks. Save this "
        "file and open it in a browser; it loads nothing from the network.</p>\n</main>\n");
}

bool report_write(const struct profile *p, const struct report_options *options,
    const struct format_sink *sink, struct err *e)
{
    struct page pg;
    page_init(&pg, p, options);
    const bool live = !graph_empty(&pg.graph); /* words alone need no script */
    struct shell shell;
    shell_init(&shell, SHELL_FLAME, live);
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    shell_begin(&out, &shell, pg.title);
    add_static(&out, &pg);
    if (live) {
        graph_add_facts(&out, &pg.graph, pg.title);
        graph_add_blocks(&out, &pg.graph,
            &(struct source_options){
                .no_text = options->no_source, .reader = options->source_reader });
    }
    shell_end(&out, &shell);
    shell_done(&shell);
    page_done(&pg);
    return sink->write(sink->ctx, out.ptr, out.len, e);
}
