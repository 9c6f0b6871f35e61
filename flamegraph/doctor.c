// SPDX-License-Identifier: MIT
#include "flamegraph/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "flamegraph/doctor_page.h"
#include "flamegraph/head.h"
#include "flamegraph/html.h"
#include "flamegraph/programs.h"
#include "flamegraph/shell.h"
#include "flamegraph/static.h"
#include "flamegraph/words.h"

enum { HEALTHY_OPEN = 8 }; /* rows, above which they are folded when there are findings */

/* ---- what is derived first ---- */

static int by_start(const void *a, const void *b)
{
    const struct interval *x = a, *y = b;
    return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

static void collect_marked(struct doctor_page *pg)
{
    for (size_t i = 0; i < pg->d->findings.len; i++) {
        const struct finding *f = &pg->d->findings.ptr[i];
        for (size_t k = 0; f->severity > SEVERITY_INFO && k < f->intervals.len; k++)
            vec_push(&pg->marked, f->intervals.ptr[k]);
    }
    if (pg->marked.len > 1)
        qsort(pg->marked.ptr, pg->marked.len, sizeof *pg->marked.ptr, by_start);
}

static void page_init(struct doctor_page *pg, const struct profile *p, const struct diagnosis *d,
    const struct report_options *options)
{
    *pg = (struct doctor_page){ .p = p,
        .d = d,
        .options = options,
        .title = head_title(p, options->title),
        .run = run_time_of(p),
        .charts_text = STRBUF_INIT };
    for (int c = 0; c < CHANNELS; c++)
        graph_build(p,
            &(struct page_filter){
                .channel = (enum channel)c, .main_process_only = options->no_children },
            &pg->graphs[c]);
    collect_marked(pg);
    json_init(&pg->charts, &pg->charts_text);
    json_array(&pg->charts);
}

static void page_done(struct doctor_page *pg)
{
    for (int c = 0; c < CHANNELS; c++)
        graph_done(&pg->graphs[c]);
    vec_done(&pg->marked);
    doctor_focus_done(pg);
    strbuf_done(&pg->charts_text);
}

static bool any_graph(const struct doctor_page *pg)
{
    for (int c = 0; c < CHANNELS; c++) {
        if (!graph_empty(&pg->graphs[c]))
            return true;
    }
    return false;
}

/* ---- the first words ---- */

static const struct finding *deciding(const struct diagnosis *d)
{
    for (size_t i = 0; i < d->findings.len; i++) {
        if (strcmp(d->findings.ptr[i].id, d->verdict) == 0)
            return &d->findings.ptr[i];
    }
    return NULL;
}

/* Who is guilty, where the sentence does not say it already. */
static void add_culprit(struct strbuf *out, const struct doctor_page *pg, const struct finding *f)
{
    if (!f || f->guilty.len == 0)
        return;
    const struct guilty *g = &f->guilty.ptr[0];
    const struct slice name = profile_string(pg->p, profile_func(pg->p, g->func)->name);
    const char *sentence = pg->d->sentence ? pg->d->sentence : "";
    if (f->nameless) {
        strbuf_addf(
            out, "<p class=\"culprit\">in which %s function cannot be told here</p>", f->nameless);
        return;
    }
    if (memmem(sentence, strlen(sentence), name.ptr, name.len))
        return;
    strbuf_adds(out, "<p class=\"culprit\">in ");
    doctor_culprit(out, pg->p, g);
    strbuf_adds(out, "</p>");
}

static void add_answer(struct strbuf *out, const struct doctor_page *pg)
{
    const struct diagnosis *d = pg->d;
    const enum doctor_mark mark = doctor_mark_of_verdict(d);
    const struct finding *f = deciding(d);
    strbuf_addf(out, "<section id=\"answer\" class=\"%s\" aria-label=\"Verdict\">\n",
        doctor_mark_class(mark));
    doctor_mark_svg(out, mark, 44);
    strbuf_addf(out, "<div><p class=\"tagline\"><b class=\"word\">%s</b>", doctor_mark_word(mark));
    if (f)
        strbuf_addf(out, " <span class=\"tag\" title=\"%s\">%s</span>",
            doctor_confidence_hint(f->confidence), doctor_confidence_word(f->confidence));
    strbuf_adds(out, " <code class=\"rule\">");
    html_short(out, slice_of(d->verdict), HTML_SHORT_MAX);
    strbuf_adds(out, "</code></p>\n<p class=\"sentence\" id=\"verdict-sentence\">");
    doctor_prose(out, d->sentence);
    strbuf_adds(out, "</p>");
    add_culprit(out, pg, f);
    strbuf_adds(out, "</div></section>\n");
}

static void add_top(struct strbuf *out, const struct doctor_page *pg)
{
    const struct graph *cpu = &pg->graphs[CHANNEL_CPU];
    struct programs programs;
    programs_build(pg->p, &cpu->line, &programs);
    const struct head_input head = { .p = pg->p,
        .tree = &cpu->tree,
        .hottest = &cpu->hottest,
        .line = &cpu->line,
        .programs = &programs,
        .title = pg->title };
    strbuf_adds(out, "<header id=\"top\"><p id=\"brand\">prof doctor</p><h1 title=\"");
    html_text(out, slice_of(pg->title));
    strbuf_adds(out, "\">");
    html_short(out, slice_of(pg->title), HTML_SHORT_MAX);
    strbuf_adds(out, "</h1>\n");
    add_answer(out, pg);
    doctor_remarks(out, pg);
    head_facts(out, &head);
    head_about(out, &head);
    strbuf_adds(out, "</header>\n");
    programs_done(&programs);
}

/* ---- the rest ---- */

static void add_run(struct strbuf *out, struct doctor_page *pg)
{
    PROF_CLEANUP(strbuf_done) struct strbuf charts = STRBUF_INIT;
    doctor_run_charts(&charts, pg);
    if (charts.len == 0)
        return;
    strbuf_adds(out, "<section id=\"run\" aria-labelledby=\"run-title\"><h2 id=\"run-title\">The "
                     "whole run");
    if (pg->marked.len > 0)
        strbuf_adds(
            out, " <small><i class=\"swatch\"></i>marked: the times of the findings</small>");
    strbuf_adds(out, "</h2>\n");
    strbuf_addslice(out, strbuf_slice(&charts));
    strbuf_adds(out, "</section>\n");
}

static void add_healthy(struct strbuf *out, const struct diagnosis *d)
{
    if (d->healthy.len == 0)
        return;
    const bool folded = d->findings.len > 0 && d->healthy.len > HEALTHY_OPEN;
    strbuf_adds(out, "<section id=\"healthy\" aria-labelledby=\"healthy-title\"><h2 "
                     "id=\"healthy-title\">Looked at and found healthy</h2>");
    if (folded)
        strbuf_addf(out, "<details><summary>%zu things</summary>", d->healthy.len);
    strbuf_adds(out, "<ul>\n");
    for (size_t i = 0; i < d->healthy.len; i++) {
        strbuf_adds(out, "<li>");
        doctor_mark_svg(out, DOCTOR_HEALTHY, 14);
        strbuf_adds(out, " ");
        doctor_prose(out, d->healthy.ptr[i].said);
        strbuf_adds(out, "</li>\n");
    }
    strbuf_adds(out, folded ? "</ul></details></section>\n" : "</ul></section>\n");
}

static bool same_help(const struct not_seen *a, const struct not_seen *b)
{
    return a->how && b->how && strcmp(a->how, b->how) == 0;
}

static bool helped_before(const struct diagnosis *d, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (same_help(&d->not_seen.ptr[k], &d->not_seen.ptr[i]))
            return true;
    }
    return false;
}

