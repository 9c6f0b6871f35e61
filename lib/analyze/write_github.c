// SPDX-License-Identifier: MIT
/*
 * Annotations for GitHub Actions: a line on standard output for each finding, shown beside the
 * guilty line of the source. Syntax and escapes: "Workflow commands for GitHub Actions".
 */
#include <inttypes.h>
#include <string.h>

#include "analyze/rule.h"
#include "analyze/write.h"
#include "base/utf8.h"
#include "format/out.h"

static const char *const commands[SEVERITIES] = {
    [SEVERITY_INFO] = "notice",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_CRITICAL] = "error",
};

/* In a property ':' and ',' end the value as well. Newlines are those of our own paragraphs. */
static void add_escaped(struct strbuf *out, struct slice text, const char *specials)
{
    PROF_CLEANUP(strbuf_done) struct strbuf safe = STRBUF_INIT;
    struct slice line;
    while (slice_split(&text, '\n', &line)) {
        utf8_add_printable(&safe, line);
        if (text.len)
            strbuf_addc(&safe, '\n');
    }
    for (size_t i = 0; i < safe.len; i++) {
        if (strchr(specials, safe.ptr[i]))
            strbuf_addf(out, "%%%02X", (unsigned char)safe.ptr[i]);
        else
            strbuf_addc(out, safe.ptr[i]);
    }
}

static void add_property(struct strbuf *out, const char *name, struct slice value)
{
    strbuf_addf(out, "%s=", name);
    add_escaped(out, value, "%\r\n:,");
}

/* The heaviest guilty function that has a file. */
static const struct guilty *with_file(const struct profile *p, const struct finding *f)
{
    for (size_t i = 0; i < f->guilty.len; i++) {
        if (profile_func(p, f->guilty.ptr[i].func)->file.i)
            return &f->guilty.ptr[i];
    }
    return NULL;
}

static void add_finding(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    strbuf_addf(out, "::%s ", commands[f->severity]);
    const struct guilty *g = with_file(p, f);
    if (g) {
        const struct func *func = profile_func(p, g->func);
        uint32_t line = g->line ? g->line : func->line;
        add_property(out, "file", profile_string(p, func->file));
        if (line)
            strbuf_addf(out, ",line=%" PRIu32, line);
        strbuf_addc(out, ',');
    }
    PROF_CLEANUP(strbuf_done) struct strbuf title = STRBUF_INIT;
    strbuf_addf(&title, "%s (%s)", f->rule ? f->rule->title : f->id, f->id);
    add_property(out, "title", strbuf_slice(&title));
    strbuf_adds(out, "::");
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    write_add_plain(&text, p, f);
    text.ptr[--text.len] = '\0'; /* its last line end; a summary is never empty */
    add_escaped(out, strbuf_slice(&text), "%\r\n");
    strbuf_addc(out, '\n');
}

/* Without findings nothing is annotated: the sentence alone says that all is well, or why not. */
static void add_verdict(struct strbuf *out, const struct diagnosis *d)
{
    strbuf_adds(out, "::notice ");
    add_property(out, "title", slice_of("prof doctor"));
    strbuf_adds(out, "::");
    add_escaped(out, slice_of(d->sentence), "%\r\n");
    strbuf_addc(out, '\n');
}

bool diagnosis_write_github(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e)
{
    struct out o = out_init(sink, e);
    if (d->findings.len == 0)
        add_verdict(&o.text, d);
    for (size_t i = 0; i < d->findings.len; i++)
        add_finding(&o.text, p, &d->findings.ptr[i]);
    return out_finish(&o);
}
