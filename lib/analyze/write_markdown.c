// SPDX-License-Identifier: MIT
/*
 * For a pull request or a language model: compact and complete. Names stand in code spans, and so
 * does every word of a sentence that could be markup, a link or a mention.
 */
#include <string.h>

#include "analyze/rule.h"
#include "analyze/write.h"
#include "base/utf8.h"
#include "format/out.h"

static const char *const severity_marks[SEVERITIES] = {
    [SEVERITY_INFO] = "info",
    [SEVERITY_WARNING] = "**warning**",
    [SEVERITY_CRITICAL] = "**critical**",
};

/* A code span ends at the next '`', so there is none in it. */
static void add_code(struct strbuf *out, struct slice text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf safe = STRBUF_INIT;
    utf8_add_printable(&safe, text);
    strbuf_addc(out, '`');
    for (size_t i = 0; i < safe.len; i++)
        strbuf_addc(out, safe.ptr[i] == '`' ? '\'' : safe.ptr[i]);
    strbuf_addc(out, '`');
}

static bool may_be_markup(struct slice word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (strchr("\\`*_{}[]<>#|~@&!$", word.ptr[i]))
            return true;
        if (slice_starts(slice_skip(word, i), "://"))
            return true;
    }
    return slice_starts(word, "www.");
}

/* A sentence. Commas and the like behind a word in a code span stay inside it: it is no loss. */
static void add_prose(struct strbuf *out, struct slice text)
{
    struct slice word;
    bool first = true;
    while (slice_split(&text, ' ', &word)) {
        if (!first)
            strbuf_addc(out, ' ');
        first = false;
        if (may_be_markup(word))
            add_code(out, word);
        else
            utf8_add_printable(out, word);
    }
}

static void add_item(struct strbuf *out, const char *label, const char *text)
{
    if (!text)
        return;
    strbuf_addf(out, "- %s", label);
    add_prose(out, slice_of(text));
    strbuf_addc(out, '\n');
}

static void add_functions(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    if (f->nameless) {
        write_add_nameless(out, f->nameless);
        strbuf_adds(out, "\n\n");
    }
    for (size_t i = 0; i < f->guilty.len; i++) {
        const struct guilty *g = &f->guilty.ptr[i];
        PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
        write_add_place(&place, p, g, true);
        strbuf_adds(out, "- ");
        write_add_figure(out, g->share, "share");
        strbuf_addc(out, ' ');
        add_code(out, profile_string(p, profile_func(p, g->func)->name));
        if (place.len) {
            strbuf_adds(out, " at ");
            add_code(out, strbuf_slice(&place));
        }
        if (g->on.i) {
            strbuf_adds(out, " on ");
            add_code(out, profile_string(p, g->on));
        }
        strbuf_addc(out, '\n');
    }
}

static void add_evidence(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    for (size_t i = 0; i < f->proofs.len; i++) {
        strbuf_adds(&text, i ? "; " : "");
        write_add_proof(&text, &f->proofs.ptr[i]);
    }
    if (text.len)
        add_item(out, "evidence: ", text.ptr);
    PROF_CLEANUP(strbuf_done) struct strbuf when = STRBUF_INIT;
    write_add_intervals(&when, p, f);
    if (when.len)
        strbuf_addf(out, "- when: %s after the start\n", when.ptr);
}

/* The verdict's summary stands above already. */
static void add_summary(struct strbuf *out, const struct diagnosis *d, const struct finding *f)
{
    if (strcmp(f->summary, d->sentence) == 0)
        return;
    add_prose(out, slice_of(f->summary));
    strbuf_adds(out, "\n\n");
}

static void add_body(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    add_item(out, "", f->detail);
    add_functions(out, p, f);
    add_evidence(out, p, f);
    add_item(out, "what to do: ", f->advice);
    add_item(out, "it may also be: ", f->alternative);
    if (f->command) {
        strbuf_adds(out, "- to confirm: ");
        add_code(out, slice_of(f->command));
        strbuf_addc(out, '\n');
    }
}

static void add_finding(
    struct strbuf *out, const struct profile *p, const struct diagnosis *d, const struct finding *f)
{
    strbuf_addf(out, "\n#### %s, %s: ", severity_marks[f->severity], confidence_id(f->confidence));
    add_code(out, slice_of(f->id));
    strbuf_adds(out, "\n\n");
    add_summary(out, d, f);
    add_body(out, p, f);
}

