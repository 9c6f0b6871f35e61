// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>

#include "analyze/rule.h"
#include "base/compiler.h"
#include "flamegraph/doctor_page.h"
#include "flamegraph/html.h"
#include "flamegraph/words.h"

enum { INDEX_FROM = 2 }; /* findings, from which a list of them stands on top */

static const char *title_of(const struct finding *f)
{
    return f->rule && f->rule->title ? f->rule->title : f->id;
}

static void add_paragraph(struct strbuf *out, const char *class, const char *text)
{
    if (!text || text[0] == '\0')
        return;
    strbuf_addf(out, "<p class=\"%s\">", class);
    html_text(out, slice_of(text));
    strbuf_adds(out, "</p>\n");
}

/* ---- parts of a card ---- */

/* sentence: the verdict's, which is not said twice. */
static void add_heading(
    struct strbuf *out, const struct finding *f, size_t number, const char *sentence)
{
    const enum doctor_mark mark = doctor_mark_of(f);
    strbuf_adds(out, "<header><p class=\"tagline\">");
    doctor_mark_svg(out, mark, 18);
    strbuf_addf(out, " <b class=\"word\">%s</b> <span class=\"tag\" title=\"%s\">%s</span>",
        doctor_mark_word(mark), doctor_confidence_hint(f->confidence),
        doctor_confidence_word(f->confidence));
    if (f->weight > 0.0) {
        strbuf_adds(out, " <span class=\"tag\" title=\"share of the time, or of the growth, that "
                         "this explains\">explains ");
        words_value(out, f->weight > 1.0 ? 1.0 : f->weight, "share");
        strbuf_adds(out, "</span>");
    }
    strbuf_adds(out, " <code class=\"rule\">");
    html_short(out, slice_of(f->id), HTML_SHORT_MAX);
    strbuf_addf(out, "</code></p>\n<h3 id=\"finding-%zu-title\">", number);
    html_text(out, slice_of(title_of(f)));
    strbuf_adds(out, "</h3></header>\n");
    if (!sentence || !f->summary || strcmp(sentence, f->summary) != 0)
        add_paragraph(out, "summary", f->summary);
    add_paragraph(out, "detail", f->detail);
}

static void add_next(struct strbuf *out, const struct finding *f)
{
    if (!f->advice && !f->command)
        return;
    strbuf_adds(out, "<section class=\"next\"><h4>What to do next</h4>\n");
    add_paragraph(out, "advice", f->advice);
    if (f->command) {
        strbuf_adds(out, "<p class=\"confirm\">To confirm it:</p><div class=\"command\">"
                         "<pre tabindex=\"0\"><code>");
        html_text(out, slice_of(f->command));
        strbuf_adds(out, "</code></pre></div>\n");
    }
    strbuf_adds(out, "</section>\n");
}

static void add_proof_row(struct strbuf *out, const struct proof *proof)
{
    strbuf_adds(out, "<tr><th scope=\"row\">");
    html_text(out, slice_of(proof->what ? proof->what : ""));
    strbuf_adds(out, "</th><td class=\"number\"><b>");
    words_value(out, proof->value, proof->unit ? proof->unit : "count");
    strbuf_adds(out, "</b></td><td class=\"number\">");
    if (isfinite(proof->threshold))
        words_value(out, proof->threshold, proof->unit ? proof->unit : "count");
    strbuf_adds(out, "</td><td class=\"number\">");
    if (proof->n > 0)
        words_add_count(out, proof->n);
    strbuf_adds(out, "</td></tr>\n");
}

static void add_proofs(struct strbuf *out, const struct finding *f)
{
    if (f->proofs.len == 0)
        return;
    strbuf_adds(out,
        "<section class=\"proofs\"><h4>What this rests on</h4><table><thead><tr><td></td>"
        "<th scope=\"col\" class=\"number\">Measured</th><th scope=\"col\" class=\"number\">Limit"
        "</th><th scope=\"col\" class=\"number\">Of</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < f->proofs.len; i++)
        add_proof_row(out, &f->proofs.ptr[i]);
    strbuf_adds(out, "</tbody></table></section>\n");
}

static void add_alternative(struct strbuf *out, const struct finding *f)
{
    if (!f->alternative)
        return;
    strbuf_adds(out, "<section class=\"alternative\"><h4>It could also be</h4>\n");
    add_paragraph(out, "other", f->alternative);
    strbuf_adds(out, "</section>\n");
}

/* ---- cards ---- */

static void add_card(struct strbuf *out, struct doctor_page *pg, size_t i)
{
    const struct finding *f = &pg->d->findings.ptr[i];
    strbuf_addf(out,
        "<article class=\"finding %s\" id=\"finding-%zu\" aria-labelledby=\"finding-%zu-title\">\n",
        doctor_mark_class(doctor_mark_of(f)), i + 1, i + 1);
    add_heading(out, f, i + 1, pg->d->sentence);
    strbuf_adds(out, "<div class=\"pair\">\n");
    doctor_code(out, pg, f);
    add_next(out, f);
    strbuf_adds(out, "</div>\n");
    doctor_charts(out, pg, f);
    doctor_focus(out, pg, f, i);
    strbuf_adds(out, "<div class=\"pair\">\n");
    add_proofs(out, f);
    add_alternative(out, f);
    strbuf_adds(out, "</div>\n</article>\n");
}

static void add_index(struct strbuf *out, const struct diagnosis *d)
{
    if (d->findings.len < INDEX_FROM)
        return;
    strbuf_adds(out, "<nav id=\"index\" aria-label=\"Findings\"><ol>\n");
    for (size_t i = 0; i < d->findings.len; i++) {
        const struct finding *f = &d->findings.ptr[i];
        strbuf_addf(out, "<li><a href=\"#finding-%zu\">", i + 1);
        doctor_mark_svg(out, doctor_mark_of(f), 14);
        strbuf_addf(
            out, " <span class=\"unseen\">%s: </span>", doctor_mark_word(doctor_mark_of(f)));
        html_text(out, slice_of(title_of(f)));
        strbuf_adds(out, "</a>");
        if (f->weight > 0.0) {
            strbuf_adds(out, " <small>");
            words_value(out, f->weight > 1.0 ? 1.0 : f->weight, "share");
            strbuf_adds(out, "</small>");
        }
        strbuf_adds(out, "</li>\n");
    }
    strbuf_adds(out, "</ol></nav>\n");
}

void doctor_findings(struct strbuf *out, struct doctor_page *pg)
{
    if (pg->d->findings.len == 0)
        return;
    strbuf_adds(out, "<section id=\"findings\" aria-labelledby=\"findings-title\">"
                     "<h2 id=\"findings-title\">");
    if (pg->d->findings.len == 1)
        strbuf_adds(out, "The finding");
    else
        strbuf_addf(out, "%zu findings", pg->d->findings.len);
    strbuf_adds(out, "</h2>\n");
    add_index(out, pg->d);
    for (size_t i = 0; i < pg->d->findings.len; i++)
        add_card(out, pg, i);
    strbuf_adds(out, "</section>\n");
}
