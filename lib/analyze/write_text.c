// SPDX-License-Identifier: MIT
/*
 * For a terminal: the verdict, what disturbed the run in a line, then each finding with who is
 * guilty and what to do, what is good to know in a line each, and what could not be seen. Calm: one
 * colour for a word of severity, the rest in the terminal's own.
 */
#include <string.h>

#include "analyze/rule.h"
#include "analyze/write.h"
#include "base/utf8.h"
#include "format/out.h"
#include "format/screen.h"

#define GUILTY_SHARE_MIN 0.01 /* below it only who is heaviest of all is worth a line */

enum {
    INDENT = 3,
    PLACE_WIDTH = 34,
    GUILTY_SHOWN = 5,
    NOT_SEEN_SHOWN = 4,
    PLAIN_WIDTH = 80,
    WIDTH_MIN = 40
};

struct page {
    struct strbuf *out;
    const struct profile *p;
    const struct diagnosis *d;
    const struct diagnosis_text *layout;
    size_t width;
};

static const char *const severity_colours[SEVERITIES] = {
    [SEVERITY_INFO] = "\x1b[36m",
    [SEVERITY_WARNING] = "\x1b[33m",
    [SEVERITY_CRITICAL] = "\x1b[1;31m",
};

static void add_painted(const struct page *t, const char *colour, const char *text)
{
    strbuf_adds(t->out, t->layout->colour ? colour : "");
    utf8_add_printable(t->out, slice_of(text));
    strbuf_adds(t->out, t->layout->colour ? "\x1b[0m" : "");
}

/* A labelled paragraph below a finding. */
static void add_labelled(const struct page *t, const char *label, const char *text)
{
    if (!text)
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
    strbuf_addf(&line, "%s%s", label, text);
    screen_add_wrapped(t->out, strbuf_slice(&line), INDENT, t->width);
}

static void add_guilty(const struct page *t, const struct guilty *g)
{
    PROF_CLEANUP(strbuf_done) struct strbuf share = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    write_add_figure(&share, g->share, "share");
    write_add_place(&place, t->p, g, false);
    size_t room = t->width > PLACE_WIDTH + 20 ? t->width - PLACE_WIDTH - 17 : 16;
    strbuf_addf(t->out, "%*s%8s  ", INDENT, "", share.ptr);
    struct slice name = profile_string(t->p, profile_func(t->p, g->func)->name);
    screen_add_padded(t->out, name, room, CUT_MIDDLE);
    strbuf_adds(t->out, "  ");
    screen_add(t->out, strbuf_slice(&place), PLACE_WIDTH, CUT_START);
    while (t->out->ptr[t->out->len - 1] == ' ')
        t->out->ptr[--t->out->len] = '\0';
    strbuf_addc(t->out, '\n');
    if (g->on.i) {
        PROF_CLEANUP(strbuf_done) struct strbuf on = STRBUF_INIT;
        strbuf_addf(&on, "on %.*s", SLICE_ARG(profile_string(t->p, g->on)));
        screen_add_wrapped(t->out, strbuf_slice(&on), INDENT + 10, t->width);
    }
}

static void add_nameless(const struct page *t, const char *language)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    write_add_nameless(&text, language);
    screen_add_wrapped(t->out, strbuf_slice(&text), INDENT, t->width);
}

/* On a line of its own, however long: it is there to be copied. */
static void add_command(const struct page *t, const char *command)
{
    strbuf_addf(t->out, "%*sto confirm:\n%*s", INDENT, "", INDENT + 2, "");
    utf8_add_printable(t->out, slice_of(command));
    strbuf_addc(t->out, '\n');
}

/* The verdict's finding: its summary is the sentence above, and is not said twice. */
static bool said_above(const struct page *t, const struct finding *f)
{
    return strcmp(f->summary, t->d->sentence) == 0;
}

static void add_finding(const struct page *t, const struct finding *f, size_t number)
{
    strbuf_addf(t->out, "\n%zu. ", number);
    add_painted(t, severity_colours[f->severity], severity_id(f->severity));
    strbuf_addf(t->out, ", %s: %s\n", confidence_id(f->confidence), f->id);
    if (!said_above(t, f))
        add_labelled(t, "", f->summary);
    add_labelled(t, "", f->detail);
    if (f->nameless)
        add_nameless(t, f->nameless);
    for (size_t i = 0; i < f->guilty.len && i < GUILTY_SHOWN; i++)
        if (i == 0 || f->guilty.ptr[i].share >= GUILTY_SHARE_MIN)
            add_guilty(t, &f->guilty.ptr[i]);
    add_labelled(t, "what to do: ", f->advice);
    add_labelled(t, "it may also be: ", f->alternative);
    if (f->command)
        add_command(t, f->command);
}