/* What is good to know is folded; its first line says what it is. */
static void add_note(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    strbuf_addf(out, "\n<details><summary>info, %s: %s</summary>\n\n", confidence_id(f->confidence),
        f->rule && f->rule->title ? f->rule->title : f->id);
    add_code(out, slice_of(f->id));
    strbuf_adds(out, ": ");
    add_prose(out, slice_of(f->summary));
    strbuf_adds(out, "\n\n");
    add_body(out, p, f);
    strbuf_adds(out, "\n</details>\n");
}

/* What disturbed the run, in a quote each. */
static void add_remarks(struct strbuf *out, const struct diagnosis *d)
{
    for (size_t i = 0; i < d->findings.len; i++) {
        const struct finding *f = &d->findings.ptr[i];
        if (!diagnosis_is_remark(d, f))
            continue;
        strbuf_adds(out, "\n> ");
        add_code(out, slice_of(f->id));
        strbuf_adds(out, ": ");
        add_prose(out, slice_of(f->summary));
        strbuf_addc(out, '\n');
    }
}

static void add_findings(struct strbuf *out, const struct profile *p, const struct diagnosis *d)
{
    for (size_t i = 0; i < d->findings.len; i++) {
        const struct finding *f = &d->findings.ptr[i];
        if (diagnosis_is_remark(d, f))
            continue;
        if (f->severity == SEVERITY_INFO && strcmp(f->id, d->verdict) != 0)
            add_note(out, p, f);
        else
            add_finding(out, p, d, f);
    }
}

static void add_header(struct strbuf *out, const struct profile *p, const struct diagnosis *d)
{
    const struct profile_meta *m = profile_meta_get(p);
    strbuf_adds(out, "### prof doctor: ");
    add_code(out, write_title(p));
    strbuf_adds(out, "\n\nVerdict ");
    add_code(out, slice_of(d->verdict));
    strbuf_adds(out, ": ");
    add_prose(out, slice_of(d->sentence));
    strbuf_adds(out, "\n\n");
    if (m->end_ns > m->start_ns) {
        write_add_figure(out, (double)(m->end_ns - m->start_ns), "ns");
        strbuf_adds(out, " observed");
    }
    if (m->level && *m->level) {
        strbuf_adds(out, m->end_ns > m->start_ns ? ", level " : "Level ");
        add_code(out, slice_of(m->level));
    }
    strbuf_adds(out, ".\n");
}

static void add_healthy(struct strbuf *out, const struct diagnosis *d)
{
    if (d->healthy.len == 0)
        return;
    strbuf_adds(out, "\n<details><summary>Looked at and found healthy</summary>\n\n");
    for (size_t i = 0; i < d->healthy.len; i++) {
        strbuf_adds(out, "- ");
        add_code(out, slice_of(d->healthy.ptr[i].rule->id));
        strbuf_adds(out, ": ");
        add_prose(out, slice_of(d->healthy.ptr[i].said));
        strbuf_addc(out, '\n');
    }
    strbuf_adds(out, "\n</details>\n");
}

static void add_not_seen(struct strbuf *out, const struct diagnosis *d)
{
    if (d->not_seen.len == 0)
        return;
    strbuf_adds(out, "\n<details><summary>Not seen</summary>\n\n");
    for (size_t i = 0; i < d->not_seen.len; i++) {
        const struct not_seen *n = &d->not_seen.ptr[i];
        strbuf_adds(out, "- ");
        add_prose(out, slice_of(n->what));
        if (n->why) {
            strbuf_adds(out, ": ");
            add_prose(out, slice_of(n->why));
        }
        if (n->how) {
            strbuf_adds(out, "; ");
            add_prose(out, slice_of(n->how));
        }
        strbuf_addc(out, '\n');
    }
    strbuf_adds(out, "\n</details>\n");
}

bool diagnosis_write_markdown(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e)
{
    struct out o = out_init(sink, e);
    add_header(&o.text, p, d);
    add_remarks(&o.text, d);
    add_findings(&o.text, p, d);
    add_healthy(&o.text, d);
    add_not_seen(&o.text, d);
    return out_finish(&o);
}
