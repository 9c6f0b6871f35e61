// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>

#include "analyze/rule.h"
#include "base/compiler.h"
#include "flamegraph/doctor_page.h"
#include "flamegraph/html.h"
#include "flamegraph/words.h"

enum { INDEX_FROM = 2 }; /* cards, from which a list stands on top */

const char *doctor_title(const struct finding *f)
{
    return f->rule && f->rule->title ? f->rule->title : f->id;
}

void doctor_prose(struct strbuf *out, const char *text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf kept = STRBUF_INIT;
    for (const char *at = text ? text : ""; *at; at++) {
        if (at[0] == ' ' && at[1] == '%')
            strbuf_adds(&kept, "\xc2\xa0"); /* no-break space */
        else
            strbuf_addc(&kept, *at);
    }
    html_text(out, strbuf_slice(&kept));
}

static void add_paragraph(struct strbuf *out, const char *class, const char *text)
{
    if (!text || text[0] == '\0')
        return;
    strbuf_addf(out, "<p class=\"%s\">", class);
    doctor_prose(out, text);
    strbuf_adds(out, "</p>\n");
}

/* ---- parts of a card ---- */

static void add_tags(struct strbuf *out, const struct finding *f)
{
    strbuf_addf(out, " <span class=\"tag\" title=\"%s\">%s</span>",
        doctor_confidence_hint(f->confidence), doctor_confidence_word(f->confidence));
    if (f->weight > 0.0) {
        strbuf_adds(out, " <span class=\"tag\" title=\"share of the time, or of the growth, that "
                         "this explains\">explains ");
        words_value(out, f->weight > 1.0 ? 1.0 : f->weight, "share");
        strbuf_adds(out, "</span>");
    }
    strbuf_adds(out, " <code class=\"rule\">");
    html_short(out, slice_of(f->id), HTML_SHORT_MAX);
    strbuf_adds(out, "</code>");
}

static void add_title(struct strbuf *out, const struct finding *f, size_t number)
{
    strbuf_addf(out, "<h3 id=\"finding-%zu-title\">", number);
    html_text(out, slice_of(doctor_title(f)));
    strbuf_adds(out, "</h3>");
}

/* The verdict's sentence is not said twice. */
static void add_summary(struct strbuf *out, const struct doctor_page *pg, const struct finding *f)
{
    const char *sentence = pg->d->sentence;
    if (!sentence || !f->summary || strcmp(sentence, f->summary) != 0)
        add_paragraph(out, "summary", f->summary);
}

