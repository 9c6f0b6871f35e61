// SPDX-License-Identifier: MIT
#include "analyze/write.h"
#include "base/compiler.h"
#include "flamegraph/doctor_page.h"
#include "flamegraph/html.h"
#include "flamegraph/words.h"

enum {
    SHOWN = 6,    /* functions of a finding */
    SNIPPETS = 2, /* of them with their source lines */
    AROUND = 3,   /* lines before and after the guilty one */
    PLACE_MAX = 72,
};

static const double SHARE_SHOWN = 0.01, SHARE_QUOTED = 0.05;

static uint32_t line_of(const struct profile *p, const struct guilty *g)
{
    return g->line > 0 ? g->line : profile_func(p, g->func)->line;
}

static void add_place(struct strbuf *out, const struct profile *p, const struct guilty *g)
{
    const struct func *f = profile_func(p, g->func);
    const struct slice file = profile_string(p, f->file);
    const struct slice path =
        file.len > 0 ? file : profile_string(p, profile_module(p, f->module)->path);
    if (path.len == 0)
        return;
    strbuf_adds(out, "<span class=\"place\" title=\"");
    html_text(out, path);
    strbuf_adds(out, "\">");
    html_short(out, path, PLACE_MAX);
    if (file.len > 0 && line_of(p, g) > 0)
        strbuf_addf(out, "<b>:%u</b>", line_of(p, g));
    strbuf_adds(out, "</span>");
}

void doctor_culprit(struct strbuf *out, const struct profile *p, const struct guilty *g)
{
    strbuf_adds(out, "<code>");
    words_func_html(out, p, g->func.i);
    strbuf_adds(out, "</code> ");
    add_place(out, p, g);
    if (g->on.i != 0) {
        strbuf_adds(out, " <span class=\"on\">waits for ");
        html_short(out, profile_string(p, g->on), HTML_SHORT_MAX);
        strbuf_adds(out, "</span>");
    }
}

static void add_row(struct strbuf *out, const struct profile *p, const struct guilty *g, size_t i)
{
    const double share = g->share < 0.0 ? 0.0 : g->share > 1.0 ? 1.0 : g->share;
    strbuf_addf(out,
        "<tr data-guilty=\"%zu\"><td class=\"number share\">"
        "<svg class=\"bar\" width=\"64\" height=\"6\" aria-hidden=\"true\"><rect width=\"64\" "
        "height=\"6\" rx=\"3\" fill=\"#dfe3e8\"/><rect class=\"fill\" width=\"%.1f\" height=\"6\" "
        "rx=\"3\" fill=\"#d65418\"/></svg> <span>",
        i, 64.0 * share);
    words_value(out, share, "share");
    strbuf_adds(out, "</span></td><td>");
    doctor_culprit(out, p, g);
    strbuf_adds(out, "</td></tr>\n");
}

/* ---- source lines ---- */

static void add_source_line(struct strbuf *out, struct slice line, uint32_t number, bool guilty)
{
    PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
    source_add_line(&clean, line);
    strbuf_addf(out, "<span class=\"n\">%s%4u </span>", guilty ? "▸" : " ", number);
    if (guilty)
        strbuf_adds(out, "<mark>");
    html_text(out, strbuf_slice(&clean));
    strbuf_adds(out, guilty ? "</mark>\n" : "\n");
}

static void add_snippet(struct strbuf *out, const struct doctor_page *pg, const struct guilty *g)
{
    const uint32_t at = line_of(pg->p, g);
    const struct func *f = profile_func(pg->p, g->func);
    const struct source_options options = { .no_text = pg->options->no_source,
        .reader = pg->options->source_reader };
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (at == 0 || !source_text(pg->p, f, &options, &text))
        return;
    struct slice rest = strbuf_slice(&text), line;
    uint32_t number = 1;
    const size_t before = out->len;
    strbuf_adds(out, "<figure class=\"snippet\"><figcaption>");
    add_place(out, pg->p, g);
    strbuf_adds(out, "</figcaption><pre tabindex=\"0\">");
    const size_t empty = out->len;
    for (; number <= at + AROUND && slice_split(&rest, '\n', &line); number++) {
        if (number + AROUND >= at)
            add_source_line(out, line, number, number == at);
    }
    if (out->len == empty || number <= at) { /* the file has become shorter since */
        out->len = before;
        out->ptr[before] = '\0';
        return;
    }
    strbuf_adds(out, "</pre></figure>\n");
}

/* The heaviest ones, as long as they are worth a line; always the first. */
static size_t count_above(const struct finding *f, double share, size_t most)
{
    size_t count = 1;
    while (count < f->guilty.len && count < most && f->guilty.ptr[count].share >= share)
        count++;
    return count;
}

void doctor_code(struct strbuf *out, const struct doctor_page *pg, const struct finding *f)
{
    if (f->guilty.len == 0)
        return;
    strbuf_adds(out, "<section class=\"code-part\"><h4>Where</h4>");
    if (f->nameless) {
        strbuf_adds(out, "<p class=\"hint\">");
        write_add_nameless(out, f->nameless);
        strbuf_adds(out, "</p>");
    }
    strbuf_adds(out, "<table class=\"guilty\">"
                     "<caption class=\"unseen\">Functions that are responsible, heaviest first"
                     "</caption><tbody>\n");
    const size_t shown = count_above(f, SHARE_SHOWN, SHOWN);
    for (size_t i = 0; i < shown; i++)
        add_row(out, pg->p, &f->guilty.ptr[i], i);
    strbuf_adds(out, "</tbody></table>\n");
    if (f->guilty.len > shown)
        strbuf_addf(out, "<p class=\"hint\">and %zu with less</p>\n", f->guilty.len - shown);
    const size_t quoted = count_above(f, SHARE_QUOTED, SNIPPETS);
    for (size_t i = 0; i < quoted; i++)
        add_snippet(out, pg, &f->guilty.ptr[i]);
    strbuf_adds(out, "</section>\n");
}