/* In the order of the diagnosis; remarks and, when brief, notes stand elsewhere. */
static void add_findings(const struct page *t)
{
    size_t number = 0;
    for (size_t i = 0; i < t->d->findings.len; i++) {
        const struct finding *f = &t->d->findings.ptr[i];
        const bool short_note =
            t->layout->brief && f->severity == SEVERITY_INFO && !said_above(t, f);
        if (!diagnosis_is_remark(t->d, f) && !short_note)
            add_finding(t, f, ++number);
    }
}

static void add_remarks(const struct page *t)
{
    bool any = false;
    for (size_t i = 0; i < t->d->findings.len; i++) {
        const struct finding *f = &t->d->findings.ptr[i];
        if (!diagnosis_is_remark(t->d, f))
            continue;
        strbuf_adds(t->out, any ? "" : "\nof this run\n");
        any = true;
        PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
        strbuf_addf(&line, "%s: %s", f->id, f->summary);
        screen_add_wrapped(t->out, strbuf_slice(&line), INDENT, t->width);
    }
}

static void add_notes(const struct page *t)
{
    bool any = false;
    for (size_t i = 0; t->layout->brief && i < t->d->findings.len; i++) {
        const struct finding *f = &t->d->findings.ptr[i];
        if (f->severity != SEVERITY_INFO || diagnosis_is_remark(t->d, f) || said_above(t, f))
            continue;
        strbuf_adds(t->out, any ? "" : "\ngood to know\n");
        any = true;
        PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
        strbuf_addf(&line, "%s: %s", f->id, f->summary);
        screen_add_wrapped(t->out, strbuf_slice(&line), INDENT, t->width);
    }
}

static void add_verdict(const struct page *t)
{
    const struct profile_meta *m = profile_meta_get(t->p);
    PROF_CLEANUP(strbuf_done) struct strbuf head = STRBUF_INIT;
    strbuf_addslice(&head, write_title(t->p));
    if (m->end_ns > m->start_ns) {
        strbuf_adds(&head, ", ");
        write_add_figure(&head, (double)(m->end_ns - m->start_ns), "ns");
    }
    screen_add_wrapped(t->out, strbuf_slice(&head), 0, t->width);
    strbuf_adds(t->out, "verdict: ");
    add_painted(t, "\x1b[1m", t->d->verdict);
    strbuf_addc(t->out, '\n');
    screen_add_wrapped(t->out, slice_of(t->d->sentence), INDENT, t->width);
}

static void add_healthy(const struct page *t)
{
    if (t->d->healthy.len == 0)
        return;
    strbuf_adds(t->out, "\nlooked at and found healthy\n");
    for (size_t i = 0; i < t->d->healthy.len; i++) {
        const struct healthy *h = &t->d->healthy.ptr[i];
        PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
        strbuf_addf(&line, "%s: %s", h->rule->id, h->said);
        screen_add_wrapped(t->out, strbuf_slice(&line), INDENT, t->width);
    }
}

static void add_not_seen(const struct page *t)
{
    if (t->d->not_seen.len == 0)
        return;
    strbuf_adds(t->out, "\nnot seen\n");
    size_t count = t->d->not_seen.len;
    size_t shown = t->layout->brief && count > NOT_SEEN_SHOWN ? NOT_SEEN_SHOWN : count;
    for (size_t i = 0; i < shown; i++) {
        const struct not_seen *n = &t->d->not_seen.ptr[i];
        PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
        strbuf_addf(&line, "%s: %s", n->what, n->why ? n->why : "not recorded");
        if (n->how)
            strbuf_addf(&line, "; %s", n->how);
        screen_add_wrapped(t->out, strbuf_slice(&line), INDENT, t->width);
    }
    if (shown < count)
        strbuf_addf(t->out, "%*sand %zu more, in the report\n", INDENT, "", count - shown);
}

void diagnosis_add_text(struct strbuf *out, const struct profile *p, const struct diagnosis *d,
    const struct diagnosis_text *layout)
{
    const struct page t = { out, p, d, layout,
        layout->width < WIDTH_MIN ? WIDTH_MIN : layout->width };
    add_verdict(&t);
    add_remarks(&t);
    add_findings(&t);
    add_notes(&t);
    if (!layout->brief)
        add_healthy(&t);
    add_not_seen(&t);
}

bool diagnosis_write_text(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e)
{
    struct out o = out_init(sink, e);
    diagnosis_add_text(&o.text, p, d, &(struct diagnosis_text){ .width = PLAIN_WIDTH });
    return out_finish(&o);
}