static void add_heading(struct strbuf *out, const struct finding *f, size_t number)
{
    const enum doctor_mark mark = doctor_mark_of(f);
    strbuf_adds(out, "<header><p class=\"tagline\">");
    doctor_mark_svg(out, mark, 18);
    strbuf_addf(out, " <b class=\"word\">%s</b>", doctor_mark_word(mark));
    add_tags(out, f);
    strbuf_adds(out, "</p>\n");
    add_title(out, f, number);
    strbuf_adds(out, "</header>\n");
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

static bool is_gate(const struct finding *f)
{
    return f->rule && f->rule->role == RULE_GATE;
}

/* All of a finding but its heading. A gate is about the machine: no stacks are its own. */
static void add_body(struct strbuf *out, struct doctor_page *pg, size_t i)
{
    const struct finding *f = &pg->d->findings.ptr[i];
    add_paragraph(out, "detail", f->detail);
    strbuf_adds(out, "<div class=\"pair\">\n");
    doctor_code(out, pg, f);
    add_next(out, f);
    strbuf_adds(out, "</div>\n");
    doctor_charts(out, pg, f);
    if (!is_gate(f))
        doctor_focus(out, pg, f, i);
    strbuf_adds(out, "<div class=\"pair\">\n");
    add_proofs(out, f);
    add_alternative(out, f);
    strbuf_adds(out, "</div>\n");
}

static void begin_card(struct strbuf *out, const struct finding *f, size_t i, const char *more)
{
    strbuf_addf(out,
        "<article class=\"finding %s%s\" id=\"finding-%zu\" data-finding=\"%zu\" "
        "aria-labelledby=\"finding-%zu-title\">\n",
        doctor_mark_class(doctor_mark_of(f)), more, i + 1, i, i + 1);
}

static void add_card(struct strbuf *out, struct doctor_page *pg, size_t i)
{
    const struct finding *f = &pg->d->findings.ptr[i];
    begin_card(out, f, i, "");
    add_heading(out, f, i + 1);
    add_summary(out, pg, f);
    add_body(out, pg, i);
    strbuf_adds(out, "</article>\n");
}

/* A note is good to know: a title and a sentence, and the rest for who opens it. */
static void add_note(struct strbuf *out, struct doctor_page *pg, size_t i)
{
    const struct finding *f = &pg->d->findings.ptr[i];
    begin_card(out, f, i, " note");
    strbuf_adds(out, "<details><summary>");
    doctor_mark_svg(out, doctor_mark_of(f), 16);
    strbuf_addf(out, " <span class=\"unseen\">%s: </span>", doctor_mark_word(doctor_mark_of(f)));
    add_title(out, f, i + 1);
    add_tags(out, f);
    add_summary(out, pg, f);
    strbuf_adds(out, "</summary>\n");
    add_body(out, pg, i);
    strbuf_adds(out, "</details></article>\n");
}

/* ---- what is said of the run ---- */

static void add_remark(struct strbuf *out, const struct finding *f, size_t i)
{
    strbuf_addf(out, "<details class=\"remark %s\" id=\"finding-%zu\"><summary>",
        doctor_mark_class(DOCTOR_GATE), i + 1);
    doctor_mark_svg(out, DOCTOR_GATE, 16);
    strbuf_adds(out, " <span>");
    doctor_prose(out, f->summary ? f->summary : doctor_title(f));
    strbuf_adds(out, "</span></summary>\n<p class=\"tagline\">");
    add_tags(out, f);
    strbuf_adds(out, "</p>\n");
    add_paragraph(out, "detail", f->detail);
    add_paragraph(out, "detail", f->advice);
    add_paragraph(out, "detail", f->alternative);
    add_proofs(out, f);
    strbuf_adds(out, "</details>\n");
}

void doctor_remarks(struct strbuf *out, const struct doctor_page *pg)
{
    for (size_t i = 0; i < pg->d->findings.len; i++) {
        if (diagnosis_is_remark(pg->d, &pg->d->findings.ptr[i]))
            add_remark(out, &pg->d->findings.ptr[i], i);
    }
}

/* ---- all of them ---- */

enum kind { KIND_REMARK, KIND_CARD, KIND_NOTE, KINDS };

/* What the verdict rests on is a card, however mild. */
static enum kind kind_of(const struct diagnosis *d, const struct finding *f)
{
    if (diagnosis_is_remark(d, f))
        return KIND_REMARK;
    return f->severity > SEVERITY_INFO || strcmp(f->id, d->verdict) == 0 ? KIND_CARD : KIND_NOTE;
}

static void count_kinds(const struct diagnosis *d, size_t ret_counts[KINDS])
{
    for (int k = 0; k < KINDS; k++)
        ret_counts[k] = 0;
    for (size_t i = 0; i < d->findings.len; i++)
        ret_counts[kind_of(d, &d->findings.ptr[i])]++;
}

static void add_index_row(struct strbuf *out, const struct finding *f, size_t i)
{
    strbuf_addf(out, "<li><a href=\"#finding-%zu\">", i + 1);
    doctor_mark_svg(out, doctor_mark_of(f), 14);
    strbuf_addf(out, " <span class=\"unseen\">%s: </span>", doctor_mark_word(doctor_mark_of(f)));
    html_text(out, slice_of(doctor_title(f)));
    strbuf_adds(out, "</a>");
    if (f->weight > 0.0) {
        strbuf_adds(out, " <small>");
        words_value(out, f->weight > 1.0 ? 1.0 : f->weight, "share");
        strbuf_adds(out, "</small>");
    }
    strbuf_adds(out, "</li>\n");
}

static void add_index(struct strbuf *out, const struct diagnosis *d)
{
    strbuf_adds(out, "<nav id=\"index\" aria-label=\"Findings\"><ol>\n");
    for (size_t i = 0; i < d->findings.len; i++) {
        if (kind_of(d, &d->findings.ptr[i]) != KIND_REMARK)
            add_index_row(out, &d->findings.ptr[i], i);
    }
    strbuf_adds(out, "</ol></nav>\n");
}

static void add_section_title(struct strbuf *out, size_t cards, size_t notes)
{
    strbuf_adds(out, "<h2 id=\"findings-title\">");
    if (cards == 0)
        strbuf_adds(out, "Good to know");
    else if (cards == 1)
        strbuf_adds(out, "The finding");
    else
        strbuf_addf(out, "%zu findings", cards);
    if (cards > 0 && notes > 0)
        strbuf_addf(out, ", and %zu that %s good to know", notes, notes == 1 ? "is" : "are");
    strbuf_adds(out, "</h2>\n");
}

void doctor_findings(struct strbuf *out, struct doctor_page *pg)
{
    const struct diagnosis *d = pg->d;
    size_t counts[KINDS];
    count_kinds(d, counts);
    if (counts[KIND_CARD] + counts[KIND_NOTE] == 0)
        return;
    strbuf_adds(out, "<section id=\"findings\" aria-labelledby=\"findings-title\">");
    add_section_title(out, counts[KIND_CARD], counts[KIND_NOTE]);
    if (counts[KIND_CARD] >= INDEX_FROM)
        add_index(out, d);
    for (size_t i = 0; i < d->findings.len; i++) {
        if (kind_of(d, &d->findings.ptr[i]) == KIND_CARD)
            add_card(out, pg, i);
    }
    for (size_t i = 0; i < d->findings.len; i++) {
        if (kind_of(d, &d->findings.ptr[i]) == KIND_NOTE)
            add_note(out, pg, i);
    }
    strbuf_adds(out, "</section>\n");
}