static void add_what_and_why(struct strbuf *out, const struct not_seen *n)
{
    strbuf_adds(out, "<p><b>");
    html_text(out, slice_of(n->what ? n->what : ""));
    strbuf_adds(out, "</b>");
    if (n->why) {
        strbuf_adds(out, " <span>");
        html_text(out, slice_of(n->why));
        strbuf_adds(out, "</span>");
    }
    strbuf_adds(out, "</p>");
}

/* What the same step would show stands together, with that step below it once. */
static void add_not_seen_group(struct strbuf *out, const struct diagnosis *d, size_t i)
{
    const struct not_seen *first = &d->not_seen.ptr[i];
    strbuf_adds(out, "<li>");
    add_what_and_why(out, first);
    for (size_t k = i + 1; k < d->not_seen.len; k++) {
        if (same_help(first, &d->not_seen.ptr[k]))
            add_what_and_why(out, &d->not_seen.ptr[k]);
    }
    if (first->how) {
        strbuf_adds(out, "<code>");
        html_text(out, slice_of(first->how));
        strbuf_adds(out, "</code>");
    }
    strbuf_adds(out, "</li>\n");
}

static void add_not_seen(struct strbuf *out, const struct diagnosis *d)
{
    if (d->not_seen.len == 0)
        return;
    strbuf_adds(out, "<section id=\"not-seen\" aria-labelledby=\"not-seen-title\"><h2 "
                     "id=\"not-seen-title\">Could not be seen, and how to see it</h2><ul>\n");
    for (size_t i = 0; i < d->not_seen.len; i++) {
        if (!helped_before(d, i))
            add_not_seen_group(out, d, i);
    }
    strbuf_adds(out, "</ul></section>\n");
}

/* The whole graph; what stands here is for readers without scripts, who get that of the CPU. */
static void add_whole(struct strbuf *out, const struct doctor_page *pg)
{
    const struct graph *cpu = &pg->graphs[CHANNEL_CPU];
    if (!any_graph(pg))
        return;
    strbuf_adds(out, "<section id=\"whole\" aria-labelledby=\"whole-title\"><h2 "
                     "id=\"whole-title\">The whole flame graph</h2>\n<div id=\"static\">\n");
    static_svg(out, pg->p, &cpu->tree, 0, &STATIC_WHOLE);
    if (!graph_empty(cpu))
        static_table(out, pg->p, &cpu->tree, &cpu->hottest);
    strbuf_adds(out,
        "<p>The interactive graph needs scripts, which this viewer blocks. Save this file and open "
        "it in a browser; it loads nothing from the network.</p></div></section>\n");
}

static void add_data(struct strbuf *out, struct doctor_page *pg)
{
    json_array_end(&pg->charts);
    strbuf_adds(out, "<script type=\"application/json\" id=\"doctor-data\">");
    doctor_focus_facts(out, pg);
    strbuf_adds(out, "</script>\n");
    html_block(out, "charts-data", strbuf_slice(&pg->charts_text));
    for (int c = 0; c < CHANNELS; c++) {
        if (graph_empty(&pg->graphs[c]))
            continue;
        graph_add_facts(out, &pg->graphs[c], pg->title);
        graph_add_blocks(out, &pg->graphs[c],
            &(struct source_options){
                .no_text = pg->options->no_source, .reader = pg->options->source_reader });
    }
}

bool doctor_page_write(const struct profile *p, const struct diagnosis *d,
    const struct report_options *options, const struct format_sink *sink, struct err *e)
{
    struct doctor_page pg;
    page_init(&pg, p, d, options);
    struct shell shell;
    shell_init(&shell, SHELL_DOCTOR, true);
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    shell_begin(&out, &shell, pg.title);
    add_top(&out, &pg);
    strbuf_adds(&out, "<main id=\"diagnosis\">\n");
    doctor_findings(&out, &pg);
    add_run(&out, &pg);
    add_healthy(&out, d);
    add_not_seen(&out, d);
    add_whole(&out, &pg);
    strbuf_adds(&out, "</main>\n");
    add_data(&out, &pg);
    shell_end(&out, &shell);
    shell_done(&shell);
    page_done(&pg);
    return sink->write(sink->ctx, out.ptr, out.len, e);
}
